/**
 * Requests under authorization plugins: what a plugin is shown of a request and its answer, and holding an answer back until
 * the plugins have agreed. Only while the daemon's list names plugins; else none of this is done.
 *
 *   request ─ JSON body read (up to 1 MiB) ─ plugins ─ handler ─ answer held ─ plugins ─ sent
 *                                                              └ a stream: passes as soon as it is flushed or long
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Authorization, AuthorizationRequest } from '../engine-plugins/authorization.ts';

const maxBodyBytes = 1024 * 1024;
const maxHeldBytes = 64 * 1024;

export interface AuthorizedRequest {
  readonly shown: AuthorizationRequest;
  /** To read the body from: what was read for the plugins comes again. */
  readonly stream: Readable;
}

/** @throws WharfError 'auth.denied' | 'plugin.failed' */
export async function authorizeRequest(
  authorization: Authorization,
  request: IncomingMessage,
  stream: Readable,
  signal: AbortSignal,
): Promise<AuthorizedRequest> {
  const { body, rest } = await takeBody(request, stream);
  const shown: AuthorizationRequest = {
    method: request.method ?? '',
    uri: request.url ?? '',
    headers: flatHeaders(request.headers),
    body,
    ...peerOf(request),
  };
  await authorization.request(shown, { signal });
  return { shown, stream: rest };
}

async function takeBody(
  request: IncomingMessage,
  stream: Readable,
): Promise<{ readonly body: Uint8Array | undefined; readonly rest: Readable }> {
  const { 'content-length': length, 'transfer-encoding': encoding, 'content-type': type = '' } = request.headers;
  const isJson = type.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
  const mayHave = Number(length ?? 0) > 0 || encoding?.toLowerCase() === 'chunked';
  if (!isJson || !mayHave || Number(length ?? 0) >= maxBodyBytes) return { body: undefined, rest: stream };
  const chunks: Buffer[] = [];
  let bytes = 0;
  const iterator: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes < maxBodyBytes) continue;
    return { body: undefined, rest: Readable.from(followedBy(chunks, iterator), { objectMode: false }) };
  }
  const body = Buffer.concat(chunks);
  return { body, rest: Readable.from([body], { objectMode: false }) };
}

async function* followedBy(chunks: readonly Buffer[], iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}

function peerOf({ socket }: IncomingMessage): Pick<AuthorizationRequest, 'user' | 'peerCertificates'> {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) return { user: '', peerCertificates: [] };
  const user = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
  return { user, peerCertificates: [certificate.toString()] };
}

function flatHeaders(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    // Docker shows the last of several.
    const text: unknown = Array.isArray(value) ? value.at(-1) : value;
    if (text !== undefined) flat[name] = String(text);
  }
  return flat;
}

export interface HeldAnswer {
  /** Resolves when the answer is complete, held or gone. */
  readonly complete: Promise<void>;
  /** Asks the plugins and sends what is held. @throws WharfError 'auth.denied' | 'plugin.failed'; nothing was sent then */
  release(): Promise<void>;
}

/** From now on what is written to `response` is kept, up to a size, or until somebody flushes it. */
export function holdAnswer(
  response: ServerResponse,
  authorization: Authorization,
  shown: AuthorizationRequest,
  signal: AbortSignal,
): HeldAnswer {
  const real = {
    writeHead: response.writeHead.bind(response),
    write: response.write.bind(response),
    end: response.end.bind(response),
    flushHeaders: response.flushHeaders.bind(response),
  };
  const { promise: complete, resolve: ended } = Promise.withResolvers<void>();
  let status = 200;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let held = true;
  const pass = () => {
    if (!held) return;
    held = false;
    Object.assign(response, real);
    response.statusCode = status;
    for (const chunk of chunks) real.write(chunk);
  };
  const keep = (chunk: unknown): void => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
    const part = Buffer.from(chunk);
    chunks.push(part);
    bytes += part.length;
  };
  response.once('close', ended);
  Object.assign(response, {
    writeHead(code: number, headers: Readonly<Record<string, string | number>> = {}) {
      status = code;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      return response;
    },
    write(chunk: unknown) {
      keep(chunk);
      if (bytes > maxHeldBytes) pass();
      return true;
    },
    end(chunk?: unknown) {
      keep(chunk);
      ended();
      return response;
    },
    flushHeaders() {
      pass();
      real.flushHeaders();
    },
  });
  return {
    complete,
    async release() {
      const body = Buffer.concat(chunks);
      const wasHeld = held;
      try {
        const answer = { status, headers: flatHeaders(response.getHeaders()), body: wasHeld ? body : undefined };
        await authorization.answer(shown, answer, { signal });
      } catch (error) {
        if (!wasHeld) return;
        held = false;
        Object.assign(response, real);
        for (const name of response.getHeaderNames()) if (name.startsWith('content-')) response.removeHeader(name);
        throw error;
      }
      if (!wasHeld) return;
      held = false;
      Object.assign(response, real);
      response.statusCode = status;
      real.end(status === 204 || status === 304 ? undefined : body);
    },
  };
}
