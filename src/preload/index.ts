/**
 * The only thing a window is given: one frozen object. Runs sandboxed and isolated; it forwards and validates nothing,
 * because main checks every message whoever sent it.
 */
import { contextBridge, type IpcRendererEvent, ipcRenderer } from 'electron';
import type { PreloadBridge } from '../contract/host-api.ts';
import { ipcChannels } from '../contract/ipc-channels.ts';

function listen(channel: string, listener: (...args: unknown[]) => void): () => void {
  const handler = (_event: IpcRendererEvent, ...args: unknown[]) => listener(...args);
  ipcRenderer.on(channel, handler);
  return () => {
    ipcRenderer.removeListener(channel, handler);
  };
}

const bridge: PreloadBridge = {
  kind: 'electron',
  invoke: (method, input) => ipcRenderer.invoke(ipcChannels.invoke, method, input),
  on: (event, listener) =>
    listen(ipcChannels.event, (name, payload) => {
      if (name === event) listener(payload);
    }),
  engine: {
    post: (frame) => ipcRenderer.send(ipcChannels.engine, frame),
    listen: (listener) => listen(ipcChannels.engine, listener),
  },
};

contextBridge.exposeInMainWorld('wharfHost', bridge);
