/**
 * Netlink sockets through libc: no `ip` process, no thread hop.
 *
 * The kernel answers a netlink request inside sendto(2), so the answer is there when recv(2) is called; both are
 * synchronous calls of some microseconds. Only deletions wait for the kernel (RCU grace periods): those have `requestAsync`.
 */
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';
import { decodeMessages, encodeMessage, messageFlags, messageTypes, type NetlinkMessage } from './netlink-codec.ts';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int, int, int)');
const sendto = libc.func('long sendto(int, void*, size_t, int, void*, uint32_t)');
const recv = libc.func('long recv(int, _Out_ uint8_t*, size_t, int)');
const setsockopt = libc.func('int setsockopt(int, int, int, void*, uint32_t)');
const close = libc.func('int close(int)');

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** The kernel never sends more than 32 KiB at once to a reader that offers that much; one more is room to spare. */
const receiveBytes = 64 * 1024;
const receiveTimeoutSeconds = 5;

export const netlinkProtocols = { route: 0, netfilter: 12 } as const;

/** A request the kernel refused. `errno` is its symbolic name, for example 'EEXIST'; EOPNOTSUPP is 'ENOTSUP' to Node. */
export class NetlinkError extends WharfError {
  readonly errno: string;
  constructor(attempt: string, errno: string) {
    const denied = errno === 'EPERM' || errno === 'EACCES' || errno === 'ENOTSUP';
    super(denied ? 'kernel.denied' : 'kernel.failed', `${attempt}: ${errno}`);
    this.errno = errno;
  }
}

export function isNetlinkError(error: unknown, ...errnos: readonly string[]): error is NetlinkError {
  return error instanceof NetlinkError && (errnos.length === 0 || errnos.includes(error.errno));
}

export interface NetlinkRequest {
  readonly type: number;
  /** Besides request and ack, which are always set. */
  readonly flags?: number;
  readonly payload: Buffer;
  /** What is tried, for the message of an error: 'create bridge wharf0'. */
  readonly attempt: string;
}

export interface NetlinkSocket extends Disposable {
  /** Sends and waits for the kernel's answer. @throws NetlinkError */
  request(request: NetlinkRequest): NetlinkMessage[];
  /** Answers all entries of a table. @throws NetlinkError */
  dump(request: NetlinkRequest): NetlinkMessage[];
  /** As `request`, off the main thread, one after the other. Not to be mixed with the others on the same socket. */
  requestAsync(request: NetlinkRequest): Promise<void>;
}

/** Opens a netlink socket in the network namespace the thread is in; it stays there. @throws NetlinkError */
export function openNetlink(protocol: number = netlinkProtocols.route): NetlinkSocket {
  const fd: number = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) throw new NetlinkError('open a netlink socket', lastErrno());
  const timeout = Buffer.alloc(16);
  timeout.writeBigInt64LE(BigInt(receiveTimeoutSeconds), 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
  return new KernelNetlinkSocket(fd);
}

class KernelNetlinkSocket implements NetlinkSocket {
  readonly #fd: number;
  readonly #kernelAddress = kernelAddress();
  readonly #buffer = Buffer.alloc(receiveBytes);
  #sequence = 0;
  #closed = false;
  #queue: Promise<void> = Promise.resolve();

  constructor(fd: number) {
    this.#fd = fd;
  }

  request(request: NetlinkRequest): NetlinkMessage[] {
    const message = this.#encode(request, messageFlags.ack);
    const sent = sendto(this.#fd, message, message.length, 0, this.#kernelAddress, this.#kernelAddress.length);
    if (Number(sent) < 0) throw new NetlinkError(request.attempt, lastErrno());
    return this.#receive(request.attempt);
  }

  dump(request: NetlinkRequest): NetlinkMessage[] {
    return this.request({ ...request, flags: (request.flags ?? 0) | messageFlags.dump });
  }

  requestAsync(request: NetlinkRequest): Promise<void> {
    const result = this.#queue.then(() => this.#sendOffThread(request));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #sendOffThread(request: NetlinkRequest): Promise<void> {
    const message = this.#encode(request, messageFlags.ack);
    const address = this.#kernelAddress;
    const sent = await new Promise<number>((resolve, reject) => {
      sendto.async(this.#fd, message, message.length, 0, address, address.length, (error: unknown, value: unknown) =>
        error ? reject(error) : resolve(Number(value)),
      );
    });
    // koffi does not carry errno over from the worker thread.
    if (sent < 0) throw new NetlinkError(request.attempt, 'EIO');
    this.#receive(request.attempt);
  }

  #encode(request: NetlinkRequest, extraFlags: number): Buffer {
    if (this.#closed) throw new NetlinkError(request.attempt, 'EBADF');
    this.#sequence = (this.#sequence + 1) >>> 0;
    const flags = messageFlags.request | extraFlags | (request.flags ?? 0);
    return encodeMessage({ type: request.type, flags, sequence: this.#sequence, payload: request.payload });
  }

  /** Reads until the acknowledgement or the end of a dump; leftovers of an earlier, failed request are skipped. */
  #receive(attempt: string): NetlinkMessage[] {
    const answers: NetlinkMessage[] = [];
    for (;;) {
      const length = Number(recv(this.#fd, this.#buffer, this.#buffer.length, 0));
      if (length < 0) {
        const errno = lastErrno();
        if (errno === 'EINTR') continue;
        throw new NetlinkError(attempt, errno);
      }
      // Answers keep views of their bytes, so each datagram gets memory of its own.
      for (const message of decodeMessages(Buffer.from(this.#buffer.subarray(0, length)))) {
        if (message.sequence !== this.#sequence) continue;
        if (message.type === messageTypes.done) return answers;
        if (message.type === messageTypes.error) {
          const code = message.payload.readInt32LE(0);
          if (code !== 0) throw new NetlinkError(attempt, getSystemErrorName(code));
          return answers;
        }
        if (message.type !== messageTypes.noop) answers.push(message);
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.#fd);
  }
}

/** struct sockaddr_nl with port 0: the kernel. */
function kernelAddress(): Buffer {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  return address;
}

function lastErrno(): string {
  return getSystemErrorName(-koffi.errno());
}
