/** UNIX sockets of the API: whose they are, and what to do with one that a killed daemon left. */
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { WharfError } from '../../contract/errors.ts';

/** sun_path is 108 bytes with its final zero (unix(7)). */
const socketPathMaxBytes = 107;

/**
 * Binds `path` by `bind`, with the owner group and the mode 0660.
 * @param group undefined: `wharf` when there is such a group
 * @throws WharfError 'request.conflict' when another daemon listens there; 'request.invalid'
 */
export async function bindUnixSocket(
  path: string,
  group: string | undefined,
  bind: () => Promise<void>,
): Promise<void> {
  await checkSocketPath(path, group);
  const gid = groupId(group);
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  // Nobody else may connect in the moment before the owner is set.
  const previous = process.umask(0o177);
  try {
    await bind();
  } finally {
    process.umask(previous);
  }
  if (gid !== undefined) chownSync(path, process.getuid?.() ?? 0, gid);
  chmodSync(path, 0o660);
}

/** @throws as `bindUnixSocket`, before anything is bound */
export async function checkSocketPath(path: string, group: string | undefined): Promise<void> {
  if (Buffer.byteLength(path) > socketPathMaxBytes) {
    throw new WharfError('request.invalid', `the socket's path is longer than ${socketPathMaxBytes} bytes: ${path}`, {
      hint: '',
    });
  }
  groupId(group);
  await removeDeadSocket(path);
}

/** A socket file outlives a daemon that was killed. It is removed when nobody answers on it, and only then. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new WharfError('request.conflict', `listen on ${path}: there is a file that is no socket`, { hint: '' });
  if (await answers(path)) {
    throw new WharfError('request.conflict', `listen on ${path}: another daemon listens there`, {
      hint: 'Stop it, or give another --host.',
    });
  }
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const done = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** @throws WharfError 'request.invalid' when a group was named that does not exist */
function groupId(name: string | undefined): number | undefined {
  const wanted = name ?? 'wharf';
  if (/^\d+$/.test(wanted)) return Number(wanted);
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${wanted}:`));
  const gid = Number(line?.split(':')[2]);
  if (line !== undefined && Number.isInteger(gid)) return gid;
  if (name === undefined) return undefined;
  throw new WharfError('request.invalid', `there is no group ${JSON.stringify(name)}`, {
    hint: 'Give --group a group of this machine.',
  });
}
