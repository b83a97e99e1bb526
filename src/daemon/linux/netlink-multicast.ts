/** Announcements of the kernel over netlink (NETLINK_ADD_MEMBERSHIP), read without holding a thread. */
import { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { WharfError } from '../../contract/errors.ts';
import { AF_UNIX, closeFd, dup3, O_CLOEXEC, O_NONBLOCK, SOCK_STREAM, socketpair } from './libc.ts';
import { decodeMessages } from './netlink-codec.ts';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, void*, uint32_t)');
const setsockopt = libc.func('int setsockopt(int, int, int, void*, uint32_t)');

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;

export interface MulticastOptions {
  readonly protocol: number;
  readonly group: number;
  /** Types of the messages of one datagram. */
  readonly onMessages: (types: readonly number[]) => void;
  /** Announcements were lost (a burst that did not fit), or the socket broke; nothing comes after that. */
  readonly onEnd: () => void;
}

/**
 * Listens in the network namespace the thread is in. @throws WharfError 'kernel.failed'
 *
 * The descriptor is put under the number of a stream socket node already holds: what it reads from there are datagrams.
 */
export function openMulticast(options: MulticastOptions): Disposable {
  const fd: number = socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC | O_NONBLOCK, options.protocol);
  if (fd < 0) throw failure('open a netlink socket');
  try {
    // struct sockaddr_nl
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    const group = Buffer.alloc(4);
    group.writeUInt32LE(options.group, 0);
    if (bind(fd, address, address.length) !== 0) throw failure('bind a netlink socket');
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, group.length) !== 0) {
      throw failure('join a netlink group');
    }
    return read(fd, options);
  } finally {
    closeFd(fd);
  }
}

function read(fd: number, { onMessages, onEnd }: MulticastOptions): Disposable {
  const [held, peer] = socketpair(AF_UNIX, SOCK_STREAM | O_NONBLOCK | O_CLOEXEC);
  closeFd(peer);
  // Node must not poll the descriptor before it is ours: the kernel forgets what was polled when it is replaced.
  const unstarted = { fd: held, readable: true, writable: false, manualStart: true };
  const reader = new Socket(unstarted);
  dup3(fd, held);
  let open = true;
  const end = () => {
    if (!open) return;
    open = false;
    reader.destroy();
    onEnd();
  };
  reader.on('data', (data: Buffer) => onMessages(decodeMessages(data).map((message) => message.type)));
  reader.on('error', end);
  reader.on('close', end);
  reader.unref();
  reader.resume();
  return {
    [Symbol.dispose]() {
      open = false;
      reader.destroy();
    },
  };
}

function failure(attempt: string): WharfError {
  return new WharfError('kernel.failed', `${attempt}: ${getSystemErrorName(-koffi.errno())}`);
}
