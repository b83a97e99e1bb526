/** A proxy in front of a registry that hands out layers slowly, so that a pull can be watched and stopped half-way. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SlowRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
}

const pieceBytes = 16 * 1024;

export async function slowRegistry(upstream: string, bytesPerSecond: number): Promise<SlowRegistry> {
  const server = http.createServer((request, response) => {
    const forward = http.request(new URL(request.url ?? '/', upstream), {
      method: request.method,
      headers: { ...request.headers, host: new URL(upstream).host },
    });
    forward.on('error', () => response.destroy());
    forward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      const isBlob = (request.url ?? '').includes('/blobs/') && request.method === 'GET';
      void copy(answer, response, isBlob ? bytesPerSecond : Number.POSITIVE_INFINITY);
    });
    request.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function copy(from: http.IncomingMessage, to: http.ServerResponse, bytesPerSecond: number): Promise<void> {
  try {
    for await (const chunk of from) {
      const bytes: Buffer = chunk;
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        if (to.destroyed) return void from.destroy();
        const piece = bytes.subarray(at, at + pieceBytes);
        to.write(piece);
        if (Number.isFinite(bytesPerSecond)) await sleep((piece.length / bytesPerSecond) * 1000);
      }
    }
    to.end();
  } catch {
    to.destroy(); // one of the two ends went away
  }
}
