import { EventEmitter } from 'node:events';
import { secret } from './browser-process.ts';
import type { BrowserWindow } from './browser-window.ts';
import { type CdpConnection, type CdpParams, fieldOf, textOf } from './cdp-connection.ts';
import { ipcMain } from './ipc-main.ts';
import { codec, isolatedWorldScript, mainWorldScript } from './page-scripts.ts';
import { record } from './recorded-calls.ts';
import { session } from './session.ts';
import { fromBrowserUrl, handlerOf, mappedPattern, toBrowserUrl } from './url-schemes.ts';

const isolatedWorld = 'Electron Isolated Context';
type OpenHandler = (details: { url: string; frameName: string; features: string; disposition: string }) => {
  action: 'allow' | 'deny';
};

let lastId = 0;
const everyContents = new Set<WebContents>();
/** Addresses of windows that were refused; the page's new target is closed when it turns up. */
export const refusedWindows: string[] = [];

/** Electron's `webContents`: one page of Chromium, with the preload script in an isolated world. */
export class WebContents extends EventEmitter {
  readonly id = ++lastId;
  readonly session = session.defaultSession;
  readonly openDevTools = record('webContents.openDevTools');
  standinTarget = '';
  standinDead = false;
  readonly standinWindow: BrowserWindow;
  readonly #attached = Promise.withResolvers<void>();
  #cdp: CdpConnection | undefined;
  #session = '';
  #context: unknown;
  #pending: string[] = [];
  #url = '';
  #title = '';
  #expectedNavigation: string | undefined;
  #openHandler: OpenHandler = () => ({ action: 'allow' });

  constructor(window: BrowserWindow) {
    super();
    this.standinWindow = window;
    everyContents.add(this);
  }

  get mainFrame() {
    const send = (channel: string, ...args: unknown[]) => this.send(channel, ...args);
    return { url: this.#url, parent: null, top: null, processId: 1, routingId: this.id, send };
  }

  async standinAttach(
    cdp: CdpConnection,
    sessionId: string,
    target: string,
    preload: string | undefined,
  ): Promise<void> {
    this.#cdp = cdp;
    this.#session = sessionId;
    this.standinTarget = target;
    this.#listen(cdp);
    const info = {
      platform: process.platform,
      arch: process.arch,
      versions: { electron: process.versions.electron, chrome: process.versions.chrome, node: process.versions.node },
      argv: [],
      env: {},
    };
    const scripts = [{ source: mainWorldScript(secret) }];
    const isolated =
      preload === undefined ? [] : [{ source: isolatedWorldScript(secret, preload, info), worldName: isolatedWorld }];
    await Promise.all([
      this.#send('Page.enable'),
      this.#send('Runtime.enable'),
      this.#send('Runtime.addBinding', { name: '__standinSend', executionContextName: isolatedWorld }),
      ...[...scripts, ...isolated].map((script) => this.#send('Page.addScriptToEvaluateOnNewDocument', script)),
      this.#send('Fetch.enable', {
        patterns: [{ urlPattern: mappedPattern }, { resourceType: 'Document', urlPattern: '*' }],
      }),
      this.#send('Runtime.runIfWaitingForDebugger'),
    ]);
    this.#attached.resolve();
  }

  standinForget(): void {
    this.standinDead = true;
    everyContents.delete(this);
    this.emit('destroyed');
  }

