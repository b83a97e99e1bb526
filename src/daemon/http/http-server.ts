/**
 * The engine's HTTP server: binds the route table to handlers.
 *
 *   request ─ version ─ match ─ query ─ body ─> handler ─> answer by the route's kind
 *   upgrade ─ version ─ match ─ query ─ body ─> handler ─> session ─ 101 ─> bytes both ways
 *
 * Every request has a signal that fires when its client goes away. Nothing thrown escapes: it becomes an error answer.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { apiVersion } from '../../contract/engine-routes.ts';
import { WharfError } from '../../contract/errors.ts';
import type { StreamSession } from '../containers/container-service.ts';
import type { Authorization } from '../engine-plugins/authorization.ts';
import type { Logger } from '../logger.ts';
import { answer, type Exchange, sendError, type UntypedHandler } from './answer.ts';
import { type AuthorizedRequest, authorizeRequest, holdAnswer } from './authorized-exchange.ts';
import { errorAnswer, pageNotFound } from './error-answer.ts';
import type { Handlers, RequestContext } from './handler.ts';
import { readUpgradeBody, refuseUpgrade, takeOverUpgraded } from './hijack.ts';
import type { ApiServer } from './listen.ts';
import { createRouteMatcher } from './match-route.ts';
import { readJsonBody } from './request-body.ts';
import { type ResolvedRequest, resolveRequest } from './resolve-request.ts';
import { uploadOf } from './upload.ts';
import { serveWebSocket } from './websocket-attach.ts';

export interface HttpServerOptions {
  readonly handlers: Handlers;
  readonly log: Logger;
  /** Of the Server header. */
  readonly engineVersion: string;
  /** Whether browsers on other sites might reach it (TCP): then their requests are refused. */
  readonly reachableByBrowsers: boolean;
  /** Certificates to encrypt with; undefined: plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** What the Docker-Experimental header says. */
  readonly experimental?: boolean;
  /** Plugins that are asked about each request; undefined: there are none. */
  readonly authorization?: Authorization;
}

/** One server a listener; `listen` it and `close` it as any other. */
export function createEngineServer(options: HttpServerOptions): ApiServer {
  const { handlers, log } = options;
  const match = createRouteMatcher();
  const nextRequestId = requestIds();
  const headers = {
    'Api-Version': apiVersion,
    'Docker-Experimental': String(options.experimental ?? false),
    Ostype: 'linux',
    Server: `Wharf/${options.engineVersion} (linux)`,
  };
  const handlerOf = ({ name }: ResolvedRequest) => handlers[name] as UntypedHandler;

  async function handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const client = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) client.abort(new WharfError('request.cancelled', 'the client went away'));
    });
    try {
      if (options.reachableByBrowsers) refuseOtherSites(request);
      if (answersWithoutRoute(request, response)) return;
      const resolved = resolveRequest(match, request.method ?? '', request.url ?? '');
      if (resolved === undefined) return sendError(response, pageNotFound);
      const { signal } = client;
      const authorized = await authorize(request, request, signal);
      const source = { stream: authorized?.stream ?? request, contentType: request.headers['content-type'] };
      const body = await readJsonBody(resolved.spec, source);
      const flushHead = () => {
        response.writeHead(resolved.spec.status ?? 200, { 'Content-Type': 'application/json' });
        response.flushHeaders();
      };
      const context = contextOf(resolved, request, { body, signal, flushHead });
      const exchange = { request, response, resolved, context, handler: handlerOf(resolved), log };
      if (authorized === undefined || !canBeHeld(resolved)) await answer(exchange);
      else await answerHeld(exchange, authorized, signal);
    } catch (error) {
      if (client.signal.aborted) response.destroy();
      else sendError(response, errorAnswer(error, log));
    } finally {
      if (log.enabled('debug')) log.debug('request', requestFields(nextRequestId(), request, response));
    }
  }

  async function authorize(request: IncomingMessage, stream: Readable, signal: AbortSignal) {
    const { authorization } = options;
    if (authorization?.isActive !== true) return undefined;
    return { authorization, ...(await authorizeRequest(authorization, request, stream, signal)) };
  }

  /** What goes wrong in the handler is an answer too, which the plugins see. */
  async function answerHeld(
    exchange: Exchange,
    { authorization, shown }: AuthorizedRequest & { readonly authorization: Authorization },
    signal: AbortSignal,
  ): Promise<void> {
    const held = holdAnswer(exchange.response, authorization, shown, signal);
    const failed = await answer(exchange).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (failed !== undefined) sendError(exchange.response, errorAnswer(failed.error, log));
    await held.complete;
    await held.release();
  }

  async function handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const client = new AbortController();
    socket.once('close', () => client.abort(new WharfError('request.cancelled', 'the client went away')));
    socket.on('error', () => socket.destroy());
    let session: StreamSession | undefined;
    try {
      if (options.reachableByBrowsers) refuseOtherSites(request);
      const resolved = resolveRequest(match, request.method ?? '', request.url ?? '');
      if (resolved === undefined) return refuseUpgrade(socket, pageNotFound, headers);
      const webSocket = resolved.name === 'ContainerAttachWebsocket';
      const upgraded = webSocket ? request : await readUpgradeBody(request, socket, head);
      const stream = (await authorize(request, upgraded, client.signal))?.stream ?? upgraded;
      const source = { stream, contentType: request.headers['content-type'] };
      const body = await readJsonBody(resolved.spec, source);
      const context = contextOf(resolved, request, { body, signal: client.signal, flushHead: () => undefined });
      session = (await handlerOf(resolved)(context)) as StreamSession | undefined;
      if (session === undefined) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      else if (webSocket) await serveWebSocket(request, socket, head, session);
      else await takeOverUpgraded(socket, session, resolved.apiVersion, headers);
    } catch (error) {
      const refusal = errorAnswer(error, log);
      // Once the session has the connection, what is on it is no HTTP any more.
      if (session === undefined) refuseUpgrade(socket, refusal, headers);
      else socket.destroy();
      session?.cancel();
    } finally {
      if (log.enabled('debug')) {
        const { method, url } = request;
        log.debug('request', { request: nextRequestId(), method, url, upgraded: session !== undefined });
      }
    }
  }

  const settings = {
    // Uploads and streams may take as long as they take; only the head must come soon.
    requestTimeout: 0,
    headersTimeout: 15_000,
    connectionsCheckingInterval: 2_500,
    keepAliveTimeout: 75_000,
    maxHeaderSize: 128 * 1024,
    noDelay: true,
    // JDK and other clients offer `Upgrade: h2c` with every request; those are plain requests to us.
    shouldUpgradeCallback: (request: IncomingMessage) => takesUpgrade(request, match),
  };
  const { tls } = options;
  const server = tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls });
  server.on('request', (request, response) => void handleRequest(request, response));
  server.on('upgrade', (request, socket, head) => void handleUpgrade(request, socket, head));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseBroken(error, socket, headers));
  server.on('tlsClientError', (error: Error) => log.debug('TLS handshake failed', { why: error.message }));
  return server;
}

