/**
 * Mounts, extended attributes and device nodes: what Node's fs module lacks, through libc by koffi.
 *
 * Every failure is a WharfError: 'kernel.denied' for EPERM and EACCES, 'disk.full' for ENOSPC and EDQUOT, else
 * 'kernel.failed'. The message says what was attempted and names the errno; `errnoOf` reads it back.
 * Paths may be raw bytes, because names inside layers need not be UTF-8.
 */
import { readFileSync, statfsSync } from 'node:fs';
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';

/** A path; bytes where it may not be UTF-8. */
export type FsPath = string | Uint8Array;

/** Flags of mount(2). */
export const mountFlags = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  synchronous: 16,
  remount: 32,
  mandatoryLocks: 64,
  dirSync: 128,
  noAtime: 1024,
  noDirAtime: 2048,
  bind: 4096,
  move: 8192,
  recursive: 16384,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  relativeAtime: 1 << 21,
  strictAtime: 1 << 24,
} as const;

/** Type bits of mknod(2)'s mode. */
export const nodeKinds = { fifo: 0o010000, charDevice: 0o020000, blockDevice: 0o060000, socket: 0o140000 } as const;

export interface MountRequest {
  readonly source: string;
  readonly target: string;
  /** File system type; '' for bind mounts and changes of propagation. */
  readonly type: string;
  /** A union of `mountFlags`. */
  readonly flags: number;
  /** Options of the file system; at most a page (4095 bytes). */
  readonly data?: string;
}

export interface MountPoint {
  readonly id: number;
  readonly parentId: number;
  /** Path inside the file system that is mounted here. */
  readonly root: string;
  readonly target: string;
  readonly options: string;
  /** `shared:N`, `master:N`, ... */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  readonly superOptions: string;
}

const maxMountDataBytes = 4095;
const umountDetach = 2;
const umountNoFollow = 8;
const xattrCreateOrReplace = 0;
const maxXattrBytes = 64 * 1024;
/** mknodat(2) by number: glibc exports the function since 2.33 only. */
const mknodatNumbers: Readonly<Record<string, number>> = { x64: 259, arm64: 33, arm: 324, ia32: 297, riscv64: 33 };
const atFdCwd = -100;

function bindLibc() {
  const lib = koffi.load('libc.so.6');
  return {
    mount: lib.func('int mount(const char*, const char*, const char*, unsigned long, const char*)'),
    umount2: lib.func('int umount2(const char*, int)'),
    lsetxattr: lib.func('int lsetxattr(const void*, const char*, const void*, size_t, int)'),
    lgetxattr: lib.func('long lgetxattr(const void*, const char*, void*, size_t)'),
    llistxattr: lib.func('long llistxattr(const void*, void*, size_t)'),
    lremovexattr: lib.func('int lremovexattr(const void*, const char*)'),
    mknodat: lib.func('syscall', 'long', ['long', 'int', 'const void*', 'unsigned int', 'unsigned int']),
    syncfs: lib.func('int syncfs(int)'),
  };
}

let bound: ReturnType<typeof bindLibc> | undefined;
/** Loaded at first use, so that importing this file costs nothing where libc is another. */
function libc(): ReturnType<typeof bindLibc> {
  bound ??= bindLibc();
  return bound;
}

/** @throws WharfError 'kernel.denied' | 'kernel.failed' */
export function mount(request: MountRequest): void {
  const { source, target, type, flags, data } = request;
  if (data !== undefined && Buffer.byteLength(data) > maxMountDataBytes) {
    throw new WharfError('kernel.failed', `mount ${type || source} on ${target}: options longer than a page`);
  }
  const result = libc().mount(source, target, type === '' ? null : type, flags, data ?? null);
  if (result !== 0) throw kernelError(koffi.errno(), `mount ${type || source} on ${target}`);
}

/** As `mount`, beside the event loop: for file systems whose server may take its time, such as NFS. */
export async function mountInBackground({ source, target, type, flags, data }: MountRequest): Promise<void> {
  if (data !== undefined && Buffer.byteLength(data) > maxMountDataBytes) {
    throw new WharfError('kernel.failed', `mount ${type || source} on ${target}: options longer than a page`);
  }
  const errno = await new Promise<number>((resolve, reject) => {
    libc().mount.async(
      source,
      target,
      type === '' ? null : type,
      flags,
      data ?? null,
      (error: unknown, result: number) => {
        if (error) reject(error);
        else resolve(result === 0 ? 0 : koffi.errno());
      },
    );
  });
  if (errno !== 0) throw kernelError(errno, `mount ${type || source} on ${target}`);
}

