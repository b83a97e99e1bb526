/**
 * Network namespaces kept by files.
 *
 *   createNamespace(path)       unshare -> bind-mount the new namespace on `path` -> setns back, in one synchronous block
 *   inNamespace(path, work)     setns there -> work() -> setns back
 *   deleteNamespace(path)       unmount and unlink; the kernel takes it down (links included) in the background once
 *                               its last process, socket and mount are gone
 *
 * Invariant: the calling thread is in the daemon's own namespace whenever JavaScript gives way to the event loop. That is
 * why the work is synchronous, and why a failed way back aborts the process: everything after would happen in a container.
 * A socket belongs for good to the namespace it was opened in, so what is opened inside may be used outside later.
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';

const libc = koffi.load('libc.so.6');
const unshare = libc.func('int unshare(int)');
const setns = libc.func('int setns(int, int)');
const mount = libc.func('int mount(const char*, const char*, const char*, unsigned long, const char*)');
const umount2 = libc.func('int umount2(const char*, int)');

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const ownNamespace = '/proc/thread-self/ns/net';

/** Makes an empty network namespace (loopback down) kept by the file `path`. @throws WharfError 'kernel.denied' | 'kernel.failed' */
export function createNamespace(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  writeFileSync(path, '', { flag: 'wx', mode: 0o444 });
  try {
    withWayBack(() => {
      if (unshare(CLONE_NEWNET) !== 0) throw kernelError('create a network namespace');
      if (mount(ownNamespace, path, null, MS_BIND, null) !== 0)
        throw kernelError(`keep the network namespace at ${path}`);
    });
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Keeps the network namespace of a running process at `path`. @throws WharfError 'kernel.failed' */
export function adoptNamespace(pid: number, path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  writeFileSync(path, '', { mode: 0o444 });
  if (mount(`/proc/${pid}/ns/net`, path, null, MS_BIND, null) === 0) return;
  const error = kernelError(`keep the network namespace of process ${pid}`);
  rmSync(path, { force: true });
  throw error;
}

/**
 * Runs `work` with the calling thread inside the namespace. It must be synchronous: a promise would go on outside.
 * @throws WharfError 'kernel.failed'
 */
export function inNamespace<T>(path: string, work: () => T): T {
  const target = openSync(path, 'r');
  try {
    return withWayBack(() => {
      if (setns(target, CLONE_NEWNET) !== 0) throw kernelError(`enter the network namespace ${path}`);
      const result = work();
      if (result instanceof Promise)
        throw new WharfError('internal', 'work inside a network namespace must be synchronous');
      return result;
    });
  } finally {
    closeSync(target);
  }
}

/** Lets go of a namespace. A file that is gone, or no namespace any more, is fine. */
export function deleteNamespace(path: string): void {
  // ENOENT: no file; EINVAL: not mounted (any more).
  while (umount2(path, MNT_DETACH) === 0);
  rmSync(path, { force: true });
}

/** The namespace's inode number, or undefined when `path` is no namespace (a plain file left by a reboot, or nothing). */
export function namespaceInode(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  const own = statSync(ownNamespace);
  return stat !== undefined && stat.dev === own.dev ? stat.ino : undefined;
}

/** Finds a process that lives in the namespace with this inode number. */
export function findProcessIn(inode: number): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (statSync(`/proc/${name}/ns/net`).ino === inode) return Number(name);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return undefined;
}

/** A process that ended while it was looked at, or one of the kernel's. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code));
}

function withWayBack<T>(work: () => T): T {
  const home = openSync(ownNamespace, 'r');
  try {
    return work();
  } finally {
    if (setns(home, CLONE_NEWNET) !== 0) {
      process.stderr.write('wharfd: fatal: cannot return to the own network namespace\n');
      process.abort();
    }
    closeSync(home);
  }
}

function kernelError(attempt: string): WharfError {
  const errno = getSystemErrorName(-koffi.errno());
  const denied = errno === 'EPERM' || errno === 'EACCES';
  return new WharfError(denied ? 'kernel.denied' : 'kernel.failed', `${attempt}: ${errno}`);
}
