import { EventEmitter } from 'node:events';
import path from 'node:path';
import { app } from './app.ts';
import { type BrowserProcess, secret } from './browser-process.ts';
import type { CdpParams } from './cdp-connection.ts';
import { fieldOf, textOf } from './cdp-connection.ts';
import { nativeImage } from './native-image.ts';
import { refusedWindows, WebContents, webContents } from './web-contents.ts';

interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface WindowOptions extends Partial<Bounds> {
  readonly title?: string;
  readonly show?: boolean;
  readonly webPreferences?: { readonly preload?: string };
}

const windows = new Map<number, BrowserWindow>();
/** Windows whose page Chromium is making, by the address it was asked for. */
const opening = new Map<string, BrowserWindow>();
let lastId = 0;
let browser: BrowserProcess | undefined;

/** Electron's `BrowserWindow` over a page of Chromium. What a screen would show (focus, menus) is only remembered. */
export class BrowserWindow extends EventEmitter {
  readonly id = ++lastId;
  readonly webContents: WebContents;
  readonly standinPreload: string | undefined;
  #bounds: Bounds;
  #title: string;
  #visible: boolean;
  #minimized = false;
  #maximized = false;
  #fullScreen = false;
  #closed = false;

  static getAllWindows = () => [...windows.values()];
  static getFocusedWindow = () => BrowserWindow.getAllWindows()[0] ?? null;
  static fromId = (id: number) => windows.get(id) ?? null;
  static fromWebContents = (contents?: WebContents) => contents?.standinWindow ?? null;

  constructor(options: WindowOptions = {}) {
    super();
    if (!app.standinIsReady || browser === undefined)
      throw new Error('Cannot create BrowserWindow before app is ready');
    const { x = 40, y = 40, width = 800, height = 600 } = options;
    this.#bounds = { x, y, width, height };
    this.#visible = options.show !== false;
    this.#title = options.title ?? app.name;
    this.standinPreload = options.webPreferences?.preload;
    this.webContents = new WebContents(this);
    windows.set(this.id, this);
    app.emit('browser-window-created', {}, this);
    app.emit('web-contents-created', {}, this.webContents);
    const url = `data:text/html,<title>${secret}-${this.id}</title>`;
    opening.set(`${secret}-${this.id}`, this);
    void browser.cdp.send('Target.createTarget', { url, newWindow: true, width, height });
    void this.webContents.standinCommand('Page.bringToFront').then(() => this.#apply());
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url);
  }
  loadFile(file: string): Promise<void> {
    return this.loadURL(`file://${path.resolve(app.getAppPath(), file)}`);
  }

  show(): void {
    this.#visible = true;
    this.emit('show');
  }
  showInactive(): void {
    this.show();
  }
  hide(): void {
    this.#visible = false;
    this.emit('hide');
  }
  focus(): void {
    this.emit('focus');
  }
  isVisible = () => this.#visible;
  isFocused = () => this.#visible;
  isDestroyed = () => this.#closed;

