/**
 * Sockets bound through libc and handed to Node by descriptor: what `dgram` and `net` bind themselves, they bind later, on
 * another turn of the event loop, when the thread has left the network namespace again.
 */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';
import { parseIp } from './netlink-ip-address.ts';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, void*, uint32_t)');
const getsockname = libc.func('int getsockname(int, _Out_ uint8_t*, _Inout_ uint32_t*)');
const close = libc.func('int close(int)');

const AF_INET = 2;
const socketTypes = { tcp: 1, udp: 2 } as const;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const addressBytes = 16;

export interface BoundSocket {
  /** Belongs to the caller. */
  readonly fd: number;
  readonly port: number;
}

/** Binds an IPv4 socket in the namespace the thread is in; port 0 picks a free one. @throws WharfError 'kernel.failed' */
export function bindSocket(kind: 'tcp' | 'udp', address: string, port: number): BoundSocket {
  const ip = parseIp(address);
  if (ip?.family !== 'ipv4') throw new WharfError('kernel.failed', `bind to ${address}: not an IPv4 address`);
  const fd: number = socket(AF_INET, socketTypes[kind] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw socketError('open a socket');
  const name = Buffer.alloc(addressBytes);
  name.writeUInt16LE(AF_INET, 0);
  name.writeUInt16BE(port, 2);
  name.set(ip.bytes, 4);
  const length = [addressBytes];
  if (bind(fd, name, name.length) !== 0 || getsockname(fd, name, length) !== 0) {
    const error = socketError(`bind to ${address}:${port}`);
    close(fd);
    throw error;
  }
  return { fd, port: name.readUInt16BE(2) };
}

function socketError(attempt: string): WharfError {
  return new WharfError('kernel.failed', `${attempt}: ${getSystemErrorName(-koffi.errno())}`);
}
