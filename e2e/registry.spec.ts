import { confirm, dialog, expect, openPage, test, withoutImage } from './wharf-test.ts';

test('search, kinds, tags and a pull from a card', async ({ ui, engine }) => {
  await withoutImage(engine, 'hello-wharf');
  await openPage(ui, 'Registry');
  const cards = ui.getByRole('list', { name: 'Repositories' }).getByRole('article');
  await expect(ui.getByTestId(/^repository-.*nginx$/)).toBeVisible();
  const all = await cards.count();
  expect(all).toBeGreaterThan(5);

  await ui.getByRole('radio', { name: 'Plugins' }).click();
  await expect(cards).toHaveCount(1);
  await expect(cards.first()).toContainText('Adminer');
  await expect(cards.first().getByRole('button', { name: /^Run/ })).toHaveCount(0);
  await ui.getByRole('radio', { name: 'Images' }).click();
  await expect(ui.getByTestId(/^repository-.*adminer$/)).toHaveCount(0);
  await ui.getByRole('radio', { name: 'All' }).click();
  // The starter images are for this machine's kind only.
  const foreign = process.arch === 'x64' ? 'linux/s390x' : 'windows/amd64';
  await ui.getByLabel('Platform').selectOption(foreign);
  await expect(ui.getByTestId(/^repository-.*nginx$/)).toHaveCount(0);
  await ui.getByLabel('Platform').selectOption('');
  await expect(ui.getByTestId(/^repository-.*nginx$/)).toBeVisible();

  const search = ui.getByLabel('Search the registries');
  await search.fill('hello');
  await ui.keyboard.press('Enter');
  await expect(cards).toHaveCount(1);
  await cards.first().getByRole('button').first().click();
  await expect(dialog(ui).getByRole('list', { name: 'Tags' }).getByRole('listitem')).toHaveCount(2);
  await dialog(ui)
    .getByRole('button', { name: /^Pull .*hello-wharf:1\.0$/ })
    .click();
  await expect(dialog(ui).getByRole('button', { name: 'Run it' })).toBeVisible({ timeout: 30_000 });
  await ui.keyboard.press('Escape');
  await expect(dialog(ui).getByRole('list', { name: 'Tags' })).toBeVisible();
  await ui.keyboard.press('Escape');
  await openPage(ui, 'Images');
  await expect(ui.getByTestId('image-row-hello-wharf:1.0')).toBeVisible();
});

test('an image is run from its card; what nobody has is said so', async ({ ui }) => {
  await openPage(ui, 'Registry');
  const search = ui.getByLabel('Search the registries');
  await search.fill('no repository is named like this');
  await ui.keyboard.press('Enter');
  await expect(ui.getByText('Nothing found for')).toBeVisible();
  await search.fill('hello');
  await ui.getByRole('button', { name: 'Search', exact: true }).click();
  await ui.getByRole('button', { name: /^Run .*hello-wharf$/ }).click();
  await dialog(ui).getByRole('button', { name: 'Run', exact: true }).click();
  await expect(ui.getByTestId('log-output')).toContainText('Wharf', { timeout: 30_000 });
});

test('a registry that is down is named; the others still answer', async ({ ui }) => {
  await openPage(ui, 'Settings');
  // Nothing listens on port 9 of this machine.
  await ui.getByLabel('Address of a registry').fill('127.0.0.1:9');
  await ui.keyboard.press('Enter');
  await expect(ui.getByRole('button', { name: 'Forget 127.0.0.1:9' })).toBeVisible();

  await openPage(ui, 'Registry');
  await expect(ui.getByText('127.0.0.1:9 did not answer.')).toBeVisible();
  await expect(ui.getByTestId(/^repository-.*nginx$/)).toBeVisible();
  await ui.getByLabel('Registry', { exact: true }).selectOption('127.0.0.1:9');
  await expect(ui.getByTestId(/^repository-/)).toHaveCount(0);
  await ui.getByRole('button', { name: 'Try again' }).click();
  await expect(ui.getByText('127.0.0.1:9 did not answer.')).toBeVisible();

  await openPage(ui, 'Settings');
  await ui.getByRole('button', { name: 'Forget 127.0.0.1:9' }).click();
  await expect(ui.getByRole('button', { name: 'Forget 127.0.0.1:9' })).toHaveCount(0);
  await openPage(ui, 'Registry');
  await expect(ui.getByTestId(/^repository-.*nginx$/)).toBeVisible();
  await expect(ui.getByText('did not answer')).toHaveCount(0);
});

test('an image is pushed to a registry of the user’s own, and found there', async ({ ui, engine, world }) => {
  const registry = new URL(world.registryUrl ?? '').host;
  const mine = `${registry}/team/tool:1.0`;
  await openPage(ui, 'Images');
  await engine.call('ImageList');
  for await (const _ of engine.jsonStream('ImageCreate', { query: { fromImage: 'busybox', tag: 'latest' } }));
  await ui.getByTestId('image-row-busybox:latest').getByRole('button', { name: 'More for busybox:latest' }).click();
  await ui.getByRole('menuitem', { name: 'Tag' }).click();
  await dialog(ui).getByLabel('New name').fill(mine);
  await ui.keyboard.press('Enter');
  await ui
    .getByTestId(`image-row-${mine}`)
    .getByRole('button', { name: `More for ${mine}` })
    .click();
  await ui.getByRole('menuitem', { name: 'Push' }).click();
  await expect(dialog(ui)).toContainText(`Push ${mine}`);
  await expect(dialog(ui)).toContainText('Done');
  await ui.keyboard.press('Escape');
  const tags = await fetch(`${world.registryUrl}/v2/team/tool/tags/list`);
  expect(await tags.json()).toEqual({ name: 'team/tool', tags: ['1.0'] });

  await ui
    .getByTestId(`image-row-${mine}`)
    .getByRole('button', { name: `Remove ${mine}` })
    .click();
  await confirm(ui, 'Remove');
  await expect(ui.getByTestId(`image-row-${mine}`)).toHaveCount(0);
});
