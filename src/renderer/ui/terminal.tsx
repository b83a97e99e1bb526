import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef } from 'react';
import '@xterm/xterm/css/xterm.css';

/** What drives a terminal: made once, lives on while the view comes and goes, so that a tab change loses nothing. */
export interface TerminalSession {
  readonly terminal: Terminal;
  readonly fit: FitAddon;
  readonly search: SearchAddon;
}

export function createTerminalSession(): TerminalSession {
  const terminal = new Terminal({
    fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
    fontSize: 12.5,
    lineHeight: 1.25,
    cursorBlink: true,
    scrollback: 5000,
    allowProposedApi: false,
    theme: {
      background: '#10191f',
      foreground: '#dbe5eb',
      cursor: '#45bcc1',
      cursorAccent: '#10191f',
      selectionBackground: '#2c5a63',
      black: '#1b252d',
      brightBlack: '#64788a',
      red: '#ff7f75',
      brightRed: '#ff9a92',
      green: '#4cc38a',
      brightGreen: '#74d9a6',
      yellow: '#eab040',
      brightYellow: '#f4c96d',
      blue: '#6aa9f0',
      brightBlue: '#93c3f7',
      magenta: '#c792ea',
      brightMagenta: '#dab3f3',
      cyan: '#45bcc1',
      brightCyan: '#7ad7da',
      white: '#dbe5eb',
      brightWhite: '#ffffff',
    },
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  return { terminal, fit, search };
}

/** Shows a session and keeps its size right. */
export function TerminalView({ session, label }: { readonly session: TerminalSession; readonly label: string }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const { terminal, fit } = session;
    if (terminal.element) element.append(terminal.element);
    else terminal.open(element);
    const refit = () => {
      if (element.clientWidth > 40 && element.clientHeight > 40) fit.fit();
    };
    refit();
    terminal.focus();
    const observer = new ResizeObserver(refit);
    observer.observe(element);
    return () => observer.disconnect();
  }, [session]);
  return (
    <section
      ref={host}
      aria-label={label}
      data-testid="terminal"
      className="min-h-0 flex-1 overflow-hidden rounded-xl bg-(--w-term-bg) p-3"
    />
  );
}
