import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EngineWorld } from '../engine-world.ts';

/** Enough of an engine for the app to open: healthy, empty, with an event stream. For trying hosts without containers. */
export async function startFakeEngine(): Promise<EngineWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'wharf-fake-engine-'));
  const socket = path.join(folder, 'engine.sock');
  const lists = /^\/(containers|images)\/json|^\/networks|^\/wharf\/registries$/;
  const server = createServer((request, response) => {
    const url = (request.url ?? '').replace(/^\/v1\.\d+/, '');
    response.setHeader('api-version', '1.51');
    if (url === '/_ping') response.setHeader('server', 'Wharf/0.0.0-fake (linux)').end('OK');
    else if (url.startsWith('/events')) response.setHeader('content-type', 'application/json').flushHeaders();
    else {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(lists.test(url) ? [] : url.startsWith('/volumes') ? { Volumes: [], Warnings: [] } : {}),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(folder, { recursive: true, force: true });
  };
  return { socket, label: 'fake (no containers)', registryUrl: undefined, stop };
}
