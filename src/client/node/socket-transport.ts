/**
 * The engine over a UNIX socket or TCP, from Node. One connection a request: connecting to a local socket costs 0.1 ms, and
 * no idle connection keeps a command line program from ending.
 */
import { connect, type Socket } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import { readText } from '../read-text.ts';
import type { HijackedConnection, Transport, WireRequest, WireResponse } from '../transport.ts';
import { wireError } from '../wire-error.ts';
import { openExchange } from './socket-exchange.ts';
import type { ClientTls } from './tls-socket.ts';

export type EngineAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: ClientTls | undefined };

/**
 * Reads `unix:///run/wharf/wharf.sock`, `tcp://host:2375`, `http://host:2375` or a bare `/path`.
 * @param tls for TCP; it also makes the port 2376 where none is given
 * @throws WharfError 'request.invalid'
 */
export function parseEngineAddress(text: string, tls?: ClientTls): EngineAddress {
  if (text.startsWith('/')) return { kind: 'unix', path: text };
  if (text.startsWith('unix://')) {
    const path = text.slice('unix://'.length);
    if (path.startsWith('/')) return { kind: 'unix', path };
  }
  const tcp = /^(?:tcp|https?):\/\/(\[[0-9a-fA-F:.]+\]|[^/:\s]+)(?::(\d{1,5}))?\/?$/.exec(text);
  if (tcp?.[1] !== undefined) {
    const port = Number(tcp[2] ?? (tls === undefined ? 2375 : 2376));
    if (port > 0 && port < 65_536) return { kind: 'tcp', host: tcp[1].replace(/^\[|\]$/g, ''), port, tls };
  }
  throw new WharfError('request.invalid', `not an engine address: ${JSON.stringify(text)}`, {
    hint: 'Write unix:///path/to/socket or tcp://host:port.',
  });
}

export function formatEngineAddress(address: EngineAddress): string {
  if (address.kind === 'unix') return `unix://${address.path}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

export function createSocketTransport(address: EngineAddress): Transport {
  return {
    async request(request, options = {}): Promise<WireResponse> {
      const socket = await openSocket(address, options.signal);
      const { response } = openExchange(socket, request, { hijack: false, signal: options.signal });
      return await response;
    },
    async hijack(request, options = {}): Promise<HijackedConnection> {
      const socket = await openSocket(address, options.signal);
      const { response } = openExchange(socket, withUpgrade(request), { hijack: true, signal: options.signal });
      const { status, headers, body } = await response;
      if (status >= 400) throw wireError(status, await readText(body, 1024 * 1024));
      return takeOver(socket, headers, body);
    },
  };
}

function withUpgrade(request: WireRequest): WireRequest {
  return { ...request, headers: { ...request.headers, connection: 'Upgrade', upgrade: 'tcp' } };
}

function takeOver(
  socket: Socket,
  headers: Readonly<Record<string, string>>,
  readable: ReadableStream<Uint8Array>,
): HijackedConnection {
  const closeWrite = () =>
    new Promise<void>((resolve) => {
      if (socket.writableEnded || socket.destroyed) resolve();
      else socket.end(resolve);
    });
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(cut(error)) : resolve()));
      }),
    close: closeWrite,
    abort: () => void socket.destroy(),
  });
  return {
    headers,
    readable,
    writable,
    closeWrite,
    close: () => void socket.destroy(),
  };
}

function cut(cause: Error): WharfError {
  return new WharfError('daemon.unreachable', 'the connection to the engine was cut', { cause, hint: '' });
}

async function openSocket(address: EngineAddress, signal: AbortSignal | undefined): Promise<Socket> {
  const secure = address.kind === 'tcp' ? address.tls : undefined;
  if (address.kind === 'unix') return connected(address, connect({ path: address.path, allowHalfOpen: true }), signal);
  if (secure === undefined) {
    const { host, port } = address;
    return connected(address, connect({ host, port, allowHalfOpen: true, noDelay: true }), signal);
  }
  const { connectTls, tlsFailure } = await import('./tls-socket.ts');
  const socket = connectTls(address, secure);
  try {
    return await connected(address, socket, signal, 'secureConnect');
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const failure = cause instanceof Error ? tlsFailure(cause) : undefined;
    if (failure === undefined) throw error;
    const where = formatEngineAddress(address);
    const message = `cannot connect to the engine at ${where}: ${failure.why}`;
    throw new WharfError('daemon.unreachable', message, { cause, hint: failure.hint });
  }
}

function connected(
  address: EngineAddress,
  socket: Socket,
  signal: AbortSignal | undefined,
  event: 'connect' | 'secureConnect' = 'connect',
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      socket.destroy();
      reject(signal.reason);
      return;
    }
    const abort = () => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.once(event, () => {
      signal?.removeEventListener('abort', abort);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (cause) => {
      signal?.removeEventListener('abort', abort);
      reject(unreachable(address, cause));
    });
  });
}

function unreachable(address: EngineAddress, cause: NodeJS.ErrnoException): WharfError {
  const where = formatEngineAddress(address);
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new WharfError('daemon.unreachable', `cannot connect to the engine at ${where}: permission denied`, {
      cause,
      hint: `Add yourself to the group that owns ${address.kind === 'unix' ? address.path : 'the socket'}, or use sudo.`,
    });
  }
  const why =
    cause.code === 'ENOENT'
      ? 'there is no such socket'
      : cause.code === 'ECONNREFUSED'
        ? 'nothing listens there'
        : cause.message;
  return new WharfError('daemon.unreachable', `cannot connect to the engine at ${where}: ${why}`, { cause });
}
