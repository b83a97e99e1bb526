import { EventEmitter } from 'node:events';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { record } from './recorded-calls.ts';

/** What the app needs of its windows when it quits; set by browser-window.ts. */
export interface WindowList {
  all(): readonly { close(): void }[];
}

class CommandLine {
  readonly #switches = new Map<string, string>();
  appendSwitch(name: string, value = ''): void {
    this.#switches.set(name, value);
  }
  removeSwitch(name: string): void {
    this.#switches.delete(name);
  }
  hasSwitch(name: string): boolean {
    return this.#switches.has(name);
  }
  getSwitchValue(name: string): string {
    return this.#switches.get(name) ?? '';
  }
  appendArgument(): void {}
}

/** Electron's `app`. Names that start with `standin` are the stand-in's own. */
export class App extends EventEmitter {
  name = 'Electron';
  isPackaged = false;
  readonly commandLine = new CommandLine();
  readonly dock = undefined;
  readonly setLoginItemSettings = record('app.setLoginItemSettings');
  readonly relaunch = record('app.relaunch');
  standinPath = '';
  standinVersion = '0.0.0';
  standinIsReady = false;
  standinQuitting = false;
  standinWindows: WindowList = { all: () => [] };
  standinEnd: () => Promise<void> = async () => {};
  readonly #ready = Promise.withResolvers<void>();
  readonly #paths = new Map<string, string>();

  standinBecomeReady(): void {
    this.standinIsReady = true;
    this.emit('will-finish-launching');
    this.emit('ready', {}, {});
    this.#ready.resolve();
  }

  getName = () => this.name;
  setName(name: string): void {
    this.name = name;
  }
  getVersion = () => this.standinVersion;
  getAppPath = () => this.standinPath;
  getLocale = () => 'en-US';
  getPreferredSystemLanguages = () => ['en-US'];
  getLoginItemSettings = () => ({ openAtLogin: false });
  setAsDefaultProtocolClient = () => true;
  setAppUserModelId(): void {}
  setAboutPanelOptions(): void {}
  setBadgeCount = () => true;
  enableSandbox(): void {}
  disableHardwareAcceleration(): void {}
  focus(): void {}
  hide(): void {}
  show(): void {}
  isReady = () => this.standinIsReady;
  whenReady = () => this.#ready.promise;
  requestSingleInstanceLock = () => true;
  releaseSingleInstanceLock(): void {}
  hasSingleInstanceLock = () => true;

  getPath(name: string): string {
    const config = process.env.XDG_CONFIG_HOME ?? path.join(homedir(), '.config');
    const known: Record<string, string> = {
      home: homedir(),
      appData: config,
      userData: path.join(config, this.name),
      sessionData: path.join(config, this.name),
      logs: path.join(config, this.name, 'logs'),
      temp: tmpdir(),
      exe: process.argv[0] ?? '',
      downloads: path.join(homedir(), 'Downloads'),
      documents: path.join(homedir(), 'Documents'),
      desktop: path.join(homedir(), 'Desktop'),
    };
    const found = this.#paths.get(name) ?? known[name];
    if (found === undefined) throw new Error(`Failed to get '${name}' path`);
    return found;
  }
  setPath(name: string, value: string): void {
    this.#paths.set(name, value);
  }

  /** before-quit (may be prevented), windows close (each may prevent), will-quit (may be prevented), quit. */
  quit(): void {
    if (this.standinQuitting || this.#prevented('before-quit')) return;
    this.standinQuitting = true;
    for (const window of this.standinWindows.all()) window.close();
    setTimeout(() => {
      if (this.standinWindows.all().length > 0 || this.#prevented('will-quit')) {
        this.standinQuitting = false;
        return;
      }
      this.emit('quit', {}, 0);
      this.exit(0);
    }, 20);
  }

  exit(code = 0): void {
    this.standinEnd().finally(() => process.exit(code));
  }

  #prevented(event: string): boolean {
    let prevented = false;
    this.emit(event, {
      preventDefault: () => {
        prevented = true;
      },
    });
    return prevented;
  }
}

export const app = new App();
