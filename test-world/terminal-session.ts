/** A program in a pseudoterminal, as at a person's keyboard. */
import * as pty from 'node-pty';
import { until } from './run-program.ts';

export interface TerminalSession extends AsyncDisposable {
  /** All that appeared, escape sequences included. */
  text(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  saw(pattern: RegExp, timeoutMs?: number): Promise<void>;
  readonly ended: Promise<number>;
}

export function openTerminal(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): TerminalSession {
  const terminal = pty.spawn(command, [...args], { cols: 100, rows: 30, env: { ...env, TERM: 'xterm' } });
  let text = '';
  let over = false;
  terminal.onData((data) => {
    text += data;
  });
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      over = true;
      resolve(signal ? 128 + signal : exitCode);
    });
  });
  return {
    text: () => text,
    type: (keys) => terminal.write(keys),
    resize: (columns, rows) => terminal.resize(columns, rows),
    saw: (pattern, timeoutMs = 10_000) =>
      until(
        () => pattern.test(text),
        timeoutMs,
        () => `${pattern} was not seen in ${JSON.stringify(text)}`,
      ),
    ended,
    async [Symbol.asyncDispose]() {
      if (!over) terminal.kill('SIGKILL');
      await ended;
    },
  };
}
