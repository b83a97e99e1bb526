import { dialog, expect, openPage, runningBusybox, test } from './wharf-test.ts';

test('pages by number, settings by comma, the filter by a slash', async ({ ui, engine }) => {
  await runningBusybox(engine, 'keys');
  await openPage(ui, 'Home');
  const names = ['Home', 'Containers', 'Images', 'Registry', 'Volumes', 'Networks', 'Extensions', 'Plugins'];
  for (const [at, name] of names.entries()) {
    await ui.keyboard.press(`Control+${at + 1}`);
    await expect(ui.getByRole('heading', { level: 1, name })).toBeVisible();
  }
  await ui.keyboard.press('Control+,');
  await expect(ui.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await ui.keyboard.press('Control+2');
  await ui.keyboard.press('/');
  await expect(ui.getByLabel('Filter containers')).toBeFocused();
  await ui.keyboard.type('a/b');
  await expect(ui.getByLabel('Filter containers')).toHaveValue('a/b');
  await ui.keyboard.press('Escape');
  await expect(ui.getByLabel('Filter containers')).toHaveValue('');
});

test('the palette finds pages, containers and acts', async ({ ui, engine }) => {
  await runningBusybox(engine, 'palette-box');
  await openPage(ui, 'Home');
  await ui.keyboard.press('Control+k');
  await expect(ui.getByPlaceholder(/^Go to a page/)).toBeFocused();
  await ui.keyboard.type('netw');
  await ui.keyboard.press('Enter');
  await expect(ui.getByRole('heading', { level: 1, name: 'Networks' })).toBeVisible();

  await ui.keyboard.press('Control+k');
  await ui.keyboard.type('stop palette');
  await expect(ui.getByRole('option', { name: 'Stop palette-box' })).toBeVisible();
  await ui.keyboard.press('Enter');
  await expect
    .poll(async () => (await engine.call('ContainerInspect', { params: { id: 'palette-box' } })).State.Status)
    .toBe('exited');

  await ui.keyboard.press('Control+k');
  await ui.keyboard.type('pull an');
  await ui.keyboard.press('Enter');
  await expect(dialog(ui)).toContainText('Pull an image');
  await ui.keyboard.press('Escape');
  await expect(dialog(ui)).toHaveCount(0);
  await ui.keyboard.press('Control+k');
  await ui.keyboard.type('nothing has such a name');
  await expect(ui.getByText('Nothing matches.')).toBeVisible();
  await ui.keyboard.press('Control+k');
  await expect(dialog(ui)).toHaveCount(0);
});

test('dialogs start at their field, keep the focus and give it back', async ({ ui }) => {
  await openPage(ui, 'Networks');
  const create = ui.getByRole('button', { name: 'Create', exact: true });
  await create.focus();
  await ui.keyboard.press('Enter');
  await expect(dialog(ui).getByLabel('Name')).toBeFocused();
  const inside = () => ui.evaluate("document.activeElement?.closest('[role=dialog]') !== null");
  for (let times = 0; times < 12; times++) {
    await ui.keyboard.press('Tab');
    expect(await inside()).toBe(true);
  }
  await ui.keyboard.press('Escape');
  await expect(dialog(ui)).toHaveCount(0);
  await expect(create).toBeFocused();
});

test('a container is opened, and its tabs changed, with the keyboard alone', async ({ ui, engine }) => {
  await runningBusybox(engine, 'by-keys');
  await ui.keyboard.press('Control+2');
  const link = ui.getByRole('link', { name: 'by-keys', exact: true });
  await expect(link).toBeVisible();
  for (let times = 0; times < 60; times++) {
    if ((await ui.evaluate('document.activeElement?.textContent')) === 'by-keys') break;
    await ui.keyboard.press('Tab');
  }
  await ui.keyboard.press('Enter');
  await expect(ui.getByRole('heading', { level: 1 })).toContainText('by-keys');
  await ui.getByRole('tab', { name: 'Logs' }).focus();
  await ui.keyboard.press('ArrowRight');
  await expect(ui.getByRole('tab', { name: 'Inspect' })).toBeFocused();
  await ui.keyboard.press('Enter');
  await expect(ui.getByRole('region', { name: 'Details' })).toBeVisible();
});
