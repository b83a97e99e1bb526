import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { CommandContext, FlagTable } from './command.ts';

export interface ChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Bytes for its standard input instead of ours. */
  readonly input?: string;
  /** Called with what it prints; the text is printed here as well. */
  readonly onOutput?: (text: string) => void;
}

/** Runs another program of Wharf in our place: our streams, our signals, its exit code. */
export async function runChild<T extends FlagTable>(ctx: CommandContext<T>, options: ChildOptions): Promise<number> {
  ctx.signal.throwIfAborted();
  const watched = options.onOutput !== undefined;
  const child = spawn(options.program, options.args, {
    stdio: [options.input === undefined ? 'inherit' : 'pipe', watched ? 'pipe' : 'inherit', 'inherit'],
  });
  // A signal from the keyboard reaches the child by itself; one sent to us alone must be passed on.
  const release = ctx.signals.capture((name) => {
    if (isSignal(name)) child.kill(name);
  });
  try {
    if (options.input !== undefined) {
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input);
    }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      void ctx.terminal.out(text).catch(() => child.kill('SIGTERM'));
      options.onOutput?.(text);
    });
    return await exitOf(child);
  } finally {
    release();
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
