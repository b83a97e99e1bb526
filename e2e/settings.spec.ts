import { dialog, expect, openPage, test } from './wharf-test.ts';

test('the theme changes at once and is kept', async ({ ui }) => {
  const dark = () => ui.evaluate("document.documentElement.classList.contains('dark')");
  const canvas = () => ui.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  await openPage(ui, 'Settings');
  await ui.getByRole('radio', { name: 'Light' }).click();
  await expect.poll(dark).toBe(false);
  const light = await canvas();
  await ui.getByRole('radio', { name: 'Dark' }).click();
  await expect.poll(dark).toBe(true);
  await expect.poll(canvas).not.toBe(light);

  await ui.reload();
  await expect(ui.getByRole('radio', { name: 'Dark' })).toHaveAttribute('aria-checked', 'true');
  expect(await dark()).toBe(true);
  await ui.getByRole('button', { name: 'Switch to light' }).click();
  await expect.poll(dark).toBe(false);
  await expect(ui.getByRole('radio', { name: 'Light' })).toHaveAttribute('aria-checked', 'true');
});

test('settings are found by their words', async ({ ui }) => {
  await openPage(ui, 'Settings');
  await expect(ui.getByText('Log level of the engine')).toBeVisible();
  await ui.getByLabel('Search the settings').fill('proxy');
  await expect(ui.getByLabel('HTTP proxy')).toBeVisible();
  await expect(ui.getByText('Log level of the engine')).toHaveCount(0);
  await expect(ui.getByRole('heading', { name: 'Appearance' })).toBeHidden();
});

test('the checks say what works', async ({ ui }) => {
  await openPage(ui, 'Settings');
  await ui.getByRole('button', { name: 'Run the checks' }).click();
  const results = ui.getByRole('list', { name: 'Results' });
  await expect(results).toContainText(/The engine answers in \d+ ms/);
  await expect(results).toContainText(/Live events connected/);
  await expect(results).toContainText(/Registries answer all of them/);
  await ui.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(dialog(ui)).toContainText('Log of the engine');
});

test('engine settings are saved together and kept', async ({ ui }) => {
  await openPage(ui, 'Settings');
  await expect(ui.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await ui.getByLabel('Insecure registries').fill('registry.local:5000');
  await ui.getByLabel('Log level').selectOption('debug');
  await ui.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(ui.getByText('It takes effect when the engine starts again.')).toBeVisible();
  await ui.reload();
  await expect(ui.getByLabel('Insecure registries')).toHaveValue('registry.local:5000');
  await expect(ui.getByLabel('Log level')).toHaveValue('debug');
});

test('signing in asks the registry, and a wrong password is not kept', async ({ ui, world }) => {
  const registry = new URL(world.registryUrl ?? '').host;
  await openPage(ui, 'Settings');
  await ui.getByRole('button', { name: 'Sign in to a registry' }).click();
  await dialog(ui).getByLabel('Registry').fill('127.0.0.1:9');
  await dialog(ui).getByLabel('User name').fill('anna');
  await dialog(ui).getByLabel('Password or access token').fill('wrong');
  await ui.keyboard.press('Enter');
  await expect(dialog(ui).getByRole('alert')).toBeVisible();
  await dialog(ui).getByLabel('Registry').fill(registry);
  await dialog(ui).getByRole('button', { name: 'Sign in' }).click();
  await expect(ui.getByText('as anna')).toBeVisible();
  await ui.getByRole('button', { name: 'Sign out' }).click();
  await expect(ui.getByText('as anna')).toHaveCount(0);
});