  getBounds = () => ({ ...this.#bounds });
  getContentBounds = () => ({ ...this.#bounds });
  getNormalBounds = () => ({ ...this.#bounds });
  getSize = () => [this.#bounds.width, this.#bounds.height];
  getPosition = () => [this.#bounds.x, this.#bounds.y];
  setBounds(bounds: Partial<Bounds>): void {
    Object.assign(this.#bounds, bounds);
    this.#apply();
    this.emit('resize');
    this.emit('move');
  }
  setSize(width: number, height: number): void {
    this.setBounds({ width, height });
  }
  setPosition(x: number, y: number): void {
    this.setBounds({ x, y });
  }

  minimize(): void {
    this.#minimized = true;
    this.emit('minimize');
  }
  maximize(): void {
    this.#maximized = true;
    this.emit('maximize');
  }
  unmaximize(): void {
    this.#maximized = false;
    this.emit('unmaximize');
  }
  restore(): void {
    this.#minimized = false;
    this.emit('restore');
  }
  isMinimized = () => this.#minimized;
  isMaximized = () => this.#maximized;
  isFullScreen = () => this.#fullScreen;
  setFullScreen(on: boolean): void {
    this.#fullScreen = on;
  }

  setTitle(title: string): void {
    this.#title = title;
  }
  getTitle = () => this.#title;
  standinPageTitle(title: string): void {
    let prevented = false;
    const event = {
      preventDefault: () => {
        prevented = true;
      },
    };
    this.emit('page-title-updated', event, title, true);
    if (!prevented) this.#title = title;
    this.webContents.standinSetTitle(title);
  }
  async capturePage() {
    const result = await this.webContents.standinCommand('Page.captureScreenshot');
    return nativeImage.createFromBuffer(Buffer.from(textOf(result, 'data'), 'base64'));
  }
  setMenu(): void {}
  setMenuBarVisibility(): void {}
  removeMenu(): void {}
  setIcon(): void {}
  setProgressBar(): void {}
  flashFrame(): void {}
  setBackgroundColor(): void {}
  setMinimumSize(): void {}
  center(): void {}
  moveTop(): void {}

  close(): void {
    if (this.#closed) return;
    let prevented = false;
    this.emit('close', {
      preventDefault: () => {
        prevented = true;
      },
    });
    if (!prevented) this.destroy();
  }
  destroy(): void {
    if (this.#closed) return;
    browser?.cdp.send('Target.closeTarget', { targetId: this.webContents.standinTarget }).catch(() => {});
    this.standinGone();
  }
  standinGone(): void {
    if (this.#closed) return;
    this.#closed = true;
    windows.delete(this.id);
    this.webContents.standinForget();
    this.emit('closed');
    if (windows.size > 0 || app.standinQuitting) return;
    if (app.listenerCount('window-all-closed') > 0) app.emit('window-all-closed');
    else app.quit();
  }

  #apply(): void {
    const { x: left, y: top, width, height } = this.#bounds;
    const bounds = { left, top, width, height };
    browser?.cdp
      .send('Browser.getWindowForTarget', { targetId: this.webContents.standinTarget })
      .then(({ windowId }) => browser?.cdp.send('Browser.setWindowBounds', { windowId, bounds }))
      .catch(() => {
        // The window was closed meanwhile.
      });
  }
}

/** Ties Chromium's pages to windows as they come and go. */
export async function manageWindows(process: BrowserProcess): Promise<void> {
  browser = process;
  app.standinWindows = { all: BrowserWindow.getAllWindows };
  const { cdp } = process;
  cdp.on('', 'Target.attachedToTarget', (params) => void pageAttached(process, params));
  cdp.on('', 'Target.targetDestroyed', (params) => {
    webContents.fromDevToolsTargetId(textOf(params, 'targetId'))?.standinWindow.standinGone();
  });
  cdp.on('', 'Target.targetInfoChanged', (params) => {
    const title = textOf(params, 'targetInfo', 'title');
    const url = textOf(params, 'targetInfo', 'url');
    if (title === '' || title.includes('-scheme.localhost') || url.startsWith('data:')) return;
    webContents.fromDevToolsTargetId(textOf(params, 'targetInfo', 'targetId'))?.standinWindow.standinPageTitle(title);
  });
  await cdp.send('Target.setDiscoverTargets', { discover: true });
  const filter = [{ type: 'page' }];
  await cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true, filter });
}

async function pageAttached(process: BrowserProcess, params: CdpParams): Promise<void> {
  const { cdp } = process;
  const sessionId = textOf(params, 'sessionId');
  const targetId = textOf(params, 'targetInfo', 'targetId');
  const shown = `${decodeURIComponent(textOf(params, 'targetInfo', 'url'))} ${textOf(params, 'targetInfo', 'title')}`;
  const found = [...opening].find(([key]) => new RegExp(`${key}(?!\\d)`).test(shown));
  if (found !== undefined) {
    opening.delete(found[0]);
    await found[1].webContents.standinAttach(cdp, sessionId, targetId, found[1].standinPreload);
    return;
  }
  if (fieldOf(params, 'targetInfo', 'openerId') !== undefined) {
    // Page.windowOpen of the opener tells whether it was refused; it may come a moment later.
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (refusedWindows.shift() !== undefined) {
      await cdp.send('Target.closeTarget', { targetId });
      return;
    }
  }
  await cdp.send('Runtime.runIfWaitingForDebugger', {}, sessionId).catch(() => {});
}
