import type { Page } from '@playwright/test';
import { dialog, expect, havingImages, openPage, runningBusybox, test } from './wharf-test.ts';

/**
 * Runs in the page: what a screen reader could not name or find. By hand rather than with a checker of its own, for the
 * rules asked for are few: names for everything that can be acted on, landmarks, one main heading, no doubled ids.
 */
const findProblems = `(() => {
  const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[aria-hidden=true]');
  const textOf = (ids) => ids.split(/\\s+/).map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
  const nameOf = (element) => {
    const labelled = element.getAttribute('aria-labelledby');
    if (labelled) return textOf(labelled);
    if (element.getAttribute('aria-label')) return element.getAttribute('aria-label');
    if (element.labels?.length) return [...element.labels].map((label) => label.textContent).join(' ');
    const pictures = [...element.querySelectorAll('img[alt], svg[aria-label]')];
    const text = element.matches('input, select, textarea') ? '' : element.textContent;
    return text + pictures.map((each) => each.getAttribute('alt') ?? each.getAttribute('aria-label')).join(' ');
  };
  const describe = (element) => element.outerHTML.slice(0, 160);
  const problems = [];
  const acts = 'button, a[href], input, select, textarea, summary, [role=button], [role=tab], [role=switch], [role=radio], [role=menuitem], [role=option], iframe';
  for (const element of document.querySelectorAll(acts)) {
    if (!shown(element) || element.type === 'hidden') continue;
    const name = element.matches('iframe') ? element.title : nameOf(element);
    if (!name || name.trim() === '') problems.push('no name: ' + describe(element));
  }
  for (const element of document.querySelectorAll('[role=dialog], [role=progressbar], [role=radiogroup], [role=tablist], table, section[tabindex], nav'))
    if (shown(element) && !nameOf(element).trim()) problems.push('no name: ' + describe(element));
  for (const image of document.querySelectorAll('img'))
    if (!image.hasAttribute('alt')) problems.push('no alt: ' + describe(image));
  for (const header of document.querySelectorAll('th'))
    if (shown(header) && header.scope !== 'col' && header.scope !== 'row' && header.textContent.trim())
      problems.push('a header of nothing: ' + describe(header));
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  for (const id of new Set(ids.filter((each, at) => ids.indexOf(each) !== at))) problems.push('id twice: ' + id);
  for (const element of document.querySelectorAll('[aria-labelledby], [aria-describedby], [aria-controls]'))
    for (const attribute of ['aria-labelledby', 'aria-describedby'])
      for (const id of (element.getAttribute(attribute) ?? '').split(/\\s+/).filter(Boolean))
        if (!document.getElementById(id)) problems.push(attribute + ' of nothing: ' + describe(element));
  if (document.querySelectorAll('main').length !== 1) problems.push('not one main');
  if (document.querySelectorAll('h1').length !== 1) problems.push('not one main heading');
  if (!document.documentElement.lang) problems.push('no language');
  if (!document.title) problems.push('no title');
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].filter(shown).map((each) => Number(each.tagName[1]));
  levels.forEach((level, at) => {
    if (at > 0 && level > levels[at - 1] + 1) problems.push('heading level skipped before h' + level);
  });
  return problems;
})()`;

async function check(ui: Page, where: string): Promise<void> {
  expect(await ui.evaluate<string[]>(findProblems), where).toEqual([]);
}

test('on every page all can be named, and there are landmarks', async ({ ui, engine, wharf }) => {
  await runningBusybox(engine, 'named');
  await wharf('volume', 'create', 'named-data');
  const names = [
    'Home',
    'Containers',
    'Images',
    'Registry',
    'Volumes',
    'Networks',
    'Extensions',
    'Plugins',
    'Settings',
  ] as const;
  for (const name of names) {
    await openPage(ui, name);
    // Until lists have come there is little to check.
    await expect(ui.getByLabel(/^(Loading|Searching)/)).toHaveCount(0);
    await check(ui, name);
    for (const landmark of ['navigation', 'main', 'banner'] as const)
      await expect(ui.getByRole(landmark).first()).toBeVisible();
    await expect(ui.getByRole('navigation').locator('[aria-current=page]')).toHaveCount(1);
  }
});

test('on every page about registries, too', async ({ ui, world }) => {
  const registry = new URL(world.registryUrl ?? '').host;
  await openPage(ui, 'Registry');
  await ui.getByRole('tab', { name: 'Your registry' }).click();
  await expect(ui.getByRole('heading', { name: 'Users' })).toBeVisible();
  await check(ui, 'own registry');
  await ui.getByRole('button', { name: 'Add a user' }).click();
  await check(ui, 'add a user');
  await ui.keyboard.press('Escape');
  await ui.getByRole('tab', { name: 'Browse' }).click();
  await ui.getByLabel('Registry to browse').selectOption(registry);
  await expect(ui.getByTestId('stored-library/nginx')).toBeVisible();
  await check(ui, 'repositories');
  await ui.getByRole('button', { name: /^library\/nginx/ }).click();
  await expect(ui.getByTestId('tag-latest')).toBeVisible();
  await check(ui, 'tags');
  await ui.getByRole('button', { name: 'latest', exact: true }).click();
  await expect(ui.getByRole('list', { name: 'Layers, lowest first' })).toBeVisible();
  await check(ui, 'manifest');
});

test('on every tab of a container, too', async ({ ui, engine }) => {
  await runningBusybox(engine, 'tabbed');
  await openPage(ui, 'Containers');
  await ui.getByRole('link', { name: 'tabbed', exact: true }).click();
  for (const tab of ['Logs', 'Inspect', 'Terminal', 'Stats', 'Processes']) {
    await ui.getByRole('tab', { name: tab }).click();
    await expect(ui.getByRole('tab', { name: tab })).toHaveAttribute('aria-selected', 'true');
    await check(ui, tab);
  }
});

test('in dialogs, drawers, menus and the palette', async ({ ui, engine }) => {
  await havingImages(engine, 'busybox');
  await openPage(ui, 'Images');
  const leave = async () => {
    await ui.keyboard.press('Escape');
    await expect(dialog(ui)).toHaveCount(0);
  };
  await ui.getByRole('button', { name: 'Run busybox:latest' }).click();
  await dialog(ui).getByRole('button', { name: 'Ports, volumes, environment and limits' }).click();
  for (const what of ['port', 'volume', 'variable'])
    await dialog(ui)
      .getByRole('button', { name: `Add ${what}` })
      .click();
  await check(ui, 'run dialog');
  await leave();
  await ui.getByRole('button', { name: 'Pull', exact: true }).click();
  await check(ui, 'pull dialog');
  await leave();
  await ui.getByRole('button', { name: /^busybox/ }).click();
  await expect(dialog(ui).getByRole('list', { name: 'Layers, newest first' })).toBeVisible();
  await check(ui, 'image drawer');
  await leave();
  await ui.getByRole('button', { name: 'More for busybox:latest' }).click();
  await check(ui, 'menu');
  await ui.getByRole('menuitem', { name: 'Remove' }).click();
  await check(ui, 'confirmation');
  await leave();
  await ui.keyboard.press('Control+k');
  await expect(dialog(ui)).toBeVisible();
  await check(ui, 'palette');
});
