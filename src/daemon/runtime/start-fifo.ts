/**
 * Letting a created container go. Both runtimes hold its process at a FIFO named exec.fifo in their state folder, one byte
 * passes, and the FIFO is removed; only the directions differ:
 *
 *   runc   the process writes, `runc start` reads    (libcontainer: Container.Exec)
 *   crun   `crun start` writes, the process reads    (libcrun: libcrun_status_write_exec_fifo)
 *
 * Doing that here saves starting a process for it.
 */
import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import { watchProcessEnd } from '../linux/pidfd.ts';
import type { ProcessIdentity } from '../linux/process.ts';

export interface HeldProcess {
  readonly byCrun: boolean;
  readonly process: ProcessIdentity;
  readonly fifo: string;
}

/**
 * Answers false when there is no FIFO at the path.
 * @throws WharfError 'runtime.failed' when the process ended before it was let go, 'request.cancelled'
 */
export async function releaseFromFifo(held: HeldProcess, signal: AbortSignal): Promise<boolean> {
  const direction = held.byCrun ? constants.O_WRONLY : constants.O_RDONLY;
  // Without O_NONBLOCK the open itself would wait for the process, and the daemon with it.
  const fd = openIfPresent(held, direction | constants.O_NONBLOCK);
  if (fd === undefined) return false;
  if (held.byCrun) {
    unlinkSync(held.fifo);
    try {
      writeSync(fd, '\0');
    } finally {
      closeSync(fd);
    }
    return true;
  }
  await readOneByte(fd, held, signal);
  unlinkSync(held.fifo);
  return true;
}

function openIfPresent(held: HeldProcess, flags: number): number | undefined {
  try {
    return openSync(held.fifo, flags);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    // Nobody holds the other end.
    if (code === 'ENXIO') throw endedEarly(held);
    throw error;
  }
}

function endedEarly(held: HeldProcess): WharfError {
  return new WharfError('runtime.failed', `start: process ${held.process.pid} ended before it ran its command`);
}

/** Longer than any process needs to pass an open door; a runtime with another protocol must not hang a start. */
const passLimitMs = 10_000;

async function readOneByte(fd: number, held: HeldProcess, signal: AbortSignal): Promise<void> {
  const reader = new Socket({ fd, readable: true, writable: false });
  await new Promise<void>((resolve, reject) => {
    const settle = (answer: () => void) => {
      stopWatching();
      clearTimeout(limit);
      signal.removeEventListener('abort', abort);
      reader.destroy();
      answer();
    };
    const ended = () => settle(() => reject(endedEarly(held)));
    const abort = () => settle(() => reject(new WharfError('request.cancelled', 'start: cancelled')));
    const stuck = () => settle(() => reject(new WharfError('runtime.failed', 'start: the process did not go on')));
    const limit = setTimeout(stuck, passLimitMs);
    const stopWatching = watchProcessEnd(held.process, ended);
    reader.on('error', ended);
    reader.on('end', ended);
    reader.once('data', () => settle(resolve));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
