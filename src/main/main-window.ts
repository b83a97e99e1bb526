import path from 'node:path';
import { BrowserWindow } from 'electron';
import { appUrl } from './app-protocol.ts';
import { keepWindowState, readWindowState } from './window-state.ts';

export interface MainWindowOptions {
  readonly home: string;
  readonly preload: string;
  readonly icon: string;
  /** Whether closing only hides the window. */
  readonly hidesOnClose: () => boolean;
  readonly opened: (window: BrowserWindow) => void;
}

/** The app's one window: made when first shown, hidden or gone when closed. */
export class MainWindow {
  readonly #options: MainWindowOptions;
  #opening: Promise<BrowserWindow> | undefined;
  #window: BrowserWindow | undefined;

  constructor(options: MainWindowOptions) {
    this.#options = options;
  }

  get current(): BrowserWindow | undefined {
    return this.#window;
  }

  async show(): Promise<BrowserWindow> {
    this.#opening ??= this.#open();
    const window = await this.#opening;
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
    return window;
  }

  async #open(): Promise<BrowserWindow> {
    const { home, preload, icon, hidesOnClose, opened } = this.#options;
    const { maximized, ...bounds } = await readWindowState(home);
    const window = new BrowserWindow({
      ...bounds,
      minWidth: 720,
      minHeight: 480,
      title: 'Wharf',
      icon: path.resolve(icon),
      show: false,
      backgroundColor: '#14171c',
      webPreferences: {
        preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
      },
    });
    this.#window = window;
    if (maximized) window.maximize();
    window.on('close', (event) => {
      if (!hidesOnClose()) return;
      event.preventDefault();
      window.hide();
    });
    window.on('closed', () => {
      this.#window = undefined;
      this.#opening = undefined;
    });
    window.on('page-title-updated', (event) => event.preventDefault());
    keepWindowState(window, home);
    opened(window);
    await window.loadURL(appUrl);
    return window;
  }
}