/** Archives and containers' own streams are not for plugins to read, and can not wait for them. */
function canBeHeld({ spec }: ResolvedRequest): boolean {
  return ['json', 'text', 'empty', 'json-stream'].includes(spec.response);
}

/** Short, and different for each request of this daemon, so that lines of one request can be found in the log. */
function requestIds(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return count.toString(36).padStart(6, '0');
  };
}

function requestFields(id: string, request: IncomingMessage, response: ServerResponse) {
  return { request: id, method: request.method, url: request.url, status: response.statusCode };
}

/** Docker's answers to OPTIONS, whatever the path, and to paths with empty segments. */
function answersWithoutRoute(request: IncomingMessage, response: ServerResponse): boolean {
  const { method, url = '' } = request;
  if (method === 'OPTIONS') {
    response.writeHead(200, { 'Content-Length': 0 }).end();
    return true;
  }
  const [path = '', query] = url.split('?', 2);
  if (!path.includes('//')) return false;
  const location = `${path.replace(/\/{2,}/g, '/')}${query === undefined ? '' : `?${query}`}`;
  response.writeHead(301, { Location: location, 'Content-Length': 0 }).end();
  return true;
}

function contextOf(
  resolved: ResolvedRequest,
  request: IncomingMessage,
  rest: Pick<RequestContext, 'signal' | 'flushHead'> & { readonly body: unknown },
): RequestContext {
  return {
    params: resolved.params,
    // Parsed by the route's schemas; the handlers' types come from the same table.
    query: resolved.query as RequestContext['query'],
    body: rest.body as RequestContext['body'],
    // Made when a handler asks for it: most requests upload nothing.
    get upload() {
      return uploadOf(request);
    },
    header(name) {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    apiVersion: resolved.apiVersion,
    signal: rest.signal,
    flushHead: rest.flushHead,
  };
}

function takesUpgrade(request: IncomingMessage, match: ReturnType<typeof createRouteMatcher>): boolean {
  const wanted = request.headers.upgrade?.toLowerCase();
  if (wanted !== 'tcp' && wanted !== 'websocket') return false;
  const path = (request.url ?? '').split('?', 1)[0]?.replace(/^\/v\d+\.\d+(?=\/)/, '') ?? '';
  const matched = match(request.method ?? '', path);
  return (
    matched?.spec.response === 'hijack' && (wanted === 'websocket') === (matched.name === 'ContainerAttachWebsocket')
  );
}

/** A page of another site may make a browser send requests here, but can not hide where they come from. */
function refuseOtherSites(request: IncomingMessage): void {
  const { origin, host } = request.headers;
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
  throw new WharfError('auth.denied', 'requests of web pages of other sites are refused', { hint: '' });
}

function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex, headers: Readonly<Record<string, string>>): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const message = tooLarge ? 'the request header is too large' : 'the request is not valid HTTP';
  refuseUpgrade(socket, { status: tooLarge ? 431 : 400, body: { message, code: 'request.invalid' } }, headers);
}
