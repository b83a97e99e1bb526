import { confirm, dialog, expect, openPage, runningBusybox, test } from './wharf-test.ts';

const labelled = (label: string) => ({ query: { all: true, filters: { label: [label] } } });

test('an extension is installed with its permissions in view, works, and goes without a trace', async ({
  ui,
  engine,
}) => {
  await runningBusybox(engine, 'seen-by-extension');
  await openPage(ui, 'Extensions');
  const catalogue = ui.getByRole('list', { name: 'extension catalogue' });
  await catalogue.getByRole('button', { name: /^Install / }).click();
  await expect(dialog(ui).getByRole('list', { name: 'Permissions' })).toContainText('Run docker commands', {
    timeout: 40_000,
  });
  await dialog(ui).getByRole('button', { name: 'Install', exact: true }).click();
  const open = ui.getByRole('link', { name: /^Open / });
  await expect(open).toBeVisible({ timeout: 40_000 });
  await expect(catalogue).toContainText('Installed');

  await open.click();
  const page = ui.frameLocator('[data-testid=extension-frame]');
  await expect(page.getByRole('heading', { name: 'Disk usage' })).toBeVisible();
  // docker.cli, listContainers and the service in its own container, each by ddClient.
  await expect(page.locator('#cards')).toContainText('Images');
  await expect(page.locator('#cards')).toContainText('Local Volumes');
  await expect(page.locator('#containers')).toContainText('seen-by-extension');
  await expect(page.locator('#host')).toContainText(/Load .* memory free/);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await expect(ui.getByText('Read again')).toBeVisible();
  await page.getByText('seen-by-extension').click();
  await expect(ui.getByRole('heading', { level: 1 })).toContainText('seen-by-extension');

  // Its container is kept out of the list.
  expect(await engine.call('ContainerList', labelled('io.wharf.extension'))).toHaveLength(1);
  await openPage(ui, 'Containers');
  await expect(ui.getByTestId('container-row-seen-by-extension')).toBeVisible();
  await expect(ui.getByTestId(/^container-row-/)).toHaveCount(1);

  await openPage(ui, 'Extensions');
  await ui.getByRole('button', { name: /^Remove / }).click();
  await confirm(ui, 'Remove');
  await expect(open).toHaveCount(0);
  await expect.poll(() => engine.call('ContainerList', labelled('io.wharf.extension'))).toEqual([]);
});

test('what is no extension is refused with the reason', async ({ ui }) => {
  await openPage(ui, 'Extensions');
  await ui.getByRole('button', { name: 'Install by name' }).click();
  await dialog(ui).getByLabel('Image').fill('busybox');
  await ui.keyboard.press('Enter');
  await expect(dialog(ui).getByRole('alert')).toContainText('busybox', { timeout: 30_000 });
  await dialog(ui).getByRole('button', { name: 'Close' }).last().click();
  await expect(dialog(ui)).toHaveCount(0);
});
