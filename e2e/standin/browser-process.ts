import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { CdpConnection } from './cdp-connection.ts';

const executable = process.env.STANDIN_CHROMIUM ?? '/usr/bin/chromium';

const launchAttempts = 3;

/** Names only this run knows, so that a page can not pretend to be the bridge. */
export const secret = randomBytes(8).toString('hex');

/** The one Chromium of this run, and its profile. */
export class BrowserProcess {
  readonly cdp: CdpConnection;
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #ownsProfile: boolean;
  #ending = false;

  private constructor(browser: StartedBrowser, profile: string, ownsProfile: boolean) {
    this.cdp = browser.cdp;
    this.#child = browser.child;
    this.#profile = profile;
    this.#ownsProfile = ownsProfile;
    void browser.ended.then((how) => {
      if (this.#ending) return;
      console.error(how);
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
    const browser = await startUntilItAnswers(args);
    // Playwright reads the same line to attach to the same browser: only one that has answered is told.
    console.error(`DevTools listening on ${browser.url}`);
    return new BrowserProcess(browser, profile, userDataDir === '');
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

interface StartedBrowser {
  readonly child: ChildProcess;
  readonly cdp: CdpConnection;
  readonly url: string;
  /** How the process ended, with its last words; never rejects. */
  readonly ended: Promise<string>;
}

/** Chromium dies now and then in its first moments on a busy machine; the real Electron's tests must not pay for that. */
async function startUntilItAnswers(args: readonly string[]): Promise<StartedBrowser> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(args);
    } catch (error) {
      if (attempt === launchAttempts) throw error;
      console.error(`stand-in: start ${attempt} of Chromium failed, starting it again: ${error}`);
    }
  }
}

async function startOnce(args: readonly string[]): Promise<StartedBrowser> {
  const child = spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lastWords: string[] = [];
  const listening = Promise.withResolvers<string>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (process.env.STANDIN_DEBUG !== undefined) console.error(line);
    lastWords.push(line);
    if (lastWords.length > 20) lastWords.shift();
    const found = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
    if (found !== undefined) listening.resolve(found);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`stand-in: Chromium did not start: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve([`stand-in: Chromium ended by itself (${signal ?? `code ${code}`})`, ...lastWords].join('\n')),
    );
  });
  const failed = ended.then((how) => Promise.reject(new Error(how)));
  try {
    const url = await Promise.race([listening.promise, failed]);
    const cdp = await Promise.race([CdpConnection.open(url), failed]);
    await Promise.race([cdp.send('Browser.getVersion'), failed]);
    return { child, cdp, url, ended };
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  } finally {
    failed.catch(() => {});
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
