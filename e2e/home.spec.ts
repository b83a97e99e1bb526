import { dialog, expect, havingImages, openPage, test, withoutImage } from './wharf-test.ts';

test('the first container is one click away', async ({ ui, engine }) => {
  await withoutImage(engine, 'hello-wharf');
  await openPage(ui, 'Home');
  await expect(ui.getByTestId('engine-status')).toContainText('Engine running');
  await expect(ui.getByRole('heading', { name: 'First steps' })).toBeVisible();
  await expect(ui.getByText('0 running', { exact: true })).toBeVisible();

  await ui.getByRole('button', { name: 'Run hello-wharf' }).click();
  await expect(dialog(ui).getByLabel('Image')).toHaveValue('hello-wharf');
  await dialog(ui).getByRole('button', { name: 'Run', exact: true }).click();

  // Pulled, created, started, and its words are on the screen.
  await expect(ui.getByTestId('log-output')).toContainText('Wharf', { timeout: 40_000 });
  await expect(ui.getByText('Exited (0)').first()).toBeVisible();
  await openPage(ui, 'Home');
  await expect(ui.getByRole('heading', { name: 'First steps' })).toHaveCount(0);
});

test('what the command line does shows up by itself', async ({ ui, engine, wharf }) => {
  await havingImages(engine, 'busybox');
  await openPage(ui, 'Home');
  await expect(ui.getByText('Nothing runs right now.')).toBeVisible();

  await wharf('run', '-d', '--name', 'from-the-shell', 'busybox', 'sh', '-c', 'while :; do :; done');
  const events = ui.getByRole('list', { name: 'Recent events' });
  await expect(events.getByRole('listitem').filter({ hasText: 'from-the-shell start' })).toBeVisible();
  await expect(ui.getByRole('link', { name: 'from-the-shell' })).toBeVisible();
  await expect(ui.getByText('1 running', { exact: true })).toBeVisible();
  // A loop without a pause uses a core; the gauge says so within a few samples.
  const cpu = ui.getByText('CPU of containers').locator('..');
  await expect(cpu).toContainText(/[1-9]\d(\.\d+)? ?%/);

  await wharf('rm', '-f', 'from-the-shell');
  await expect(events.getByRole('listitem').filter({ hasText: 'from-the-shell destroy' })).toBeVisible();
  await expect(ui.getByText('Nothing runs right now.')).toBeVisible();
});

test('the engine tells what it is made of', async ({ ui }) => {
  await openPage(ui, 'Home');
  const card = ui.locator('section').filter({ has: ui.getByRole('heading', { name: 'Engine', exact: true }) });
  for (const fact of ['Version', 'API', 'Runtime', 'Storage', 'Cgroups', 'Kernel'])
    await expect(card.getByText(fact, { exact: true })).toBeVisible();
});
