import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { slowRegistry } from './slow-registry.ts';
import { confirm, dialog, expect, havingImages, openPage, runningBusybox, test, withoutImage } from './wharf-test.ts';

test('an image is pulled with its layers in view, and run from there', async ({ ui, engine, world }) => {
  await withoutImage(engine, 'nginx');
  await withoutImage(engine, `${new URL(world.registryUrl ?? '').host}/library/nginx`);
  await openPage(ui, 'Images');
  await ui.getByRole('button', { name: 'Pull', exact: true }).click();
  await dialog(ui).getByLabel('Image').fill('nginx');
  await ui.keyboard.press('Enter');
  await expect(dialog(ui)).toContainText('Pull nginx');
  const layers = dialog(ui).getByRole('list', { name: 'Layers' }).getByRole('listitem');
  await expect(layers.first()).toBeVisible();
  await expect(dialog(ui).getByRole('button', { name: 'Run it' })).toBeVisible({ timeout: 40_000 });
  await expect(dialog(ui)).toContainText(/Downloaded newer image for .*nginx/);
  for (const layer of await layers.all()) await expect(layer).toContainText(/Done|Already here/);

  await dialog(ui).getByRole('button', { name: 'Run it' }).click();
  await expect(dialog(ui).getByLabel('Image')).toHaveValue('nginx');
  await ui.keyboard.press('Escape');
  await expect(ui.getByTestId('image-row-nginx:latest')).toContainText(/\d+(\.\d+)? MB/);
  await expect(ui.getByTestId('image-row-nginx:latest')).toContainText('Unused');
});

test('a pull shows how far it is, goes on in the background, and leaves nothing when cancelled', async ({
  ui,
  engine,
  world,
}) => {
  await withoutImage(engine, 'redis');
  const usedBefore = (await engine.call('SystemDataUsage')).LayersSize ?? 0;
  await using slow = await slowRegistry(world.registryUrl ?? '', 400_000);
  const name = `${slow.host}/library/redis:latest`;
  await openPage(ui, 'Images');
  await ui.getByRole('button', { name: 'Pull', exact: true }).click();
  await dialog(ui).getByLabel('Image').fill(name);
  await dialog(ui).getByRole('button', { name: 'Pull', exact: true }).click();
  await expect(dialog(ui).getByText('Downloading').first()).toBeVisible();
  const whole = dialog(ui).getByRole('progressbar', { name: 'Whole image' });
  await expect.poll(async () => Number(await whole.getAttribute('aria-valuenow'))).toBeGreaterThan(0);
  await expect(dialog(ui)).toContainText(/[\d.]+ [kM]?B of [\d.]+ MB/);

  await dialog(ui).getByRole('button', { name: 'Go on in the background' }).click();
  await ui.getByRole('button', { name: '1 running' }).click();
  await expect(dialog(ui)).toContainText(`Pull ${name}`);
  await dialog(ui).getByRole('button', { name: 'Cancel', exact: true }).click();
  await expect(dialog(ui)).toContainText('Cancelled');
  await ui.keyboard.press('Escape');

  await expect(ui.getByTestId(`image-row-${name}`)).toHaveCount(0);
  const ingest = path.join(path.dirname(world.socket), 'd/content/ingest');
  await expect.poll(() => readdir(ingest)).toEqual([]);
  expect((await engine.call('SystemDataUsage')).LayersSize ?? 0).toBeLessThanOrEqual(usedBefore);
});

test('an image that does not exist is said so, with what to do', async ({ ui }) => {
  await openPage(ui, 'Images');
  await ui.getByRole('button', { name: 'Pull', exact: true }).click();
  await dialog(ui).getByLabel('Image').fill('no-such-image-here:1');
  await ui.keyboard.press('Enter');
  const problem = dialog(ui).getByRole('alert');
  await expect(problem).toContainText('no-such-image-here');
  await expect(problem.locator('p')).toHaveCount(2);
  await expect(dialog(ui).getByRole('button', { name: 'Try again' })).toBeEnabled();
});

test('details, layers and tags of an image', async ({ ui, engine }) => {
  await havingImages(engine, 'nginx');
  await openPage(ui, 'Images');
  const row = ui.getByTestId('image-row-nginx:latest');
  await row.getByRole('button', { name: /^nginx/ }).click();
  const layers = dialog(ui).getByRole('list', { name: 'Layers, newest first' });
  await expect(layers.getByRole('listitem').first()).toBeVisible();
  await expect(dialog(ui)).toContainText('80/tcp');
  await expect(dialog(ui)).toContainText(/linux\/(amd64|arm64)/);
  await ui.keyboard.press('Escape');

  await row.getByRole('button', { name: 'More for nginx:latest' }).click();
  await ui.getByRole('menuitem', { name: 'Tag' }).click();
  await dialog(ui).getByLabel('New name').fill('shop/web:2.1');
  await ui.keyboard.press('Enter');
  await expect(ui.getByTestId('image-row-shop/web:2.1')).toBeVisible();

  await ui.getByLabel('Filter images').fill('shop/');
  await expect(ui.getByRole('table', { name: 'Images' }).getByTestId(/^image-row/)).toHaveCount(1);
  await ui.getByTestId('image-row-shop/web:2.1').getByRole('button', { name: 'Remove shop/web:2.1' }).click();
  await expect(dialog(ui)).toContainText('Remove shop/web:2.1?');
  await expect(dialog(ui)).toContainText(/[\d.]+ MB/);
  await confirm(ui, 'Remove');
  await expect(ui.getByText('The filter hides all images')).toBeVisible();
});

test('an image a running container needs is not removed, and the engine says who uses it', async ({ ui, engine }) => {
  // With one tag only: a further one could be taken away without harm.
  await withoutImage(engine, 'busybox');
  await runningBusybox(engine, 'needs-it');
  await openPage(ui, 'Images');
  const row = ui.getByTestId('image-row-busybox:latest');
  await expect(row).toContainText('In use');
  await row.getByRole('button', { name: 'Remove busybox:latest' }).click();
  await expect(dialog(ui)).toContainText('Used by needs-it');
  await dialog(ui).getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(dialog(ui).getByRole('alert')).toContainText(/in use|using/i);
  await dialog(ui).getByRole('button', { name: 'Cancel' }).click();
  await expect(row).toBeVisible();
});
