import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

export interface FakeRequest {
  readonly method: string;
  /** Without the API version. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A document, or bytes as they are. */
  readonly body?: unknown;
  /** Takes the answer over after its headers: streams, waits. */
  readonly stream?: (response: ServerResponse) => Promise<void> | void;
  /** Takes the connection over, as attach and exec do. */
  readonly hijack?: (socket: Duplex) => Promise<void> | void;
}

export type FakeHandler = (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>;

/** An engine of scripted answers on a UNIX socket, by `METHOD /path`. What was asked is kept. */
export interface FakeEngine extends AsyncDisposable {
  readonly host: string;
  readonly dir: string;
  readonly requests: FakeRequest[];
  on(route: string, answer: FakeAnswer | FakeHandler): void;
}

export async function fakeEngine(): Promise<FakeEngine> {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-cli-'));
  const path = join(dir, 'engine.sock');
  const routes = new Map<string, FakeHandler>();
  const requests: FakeRequest[] = [];
  const sockets = new Set<Duplex>();

  const answerTo = async (incoming: IncomingMessage): Promise<FakeAnswer> => {
    const url = new URL(incoming.url ?? '/', 'http://engine');
    const chunks: Buffer[] = [];
    const method = incoming.method ?? 'GET';
    // An upgrade's bytes after the headers belong to the stream, unless they are announced as a body.
    if (incoming.headers.upgrade === undefined) for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
    const request = {
      method,
      path: url.pathname.replace(/^\/v1\.\d+/, ''),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    };
    requests.push(request);
    const handler = routes.get(`${method} ${request.path}`);
    return handler === undefined
      ? { status: 404, body: { message: `fake engine has no ${method} ${request.path}` } }
      : await handler(request);
  };

  const server = createServer((incoming, response) => {
    void answerTo(incoming).then((answer) => sendAnswer(response, answer));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex) => {
    void answerTo(incoming).then((answer) => handOver(socket, answer));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const engine: FakeEngine = {
    host: `unix://${path}`,
    dir,
    requests,
    on(route, answer) {
      routes.set(route, typeof answer === 'function' ? answer : () => answer);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  engine.on('GET /_ping', { headers: { 'content-type': 'text/plain', 'api-version': '1.51' }, body: 'OK' });
  engine.on('HEAD /_ping', { status: 200, headers: { 'api-version': '1.51' } });
  return engine;
}

async function sendAnswer(response: ServerResponse, answer: FakeAnswer): Promise<void> {
  const isBytes = answer.body instanceof Uint8Array;
  response.writeHead(answer.status ?? (answer.body === undefined && answer.stream === undefined ? 204 : 200), {
    'content-type': isBytes ? 'application/x-tar' : 'application/json',
    ...answer.headers,
  });
  if (answer.stream !== undefined) {
    response.flushHeaders();
    await answer.stream(response);
    response.end();
  } else response.end(answer.body === undefined || isBytes ? answer.body : JSON.stringify(answer.body));
}

const switched = [
  'HTTP/1.1 101 UPGRADED',
  'Content-Type: application/vnd.docker.multiplexed-stream',
  'Connection: Upgrade',
  'Upgrade: tcp',
];

async function handOver(socket: Duplex, answer: FakeAnswer): Promise<void> {
  socket.on('error', () => undefined);
  if (answer.hijack === undefined) {
    const text = JSON.stringify(answer.body ?? {});
    const head = [
      `HTTP/1.1 ${answer.status ?? 500} Error`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(text)}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
    return;
  }
  socket.write(`${switched.join('\r\n')}\r\n\r\n`);
  await answer.hijack(socket);
  socket.end();
}

/** Docker's framing of output without a terminal. */
export function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}