/**
 * Not mounted at all is fine. `lazy` detaches now and lets the last user finish. Runs beside the event loop, because
 * unmounting writes dirty pages back.
 * @throws WharfError 'kernel.denied' | 'kernel.failed' (EBUSY when in use and not lazy)
 */
export async function unmount(target: string, options: { readonly lazy?: boolean } = {}): Promise<void> {
  const errno = await new Promise<number>((resolve, reject) => {
    libc().umount2.async(target, unmountFlags(options), (error: unknown, result: number) => {
      if (error) reject(error);
      else resolve(result === 0 ? 0 : koffi.errno());
    });
  });
  endUnmount(errno, target);
}

/** As `unmount`, at once: for places that must not yield, such as the last lines of a shutdown. */
export function unmountSync(target: string, options: { readonly lazy?: boolean } = {}): void {
  endUnmount(libc().umount2(target, unmountFlags(options)) === 0 ? 0 : koffi.errno(), target);
}

function unmountFlags(options: { readonly lazy?: boolean }): number {
  return (options.lazy === true ? umountDetach : 0) | umountNoFollow;
}

function endUnmount(errno: number, target: string): void {
  // EINVAL: not a mount point. ENOENT: not even a path.
  const { EINVAL, ENOENT } = koffi.os.errno;
  if (errno !== 0 && errno !== EINVAL && errno !== ENOENT) throw kernelError(errno, `unmount ${target}`);
}

/** Does not follow a link at the end of the path. @throws WharfError 'kernel.denied' | 'kernel.failed' | 'disk.full' */
export function setXattr(path: FsPath, name: string, value: Uint8Array): void {
  if (libc().lsetxattr(cPath(path), name, value, value.length, xattrCreateOrReplace) !== 0) {
    throw kernelError(koffi.errno(), `set attribute ${name} of ${shown(path)}`);
  }
}

/** The value, or undefined when the file has no such attribute or its file system none at all. */
export function getXattr(path: FsPath, name: string): Buffer | undefined {
  const at = cPath(path);
  // Most values are tiny: try a small buffer first, then ask for the largest the kernel allows.
  for (const room of [256, maxXattrBytes]) {
    const buffer = Buffer.allocUnsafe(room);
    const length: number = libc().lgetxattr(at, name, buffer, room);
    if (length >= 0) return buffer.subarray(0, length);
    const errno = koffi.errno();
    const { ENODATA, ENOTSUP, ERANGE } = koffi.os.errno;
    if (errno === ENODATA || errno === ENOTSUP) return undefined;
    if (errno !== ERANGE) throw kernelError(errno, `read attribute ${name} of ${shown(path)}`);
  }
  throw new WharfError('kernel.failed', `read attribute ${name} of ${shown(path)}: ERANGE`);
}

/** Names of all extended attributes; none where the file system has none. */
export function listXattr(path: FsPath): readonly string[] {
  const at = cPath(path);
  for (const room of [1024, maxXattrBytes]) {
    const buffer = Buffer.allocUnsafe(room);
    const length: number = libc().llistxattr(at, buffer, room);
    if (length === 0) return [];
    if (length > 0) return buffer.toString('utf8', 0, length - 1).split('\0');
    const errno = koffi.errno();
    if (errno === koffi.os.errno.ENOTSUP) return [];
    if (errno !== koffi.os.errno.ERANGE) throw kernelError(errno, `list attributes of ${shown(path)}`);
  }
  throw new WharfError('kernel.failed', `list attributes of ${shown(path)}: ERANGE`);
}

/** Removing a missing attribute is fine. */
export function removeXattr(path: FsPath, name: string): void {
  if (libc().lremovexattr(cPath(path), name) === 0) return;
  const errno = koffi.errno();
  if (errno !== koffi.os.errno.ENODATA) throw kernelError(errno, `remove attribute ${name} of ${shown(path)}`);
}

/**
 * @param mode one of `nodeKinds` with permission bits; the umask applies
 * @throws WharfError 'kernel.denied' | 'kernel.failed' (EEXIST) | 'disk.full'
 */
