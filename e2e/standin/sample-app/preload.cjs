const { contextBridge, ipcRenderer } = require('electron');

contextBridge.exposeInMainWorld('bridge', {
  add: (a, b) => ipcRenderer.invoke('add', a, b),
  fail: () => ipcRenderer.invoke('fail'),
  sendBytes: (bytes) => ipcRenderer.send('bytes', bytes),
  onTick: (listener) => ipcRenderer.on('tick', (_event, text) => listener(text)),
});
