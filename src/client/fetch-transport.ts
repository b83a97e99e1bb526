/**
 * The engine through the web gateway, from a browser: HTTP requests below `/engine`, one WebSocket for each taken-over
 * connection (contract/gateway-protocol.ts draws the messages).
 */
import { WharfError } from '../contract/errors.ts';
import { gatewayHeader, gatewayPaths, type HijackAnswer, type HijackOpen } from '../contract/gateway-protocol.ts';
import type { HijackedConnection, Transport, WireRequest, WireResponse } from './transport.ts';
import { wireError } from './wire-error.ts';

export interface FetchTransportOptions {
  /** Origin of the gateway: `location.origin` in a page it serves. */
  readonly origin: string;
}

/** Bytes a WebSocket may hold unsent before writes wait. */
const unsentMaxBytes = 1024 * 1024;

export function createFetchTransport({ origin }: FetchTransportOptions): Transport {
  return {
    async request(request, { signal } = {}): Promise<WireResponse> {
      const response = await fetchEngine(origin, request, signal);
      const headers = Object.fromEntries(response.headers);
      return { status: response.status, headers, body: response.body ?? emptyStream() };
    },
    hijack(request, { signal } = {}): Promise<HijackedConnection> {
      return openSocket(origin, request, signal);
    },
  };
}

async function fetchEngine(origin: string, request: WireRequest, signal: AbortSignal | undefined): Promise<Response> {
  signal?.throwIfAborted();
  // Browsers send streams over HTTP/2 only, and the gateway speaks HTTP/1.1: an upload is gathered (to disk when large).
  const body =
    request.body === undefined || request.body instanceof Uint8Array
      ? request.body
      : await new Response(request.body).blob();
  try {
    return await fetch(`${origin}${gatewayPaths.engine}${request.path}`, {
      method: request.method,
      headers: { ...request.headers, [gatewayHeader]: '1' },
      // The DOM's types want a view of an ArrayBuffer; every array made here is one.
      body: body as RequestInit['body'],
      signal,
      cache: 'no-store',
      credentials: 'same-origin',
    });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw new WharfError('daemon.unreachable', 'the gateway does not answer', {
      cause,
      hint: 'Check that Wharf still runs.',
    });
  }
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

async function openSocket(
  origin: string,
  request: WireRequest,
  signal: AbortSignal | undefined,
): Promise<HijackedConnection> {
  signal?.throwIfAborted();
  const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}${gatewayPaths.engineSocket}`);
  socket.binaryType = 'arraybuffer';
  const { promise: answered, resolve, reject } = Promise.withResolvers<HijackAnswer>();
  const incoming = incomingBytes(socket);
  const cut = () => new WharfError('daemon.unreachable', 'the connection to the engine was cut', { hint: '' });
  let answer: HijackAnswer | undefined;
  const abort = () => {
    reject(signal?.reason);
    incoming.fail(signal?.reason);
    socket.close();
  };
  signal?.addEventListener('abort', abort, { once: true });
  socket.addEventListener('open', () => socket.send(JSON.stringify(openMessage(request))));
  socket.addEventListener('message', ({ data }) => {
    if (typeof data !== 'string') return incoming.push(new Uint8Array(data));
    if (answer !== undefined) return;
    answer = JSON.parse(data) as HijackAnswer;
    resolve(answer);
  });
  socket.addEventListener('close', ({ code }) => {
    signal?.removeEventListener('abort', abort);
    if (answer === undefined) reject(cut());
    if (code === 1000) incoming.end();
    else incoming.fail(cut());
  });
  const { status, headers, body } = await answered;
  if (body !== undefined || status >= 400) {
    socket.close();
    throw wireError(status, body ?? '');
  }
  return connectionOver(socket, headers, incoming.stream);
}

function openMessage(request: WireRequest): HijackOpen {
  if (request.body !== undefined && !(request.body instanceof Uint8Array)) {
    throw new WharfError('request.invalid', 'a taken-over connection needs its whole request body');
  }
  return {
    method: request.method === 'GET' ? 'GET' : 'POST',
    path: request.path,
    headers: request.headers,
    body: request.body === undefined ? undefined : toBase64(request.body),
  };
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function connectionOver(
  socket: WebSocket,
  headers: Readonly<Record<string, string>>,
  readable: ReadableStream<Uint8Array>,
): HijackedConnection {
  let ended = false;
  const closeWrite = async () => {
    if (ended || socket.readyState !== WebSocket.OPEN) return;
    ended = true;
    socket.send('{"end":true}');
  };
  const writable = new WritableStream<Uint8Array>({
    async write(bytes) {
      if (ended || socket.readyState !== WebSocket.OPEN) {
        throw new WharfError('daemon.unreachable', 'the connection to the engine is closed', { hint: '' });
      }
      socket.send(bytes as Uint8Array<ArrayBuffer>);
      // The WebSocket has no event for this; a keystroke never waits, a paste of megabytes does.
      while (socket.bufferedAmount > unsentMaxBytes && socket.readyState === WebSocket.OPEN) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    close: closeWrite,
    abort: () => socket.close(),
  });
  return { headers, readable, writable, closeWrite, close: () => socket.close(1000) };
}

/** What arrived and was not read yet. A WebSocket can not be slowed down by its reader, so what waits is bounded. */
function incomingBytes(socket: WebSocket) {
  const waitingMaxBytes = 64 * 1024 * 1024;
  let over = false;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
      },
      cancel: () => {
        over = true;
        socket.close(1000);
      },
    },
    { highWaterMark: waitingMaxBytes, size: (chunk) => chunk?.length ?? 0 },
  );
  const fail = (error: unknown) => {
    if (over) return;
    over = true;
    controller?.error(error);
  };
  return {
    stream,
    fail,
    push(bytes: Uint8Array) {
      if (over) return;
      if ((controller?.desiredSize ?? 0) < bytes.length) {
        fail(new WharfError('request.too-large', 'more output waits to be read than fits in memory'));
        socket.close();
        return;
      }
      controller?.enqueue(bytes);
    },
    end() {
      if (over) return;
      over = true;
      controller?.close();
    },
  };
}