export function mknod(path: FsPath, mode: number, device: { readonly major: number; readonly minor: number }): void {
  const number = mknodatNumbers[process.arch];
  if (number === undefined) throw new WharfError('host.unsupported', `no device nodes on ${process.arch}`);
  const result: number = libc().mknodat(number, atFdCwd, cPath(path), mode, encodeDevice(device.major, device.minor));
  if (result !== 0) throw kernelError(koffi.errno(), `make node ${shown(path)}`);
}

/** The kernel's 32-bit device number (linux/kdev_t.h, new_encode_dev): 12 bits of major, 20 of minor. */
function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** Takes apart `st_rdev` as Node's stat answers it (glibc's encoding). */
export function decodeDevice(rdev: number): { readonly major: number; readonly minor: number } {
  const wide = BigInt(rdev);
  const major = Number(((wide >> 8n) & 0xfffn) | ((wide >> 32n) & 0xfffff000n));
  const minor = Number((wide & 0xffn) | ((wide >> 12n) & 0xffffff00n));
  return { major, minor };
}

/** Writes everything of the file system behind this descriptor to its disk; runs beside the event loop. */
export async function syncFileSystem(fd: number): Promise<void> {
  const errno = await new Promise<number>((resolve, reject) => {
    libc().syncfs.async(fd, (error: unknown, result: number) => {
      if (error) reject(error);
      else resolve(result === 0 ? 0 : koffi.errno());
    });
  });
  if (errno !== 0) throw kernelError(errno, 'write a file system to disk');
}

export interface FileSystemInfo {
  /** Magic number, such as 0x794c7630 for overlay and 0x01021994 for tmpfs. */
  readonly type: number;
  readonly totalBytes: number;
  /** What unprivileged users may still write. */
  readonly availableBytes: number;
}

export function statfs(path: string): FileSystemInfo {
  const { type, bsize, blocks, bavail } = statfsSync(path);
  return { type, totalBytes: bsize * blocks, availableBytes: bsize * bavail };
}

/** Parses /proc/<pid>/mountinfo (proc(5)). Lines that make no sense are left out. */
export function parseMountInfo(text: string): readonly MountPoint[] {
  const points: MountPoint[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [id, parentId, , root, target, options] = fields;
    if (dash < 0 || id === undefined || parentId === undefined) continue;
    const [type, source, superOptions] = fields.slice(dash + 1);
    points.push({
      id: Number(id),
      parentId: Number(parentId),
      root: unescapeOctal(root ?? ''),
      target: unescapeOctal(target ?? ''),
      options: options ?? '',
      propagation: fields.slice(6, dash),
      type: type ?? '',
      source: unescapeOctal(source ?? ''),
      superOptions: superOptions ?? '',
    });
  }
  return points;
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** What is mounted in this process's mount namespace. */
export function mountPoints(): readonly MountPoint[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Whether something is mounted exactly on `target` (an absolute path without links). */
export function isMounted(target: string): boolean {
  return mountPoints().some((point) => point.target === target);
}

/** The errno's name of a failure of this file or of Node's fs, such as `EBUSY`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('errnoName' in error && typeof error.errnoName === 'string') return error.errnoName;
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code)) return error.code;
  return error.cause === error ? undefined : errnoOf(error.cause);
}

/** For the other files of this folder: the error of a system call that answered `errno`. */
export function kernelError(errno: number, attempted: string): WharfError {
  const name = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
  const cause = Object.assign(new Error(`${attempted}: ${name}`), { code: name, errno });
  const denied = name === 'EPERM' || name === 'EACCES';
  const full = name === 'ENOSPC' || name === 'EDQUOT';
  return new WharfError(denied ? 'kernel.denied' : full ? 'disk.full' : 'kernel.failed', `${attempted}: ${name}`, {
    cause,
  });
}

/** As C wants it. A NUL inside would silently name another file. */
function cPath(path: FsPath): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(`${path}\0`) : Buffer.concat([path, Buffer.of(0)]);
  if (bytes.indexOf(0) !== bytes.length - 1) throw new WharfError('kernel.failed', 'a path must not hold a zero byte');
  return bytes;
}

function shown(path: FsPath): string {
  return typeof path === 'string' ? path : Buffer.from(path).toString();
}
