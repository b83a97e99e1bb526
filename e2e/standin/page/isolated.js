// What a sandboxed preload script gets: `require('electron')` with ipcRenderer and contextBridge, and a small `process`.
// An expression: a function of (membrane, codec, process info, function that sends a text to main).
(function isolated(bridge, codec, processInfo, send) {
  const listeners = new Map();
  const calls = new Map();
  let lastCall = 0;
  const of = (channel) => listeners.get(channel) ?? [];
  const refuse = (what) => () => {
    throw new Error(`stand-in: ${what} is not supported`);
  };
  const ipcRenderer = {
    send: (channel, ...args) => send(codec.pack(['send', channel, args])),
    invoke(channel, ...args) {
      const id = ++lastCall;
      const waiting = Promise.withResolvers();
      const message = codec.pack(['invoke', channel, args, id]);
      calls.set(id, waiting);
      send(message);
      return waiting.promise;
    },
    sendSync: refuse('ipcRenderer.sendSync'),
    postMessage: refuse('ipcRenderer.postMessage (message ports)'),
    on(channel, listener) {
      listeners.set(channel, [...of(channel), { listener, once: false }]);
      return ipcRenderer;
    },
    once(channel, listener) {
      listeners.set(channel, [...of(channel), { listener, once: true }]);
      return ipcRenderer;
    },
    removeListener(channel, listener) {
      const left = of(channel).filter((entry) => entry.listener !== listener);
      listeners.set(channel, left);
      return ipcRenderer;
    },
    removeAllListeners(channel) {
      listeners.delete(channel);
      return ipcRenderer;
    },
    listenerCount: (channel) => of(channel).length,
  };
  Object.assign(ipcRenderer, { addListener: ipcRenderer.on, off: ipcRenderer.removeListener });
  globalThis.__standinDeliver = (text) => {
    const [kind, ...message] = codec.unpack(text);
    if (kind === 'reply') {
      const [id, ok, value] = message;
      const waiting = calls.get(id);
      calls.delete(id);
      if (ok) waiting?.resolve(value);
      else waiting?.reject(new Error(value));
      return;
    }
    const [channel, args] = message;
    for (const entry of [...of(channel)]) {
      if (entry.once) ipcRenderer.removeListener(channel, entry.listener);
      entry.listener({ sender: ipcRenderer, ports: [] }, ...args);
    }
  };
  const electron = {
    contextBridge: { exposeInMainWorld: (key, api) => bridge.expose(key, api) },
    ipcRenderer,
    webFrame: { setZoomFactor() {}, getZoomFactor: () => 1 },
    webUtils: { getPathForFile: () => '' },
  };
  return {
    require(id) {
      if (id === 'electron' || id === 'electron/renderer') return electron;
      throw new Error(`module not found: ${id}`);
    },
    process: { ...processInfo, type: 'renderer', sandboxed: true, contextIsolated: true },
  };
});
