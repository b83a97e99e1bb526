import type { HijackedConnection } from '../../client/transport.ts';
import type { Terminal, TerminalSize } from '../terminal/terminal.ts';
import { DetachWatch } from './detach-keys.ts';
import { pumpOutput } from './pump-output.ts';

export interface SessionOptions {
  readonly connection: HijackedConnection;
  readonly terminal: Terminal;
  /** The process has a terminal: its output is raw, and so are our keys. */
  readonly tty: boolean;
  readonly stdin: boolean;
  /** False: output is not shown (`-a stdin`); the session still lasts until the process ends. */
  readonly output: boolean;
  readonly detachKeys: Uint8Array;
  readonly signal: AbortSignal;
}

/**
 * Connects this terminal with a process until its output ends or the user detaches. The terminal's mode is restored
 * however it ends.
 */
export async function runSession(options: SessionOptions): Promise<'ended' | 'detached'> {
  const { connection, terminal, tty, stdin, signal } = options;
  const raw = tty && stdin && terminal.stdinIsTty;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  aborted.promise.catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  if (raw) terminal.setRaw(true);
  try {
    signal.throwIfAborted();
    const ends: Promise<'ended' | 'detached'>[] = [outputUntilEnd(options)];
    if (stdin) ends.push(inputUntilDetached(options));
    else await connection.closeWrite();
    return await Promise.race([...ends, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (raw) terminal.setRaw(false);
    connection.close();
  }
}

async function outputUntilEnd({ connection, terminal, tty, output }: SessionOptions): Promise<'ended'> {
  if (output) await pumpOutput(connection.readable, !tty, terminal);
  else for await (const _ of connection.readable);
  return 'ended';
}

/** Resolves only when the user detaches: the end of input leaves the output going. */
async function inputUntilDetached({ connection, terminal, tty, detachKeys }: SessionOptions): Promise<'detached'> {
  const watch = tty && detachKeys.length > 0 ? new DetachWatch(detachKeys) : undefined;
  const writer = connection.writable.getWriter();
  try {
    for await (const chunk of terminal.input()) {
      const { forward, detached } = watch?.feed(chunk) ?? { forward: chunk, detached: false };
      if (forward.length > 0) await writer.write(forward);
      if (detached) return 'detached';
    }
    await connection.closeWrite();
  } catch {
    // The process closed its input or is gone; what it still says and its exit code tell the rest.
  }
  return new Promise<never>(() => undefined);
}

/** Keeps a remote terminal as large as this one; returns how to stop. */
export function followSize(terminal: Terminal, resize: (size: TerminalSize) => Promise<unknown>): () => void {
  if (!terminal.stdoutIsTty) return () => undefined;
  // A process that is gone can not be resized, and that is all that may be wrong.
  const send = (): Promise<boolean> =>
    resize(terminal.size()).then(
      () => true,
      () => false,
    );
  let stopped = false;
  const first = async (): Promise<void> => {
    // Right after the start the process may not be there yet: docker tries ten times as well.
    for (let attempt = 0; attempt < 10 && !stopped; attempt += 1) {
      if (await send()) return;
      await new Promise((resolve) => setTimeout(resolve, 10 * (attempt + 1)).unref());
    }
  };
  void first();
  const off = terminal.onResize(() => void send());
  return () => {
    stopped = true;
    off();
  };
}
