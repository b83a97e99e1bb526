import type { Page } from '@playwright/test';
import { Pusher, pushShop } from './shop-content.ts';
import { confirm, dialog, expect, openPage, test } from './wharf-test.ts';

async function openTab(ui: Page, tab: 'Search' | 'Browse' | 'Your registry'): Promise<void> {
  await openPage(ui, 'Registry');
  await ui.getByRole('tab', { name: tab }).click();
}

/** Lets it take any free port, and starts it. @returns its base URL */
async function startOwn(ui: Page): Promise<string> {
  await openTab(ui, 'Your registry');
  await ui.getByLabel('Address', { exact: true }).fill('127.0.0.1:0');
  await ui.getByRole('button', { name: 'Save' }).click();
  await expect(ui.getByRole('button', { name: 'Save' })).toBeDisabled();
  await ui.getByRole('button', { name: 'Start', exact: true }).click();
  const address = ui.getByTestId('own-registry-address');
  await expect(address).toBeVisible();
  return `http://${await address.textContent()}`;
}

test('the app starts a registry, shows what is pushed to it, deletes from it, and stops it', async ({ ui }) => {
  const url = await startOwn(ui);
  await pushShop(new Pusher(url));
  await ui.getByRole('button', { name: 'Browse', exact: true }).click();
  await expect(ui.getByTestId('stored-charts/shop')).toContainText('Artifact');
  await expect(ui.getByTestId('stored-team/shop')).toContainText('linux/amd64, linux/arm64');
  await ui.getByRole('button', { name: /^team\/shop/ }).click();
  await expect(ui.getByTestId('tag-2.0')).toContainText('linux/arm64');
  await ui.getByRole('button', { name: '2.0', exact: true }).click();
  const layers = ui.getByRole('list', { name: 'Layers, lowest first' }).getByRole('listitem');
  await expect(layers).toHaveCount(3);
  await expect(layers.nth(1)).toContainText('apt-get install -y nginx');
  await expect(ui.getByRole('list', { name: 'Attached' }).getByRole('listitem')).toHaveCount(2);
  await expect(ui.getByText('Signature', { exact: true })).toBeVisible();
  await ui.getByLabel('Platform').selectOption({ label: 'linux/arm64' });
  await expect(ui.getByText('linux/arm64', { exact: true }).last()).toBeVisible();

  // One of two names: nothing comes free, and the other goes on.
  await ui.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(dialog(ui)).toContainText('Only this name goes');
  await confirm(ui, 'Delete');
  await expect(ui.getByTestId('tag-2.0')).toHaveCount(0);
  await expect(ui.getByTestId('tag-latest')).toContainText('linux/arm64');
  await ui.getByRole('button', { name: 'Delete team/shop:1.0' }).click();
  await expect(dialog(ui)).toContainText('Frees up to');
  await confirm(ui, 'Delete');
  await expect(ui.getByTestId('tag-1.0')).toHaveCount(0);
  expect((await fetch(`${url}/v2/team/shop/manifests/1.0`)).status).toBe(404);
  expect((await fetch(`${url}/v2/team/shop/manifests/1.1`)).status).toBe(200);

  await ui.getByRole('tab', { name: 'Your registry' }).click();
  await expect(ui.getByTestId('registry-space')).toContainText(/2\s*repositories/);
  await ui.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(ui.getByRole('button', { name: 'Start', exact: true })).toBeVisible();
  await expect(fetch(`${url}/v2/`)).rejects.toThrow();
});

test('users close the registry to strangers; the app signs itself in', async ({ ui }) => {
  await startOwn(ui);
  await ui.getByRole('button', { name: 'Add a user' }).click();
  await dialog(ui).getByLabel('User name').fill('anna');
  await dialog(ui).getByLabel('Password').fill('a long secret');
  await dialog(ui).getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog(ui)).toHaveCount(0);
  await expect(ui.getByRole('list', { name: 'Users' })).toContainText('anna');
  await expect(ui.getByTestId('own-registry-address')).toBeVisible();
  const url = `http://${await ui.getByTestId('own-registry-address').textContent()}`;
  expect((await fetch(`${url}/v2/`)).status).toBe(401);
  await pushShop(new Pusher(url, { name: 'anna', password: 'a long secret' }));
  await ui.getByRole('button', { name: 'Browse', exact: true }).click();
  await expect(ui.getByTestId('stored-team/shop')).toBeVisible();
  await expect(ui.getByRole('button', { name: 'Signed in as anna' })).toBeVisible();

  await ui.getByRole('tab', { name: 'Your registry' }).click();
  await ui.getByRole('button', { name: 'Remove anna' }).click();
  await expect(dialog(ui)).toContainText('It is the last one');
  await confirm(ui, 'Remove');
  await expect(ui.getByText('No users: everybody on this machine')).toBeVisible();
});

test('retention says what it would remove before it does; collection says what it frees', async ({ ui }) => {
  const url = await startOwn(ui);
  await pushShop(new Pusher(url));
  await expect(ui.getByRole('button', { name: 'Dry run' })).toBeDisabled();
  await ui.getByLabel('Keep the last tags').fill('many');
  await expect(ui.getByText('A number, or nothing')).toBeVisible();
  await ui.getByLabel('Keep the last tags').fill('1');
  await ui.getByRole('button', { name: 'Save' }).click();
  // It was started again, and on any free port that is another one.
  await expect(ui.getByRole('button', { name: 'Dry run' })).toBeEnabled();
  await expect(ui.getByTestId('registry-space')).toBeVisible();
  await ui.getByRole('button', { name: 'Dry run' }).click();
  const doomed = dialog(ui).getByRole('list', { name: 'Would be removed' });
  await expect(doomed).toContainText('team/shop:1.0');
  await expect(doomed).not.toContainText('team/shop:latest');
  await dialog(ui)
    .getByRole('button', { name: /^Remove \d+$/ })
    .click();
  await expect(dialog(ui)).toHaveCount(0);
  const now = `http://${await ui.getByTestId('own-registry-address').textContent()}`;
  const { tags } = (await (await fetch(`${now}/v2/team/shop/tags/list`)).json()) as { tags: string[] };
  expect(tags).toContain('latest');
  expect(tags).not.toContain('1.0');
  await ui.getByRole('button', { name: 'Collect now' }).click();
  await expect(dialog(ui)).toContainText('Collect what nothing refers to?');
  await confirm(ui, 'Collect');
});

test('an address that is taken is told with what to do', async ({ ui, world }) => {
  await openTab(ui, 'Your registry');
  await ui.getByLabel('Address', { exact: true }).fill(new URL(world.registryUrl ?? '').host);
  await ui.getByRole('button', { name: 'Save' }).click();
  await expect(ui.getByRole('button', { name: 'Save' })).toBeDisabled();
  await ui.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(ui.getByRole('alert')).toContainText('did not start');
  await expect(ui.getByRole('alert')).toContainText('Choose another one');
  await expect(ui.getByRole('button', { name: 'Start', exact: true })).toBeEnabled();
});
