import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { _electron, type ElectronApplication, expect, type Page, test } from '@playwright/test';
import { chromiumExecutable, standinFolder } from './hosts.ts';

/** The stand-in by itself, on a tiny app: what holds here may be relied on in the specs of Wharf. */
let app: ElectronApplication;
async function launchSample(environment: Record<string, string> = {}): Promise<ElectronApplication> {
  return await _electron.launch({
    args: [path.join(import.meta.dirname, 'standin/sample-app')],
    env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: standinFolder, ...environment } as Record<string, string>,
    executablePath: path.join(standinFolder, 'electron'),
  });
}
test.beforeEach(async () => {
  app = await launchSample();
});
/** The window once its page is there; Playwright knows it from the moment it is made. */
async function openedWindow(): Promise<Page> {
  const page = await app.firstWindow();
  await expect(page.getByRole('heading', { name: 'Sample' })).toBeVisible();
  return page;
}

test.afterEach(async () => {
  await app?.close();
});

interface Bridge {
  add(a: number, b: number): Promise<number>;
  fail(): Promise<never>;
  sendBytes(bytes: Uint8Array): void;
}
declare const bridge: Bridge;

test('calls cross from the page through the isolated preload to main and back', async () => {
  const page = await openedWindow();
  expect(await page.evaluate(() => bridge.add(20, 22))).toBe(42);
  await expect(page.evaluate(() => bridge.fail())).rejects.toThrow('on purpose');
  await page.evaluate(() => bridge.sendBytes(new Uint8Array(5)));
  await expect(page.locator('output')).toHaveText(' Uint8Array:5');
});

test('the page has no Node and can not change the bridge', async () => {
  const page = await openedWindow();
  const seen = await page.evaluate(() => {
    const global = globalThis as Record<string, unknown>;
    return [typeof global.require, typeof global.process, typeof global.__standinSend, Object.isFrozen(bridge)];
  });
  expect(seen).toEqual(['undefined', 'undefined', 'undefined', true]);
});

test('menu clicks, window bounds and refused windows work as in Electron', async () => {
  const page = await openedWindow();
  await app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('tick')?.click());
  await expect(page.locator('output')).toHaveText(' menu');

  const window = await app.browserWindow(page);
  await window.evaluate((shown) => shown.setBounds({ x: 10, y: 10, width: 900, height: 600 }));
  await expect.poll(() => page.evaluate('outerWidth')).toBe(900);

  await app.evaluate(({ shell }) => {
    const opened: string[] = [];
    Object.assign(globalThis, { opened });
    shell.openExternal = async (url) => void opened.push(url);
  });
  await page.getByRole('link', { name: 'Docs' }).click();
  await expect
    .poll(() => app.evaluate(() => (globalThis as unknown as { opened: string[] }).opened))
    .toEqual(['https://example.invalid/docs']);
  expect(app.windows()).toHaveLength(1);

  await page.getByRole('link', { name: 'Away' }).click();
  await expect(page.getByRole('heading', { name: 'Sample' })).toBeVisible();
});

test('main knows the app it runs', async () => {
  await app.firstWindow();
  expect(await app.evaluate(({ app: main }) => [main.getName(), main.getVersion()])).toEqual(['Sample', '1.2.3']);
});

test('a Chromium that dies while it starts is started again', async () => {
  await app.close();
  const folder = await mkdtemp(path.join(tmpdir(), 'standin-dying-'));
  try {
    const dying = path.join(folder, 'chromium');
    const firstStart = `[ -e ${folder}/started ] || { touch ${folder}/started; echo "DevTools listening on ws://127.0.0.1:1/gone" >&2; exit 1; }`;
    await writeFile(dying, `#!/bin/sh\n${firstStart}\nexec ${chromiumExecutable} "$@"\n`, { mode: 0o755 });
    app = await launchSample({ STANDIN_CHROMIUM: dying });
    await openedWindow();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
