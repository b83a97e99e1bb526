/** For tests of this folder: a real server on a socket of its own, with handlers that refuse unless overridden. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { engineRoutes, type OperationName } from '../../contract/engine-routes.ts';
import { WharfError } from '../../contract/errors.ts';
import type { RawStreamType, StreamSession } from '../containers/container-service.ts';
import { silentLogger } from '../logger.ts';
import type { Handlers } from './handler.ts';
import { createEngineServer } from './http-server.ts';
import { listenOn } from './listen.ts';

export interface TestServer extends AsyncDisposable {
  readonly path: string;
  /** A raw connection; what it receives is gathered. */
  connect(): Promise<RawClient>;
}

export interface RawClient {
  readonly socket: Socket;
  received(): string;
  /** Waits until the text has come. */
  until(text: string): Promise<string>;
  /** Waits until the other side has ended. */
  ended(): Promise<string>;
}

export async function testServer(overrides: Partial<Handlers>): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-http-'));
  const path = join(folder, 'engine.sock');
  const handlers = { ...refusing(), ...overrides };
  const server = createEngineServer({ handlers, log: silentLogger, engineVersion: '0', reachableByBrowsers: false });
  const listener = await listenOn(server, { kind: 'unix', path }, undefined);
  return {
    path,
    connect: () => rawClient(path),
    async [Symbol.asyncDispose]() {
      listener.stopListening();
      listener.closeConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function refusing(): Handlers {
  const refuse = () => {
    throw new WharfError('request.not-implemented', 'no handler in this test');
  };
  const names = Object.keys(engineRoutes) as OperationName[];
  return Object.fromEntries(names.map((name) => [name, refuse])) as unknown as Handlers;
}

async function rawClient(path: string): Promise<RawClient> {
  const socket = connect({ path, allowHalfOpen: true });
  let text = '';
  let over = false;
  const watchers = new Set<() => void>();
  const notify = () => {
    for (const watcher of watchers) watcher();
  };
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    notify();
  });
  for (const event of ['end', 'close', 'error'] as const) {
    socket.on(event, () => {
      over = true;
      notify();
    });
  }
  const when = (done: () => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const watcher = () => {
        if (done()) resolve(text);
        else if (over) reject(new Error(`the connection ended with: ${text}`));
        else return;
        watchers.delete(watcher);
      };
      watchers.add(watcher);
      watcher();
    });
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return {
    socket,
    received: () => text,
    until: (wanted) => when(() => text.includes(wanted)),
    ended: () => when(() => over),
  };
}

/** A session that answers each piece of input in brackets, and says so when the input ends. */
export function echoSession(contentType: RawStreamType = 'application/vnd.docker.raw-stream'): StreamSession {
  return {
    contentType,
    cancel: () => undefined,
    serve: (connection: Duplex) =>
      new Promise((resolve) => {
        connection.on('data', (bytes: Buffer) => connection.write(`[${bytes.toString('latin1')}]`));
        connection.on('end', () => connection.end('<end of input>'));
        connection.on('close', () => resolve());
      }),
  };
}
