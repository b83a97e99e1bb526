/** The page that Prometheus reads: `GET /metrics`, on an address of its own, without the API. */
import { createServer } from 'node:http';
import { type ApiServer, type HostListeners, type Listener, listenOn } from './listen.ts';

export async function serveMetrics(
  address: { readonly host: string; readonly port: number },
  text: () => string,
  hostSockets?: HostListeners,
): Promise<Listener> {
  const server: ApiServer = createServer({ headersTimeout: 30_000, requestTimeout: 30_000 }, (request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else {
      const type = 'text/plain; version=0.0.4; charset=utf-8';
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(text());
    }
  });
  return await listenOn(server, { kind: 'tcp', ...address }, undefined, hostSockets);
}
