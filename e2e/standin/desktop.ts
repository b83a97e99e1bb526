import { EventEmitter } from 'node:events';
import { BrowserWindow } from './browser-window.ts';
import { record, recordedCalls } from './recorded-calls.ts';

/** Features of the operating system: remembered, or refused where a test must say what the user would have done. */
const unanswered = (name: string) => async (): Promise<never> => {
  throw new Error(`stand-in: dialog.${name} has no answer; replace it with electronApp.evaluate`);
};

export const dialog = {
  showOpenDialog: unanswered('showOpenDialog'),
  showSaveDialog: unanswered('showSaveDialog'),
  showMessageBox: unanswered('showMessageBox'),
  showErrorBox: record('dialog.showErrorBox'),
};

export const shell = {
  openExternal: async (url: string) => record('shell.openExternal')(url),
  openPath: async (file: string) => {
    record('shell.openPath')(file);
    return '';
  },
  showItemInFolder: record('shell.showItemInFolder'),
  beep(): void {},
};

let clipboardText = '';
export const clipboard = {
  readText: () => clipboardText,
  writeText(text: string): void {
    clipboardText = text;
  },
  clear(): void {
    clipboardText = '';
  },
};

class NativeTheme extends EventEmitter {
  #source = 'system';
  readonly shouldUseHighContrastColors = false;
  get themeSource(): string {
    return this.#source;
  }
  set themeSource(source: string) {
    this.#source = source;
    for (const window of BrowserWindow.getAllWindows()) this.standinApply(window);
    this.emit('updated');
  }
  get shouldUseDarkColors(): boolean {
    return this.#source === 'dark';
  }
  standinApply(window: BrowserWindow): void {
    const features = this.#source === 'system' ? [] : [{ name: 'prefers-color-scheme', value: this.#source }];
    window.webContents.standinCommand('Emulation.setEmulatedMedia', { features }).catch(() => {});
  }
}
export const nativeTheme = new NativeTheme();

export class Notification extends EventEmitter {
  static isSupported = () => true;
  readonly #options: unknown;
  constructor(options: unknown) {
    super();
    this.#options = options;
  }
  show(): void {
    recordedCalls.push({ api: 'notification', args: [this.#options] });
    this.emit('show');
  }
  close(): void {
    this.emit('close');
  }
}

export const safeStorage = {
  isEncryptionAvailable: () => false,
  getSelectedStorageBackend: () => 'basic_text',
  encryptString: (text: string) => Buffer.from(text),
  decryptString: (bytes: Buffer) => bytes.toString(),
};

export const globalShortcut = { register: () => true, unregister() {}, unregisterAll() {}, isRegistered: () => false };

const area = { x: 0, y: 0, width: 1920, height: 1200 };
const display = { id: 1, scaleFactor: 1, bounds: area, workArea: area, workAreaSize: { width: 1920, height: 1200 } };
export const screen = Object.assign(new EventEmitter(), {
  getPrimaryDisplay: () => display,
  getAllDisplays: () => [display],
  getDisplayMatching: () => display,
});

export const net = {
  fetch: (input: string | Request, options?: RequestInit) => fetch(input, options),
  isOnline: () => true,
};
export const powerMonitor = Object.assign(new EventEmitter(), { getSystemIdleTime: () => 0 });
export const powerSaveBlocker = { start: () => 1, stop() {}, isStarted: () => false };
export const autoUpdater = new EventEmitter();
export const crashReporter = { start() {} };
