/** The engine that `transport-suite.ts` speaks to: its pages are listed there. Over node:http, on a UNIX socket or TCP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { largeBodyBytes, largeHijackBytes } from '../transport-suite.ts';
import type { EngineAddress } from './socket-transport.ts';

export interface SuiteEngine {
  readonly address: EngineAddress;
  close(): Promise<void>;
}

export async function startSuiteEngine(kind: EngineAddress['kind']): Promise<SuiteEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-transport-'));
  const path = join(folder, 'engine.sock');
  const counts = { aborted: 0 };
  const server = createServer((request, response) => servePage(request, response, counts));
  server.on('upgrade', (request, socket, head) => serveHijack(request, socket, head));
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    if (kind === 'unix') server.listen(path, resolve);
    else server.listen(0, '127.0.0.1', resolve);
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: kind === 'unix' ? { kind, path } : { kind, host: '127.0.0.1', port },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Page = (request: IncomingMessage, response: ServerResponse, counts: { aborted: number }) => void;

const pages: Readonly<Record<string, Page>> = {
  '/json': (_request, response) => send(response, 200, '{"hello":"world"}'),
  '/refused': (_request, response) =>
    send(response, 409, '{"message":"in use","code":"image.in-use","hint":"Stop it."}'),
  '/empty': (_request, response) => void response.writeHead(204).end(),
  '/head': (_request, response) => void response.writeHead(200, { 'X-Fact': 'known' }).end(),
  '/echo': (request, response) => {
    response.writeHead(200, { 'Content-Type': request.headers['content-type'] ?? 'application/octet-stream' });
    request.pipe(response);
  },
  '/lines': (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write('{"n":1}\r\n{"n"');
    setTimeout(() => response.write(':2}\r\n{"n":3}\r\n'), 20);
  },
  '/large': (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    response.end(Buffer.from(Uint8Array.from({ length: largeBodyBytes }, (_, index) => index % 256)));
  },
  '/forever': (_request, response, counts) => {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    const timer = setInterval(() => response.write('tick'), 10);
    response.on('close', () => {
      clearInterval(timer);
      counts.aborted += 1;
    });
  },
  '/aborted': (_request, response, counts) => send(response, 200, String(counts.aborted)),
  '/cut': (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 100 });
    response.write('{"half":');
    setTimeout(() => response.destroy(), 20);
  },
};

function servePage(request: IncomingMessage, response: ServerResponse, counts: { aborted: number }): void {
  const page = pages[(request.url ?? '').split('?', 1)[0] ?? ''];
  if (page === undefined) send(response, 404, '{"message":"page not found"}');
  else page(request, response, counts);
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function serveHijack(request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  if (request.url?.includes('refuse')) {
    const text = '{"message":"No such container: a","code":"container.not-found","hint":"Look."}';
    socket.end(
      `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    return;
  }
  socket.write(
    'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
  );
  if (request.url === '/hijack-large') {
    socket.end(Buffer.alloc(largeHijackBytes, 7));
    return;
  }
  let bodyLeft = Number(request.headers['content-length'] ?? 0);
  const take = (bytes: Buffer) => {
    const body = bytes.subarray(0, bodyLeft);
    bodyLeft -= body.length;
    if (body.length > 0) socket.write(`(${body.toString()})`);
    const input = bytes.subarray(body.length);
    if (input.length > 0) socket.write(`[${input.toString()}]`);
  };
  take(head);
  socket.on('data', take);
  socket.on('end', () => socket.end('<end>'));
}
