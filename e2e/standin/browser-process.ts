import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { CdpConnection } from './cdp-connection.ts';

const executable = process.env.STANDIN_CHROMIUM ?? '/usr/bin/chromium';

/** Names only this run knows, so that a page can not pretend to be the bridge. */
export const secret = randomBytes(8).toString('hex');

/** The one Chromium of this run, and its profile. */
export class BrowserProcess {
  readonly cdp: CdpConnection;
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #ownsProfile: boolean;
  #ending = false;

  private constructor(cdp: CdpConnection, child: ChildProcess, profile: string, ownsProfile: boolean) {
    this.cdp = cdp;
    this.#child = child;
    this.#profile = profile;
    this.#ownsProfile = ownsProfile;
    child.on('exit', () => {
      if (this.#ending) return;
      console.error('stand-in: Chromium ended by itself');
      process.exit(1);
    });
  }

  static async launch(userDataDir: string, debuggingPort: string): Promise<BrowserProcess> {
    const profile = userDataDir === '' ? mkdtempSync(path.join(tmpdir(), 'electron-standin-')) : userDataDir;
    mkdirSync(profile, { recursive: true });
    const args = [
      ...chromiumArguments(profile),
      `--remote-debugging-port=${debuggingPort === '' ? 0 : debuggingPort}`,
      '--no-startup-window',
    ];
    const child = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const url = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`stand-in: Chromium exited with code ${code}`)));
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (process.env.STANDIN_DEBUG !== undefined) console.error(line);
        const found = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
        if (found === undefined) return;
        // Playwright reads the same line to attach to the same browser.
        console.error(line);
        resolve(found);
      });
    });
    return new BrowserProcess(await CdpConnection.open(url), child, profile, userDataDir === '');
  }

  /** Kills the browser and waits until it is gone. */
  async end(): Promise<void> {
    this.#ending = true;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
    if (this.#ownsProfile) rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function chromiumArguments(profile: string): string[] {
  const hasDisplay = process.env.DISPLAY !== undefined || process.env.WAYLAND_DISPLAY !== undefined;
  return [
    `--user-data-dir=${profile}`,
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--disable-gpu',
    '--disable-infobars',
    // Pages of custom schemes count as public ones here, and may not frame what loopback serves without asking.
    '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWarn',
    '--password-store=basic',
    '--test-type',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(hasDisplay && process.env.HEADED !== undefined ? [] : ['--headless=new']),
  ];
}
