// The smallest app that uses what Wharf uses; the stand-in is tried on it alone.
const { app, BrowserWindow, ipcMain, Menu, protocol, shell } = require('electron');
const path = require('node:path');

protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true } }]);
const page = `<!doctype html><title>Sample page</title><h1>Sample</h1>
<a href="https://example.invalid/docs" target="_blank">Docs</a> <a href="https://example.invalid/away">Away</a>
<output></output><script src="/page.js"></script>`;
const script = `bridge.onTick((text) => { document.querySelector('output').textContent += text; });`;

app.whenReady().then(() => {
  protocol.handle('app', (request) => {
    const isScript = new URL(request.url).pathname === '/page.js';
    return new Response(isScript ? script : page, {
      headers: {
        'content-type': isScript ? 'text/javascript' : 'text/html',
        'content-security-policy': "default-src 'self'",
      },
    });
  });
  ipcMain.handle('add', (event, a, b) => {
    if (!event.senderFrame.url.startsWith('app://sample/')) throw new Error('bad sender');
    return a + b;
  });
  ipcMain.handle('fail', () => {
    throw new Error('on purpose');
  });
  ipcMain.on('bytes', (event, bytes) => event.reply('tick', ` ${bytes.constructor.name}:${bytes.length}`));
  const window = new BrowserWindow({
    width: 700,
    height: 500,
    webPreferences: { preload: path.join(__dirname, 'preload.cjs') },
  });
  window.webContents.setWindowOpenHandler(({ url }) => {
    void shell.openExternal(url);
    return { action: 'deny' };
  });
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      {
        label: 'File',
        submenu: [{ id: 'tick', label: 'Tick', click: () => window.webContents.send('tick', ' menu') }],
      },
    ]),
  );
  window.loadURL('app://sample/index.html');
});
