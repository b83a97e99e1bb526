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
const AF_INET6 = 10;
const socketTypes = { tcp: 1, udp: 2 } as const;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
/** struct sockaddr_in, and sockaddr_in6 with its flow before the address. */
const addressBytes = { ipv4: 16, ipv6: 28 } as const;
const addressOffset = { ipv4: 4, ipv6: 8 } as const;

export interface BoundSocket {
  /** Belongs to the caller. */
  readonly fd: number;
  readonly port: number;
}

/**
 * Binds a socket in the namespace the thread is in; port 0 picks a free one, '::' takes IPv4 peers too.
 * @throws WharfError 'kernel.failed'
 */
export function bindSocket(kind: 'tcp' | 'udp', address: string, port: number): BoundSocket {
  const ip = parseIp(address);
  if (ip === undefined) throw new WharfError('kernel.failed', `bind to ${address}: not an IP address`);
  const family = ip.family === 'ipv4' ? AF_INET : AF_INET6;
  const fd: number = socket(family, socketTypes[kind] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw socketError('open a socket');
  const name = Buffer.alloc(addressBytes[ip.family]);
  name.writeUInt16LE(family, 0);
  name.writeUInt16BE(port, 2);
  name.set(ip.bytes, addressOffset[ip.family]);
  const length = [name.length];
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
