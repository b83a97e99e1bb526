import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Transport } from '../client/transport.ts';
import { WharfError } from '../contract/errors.ts';
import { gatewayPaths } from '../contract/gateway-protocol.ts';
import type { HostDispatch } from '../host/host-dispatch.ts';
import type { HostEvents } from '../host/host-events.ts';
import type { HostTerminals } from '../host/host-terminals.ts';
import { appPolicy, isAppRoute, type StaticFile, type StaticFiles } from '../host/static-files.ts';
import { hasErrno } from '../machine/atomic-file.ts';
import { relayHijack, relayRequest, sendError } from './engine-http.ts';
import { serveHostCall, serveHostSocket } from './host-http.ts';
import { openTheLinkPage } from './open-the-link-page.ts';
import { createRequestGuard, type RequestGuard } from './request-guard.ts';
import type { SignInLinks } from './sign-in-links.ts';
import type { WebSessions } from './web-sessions.ts';

export interface GatewayOptions {
  /** A loopback address; anything else is refused. */
  readonly host: string;
  /** The next free one is taken when it is in use; 0 takes any. */
  readonly port: number;
  readonly files: StaticFiles;
  readonly relay: Transport;
  readonly dispatch: HostDispatch;
  readonly events: HostEvents;
  readonly terminals: HostTerminals;
  readonly sessions: WebSessions;
  readonly links: SignInLinks;
  /** Where extension pages are served; another origin, the only one that may be framed. */
  readonly frameSources: readonly string[];
}

export interface Gateway extends AsyncDisposable {
  readonly origin: string;
  /** A fresh one-time sign-in address. */
  newLink(): Promise<string>;
  close(): Promise<void>;
}

const loopback = ['127.0.0.1', '::1', 'localhost'];
const portsTried = 50;

/**
 * The web host: the same renderer as in Electron, for a browser on this machine.
 *
 * @throws WharfError 'request.invalid' for an address that is not loopback, 'port.in-use' when no port near it is free
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  if (!loopback.includes(options.host)) {
    throw new WharfError('request.invalid', `the web host listens on loopback only, not on ${options.host}`, {
      hint: 'Use 127.0.0.1, and an SSH tunnel to reach it from another machine.',
    });
  }
  const host = options.host === 'localhost' ? '127.0.0.1' : options.host;
  const server = createServer({ maxHeaderSize: 32 * 1024 });
  const port = await listen(server, host, options.port);
  const guard = createRequestGuard(host.includes(':') ? `[${host}]` : host, port, options.sessions);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 8 * 1024 * 1024, perMessageDeflate: false });
  server.on('request', (request, response) => {
    serveRequest(options, guard, request, response).catch((error) => sendError(response, error));
  });
  server.on('upgrade', (request, socket, head) => serveUpgrade(options, guard, sockets, request, socket, head));
  const close = async () => {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return {
    origin: guard.origin,
    newLink: async () => `${guard.origin}${gatewayPaths.signIn}?token=${await options.links.create()}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(server: Server, host: string, first: number): Promise<number> {
  for (let port = first; port < first + portsTried; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return addressOf(server).port;
    } catch (error) {
      if (!hasErrno(error, 'EADDRINUSE')) throw error;
    }
  }
  throw new WharfError('port.in-use', `no free port from ${first} to ${first + portsTried - 1} on ${host}`);
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on TCP');
  return address;
}

async function serveRequest(
  options: GatewayOptions,
  guard: RequestGuard,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!guard.isOwnHost(request)) throw new WharfError('auth.denied', 'this address is not served here', { hint: '' });
  const url = URL.parse(request.url ?? '/', guard.origin);
  if (url === null || url.origin !== guard.origin) throw new WharfError('request.invalid', 'not a path');
  if (url.pathname === gatewayPaths.signIn) return signIn(options, guard, request, response, url);
  if (!guard.isSignedIn(request)) return refuseUnsigned(request, response, url.pathname);
  if (below(url.pathname, gatewayPaths.engine) || below(url.pathname, gatewayPaths.host)) {
    if (!guard.isOwnScript(request))
      throw new WharfError('auth.denied', 'only the app itself may ask this', { hint: '' });
    if (below(url.pathname, gatewayPaths.engine)) return relayRequest(options.relay, request, response);
    if (request.method !== 'POST') throw new WharfError('request.invalid', 'host calls are made with POST');
    return serveHostCall(options.dispatch, request, response);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new WharfError('request.invalid', 'only GET here');
  const file = options.files.find(url.pathname) ?? (isAppRoute(url.pathname) ? options.files.index : undefined);
  if (file === undefined) throw new WharfError('request.not-found', 'no such file');
  await sendFile(options, guard, file, request, response);
}

const below = (pathname: string, prefix: string) => pathname === prefix || pathname.startsWith(`${prefix}/`);

async function signIn(
  options: GatewayOptions,
  guard: RequestGuard,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const good = request.method === 'GET' && (await options.links.redeem(url.searchParams.get('token') ?? ''));
  if (!good) {
    if (guard.isSignedIn(request)) {
      response.writeHead(303, { location: '/' }).end();
      return;
    }
    sendPage(response, 401, openTheLinkPage({ expired: true }));
    return;
  }
  const secret = await options.sessions.create();
  response.writeHead(303, {
    location: '/',
    'set-cookie': guard.cookie(secret),
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  response.end();
}

function refuseUnsigned(request: IncomingMessage, response: ServerResponse, pathname: string): void {
  const wantsPage = request.method === 'GET' && isAppRoute(pathname) && !below(pathname, gatewayPaths.engine);
  if (!wantsPage) {
    throw new WharfError('auth.required', 'sign in with the link Wharf printed', {
      hint: 'Run `wharf web --new-link`.',
    });
  }
  sendPage(response, 401, openTheLinkPage({ expired: false }));
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  response.end(html);
}

async function sendFile(
  options: GatewayOptions,
  guard: RequestGuard,
  file: StaticFile,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await file.read();
  response.writeHead(200, {
    'content-type': file.contentType,
    'content-length': body.length,
    'cache-control': file.immutable ? 'private, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': appPolicy({
      connect: [guard.origin.replace('http:', 'ws:')],
      frames: options.frameSources,
    }),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function serveUpgrade(
  options: GatewayOptions,
  guard: RequestGuard,
  sockets: WebSocketServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  const pathname = request.url?.split('?', 1)[0];
  const known = pathname === gatewayPaths.engineSocket || pathname === gatewayPaths.hostSocket;
  if (!known || !guard.isOwnHost(request) || !guard.isOwnSocket(request) || !guard.isSignedIn(request)) {
    socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    if (pathname === gatewayPaths.engineSocket) relayHijack(options.relay, webSocket);
    else serveHostSocket(webSocket, options);
  });
}
