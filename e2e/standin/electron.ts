/** What `import … from 'electron'` gives main under the stand-in. */
import { app } from './app.ts';
import { BrowserWindow } from './browser-window.ts';
import * as desktop from './desktop.ts';
import { ipcMain } from './ipc-main.ts';
import { Menu, MenuItem, Tray } from './menu.ts';
import { nativeImage } from './native-image.ts';
import { recordedCalls } from './recorded-calls.ts';
import { session } from './session.ts';
import { protocol } from './url-schemes.ts';
import { webContents } from './web-contents.ts';

export const {
  autoUpdater,
  clipboard,
  crashReporter,
  dialog,
  globalShortcut,
  nativeTheme,
  net,
  Notification,
  powerMonitor,
  powerSaveBlocker,
  safeStorage,
  screen,
  shell,
} = desktop;
export {
  app,
  BrowserWindow,
  ipcMain,
  Menu,
  MenuItem,
  nativeImage,
  protocol,
  recordedCalls,
  session,
  Tray,
  webContents,
};

const all = { ...desktop };
export default {
  ...all,
  ...{ app, BrowserWindow, ipcMain, Menu, MenuItem, nativeImage, protocol, recordedCalls, session, Tray, webContents },
};
