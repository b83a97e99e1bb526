import { confirm, dialog, expect, havingImages, openPage, test } from './wharf-test.ts';

test('volumes are created, marked while in use, looked at and removed', async ({ ui, engine, wharf }) => {
  await havingImages(engine, 'busybox');
  await openPage(ui, 'Volumes');
  await expect(ui.getByText('No volumes yet')).toBeVisible();
  await ui.getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(ui).getByLabel('Name').fill('shop-data');
  await ui.keyboard.press('Enter');
  const row = ui.getByTestId('volume-row-shop-data');
  await expect(row).toContainText('Unused');

  // A bad name is the engine's to judge; the dialog stays and says why.
  await ui.getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(ui).getByLabel('Name').fill('no/slashes');
  await ui.keyboard.press('Enter');
  await expect(dialog(ui).getByRole('alert')).toContainText('no/slashes');
  await ui.keyboard.press('Escape');
  await expect(dialog(ui)).toHaveCount(0);

  const write = 'head -c 3000000 /dev/zero > /data/file; sleep 3600';
  await wharf('run', '-d', '--name', 'keeper', '-v', 'shop-data:/data', 'busybox', 'sh', '-c', write);
  await expect(row).toContainText('In use by keeper');
  await row.getByRole('button', { name: 'shop-data', exact: true }).click();
  await expect(dialog(ui)).toContainText('keeper');
  await expect(dialog(ui)).toContainText('/volumes/shop-data');
  await ui.keyboard.press('Escape');

  await row.getByRole('button', { name: 'Remove shop-data' }).click();
  await expect(dialog(ui)).toContainText('keeper still uses it');
  await dialog(ui).getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(dialog(ui).getByRole('alert')).toContainText('in use');
  await dialog(ui).getByRole('button', { name: 'Cancel' }).click();

  await wharf('rm', '-f', 'keeper');
  await expect(row).toContainText('Unused');
  await expect(row).toContainText('3.00 MB');
  await row.getByRole('button', { name: 'Remove shop-data' }).click();
  await expect(dialog(ui)).toContainText('3.00 MB of data will be gone for good.');
  await confirm(ui, 'Remove');
  await expect(ui.getByText('No volumes yet')).toBeVisible();
});

test('removing all unused ones asks for a word, and frees them', async ({ ui, engine, wharf }) => {
  await havingImages(engine, 'busybox');
  for (const name of ['old-one', 'old-two', 'used-one']) await wharf('volume', 'create', name);
  await wharf('create', '--name', 'user', '-v', 'used-one:/data', 'busybox', 'true');
  await openPage(ui, 'Volumes');
  await ui.getByLabel('Filter volumes').fill('old');
  await expect(ui.getByTestId(/^volume-row-/)).toHaveCount(2);
  await ui.getByRole('button', { name: 'Clear the filter' }).click();
  await ui.getByRole('button', { name: 'Remove unused' }).click();
  await expect(dialog(ui)).toContainText('2 volumes');
  await expect(dialog(ui).getByRole('button', { name: 'Remove unused volumes' })).toBeDisabled();
  await dialog(ui).getByLabel('Type remove to go on').fill('remove');
  await confirm(ui, 'Remove unused volumes');
  await expect(ui.getByTestId(/^volume-row-/)).toHaveCount(1);
  await expect(ui.getByTestId('volume-row-used-one')).toContainText('In use by user');
});
