import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { _electron, type Browser, test as base, chromium, type ElectronApplication, type Page } from '@playwright/test';
import { type EngineWorld, openWorld } from './engine-world.ts';
import {
  chromiumArguments,
  chromiumExecutable,
  type HostKind,
  projectRoot,
  realElectronFolder,
  standinFolder,
} from './hosts.ts';

export interface HostOptions {
  readonly hostKind: HostKind;
}
interface WorkerFixtures {
  /** One engine with its registry for all specs of a worker. */
  readonly world: EngineWorld;
}
interface TestFixtures {
  /** $WHARF_HOME of this test. */
  readonly home: string;
  /** Where the app is told the engine is: the world's, unless a spec puts something in between. */
  readonly engineHost: string;
  /** The desktop app; skips where the host is a browser. */
  readonly desktop: ElectronApplication;
  /** The app's page, whatever shows it. */
  readonly ui: Page;
}

export const test = base.extend<TestFixtures & { app: RunningApp }, HostOptions & WorkerFixtures>({
  hostKind: ['standin', { option: true, scope: 'worker' }],
  world: [
    async ({ hostKind }, use) => {
      const world = await openWorld();
      console.log(`host: ${hostLabel(hostKind)}; engine: ${world.label}`);
      await use(world);
      await world.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the first parameter's names
  home: async ({}, use) => {
    const home = await mkdtemp(path.join(tmpdir(), 'wharf-e2e-'));
    await use(home);
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  },
  engineHost: async ({ world }, use) => {
    await use(`unix://${world.socket}`);
  },
  app: async ({ hostKind, engineHost, home }, use, info) => {
    const app = await openApp(hostKind, { ...cleanEnv(), WHARF_HOME: home, WHARF_HOST: engineHost }, home);
    const { page } = app;
    page.on('pageerror', (error) => console.log(`page error: ${error.message}`));
    await use(app);
    if (info.status !== info.expectedStatus) {
      const file = info.outputPath('failure.png');
      await page.screenshot({ path: file }).then(
        () => info.attach('page', { path: file, contentType: 'image/png' }),
        () => {},
      );
    }
    await app.close();
  },
  ui: async ({ app }, use) => {
    await use(app.page);
  },
  desktop: async ({ app }, use) => {
    base.skip(app.desktop === undefined, 'needs the desktop shell');
    if (app.desktop !== undefined) await use(app.desktop);
  },
});
export { expect } from '@playwright/test';

interface RunningApp {
  readonly page: Page;
  readonly desktop: ElectronApplication | undefined;
  close(): Promise<void>;
}

function hostLabel(kind: HostKind): string {
  if (kind === 'electron') return 'real Electron';
  return kind === 'standin' ? 'Electron stand-in (Node and Chromium)' : 'web gateway and Chromium';
}

async function openApp(kind: HostKind, env: Record<string, string>, home: string): Promise<RunningApp> {
  return kind === 'web' ? await openInBrowser(env) : await openDesktop(kind, env, home);
}

async function openDesktop(
  kind: 'electron' | 'standin',
  env: Record<string, string>,
  home: string,
): Promise<RunningApp> {
  const folder = kind === 'standin' ? standinFolder : realElectronFolder();
  if (folder === undefined) throw new Error('there is no Electron binary here');
  const desktop = await _electron.launch({
    executablePath: path.join(folder, 'electron'),
    args: [
      projectRoot,
      `--user-data-dir=${path.join(home, 'electron')}`,
      ...(kind === 'electron' ? ['--no-sandbox'] : []),
    ],
    cwd: projectRoot,
    env: { ...env, ELECTRON_OVERRIDE_DIST_PATH: folder },
  });
  desktop.process().stderr?.on('data', (chunk: Buffer) => showErrors(chunk));
  const page = await desktop.firstWindow();
  // The window is known before it shows anything; its blank page would go away under a test's hands.
  await page.waitForURL(/^app:|-scheme\.localhost/);
  return { page, desktop, close: () => desktop.close() };
}

async function openInBrowser(env: Record<string, string>): Promise<RunningApp> {
  const gateway = spawn(
    process.execPath,
    [path.join(projectRoot, 'out/gateway/main.mjs'), '--listen', '127.0.0.1:18430'],
    {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  gateway.stderr.on('data', showErrors);
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    await endProcess(gateway);
  };
  try {
    const link = await signInLink(gateway);
    browser = await chromium.launch({ executablePath: chromiumExecutable, args: chromiumArguments });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(link);
    return { page, desktop: undefined, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function signInLink(gateway: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    gateway.once('exit', (code) => reject(new Error(`the gateway ended with code ${code}`)));
    if (gateway.stdout === null) return;
    createInterface({ input: gateway.stdout }).on('line', (line) => {
      const link = /http:\/\/\S+\/sign-in\?token=\S+/.exec(line)?.[0];
      if (link !== undefined) resolve(link);
    });
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(patience);
}

/** What main or the gateway complains about, without the noise of the DevTools connection. */
function showErrors(chunk: Buffer): void {
  for (const line of chunk.toString().split('\n')) {
    if (line.trim() !== '' && !/DevTools listening|Debugger|nodejs\.org|inspector/.test(line))
      console.log(`host: ${line}`);
  }
}

function cleanEnv(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return env;
}
