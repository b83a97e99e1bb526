/** Writing to a SOCK_SEQPACKET UNIX socket (conmon's attach socket), which node:net can not make itself. */
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import {
  AF_UNIX,
  closeFd,
  connectUnix,
  dup3,
  O_CLOEXEC,
  O_NONBLOCK,
  SHUT_RD,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  shutdown,
  socket,
  socketpair,
} from './libc.ts';

/** O_PATH: a descriptor that only names a folder. Node has no constant for it. */
const O_PATH = 0o10000000;

/**
 * Connects to `folder/name` for writing. The folder is reached through its descriptor, so its path may be longer than the
 * 107 bytes a socket address holds. Each write of at most the peer's buffer is one packet: what is longer would be cut.
 *
 * The descriptor is put under the number of a stream socket node already holds; from there node polls and writes as ever.
 */
export function connectSeqpacketWriter(folder: string, name: string): Socket {
  const fd = socket(AF_UNIX, SOCK_SEQPACKET | O_NONBLOCK | O_CLOEXEC);
  try {
    const folderFd = openSync(folder, O_PATH | constants.O_DIRECTORY);
    try {
      connectUnix(fd, `/proc/self/fd/${folderFd}/${name}`);
    } finally {
      closeSync(folderFd);
    }
    shutdown(fd, SHUT_RD);
    const [held, peer] = socketpair(AF_UNIX, SOCK_STREAM | O_NONBLOCK | O_CLOEXEC);
    closeFd(peer);
    const stream = new Socket({ fd: held, readable: false, writable: true });
    dup3(fd, held);
    return stream;
  } finally {
    closeFd(fd);
  }
}