  standinSetTitle(title: string): void {
    if (title === this.#title) return;
    this.#title = title;
    this.emit('page-title-updated', { preventDefault() {} }, title, true);
  }

  standinCommand(method: string, params: CdpParams = {}): Promise<CdpParams> {
    return this.#attached.promise.then(() => this.#send(method, params));
  }

  send(channel: string, ...args: unknown[]): void {
    this.#deliver(codec.pack(['message', channel, args]));
  }

  async loadURL(url: string): Promise<void> {
    await this.#attached.promise;
    this.#context = undefined;
    this.#expectedNavigation = url;
    const finished = new Promise<void>((resolve) => this.once('did-finish-load', () => resolve()));
    const errorText = textOf(await this.#send('Page.navigate', { url: toBrowserUrl(url) }), 'errorText');
    if (errorText !== '') {
      this.emit('did-fail-load', {}, -2, errorText, url, true);
      throw new Error(`${errorText} loading '${url}'`);
    }
    await finished;
  }

  async executeJavaScript(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const result = await this.standinCommand('Runtime.evaluate', options);
    const failure = fieldOf(result, 'exceptionDetails');
    if (failure !== undefined) throw new Error(textOf(result, 'exceptionDetails', 'exception', 'description'));
    return fieldOf(result, 'result', 'value');
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }
  getURL = () => this.#url;
  getTitle = () => this.#title;
  getType = () => 'window';
  isDestroyed = () => this.standinDead;
  isLoading = () => false;
  isDevToolsOpened = () => false;
  closeDevTools(): void {}
  toggleDevTools(): void {}
  getOSProcessId = () => 0;
  focus(): void {}
  setZoomFactor(): void {}
  getZoomFactor = () => 1;
  setZoomLevel(): void {}
  getZoomLevel = () => 0;
  reload(): void {
    void this.standinCommand('Page.reload');
  }
  close(): void {
    this.standinWindow.close();
  }

  #listen(cdp: CdpConnection): void {
    const on = (method: string, listener: (params: CdpParams) => void) => cdp.on(this.#session, method, listener);
    on('Runtime.executionContextCreated', (params) => {
      if (textOf(params, 'context', 'name') !== isolatedWorld) return;
      this.#context = fieldOf(params, 'context', 'id');
      for (const message of this.#pending.splice(0)) this.#deliver(message);
    });
    on('Runtime.bindingCalled', (params) => {
      if (params.name === '__standinSend') void this.#receive(textOf(params, 'payload'));
    });
    on('Page.frameNavigated', (params) => {
      if (fieldOf(params, 'frame', 'parentId') !== undefined) return;
      this.#url = fromBrowserUrl(textOf(params, 'frame', 'url'));
      this.emit('did-navigate', {}, this.#url, 200, 'OK');
    });
    on('Page.domContentEventFired', () => this.emit('dom-ready', {}));
    on('Page.loadEventFired', () => {
      if (this.#url === 'about:blank' || this.#url.startsWith('data:')) return;
      this.emit('did-finish-load', {});
      this.standinWindow.emit('ready-to-show', {});
    });
    on('Page.windowOpen', (params) => {
      const url = fromBrowserUrl(textOf(params, 'url'));
      const answer = this.#openHandler({ url, frameName: '', features: '', disposition: 'foreground-tab' });
      if (answer.action === 'deny') refusedWindows.push(url);
    });
    on('Inspector.targetCrashed', () => this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }));
    on('Fetch.requestPaused', (params) => void this.#answerFetch(params));
  }

  async #answerFetch(params: CdpParams): Promise<void> {
    const { requestId } = params;
    const url = fromBrowserUrl(textOf(params, 'request', 'url'));
    if (params.resourceType === 'Document' && this.#isPrevented(params, url)) {
      await this.#send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
      return;
    }
    const handler = handlerOf(url);
    if (handler === undefined) {
      await this.#send('Fetch.continueRequest', { requestId });
      return;
    }
    try {
      const response = await handler(new Request(url, { method: textOf(params, 'request', 'method') }));
      await this.#send('Fetch.fulfillRequest', {
        requestId,
        responseCode: response.status,
        responseHeaders: [...response.headers].map(([name, value]) => ({ name, value })),
        body: Buffer.from(await response.arrayBuffer()).toString('base64'),
      });
    } catch {
      await this.#send('Fetch.failRequest', { requestId, errorReason: 'Failed' }).catch(() => {});
    }
  }

  #isPrevented(params: CdpParams, url: string): boolean {
    const isMainFrame = params.frameId === this.standinTarget;
    if (isMainFrame && url === this.#expectedNavigation) {
      this.#expectedNavigation = undefined;
      return false;
    }
    let prevented = false;
    const event = {
      url,
      isMainFrame,
      preventDefault: () => {
        prevented = true;
      },
    };
    if (isMainFrame) this.emit('will-navigate', event, url);
    this.emit('will-frame-navigate', event);
    return prevented;
  }

  async #receive(payload: string): Promise<void> {
    const message = codec.unpack(payload);
    if (!Array.isArray(message)) return;
    const [kind, channel, args, id]: unknown[] = message;
    const list = Array.isArray(args) ? args : [];
    const name = String(channel);
    const event = {
      sender: this,
      senderFrame: this.mainFrame,
      processId: 1,
      frameId: this.id,
      reply: (to: string, ...rest: unknown[]) => this.send(to, ...rest),
      preventDefault() {},
    };
    if (kind === 'send') {
      this.emit('ipc-message', event, name, ...list);
      ipcMain.emit(name, event, ...list);
      return;
    }
    try {
      this.#deliver(codec.pack(['reply', id, true, await ipcMain.standinCall(name, event, list)]));
    } catch (error) {
      this.#deliver(codec.pack(['reply', id, false, `Error invoking remote method '${name}': ${error}`]));
    }
  }

  #deliver(message: string): void {
    if (this.standinDead) return;
    if (this.#context === undefined) {
      this.#pending.push(message);
      return;
    }
    const expression = `__standinDeliver(${JSON.stringify(message)})`;
    // A page that navigates away meanwhile loses what was meant for it, as in Electron.
    this.#send('Runtime.evaluate', { contextId: this.#context, expression }).catch(() => {});
  }

  #send(method: string, params: CdpParams = {}): Promise<CdpParams> {
    return this.#cdp?.send(method, params, this.#session) ?? Promise.reject(new Error('stand-in: not attached'));
  }
}

export const webContents = {
  getAllWebContents: () => [...everyContents],
  fromId: (id: number) => [...everyContents].find((contents) => contents.id === id),
  fromDevToolsTargetId: (target: string) => [...everyContents].find((contents) => contents.standinTarget === target),
  getFocusedWebContents: () => [...everyContents][0],
};
