import { spawnSync } from 'node:child_process';
import type { Writable } from 'node:stream';
import { OutputClosedError, type Terminal, type TerminalSize } from './terminal.ts';

/** The streams of this process. */
export function processTerminal(): Terminal {
  return {
    out: (data) => write(process.stdout, data),
    // A lost stderr must not hide the exit code, so its failure is no failure.
    err: (data) => write(process.stderr, data).catch(ignoreClosed),
    get stdinIsTty() {
      return process.stdin.isTTY === true;
    },
    get stdoutIsTty() {
      return process.stdout.isTTY === true;
    },
    get stderrIsTty() {
      return process.stderr.isTTY === true;
    },
    size,
    onResize(listener) {
      process.stdout.on('resize', listener);
      return () => process.stdout.off('resize', listener);
    },
    input: () => process.stdin,
    setRaw(on) {
      if (process.stdin.isTTY !== true) return;
      process.stdin.setRawMode(on);
      // Node's raw mode still makes CR LF of each LF (libuv's UV_TTY_MODE_RAW), which moves the cursor of full-screen
      // programs to the first column. The way back restores all of it.
      if (on) spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
    },
  };
}

function size(): TerminalSize {
  return { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 };
}

const listening = new WeakSet<Writable>();

function write(stream: Writable, data: string | Uint8Array): Promise<void> {
  if (!listening.has(stream)) {
    listening.add(stream);
    // The write below reports the failure; without a listener the stream would also throw it into the air.
    stream.on('error', ignoreClosed);
  }
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(isClosed(error) ? new OutputClosedError('output closed', { cause: error }) : error);
    });
  });
}

function isClosed(error: Error): boolean {
  return (
    'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' || error.code === 'ECONNRESET')
  );
}

function ignoreClosed(error: unknown): void {
  if (error instanceof Error && !(error instanceof OutputClosedError) && !isClosed(error)) throw error;
}
