/** The desktop app's main process: wiring only. */
import path from 'node:path';
import { app, Menu, nativeTheme, session } from 'electron';
import { createSocketTransport, parseEngineAddress } from '../client/node/socket-transport.ts';
import type { Settings } from '../contract/host-schemas.ts';
import { createEngineRelay } from '../gateway/relay.ts';
import { createHost, type Host } from '../host/create-host.ts';
import { keyFileBox } from '../host/secret-box.ts';
import { listStaticFiles } from '../host/static-files.ts';
import { formatEngineHost, resolveEngineEndpoint } from '../machine/engine-endpoint.ts';
import { hostPlatform } from '../machine/host-platform.ts';
import { setLinuxAutostart } from '../machine/start-at-login.ts';
import { wharfHome } from '../machine/wharf-home.ts';
import { createAppMenu } from './app-menu.ts';
import { registerAppScheme, serveApp } from './app-protocol.ts';
import { watchContainers } from './container-watch.ts';
import { deepLinkIn, routeOfDeepLink } from './deep-links.ts';
import { electronFeatures, keyStoreBox } from './electron-features.ts';
import { MainWindow } from './main-window.ts';
import { denyPermissions, openInBrowser, restrictEveryWindow } from './navigation-policy.ts';
import { WharfTray } from './tray.ts';
import { WindowIpc } from './window-ipc.ts';

const root = app.getAppPath();
const home = wharfHome();
const iconFile = path.join(root, 'resources/icons/wharf-256.png');
let quitting = false;
let host: Host | undefined;

const mainWindow = new MainWindow({
  home,
  preload: path.join(import.meta.dirname, '../preload/index.cjs'),
  icon: iconFile,
  hidesOnClose: () => !quitting && host?.settings.get().closeToTray === true,
  opened: (window) => ipc?.attach(window.webContents),
});
let ipc: WindowIpc | undefined;

async function navigate(route: string): Promise<void> {
  const window = await mainWindow.show();
  ipc?.send(window.webContents, 'navigate', { route });
}

const go = (route: string) => void navigate(route).catch(report);

function report(error: unknown): void {
  console.error('wharf:', error);
}

async function openHost(): Promise<Host> {
  const { endpoint } = await resolveEngineEndpoint();
  const transport = createSocketTransport(parseEngineAddress(formatEngineHost(endpoint)));
  const keyStore = keyStoreBox();
  return await createHost({
    kind: 'electron',
    version: app.getVersion(),
    home,
    endpoint,
    createRelay: (signIns) => createEngineRelay(transport, signIns),
    daemon: { bin: path.join(root, 'bin/wharfd'), args: [] },
    registryBin: path.join(root, 'bin/wharf-registry'),
    wharfCommand: [path.join(root, 'bin/wharf')],
    desktop: electronFeatures(() => mainWindow.current, go),
    secretBox: keyStore ?? (await keyFileBox(home)),
    capabilities: {
      fileDialogs: true,
      tray: true,
      startAtLogin: true,
      notifications: true,
      systemKeyStore: keyStore !== undefined,
    },
    settingsChanged: applySettings,
    reportError: report,
  });
}

function applySettings(settings: Settings): void {
  nativeTheme.themeSource = settings.theme;
  if (hostPlatform() !== 'linux') app.setLoginItemSettings({ openAtLogin: settings.startAtLogin });
  else void setLinuxAutostart([process.execPath, root], settings.startAtLogin).catch(report);
}

function addTray(running: Host): void {
  const { supervisor, engine, settings } = running;
  const tray = new WharfTray(iconFile, supervisor.status, {
    show: () => void mainWindow.show().catch(report),
    navigate: go,
    repair: () => void supervisor.repair().catch(report),
    quit: () => app.quit(),
  });
  supervisor.onStatus((status) => tray.setStatus(status));
  const features = electronFeatures(() => mainWindow.current, go);
  watchContainers({
    engine,
    supervisor,
    running: (containers) => tray.setContainers(containers),
    failed(name, id, exitCode) {
      if (!settings.get().notifyOnExit) return;
      features.notify({ title: `${name} ended`, body: `Exit code ${exitCode}`, route: `/containers/${id}` });
    },
  });
}

async function start(): Promise<void> {
  const opened = await openHost();
  host = opened;
  const { extensionUi, dispatch, events, terminals, relay, supervisor } = opened;
  ipc = new WindowIpc({ dispatch, events, terminals, relay });
  serveApp(await listStaticFiles(path.join(root, 'out/renderer')), [extensionUi.frameSource]);
  denyPermissions(session.defaultSession);
  restrictEveryWindow((url) => extensionUi.serves(url));
  nativeTheme.themeSource = opened.settings.get().theme;
  Menu.setApplicationMenu(
    createAppMenu({
      navigate: go,
      command: (name) => mainWindow.show().then((window) => ipc?.send(window.webContents, 'command', { name }), report),
      openExternal: (url) => void openInBrowser(url).catch(report),
    }),
  );
  addTray(opened);
  supervisor.start();
  if (!process.argv.includes('--hidden')) await mainWindow.show();
  const link = deepLinkIn(process.argv);
  if (link !== undefined) openLink(link);
}

async function endHost(): Promise<void> {
  await host?.[Symbol.asyncDispose]();
}

function openLink(link: string): void {
  const route = routeOfDeepLink(link);
  if (route !== undefined) go(route);
}

registerAppScheme();
if (!app.requestSingleInstanceLock()) app.quit();
else {
  app.setAsDefaultProtocolClient('wharf');
  app.on('second-instance', (_event, argv) => {
    const link = deepLinkIn(argv);
    if (link === undefined) void mainWindow.show().catch(report);
    else openLink(link);
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    openLink(url);
  });
  app.on('activate', () => void mainWindow.show().catch(report));
  app.on('window-all-closed', () => {
    if (host?.settings.get().closeToTray !== true) app.quit();
  });
  app.on('before-quit', (event) => {
    if (quitting) return;
    // Ends the daemon this app started, the terminals and the servers first; then quits for good.
    event.preventDefault();
    quitting = true;
    void endHost()
      .catch(report)
      .finally(() => app.quit());
  });
  app
    .whenReady()
    .then(start)
    .catch((error) => {
      report(error);
      app.exit(1);
    });
}
