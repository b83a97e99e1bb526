/**
 * The system calls Node does not offer, bound once through koffi. Every wrapper answers the call's result or throws a
 * WharfError with the errno, so no caller looks at -1.
 *
 * Only calls that return at once are bound here; nothing in this file may block the event loop.
 */
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';

type NativeCall = (...args: readonly (number | bigint | string | Uint8Array | number[] | null)[]) => unknown;

const libc = koffi.load('libc.so.6');

function bind(prototype: string): NativeCall {
  return libc.func(prototype);
}

const nativePipe2 = bind('int pipe2(_Out_ int *fds, int flags)');
const nativeSocket = bind('int socket(int domain, int type, int protocol)');
const nativeSocketpair = bind('int socketpair(int domain, int type, int protocol, _Out_ int *fds)');
const nativeConnect = bind('int connect(int fd, const void *address, uint32_t length)');
const nativeShutdown = bind('int shutdown(int fd, int how)');
const nativeDup3 = bind('int dup3(int from, int to, int flags)');
const nativeClose = bind('int close(int fd)');
const nativeSyscall4 = bind('long syscall(long number, long a, long b, long c, long d)');
const nativeIoctl = bind('int ioctl(int fd, unsigned long request, void *argument)');
const nativeGrantpt = bind('int grantpt(int fd)');
const nativeUnlockpt = bind('int unlockpt(int fd)');
const nativePtsname = bind('int ptsname_r(int fd, _Out_ uint8_t *name, size_t length)');
const nativeFallocate = bind('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
const nativeMkfifo = bind('int mkfifo(const char *path, uint32_t mode)');

export const O_NONBLOCK = 0x800;
export const O_CLOEXEC = 0x80000;
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SHUT_RD = 0;

/** The same numbers on x86-64, arm64 and riscv64: both calls are newer than the unified table. */
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;

/** A system call's failure: `errno` is the kernel's number, `errnoName` its symbol (ENOENT). */
export class SystemCallError extends WharfError {
  readonly errno: number;
  readonly errnoName: string;
  constructor(attempt: string, errno: number) {
    const errnoName = errnoNameOf(errno);
    super(
      errnoName === 'EPERM' || errnoName === 'EACCES' ? 'kernel.denied' : 'kernel.failed',
      `${attempt}: ${errnoName}`,
    );
    this.errno = errno;
    this.errnoName = errnoName;
  }
}

function errnoNameOf(errno: number): string {
  for (const [name, value] of Object.entries(koffi.os.errno)) {
    if (value === errno) return name;
  }
  return `errno ${errno}`;
}

function checked(result: unknown, attempt: string): number {
  const value = Number(result);
  if (value < 0) throw new SystemCallError(attempt, koffi.errno());
  return value;
}

/** A real pipe (not node's socket pair), close-on-exec. Both ends belong to the caller. */
export function pipe2(flags: number = O_CLOEXEC): { readonly readFd: number; readonly writeFd: number } {
  const fds = [0, 0];
  checked(nativePipe2(fds, flags), 'make a pipe');
  const [readFd = -1, writeFd = -1] = fds;
  return { readFd, writeFd };
}

export function socket(domain: number, type: number): number {
  return checked(nativeSocket(domain, type, 0), 'make a socket');
}

export function socketpair(domain: number, type: number): readonly [number, number] {
  const fds = [0, 0];
  checked(nativeSocketpair(domain, type, 0, fds), 'make a socket pair');
  const [first = -1, second = -1] = fds;
  return [first, second];
}

/** Connects a UNIX socket. The path is at most 107 bytes: sockaddr_un. One with '@' in front is an abstract name (unix(7)). */
export function connectUnix(fd: number, path: string): void {
  const encoded = Buffer.from(path);
  if (encoded.length > 107)
    throw new WharfError('kernel.failed', `connect to ${path}: the path is longer than 107 bytes`);
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  encoded.copy(address, 2);
  const abstract = path.startsWith('@');
  if (abstract) address[2] = 0;
  // An abstract name is as long as its length says, zeros included.
  checked(nativeConnect(fd, address, abstract ? 2 + encoded.length : address.length), `connect to ${path}`);
}

export function shutdown(fd: number, how: number): void {
  checked(nativeShutdown(fd, how), 'shut down a socket');
}

export function dup3(from: number, to: number, flags: number = O_CLOEXEC): void {
  checked(nativeDup3(from, to, flags), 'duplicate a descriptor');
}

/** Closes a descriptor that no node object owns. */
export function closeFd(fd: number): void {
  checked(nativeClose(fd), 'close a descriptor');
}

/** A descriptor that stands for one process and never for a later one with the same number. */
export function pidfdOpen(pid: number): number {
  return checked(nativeSyscall4(SYS_PIDFD_OPEN, pid, 0, 0, 0), `open process ${pid}`);
}

export function pidfdSendSignal(pidfd: number, signal: number): void {
  checked(nativeSyscall4(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0), `send signal ${signal}`);
}

export function ioctl(fd: number, request: number, argument: Uint8Array): void {
  checked(nativeIoctl(fd, request, argument), `ioctl 0x${request.toString(16)}`);
}

/** Makes the other side of a terminal master usable and answers its path. */
export function unlockTerminal(masterFd: number): string {
  checked(nativeGrantpt(masterFd), 'grant the terminal');
  checked(nativeUnlockpt(masterFd), 'unlock the terminal');
  const name = Buffer.alloc(64);
  const failure = Number(nativePtsname(masterFd, name, name.length));
  if (failure !== 0) throw new SystemCallError('name the terminal', failure);
  return name.toString('utf8', 0, name.indexOf(0));
}

const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;

/** Disk space for a file to grow into, its size unchanged. False where the file system has no such thing or no space. */
export function reserveSpace(fd: number, offset: number, lengthBytes: number): boolean {
  return Number(nativeFallocate(fd, FALLOC_FL_KEEP_SIZE, offset, lengthBytes)) === 0;
}

/** Gives a part of a file back to the file system; it reads as zeros then, and what follows stays in its place. */
export function makeHole(fd: number, offset: number, lengthBytes: number): void {
  checked(
    nativeFallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, lengthBytes),
    `make a hole of ${lengthBytes} bytes`,
  );
}

export function mkfifo(path: string, mode: number): void {
  checked(nativeMkfifo(path, mode), `make the FIFO ${path}`);
}
