/**
 * Opening paths inside a root that others may change at the same time, such as a running container's: openat2(2) with
 * RESOLVE_IN_ROOT lets the kernel resolve every link, `..` and absolute target as if the root were `/`. There is no moment
 * between checking and using, which is what path checks in user space always have (CVE-2018-15664).
 */
import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';
import { type FsPath, kernelError } from './mount.ts';

/** Same number on every architecture. */
const openat2Number = 437;
const resolveNoMagicLinks = 0x02;
const resolveBeneath = 0x08;
const resolveInRoot = 0x10;
const openHowBytes = 24;
const oPath = 0o10000000;
const oCloexec = 0o2000000;

function bindSyscall() {
  return koffi.load('libc.so.6').func('syscall', 'long', ['long', 'int', 'const void*', 'const void*', 'size_t']);
}
let syscall: ReturnType<typeof bindSyscall> | undefined;

/** A folder or file held open by descriptor. Dispose it. */
export interface OpenedPath extends Disposable {
  readonly fd: number;
  /** Names the very thing that was opened, wherever it has moved to since. */
  readonly path: string;
}

/** @throws WharfError 'kernel.failed' and Node's errors when the root can't be opened */
export function openRoot(root: string): OpenedPath {
  return opened(openSync(root, oPath | constants.O_DIRECTORY));
}

/**
 * Opens `path` as seen from `root`, without reading rights (O_PATH): to reach what is below it, or to stat it.
 * `beneath`: what leads out of the root, as an absolute link does, is an error (EXDEV) instead.
 * @throws WharfError 'kernel.failed' with the errno: ENOENT, ENOTDIR, ELOOP, EXDEV
 */
export function openInRoot(
  root: OpenedPath,
  path: FsPath,
  options: { readonly directory: boolean; readonly follow: boolean; readonly beneath?: boolean },
): OpenedPath {
  const how = Buffer.alloc(openHowBytes);
  const flags =
    oPath | oCloexec | (options.directory ? constants.O_DIRECTORY : 0) | (options.follow ? 0 : constants.O_NOFOLLOW);
  how.writeBigUInt64LE(BigInt(flags), 0);
  const bounds = options.beneath === true ? resolveBeneath : resolveInRoot;
  how.writeBigUInt64LE(BigInt(bounds | resolveNoMagicLinks), 16);
  const name = Buffer.concat([typeof path === 'string' ? Buffer.from(path) : path, Buffer.of(0)]);
  if (name.indexOf(0) !== name.length - 1) throw new WharfError('request.invalid', 'a path must not hold a zero byte');
  // An empty path would need AT_EMPTY_PATH; `/` is the root itself here.
  const target = name.length === 1 ? Buffer.from('/\0') : name;
  syscall ??= bindSyscall();
  const fd = Number(syscall(openat2Number, root.fd, target, how, openHowBytes));
  if (fd < 0) throw kernelError(koffi.errno(), `open ${Buffer.from(path).toString()} in the root`);
  return opened(fd);
}

function opened(fd: number): OpenedPath {
  return { fd, path: `/proc/self/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) };
}
