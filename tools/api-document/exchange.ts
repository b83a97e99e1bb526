/** One request to an engine and its answer, whole; for streams, what came within a moment. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Json } from './check-value.ts';

export interface Ask {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer has no end: read this long, then hang up. */
  readonly readMs?: number;
}

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

const limitMs = 60_000;

export function exchange(socketPath: string, method: string, path: string, ask: Ask = {}): Promise<Exchange> {
  const query = new URLSearchParams(ask.query).toString();
  const raw = Buffer.isBuffer(ask.body);
  const sent = Buffer.isBuffer(ask.body)
    ? ask.body
    : ask.body === undefined
      ? undefined
      : Buffer.from(JSON.stringify(ask.body));
  const headers = {
    ...(sent === undefined
      ? {}
      : {
          'Content-Type': raw ? 'application/x-tar' : 'application/json',
          'Content-Length': String(sent.length),
        }),
    ...ask.headers,
  };
  return new Promise((resolve, reject) => {
    const target = {
      socketPath,
      method,
      path: `/v1.51${path}${query === '' ? '' : `?${query}`}`,
      headers,
      agent: false,
    };
    const outgoing: ClientRequest = request(target);
    const give = (incoming: IncomingMessage, body: Buffer) =>
      resolve({
        method,
        path,
        query,
        status: incoming.statusCode ?? 0,
        contentType: incoming.headers['content-type'] ?? '',
        body,
      });
    outgoing.setTimeout(limitMs, () => outgoing.destroy(new Error(`${method} ${path}: no answer in ${limitMs} ms`)));
    outgoing.on('error', reject);
    outgoing.on('upgrade', (incoming, socket, head) => {
      const chunks = [head];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => {});
      const done = () => {
        socket.destroy();
        give(incoming, Buffer.concat(chunks));
      };
      socket.on('end', done);
      setTimeout(done, ask.readMs ?? 2_000);
    });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      const done = () => give(incoming, Buffer.concat(chunks));
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', done);
      incoming.on('error', done);
      if (ask.readMs !== undefined)
        setTimeout(() => {
          done();
          outgoing.destroy();
        }, ask.readMs);
    });
    outgoing.end(sent);
  });
}
