/**
 * One request and its answer on one connection. The answer may come before the request's body is through (an engine that
 * refuses an upload); then the rest of the body is not sent.
 */
import type { Socket } from 'node:net';
import { WharfError } from '../../contract/errors.ts';
import type { WireRequest, WireResponse } from '../transport.ts';
import { type ResponseHead, ResponseReader } from './response-reader.ts';

/** Bytes of an answer held for a slow reader before the socket is paused. */
const readAheadBytes = 256 * 1024;

export interface ExchangeOptions {
  readonly hijack: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Takes a connected socket; owns its end unless the answer hands it over (hijack). */
export function openExchange(
  socket: Socket,
  request: WireRequest,
  options: ExchangeOptions,
): { readonly response: Promise<WireResponse> } {
  const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
  const body = answerBody(socket);
  const secure = 'encrypted' in socket;
  let answered = false;
  let failure: unknown;

  const finish = (error?: unknown) => {
    options.signal?.removeEventListener('abort', abort);
    if (error === undefined) return;
    failure ??= error;
    if (!answered) reject(failure);
    body.fail(failure);
    socket.destroy();
  };
  const abort = () => finish(options.signal?.reason);
  const reader = new ResponseReader(
    {
      head(head: ResponseHead) {
        answered = true;
        resolve({ ...head, body: body.stream });
        return options.hijack && head.status < 400;
      },
      data: body.push,
      end() {
        finish();
        body.end();
        // Both a taken-over connection and a plain one are over when the engine has said everything.
        socket.destroySoon();
      },
    },
    { headOnly: request.method === 'HEAD' },
  );
  options.signal?.addEventListener('abort', abort, { once: true });
  socket.on('data', (bytes: Buffer) => {
    try {
      reader.push(bytes);
    } catch (error) {
      finish(error);
    }
  });
  socket.on('end', () => {
    if (!reader.end()) finish(cutShort(answered, secure));
  });
  // A failed write is no failure of the exchange while the answer may still be on its way; `close` follows in any case.
  socket.on('error', (cause) => {
    failure ??= cutShort(answered, secure, cause);
  });
  socket.on('close', () => {
    if (!reader.end()) finish(failure ?? cutShort(answered, secure));
  });
  if (options.signal?.aborted) abort();
  else sendRequest(socket, request).catch((error: unknown) => finish(error));
  return { response: promise };
}

/** @param secure whether it went over TLS: an engine that does not take a client's certificate just hangs up, after the handshake */
function cutShort(answered: boolean, secure: boolean, cause?: unknown): WharfError {
  if (!answered && secure) {
    return new WharfError('daemon.unreachable', "the engine hung up: it does not take this client's certificate", {
      cause,
      hint: 'Give --tlscert and --tlskey a pair of the authority that the engine trusts (its --tlscacert).',
    });
  }
  const when = answered ? 'in the middle of its answer' : 'before it answered';
  return new WharfError('daemon.unreachable', `the engine closed the connection ${when}`, {
    cause,
    hint: 'The daemon log has the details.',
  });
}

async function sendRequest(socket: Socket, request: WireRequest): Promise<void> {
  const { body } = request;
  const headers: Record<string, string> = { host: 'wharf', connection: 'close', ...request.headers };
  const whole = body === undefined || body instanceof Uint8Array;
  if (!whole) headers['transfer-encoding'] = 'chunked';
  else if (body !== undefined || request.method === 'POST' || request.method === 'PUT') {
    headers['content-length'] = String(body?.length ?? 0);
  }
  let head = `${request.method} ${request.path} HTTP/1.1\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${checkedHeader(value)}\r\n`;
  socket.write(`${head}\r\n`, 'latin1');
  if (whole) {
    if (body !== undefined && body.length > 0) socket.write(body);
    return;
  }
  await sendChunks(socket, body);
}

/** A line break in a value would start another header, or another request. */
function checkedHeader(value: string): string {
  if (/[\0\r\n]/.test(value)) throw new WharfError('request.invalid', 'a header value holds a line break');
  return value;
}

async function sendChunks(socket: Socket, body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  try {
    while (!socket.destroyed) {
      const { value, done } = await reader.read();
      if (done) {
        socket.write('0\r\n\r\n');
        return;
      }
      if (value.length === 0) continue;
      socket.write(`${value.length.toString(16)}\r\n`);
      socket.write(value);
      if (!socket.write('\r\n')) await drained(socket);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}

/** The answer's body as a stream that pauses the socket when its reader is slow. */
function answerBody(socket: Socket) {
  let state: 'open' | 'over' = 'open';
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (given) => {
        controller = given;
      },
      pull: () => void socket.resume(),
      cancel: () => {
        state = 'over';
        socket.destroy();
      },
    },
    { highWaterMark: readAheadBytes, size: (chunk) => chunk?.length ?? 0 },
  );
  return {
    stream,
    push(bytes: Uint8Array) {
      if (state === 'over') return;
      controller?.enqueue(bytes);
      if ((controller?.desiredSize ?? 0) <= 0) socket.pause();
    },
    end() {
      if (state === 'over') return;
      state = 'over';
      controller?.close();
    },
    fail(error: unknown) {
      if (state === 'over') return;
      state = 'over';
      controller?.error(error);
    },
  };
}
