import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Page } from '@playwright/test';
import { startRegistry, type TestRegistry } from '../test-world/test-registry.ts';
import { test as base, expect } from './fixture.ts';
import { chromiumArguments, chromiumExecutable } from './hosts.ts';
import { Pusher, pushShop } from './shop-content.ts';

/** The page a registry serves of itself: a browser and a registry, without app and engine. */
interface Site {
  readonly registry: TestRegistry;
  readonly page: Page;
  /** What the browser complained about: the page's own policy among it. */
  readonly complaints: readonly string[];
}
const anna = { name: 'anna', password: 'a long secret' };

const test = base.extend<{ withUsers: boolean; site: Site }>({
  withUsers: [false, { option: true }],
  site: async ({ withUsers, hostKind }, use) => {
    base.skip(hostKind !== 'web', 'the page is the registry’s, whatever shows the app');
    const root = await mkdtemp(path.join(tmpdir(), 'wharf-site-'));
    let browser: Browser | undefined;
    try {
      await using registry = await startRegistry({ root, ...(withUsers ? { user: anna } : {}) });
      await pushShop(new Pusher(`http://${registry.host}`, withUsers ? anna : undefined));
      browser = await chromium.launch({ executablePath: chromiumExecutable, args: chromiumArguments });
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      const complaints: string[] = [];
      page.on('console', (message) => {
        // A refused sign-in is told by the page; the browser says 401 in its own way, too.
        if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`http://${registry.host}/`);
      await use({ registry, page, complaints });
      await browser.close();
    } finally {
      await browser?.close();
      await rm(root, { recursive: true, force: true });
    }
  },
});

test('repositories, tags, layers and deletion, with the policy kept', async ({ site }) => {
  const { page, registry, complaints } = site;
  await expect(page.getByRole('heading', { level: 1, name: 'Repositories' })).toBeVisible();
  await expect(page.getByTestId('stored-charts/shop')).toContainText('Artifact');
  await page.getByRole('radio', { name: 'Images' }).click();
  await expect(page.getByTestId('stored-charts/shop')).toHaveCount(0);
  await page.getByRole('button', { name: /^team\/shop/ }).click();
  await expect(page.getByTestId('tag-2.0')).toContainText('linux/arm64');
  await page.getByRole('button', { name: '2.0', exact: true }).click();
  await expect(page.getByRole('list', { name: 'Layers, lowest first' }).getByRole('listitem')).toHaveCount(3);
  await expect(page.getByRole('list', { name: 'Attached' })).toContainText('Signature');
  // A link leads back to the same place; Back goes up again.
  await page.reload();
  await expect(page.getByRole('list', { name: 'Layers, lowest first' })).toBeVisible();
  await page.goBack();
  await page.getByRole('button', { name: 'Delete team/shop:1.1' }).click();
  await expect(page.getByRole('dialog')).toContainText('Frees up to');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('tag-1.1')).toBeVisible();
  await page.getByRole('button', { name: 'Delete team/shop:1.1' }).click();
  await expect(page.getByRole('dialog')).toContainText('Frees up to');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('status')).toContainText('Deleted team/shop:1.1');
  await expect(page.getByTestId('tag-1.1')).toHaveCount(0);
  expect((await fetch(`http://${registry.host}/v2/team/shop/manifests/1.1`)).status).toBe(404);

  await page.getByRole('button', { name: 'Delete repository' }).click();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true })).toBeDisabled();
  await page.getByLabel('Type team/shop to go on').fill('team/shop');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Repositories' })).toBeVisible();
  await expect(page.getByTestId('stored-charts/shop')).toBeVisible();
  expect(complaints).toEqual([]);
});

test('a registry that stops answering is said so, and is back when it is', async ({ site: { page } }) => {
  await expect(page.getByTestId('stored-team/shop')).toBeVisible();
  await page.route('**/v2/**', (route) => route.abort());
  await page.route('**/wharf/**', (route) => route.abort());
  await page.getByRole('button', { name: /^team\/shop/ }).click();
  await expect(page.getByRole('alert')).toContainText('The registry does not answer');
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByTestId('tag-2.0')).toBeVisible();
});

test.describe('with users', () => {
  test.use({ withUsers: true });

  test('a user signs in; nothing of it is stored, and it ends with the page', async ({ site }) => {
    const { page, complaints } = site;
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toContainText('not right');
    await page.getByLabel('Password').fill(anna.password);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('stored-team/shop')).toBeVisible();
    await expect(page.getByRole('banner')).toContainText('anna');
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
    );
    expect(kept).toBe('[{},{},""]');
    await page.reload();
    await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
    expect(complaints).toEqual([]);
  });

  test('signing out leaves nothing to see', async ({ site: { page } }) => {
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('Password').fill(anna.password);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('stored-team/shop')).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
    await expect(page.getByTestId('stored-team/shop')).toHaveCount(0);
  });
});
