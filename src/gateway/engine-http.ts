import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Value } from 'typebox/value';
import type { WebSocket } from 'ws';
import type { HijackedConnection, Transport } from '../client/transport.ts';
import { isWharfError, WharfError } from '../contract/errors.ts';
import { gatewayPaths, type HijackAnswer, HijackOpen } from '../contract/gateway-protocol.ts';

/** Bytes waiting in a WebSocket before the engine's side is left unread. */
const unsentMaxBytes = 1024 * 1024;

/** Relays one request below /engine. The answer can hold anything a container made, so a browser must never render it. */
export async function relayRequest(
  relay: Transport,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  try {
    const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
    const answer = await relay.request(
      {
        method: request.method ?? 'GET',
        path: (request.url ?? '/').slice(gatewayPaths.engine.length),
        headers: flatHeaders(request),
        body: hasBody ? webBody(request) : undefined,
      },
      { signal: abort.signal },
    );
    response.writeHead(answer.status, {
      ...answer.headers,
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    response.flushHeaders();
    await pipeline(Readable.fromWeb(answer.body), response, { signal: abort.signal });
  } catch (error) {
    if (!abort.signal.aborted || !response.destroyed) sendError(response, error);
  }
}

function webBody(request: IncomingMessage): ReadableStream<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = request[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: () => void request.destroy(),
  });
}

/** About this connection or for the gateway itself; the one to the engine has its own. */
const ownHeaders = [
  'connection',
  'content-length',
  'cookie',
  'host',
  'keep-alive',
  'origin',
  'te',
  'transfer-encoding',
  'upgrade',
];

function flatHeaders(request: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string' && !ownHeaders.includes(name)) flat[name] = value;
  }
  return flat;
}

/** Answers with the engine's own form of an error. */
export function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const known = isWharfError(error) ? error : new WharfError('internal', 'the gateway failed', { cause: error });
  response.writeHead(known.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ message: known.message, code: known.code, hint: known.hint }));
}

/** Serves one hijacked connection over one WebSocket; contract/gateway-protocol.ts has the messages. */
export function relayHijack(relay: Transport, socket: WebSocket): void {
  const abort = new AbortController();
  socket.once('close', () => abort.abort());
  socket.on('error', () => socket.terminate());
  socket.once('message', (data, isBinary) => {
    const open = isBinary ? undefined : parseOpen(String(data));
    if (open === undefined) {
      answer(socket, { status: 400, headers: {}, body: JSON.stringify({ message: 'not a HijackOpen message' }) });
      socket.close(1000);
      return;
    }
    serve(relay, socket, open, abort.signal).catch(() => socket.close(1011));
  });
}

async function serve(relay: Transport, socket: WebSocket, open: HijackOpen, signal: AbortSignal): Promise<void> {
  const body = open.body === undefined ? undefined : Buffer.from(open.body, 'base64');
  let connection: HijackedConnection;
  try {
    const { method, path, headers } = open;
    connection = await relay.hijack({ method, path, headers, body }, { signal });
  } catch (error) {
    const known = isWharfError(error) ? error : new WharfError('internal', 'the gateway failed', { cause: error });
    const text = JSON.stringify({ message: known.message, code: known.code, hint: known.hint });
    answer(socket, { status: known.status, headers: {}, body: text });
    socket.close(1000);
    return;
  }
  signal.addEventListener('abort', () => connection.close(), { once: true });
  if (signal.aborted) return connection.close();
  takeInput(socket, connection);
  answer(socket, { status: 101, headers: connection.headers });
  for await (const bytes of connection.readable) {
    socket.send(bytes);
    while (socket.bufferedAmount > unsentMaxBytes && socket.readyState === socket.OPEN) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  socket.close(1000);
}

function takeInput(socket: WebSocket, connection: HijackedConnection): void {
  const writer = connection.writable.getWriter();
  let waiting = 0;
  let ended = false;
  const lost = () => socket.close(1011);
  socket.on('message', (data, isBinary) => {
    if (ended) return;
    if (!isBinary) {
      ended = true;
      writer.releaseLock();
      connection.closeWrite().catch(lost);
      return;
    }
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    waiting += bytes.length;
    if (waiting > unsentMaxBytes) socket.pause();
    writer.write(bytes).then(() => {
      waiting -= bytes.length;
      if (socket.isPaused && waiting < unsentMaxBytes) socket.resume();
    }, lost);
  });
}

function answer(socket: WebSocket, message: HijackAnswer): void {
  socket.send(JSON.stringify(message));
}

function parseOpen(text: string): HijackOpen | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(HijackOpen, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
