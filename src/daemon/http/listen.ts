/** Sockets the API listens on: UNIX, TCP, and those that systemd opened before us. */
import { rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import type { ListenAddress } from '../daemon-options.ts';
import type { InheritedSocket } from '../system/inherited-sockets.ts';
import { bindUnixSocket, checkSocketPath } from './unix-socket.ts';

/** What listeners need of node:http's and node:https' servers. */
export interface ApiServer extends Server {
  closeIdleConnections(): void;
  closeAllConnections(): void;
}

export interface Listener {
  /** `unix:///run/wharf/wharf.sock`, `tcp://127.0.0.1:2375`: the port is the real one when 0 was asked for. */
  readonly address: string;
  /** Takes no more connections; a socket file is removed at once. */
  stopListening(): void;
  /** Ends every connection. */
  closeConnections(): void;
}

/** An address with what it takes to listen there. */
export type ListenTarget =
  | Exclude<ListenAddress, { readonly kind: 'fd' }>
  | ({ readonly kind: 'fd' } & InheritedSocket);

/** Listens in the host's network for an engine that lives in another: an ordinary user's engine asks its parent. */
export interface HostListeners {
  listenTcp(host: string, port: number): Promise<Server>;
}

/**
 * @param group owner group of UNIX sockets; undefined: `wharf` when there is one
 * @throws WharfError 'request.conflict' when another daemon listens there; 'request.invalid'
 */
export async function listenOn(
  server: ApiServer,
  target: ListenTarget,
  group: string | undefined,
  hostSockets?: HostListeners,
): Promise<Listener> {
  switch (target.kind) {
    case 'tcp': {
      const { host, port } = target;
      const where = `tcp://${host}:${port}`;
      const handed = await hostSockets?.listenTcp(host, port).catch((error: unknown) => {
        throw listenFailure(where, error);
      });
      await bind(server, () => server.listen(handed ?? { host, port }), where);
      return listener(server, tcpAddress(server, host, port), () => undefined);
    }
    case 'unix': {
      const { path } = target;
      await bindUnixSocket(path, group, () => bind(server, () => server.listen({ path }), `unix://${path}`));
      return listener(server, `unix://${path}`, () => rmSync(path, { force: true }));
    }
    case 'fd': {
      await bind(server, () => server.listen({ fd: target.fd }), `fd://${target.name}`);
      // The socket is systemd's: its file stays, and connections that come while we are away start the next daemon.
      return listener(server, inheritedAddress(server, target), () => undefined);
    }
  }
}

function tcpAddress(server: ApiServer, host: string, port: number): string {
  const bound = server.address();
  const real = typeof bound === 'object' && bound !== null ? bound.port : port;
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${real}`;
}

function inheritedAddress(server: ApiServer, { name }: InheritedSocket): string {
  const bound = server.address();
  if (typeof bound === 'object' && bound !== null && typeof bound.port === 'number') {
    return tcpAddress(server, bound.address, bound.port);
  }
  return `fd://${name}`;
}

function listener(server: ApiServer, address: string, cleanUp: () => void): Listener {
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

function bind(server: ApiServer, listen: () => void, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(listenFailure(where, cause));
    server.once('error', failed);
    server.once('listening', () => {
      server.off('error', failed);
      resolve();
    });
    listen();
  });
}

function listenFailure(where: string, cause: unknown): WharfError {
  const inUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
  const why = inUse ? 'the address is in use' : cause instanceof Error ? cause.message : String(cause);
  return new WharfError('request.conflict', `listen on ${where}: ${why}`, { cause, hint: '' });
}

/**
 * Whether the address can be had, asked before anything is started.
 * @throws as `listenOn`; a TCP port is only known to be free when it is bound
 */
export async function checkListenAddress(target: ListenTarget, group: string | undefined): Promise<void> {
  if (target.kind === 'unix') await checkSocketPath(target.path, group);
}
