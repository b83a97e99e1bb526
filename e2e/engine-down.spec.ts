import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from '@playwright/test';
import { chromiumArguments, chromiumExecutable, projectRoot } from './hosts.ts';
import { test as base, expect, openPage, runningBusybox } from './wharf-test.ts';

/** The way to the engine over TCP, which can be cut and mended. The app attaches only: it may not start an engine there. */
class Cable implements AsyncDisposable {
  readonly #target: string;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(target: string) {
    this.#target = target;
  }

  get host(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = createConnection(this.#target);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#open.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#open.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cut();
  }
}

const test = base.extend<{ cable: Cable }>({
  cable: async ({ world }, use) => {
    await using cable = new Cable(world.socket);
    await cable.mend();
    await use(cable);
  },
  engineHost: async ({ cable }, use) => {
    await use(cable.host);
  },
});

test('an engine that goes away is said on every page, and its return too', async ({ ui, engine, cable }) => {
  await runningBusybox(engine, 'stays-up');
  await openPage(ui, 'Containers');
  await expect(ui.getByTestId('container-row-stays-up')).toContainText('Running');
  await cable.cut();

  const banner = ui.getByRole('status').filter({ hasText: 'The engine is not running' });
  await expect(banner).toBeVisible({ timeout: 30_000 });
  await expect(banner).toContainText(cable.host);
  await expect(ui.getByTestId('engine-status')).toContainText('Engine failed');
  await openPage(ui, 'Home');
  await expect(ui.getByRole('heading', { name: 'The engine could not be started' })).toBeVisible();
  await expect(ui.getByText('Check that the engine runs there and that this user may reach it.')).toBeVisible();

  await cable.mend();
  await banner.getByRole('button', { name: 'Repair' }).click();
  await expect(ui.getByTestId('engine-status')).toContainText('Engine running', { timeout: 30_000 });
  await expect(banner).toHaveCount(0);
  await openPage(ui, 'Containers');
  await expect(ui.getByTestId('container-row-stays-up')).toContainText('Running');
});

test('without anybody’s help the app finds the engine again', async ({ ui, engine, cable, wharf }) => {
  await openPage(ui, 'Containers');
  await expect(ui.getByText('No containers yet')).toBeVisible();
  await cable.cut();
  await expect(ui.getByTestId('engine-status')).not.toContainText('Engine running', { timeout: 30_000 });
  // What happens meanwhile is missed by the event stream, and must be seen all the same.
  await runningBusybox(engine, 'made-meanwhile');
  await cable.mend();
  await expect(ui.getByTestId('container-row-made-meanwhile')).toContainText('Running', { timeout: 40_000 });
  await expect(ui.getByTestId('engine-status')).toContainText('Engine running');
  await wharf('rm', '-f', 'made-meanwhile');
  await expect(ui.getByText('No containers yet')).toBeVisible();
});

/** `wharf web` that looks after an engine of its own, all in one folder. */
async function ownEngine(root: string): Promise<{ link: string; gateway: ChildProcess }> {
  const flags = ['--data-root', path.join(root, 'd'), '--exec-root', path.join(root, 'x'), '--live-restore=false'];
  const gateway = spawn(
    process.execPath,
    [
      path.join(projectRoot, 'out/gateway/main.mjs'),
      ...['--engine', `unix://${root}/x/wharf.sock`, '--listen', '127.0.0.1:18530'],
      ...['--daemon', path.join(projectRoot, 'bin/wharfd')],
      ...flags.map((flag) => `--daemon-arg=${flag}`),
    ],
    { env: { ...process.env, WHARF_HOME: path.join(root, 'h') }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const link = await new Promise<string>((resolve, reject) => {
    gateway.once('exit', (code) => reject(new Error(`the gateway ended with code ${code}`)));
    createInterface({ input: gateway.stdout }).on('line', (line) => {
      const found = /http:\/\/\S+\/sign-in\?token=\S+/.exec(line)?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  return { link, gateway };
}

base('an engine of its own that crashes is started again by the host', async ({ hostKind, world }) => {
  base.skip(hostKind !== 'web' || world.registryUrl === undefined, 'the gateway of this spec looks after an engine');
  const root = await mkdtemp(path.join(tmpdir(), 'we-'));
  const { link, gateway } = await ownEngine(root);
  const browser = await chromium.launch({ executablePath: chromiumExecutable, args: chromiumArguments });
  try {
    const ui = await browser.newPage();
    await ui.goto(link);
    await expect(ui.getByTestId('engine-status')).toContainText('Engine running', { timeout: 30_000 });
    const pid = async () => Number(await readFile(path.join(root, 'x/wharfd.pid'), 'utf8').catch(() => '0'));
    const first = await pid();
    process.kill(first, 'SIGKILL');
    await expect(ui.getByTestId('engine-status')).not.toContainText('Engine running');
    await expect(ui.getByTestId('engine-status')).toContainText('Engine running', { timeout: 30_000 });
    await expect(ui.getByText('The engine is not running')).toHaveCount(0);
    expect(await pid()).not.toBe(first);
  } finally {
    await browser.close();
    const ended = new Promise((resolve) => gateway.once('exit', resolve));
    gateway.kill('SIGTERM');
    await ended;
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
});
