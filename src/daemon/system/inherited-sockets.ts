/**
 * Sockets that systemd opened for us (sd_listen_fds(3)): descriptors from 3 on, counted in LISTEN_FDS, named in LISTEN_FDNAMES,
 * meant for the process in LISTEN_PID.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';

export interface InheritedSocket {
  readonly fd: number;
  /** As FileDescriptorName= in the socket unit says; else the unit's name, or `LISTEN_FD_3`. */
  readonly name: string;
  /** Whether it is a TCP socket, which is encrypted when TLS is on. */
  readonly tcp: boolean;
}

const firstDescriptor = 3;

/** Takes the variables out of `env`: programs that we start must not take our sockets for theirs. */
export function takeInheritedSockets(env: NodeJS.ProcessEnv, pid: number): readonly InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  const count = Number(LISTEN_FDS ?? 0);
  if (Number(LISTEN_PID) !== pid || !Number.isInteger(count) || count < 1) return [];
  const names = (LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, index) => {
    const fd = firstDescriptor + index;
    return { fd, name: names[index] || `LISTEN_FD_${fd}`, tcp: !isUnixSocket(fd) };
  });
}

/**
 * Those that `fd://NAME` means.
 * @param wanted a name or a descriptor's number; undefined: all
 * @throws WharfError 'request.invalid' when there are none
 */
export function chooseSockets(
  sockets: readonly InheritedSocket[],
  wanted: string | undefined,
): readonly InheritedSocket[] {
  if (sockets.length === 0) {
    throw new WharfError(
      'request.invalid',
      'no sockets found via socket activation: make sure the service was started by systemd',
      { hint: 'fd:// belongs into the unit with a .socket beside it; else give unix:///path.' },
    );
  }
  const chosen = sockets.filter(({ fd, name }) => wanted === undefined || name === wanted || String(fd) === wanted);
  if (chosen.length > 0) return chosen;
  const known = sockets.map(({ fd, name }) => `${name} (${fd})`).join(', ');
  throw new WharfError('request.invalid', `no socket was passed for fd://${wanted}; there are ${known}`, { hint: '' });
}

function isUnixSocket(fd: number): boolean {
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  return readFileSync('/proc/self/net/unix', 'utf8')
    .split('\n')
    .some((line) => line.split(/\s+/)[6] === inode);
}
