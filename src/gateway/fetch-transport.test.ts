import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFetchTransport } from '../client/fetch-transport.ts';
import { createSocketTransport } from '../client/node/socket-transport.ts';
import { startSuiteEngine } from '../client/node/suite-engine.ts';
import { transportSuite } from '../client/transport-suite.ts';
import { HostEvents } from '../host/host-events.ts';
import { HostTerminals } from '../host/host-terminals.ts';
import { listStaticFiles } from '../host/static-files.ts';
import { startGateway } from './gateway-server.ts';
import { SignInLinks } from './sign-in-links.ts';
import { WebSessions } from './web-sessions.ts';

/**
 * Stands for the browser: Node's fetch and WebSocket have no cookies and send no Origin, so what passes through here gets
 * both, as a signed-in page's requests have them.
 */
async function startBrowserStandIn(target: URL, cookie: string): Promise<{ origin: string; close(): void }> {
  const own = { host: target.host, origin: target.origin, cookie };
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    const { method, url } = request;
    const headers = { ...request.headers, ...own };
    delete headers['sec-fetch-site'];
    const onward = http.request(
      { host: target.hostname, port: target.port, method, path: url, headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.on('upgrade', (request, socket) => {
    const onward = connect(Number(target.port), target.hostname);
    const headers = { ...request.headers, ...own };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    onward.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    onward.pipe(socket);
    socket.pipe(onward);
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { origin: `http://127.0.0.1:${port}`, close };
}

transportSuite('over HTTP and WebSocket, through the gateway', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'wharf-fetch-'));
  await writeFile(path.join(folder, 'index.html'), '');
  const engine = await startSuiteEngine('unix');
  const events = new HostEvents();
  const sessions = await WebSessions.open(path.join(folder, 'sessions.json'));
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    files: await listStaticFiles(folder),
    // Without the relay's guard: the suite's pages are no operations of the Engine API.
    relay: createSocketTransport(engine.address),
    dispatch: { call: async () => ({ ok: true, value: null }) },
    events,
    terminals: new HostTerminals(events),
    sessions,
    links: new SignInLinks(path.join(folder, 'links')),
    frameSources: [],
  });
  const target = new URL(gateway.origin);
  const browser = await startBrowserStandIn(target, `wharf_${target.port}=${await sessions.create()}`);
  return {
    transport: createFetchTransport({ origin: browser.origin }),
    async close() {
      browser.close();
      await gateway.close();
      await engine.close();
      await rm(folder, { recursive: true });
    },
  };
});
