/** Sockets the API listens on. */
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import type { ListenAddress } from '../daemon-options.ts';

/** sun_path is 108 bytes with its final zero (unix(7)). */
const socketPathMaxBytes = 107;

export interface Listener {
  /** `unix:///run/wharf/wharf.sock`, `tcp://127.0.0.1:2375`: the port is the real one when 0 was asked for. */
  readonly address: string;
  /** Takes no more connections; a socket file is removed at once. */
  stopListening(): void;
  /** Ends every connection. */
  closeConnections(): void;
}

/**
 * @param group owner group of UNIX sockets; undefined: `wharf` when there is one
 * @throws WharfError 'request.conflict' when another daemon listens there; 'request.invalid'
 */
export async function listenOn(server: Server, address: ListenAddress, group: string | undefined): Promise<Listener> {
  if (address.kind === 'tcp') {
    await bind(
      server,
      () => server.listen({ host: address.host, port: address.port }),
      `tcp://${address.host}:${address.port}`,
    );
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    return listener(server, `tcp://${host}:${port}`, () => undefined);
  }
  const { path } = address;
  await checkListenAddress(address, group);
  const gid = groupId(group);
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  // Nobody else may connect in the moment before the owner is set.
  const previous = process.umask(0o177);
  try {
    await bind(server, () => server.listen({ path }), `unix://${path}`);
  } finally {
    process.umask(previous);
  }
  if (gid !== undefined) chownSync(path, 0, gid);
  chmodSync(path, 0o660);
  return listener(server, `unix://${path}`, () => rmSync(path, { force: true }));
}

function listener(server: Server, address: string, cleanUp: () => void): Listener {
  return {
    address,
    stopListening() {
      cleanUp();
      server.close();
      server.closeIdleConnections();
    },
    closeConnections: () => server.closeAllConnections(),
  };
}

function bind(server: Server, listen: () => void, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the address is in use' : cause.message;
      reject(new WharfError('request.conflict', `listen on ${where}: ${why}`, { cause, hint: '' }));
    };
    server.once('error', failed);
    server.once('listening', () => {
      server.off('error', failed);
      resolve();
    });
    listen();
  });
}

/**
 * Whether the address can be had, asked before anything is started.
 * @throws as `listenOn`; a TCP port is only known to be free when it is bound
 */
export async function checkListenAddress(address: ListenAddress, group: string | undefined): Promise<void> {
  if (address.kind === 'tcp') return;
  if (Buffer.byteLength(address.path) > socketPathMaxBytes) throw pathTooLong(address.path);
  groupId(group);
  await removeDeadSocket(address.path);
}

function pathTooLong(path: string): WharfError {
  return new WharfError('request.invalid', `the socket's path is longer than ${socketPathMaxBytes} bytes: ${path}`, {
    hint: '',
  });
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
