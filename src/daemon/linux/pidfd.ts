/**
 * Watching and signalling a process that is not our child, without polling and without ever hitting a process that took
 * over its number.
 */
import { Socket } from 'node:net';
import { isWharfError } from '../../contract/errors.ts';
import {
  AF_UNIX,
  closeFd,
  dup3,
  O_CLOEXEC,
  O_NONBLOCK,
  pidfdOpen,
  pidfdSendSignal,
  SOCK_STREAM,
  SystemCallError,
  socketpair,
} from './libc.ts';
import { isProcessAlive, type ProcessIdentity } from './process.ts';

function isNoSuchProcess(error: unknown): boolean {
  return error instanceof SystemCallError && error.errnoName === 'ESRCH';
}

/** Opens the process's descriptor, or undefined when it is gone. */
function openProcess(identity: ProcessIdentity): number | undefined {
  let pidfd: number;
  try {
    pidfd = pidfdOpen(identity.pid);
  } catch (error) {
    if (isNoSuchProcess(error)) return undefined;
    throw error;
  }
  // The descriptor is held now: if the start time still matches, it stands for the process that was meant.
  if (isProcessAlive(identity)) return pidfd;
  closeFd(pidfd);
  return undefined;
}

/** Sends a signal; answers false when the process is gone. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  const pidfd = openProcess(identity);
  if (pidfd === undefined) return false;
  try {
    pidfdSendSignal(pidfd, signal);
    return true;
  } catch (error) {
    if (isWharfError(error) && isNoSuchProcess(error)) return false;
    throw error;
  } finally {
    closeFd(pidfd);
  }
}

/** Calls `onEnd` once when the process ends, at once when it is gone already. The answer stops the watch. */
export function watchProcessEnd(identity: ProcessIdentity, onEnd: () => void): () => void {
  const pidfd = openProcess(identity);
  if (pidfd === undefined) {
    const immediate = setImmediate(onEnd);
    return () => clearImmediate(immediate);
  }
  return watchPidfd(pidfd, onEnd);
}

/**
 * Calls `onEnd` once when the process behind the descriptor ends; the descriptor is closed here. The answer stops the watch.
 *
 * Node can not watch a pidfd by itself: a socket of node's is made and the pidfd put under its number before it is first
 * polled. The loop then reports the descriptor readable when the process ends; reading a pidfd fails with EINVAL, which
 * arrives here as the socket's error and is the signal we want.
 */
export function watchPidfd(pidfd: number, onEnd: () => void): () => void {
  const [held, peer] = socketpair(AF_UNIX, SOCK_STREAM | O_NONBLOCK | O_CLOEXEC);
  const socket = new Socket({ fd: held, readable: true, writable: false });
  dup3(pidfd, held);
  closeFd(pidfd);
  closeFd(peer);
  let watching = true;
  const finish = () => {
    if (!watching) return;
    watching = false;
    socket.destroy();
    onEnd();
  };
  socket.on('error', finish);
  socket.on('end', finish);
  socket.resume();
  return () => {
    watching = false;
    socket.destroy();
  };
}

/** Resolves when the process has ended, or after the limit with false. */
export function processEnded(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      stop();
      resolve(false);
    }, limitMs);
    const stop = watchProcessEnd(identity, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
