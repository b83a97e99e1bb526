import { createEngineClient } from '../client/engine-client.ts';
import { createFetchTransport } from '../client/fetch-transport.ts';
import { mountApp } from './app/mount-app.tsx';
import { createWebHost } from './host/web-host.ts';

mountApp({ host: createWebHost(), engine: createEngineClient(createFetchTransport({ origin: location.origin })) });
