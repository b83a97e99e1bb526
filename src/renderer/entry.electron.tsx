import { createEngineClient } from '../client/engine-client.ts';
import { createPortTransport } from '../client/port-transport.ts';
import type { PreloadBridge } from '../contract/host-api.ts';
import { mountApp } from './app/mount-app.tsx';
import { createElectronHost } from './host/electron-host.ts';

declare global {
  interface Window {
    readonly wharfHost: PreloadBridge;
  }
}

mountApp({
  host: createElectronHost(window.wharfHost),
  engine: createEngineClient(createPortTransport(window.wharfHost.engine)),
});
