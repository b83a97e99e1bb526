import { dispatch } from '../dispatch.ts';
import { connectEngine } from '../engine/connect.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface WharfRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly columns?: number;
  /** Standard output and input are terminals. */
  readonly tty?: boolean;
  /** Called with a function that sends this command a signal, once it captured them. */
  readonly onCapture?: (send: (name: string) => void) => void;
  readonly onOutput?: (text: string) => void;
}

/** Runs one command line in this process and collects what it printed. */
export async function runWharf(argv: readonly string[], options: RunOptions = {}): Promise<WharfRun> {
  const collected = { stdout: '', stderr: '' };
  const decoder = new TextDecoder();
  const write = (stream: 'stdout' | 'stderr') => async (data: string | Uint8Array) => {
    const text = typeof data === 'string' ? data : decoder.decode(data);
    collected[stream] += text;
    options.onOutput?.(text);
  };
  const tty = options.tty === true;
  const terminal: Terminal = {
    out: write('stdout'),
    err: write('stderr'),
    stdinIsTty: tty,
    stdoutIsTty: tty,
    stderrIsTty: tty,
    size: () => ({ columns: options.columns ?? 80, rows: 24 }),
    onResize: () => () => undefined,
    input: () => inputOf(options.stdin ?? ''),
    setRaw: () => undefined,
  };
  const code = await dispatch(argv, {
    terminal,
    env: { HOME: '/nonexistent', WHARF_HOME: '/nonexistent/wharf', ...options.env },
    signals: {
      capture(listener) {
        options.onCapture?.(listener);
        return () => undefined;
      },
    },
    signal: options.signal ?? new AbortController().signal,
    connect: async (address, tls) => connectEngine(address, tls),
  });
  return { code, ...collected };
}

async function* inputOf(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  if (text !== '') yield new TextEncoder().encode(text);
}
