import { confirm, dialog, expect, openPage, runningBusybox, test } from './wharf-test.ts';

test('a network is created, joined by a running container, left and removed', async ({ ui, engine, wharf }) => {
  await runningBusybox(engine, 'walker');
  await openPage(ui, 'Networks');
  await expect(ui.getByTestId('network-row-bridge')).toContainText('Predefined');
  await expect(ui.getByTestId('network-row-bridge').getByRole('button', { name: 'Remove bridge' })).toBeDisabled();
  await ui.getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(ui).getByLabel('Name').fill('shop-net');
  await dialog(ui).getByLabel('Subnet').fill('10.99.7.0/24');
  await ui.keyboard.press('Enter');
  const row = ui.getByTestId('network-row-shop-net');
  await expect(row).toContainText('10.99.7.0/24');

  await row.getByRole('button', { name: 'shop-net', exact: true }).click();
  await expect(dialog(ui)).toContainText('No running container is on this network.');
  await dialog(ui).getByLabel('Container to connect').selectOption('walker');
  await dialog(ui).getByRole('button', { name: 'Connect' }).click();
  await expect(dialog(ui).getByRole('listitem')).toContainText(/walker\s*10\.99\.7\.\d+/);
  expect(await wharf('exec', 'walker', 'ip', 'addr')).toContain('10.99.7.');
  await ui.keyboard.press('Escape');
  await expect(row.getByRole('cell').nth(3)).toHaveText('1');

  await row.getByRole('button', { name: 'Remove shop-net' }).click();
  await dialog(ui).getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(dialog(ui).getByRole('alert')).toContainText('walker');
  await dialog(ui).getByRole('button', { name: 'Cancel' }).click();

  await row.getByRole('button', { name: 'shop-net', exact: true }).click();
  await dialog(ui).getByRole('button', { name: 'Disconnect walker' }).click();
  await expect(dialog(ui)).toContainText('No running container is on this network.');
  expect(await wharf('exec', 'walker', 'ip', 'addr')).not.toContain('10.99.7.');
  await ui.keyboard.press('Escape');
  await row.getByRole('button', { name: 'Remove shop-net' }).click();
  await confirm(ui, 'Remove');
  await expect(row).toHaveCount(0);
});

test('a subnet that is taken is said so; unused networks go at once', async ({ ui, wharf }) => {
  await wharf('network', 'create', '--subnet', '10.99.8.0/24', 'first');
  await openPage(ui, 'Networks');
  await ui.getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(ui).getByLabel('Name').fill('second');
  await dialog(ui).getByLabel('Subnet').fill('10.99.8.0/24');
  await ui.keyboard.press('Enter');
  await expect(dialog(ui).getByRole('alert')).toContainText('overlaps');
  await dialog(ui).getByLabel('Subnet').fill('');
  await dialog(ui).getByRole('switch', { name: 'Internal' }).click();
  await dialog(ui).getByRole('button', { name: 'Create' }).click();
  await expect(ui.getByTestId('network-row-second')).toContainText('Internal');

  await ui.getByRole('button', { name: 'Remove unused' }).click();
  await confirm(ui, 'Remove unused networks');
  await expect(ui.getByTestId(/^network-row-/)).toHaveCount(3);
});
