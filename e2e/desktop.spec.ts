import { expect, test } from './fixture.ts';

/** What only the desktop shell has: these run under Electron or its stand-in, not in a browser. */
test('the window holds no privilege', async ({ ui, desktop }) => {
  const seen = await ui.evaluate(() => {
    const global = globalThis as Record<string, unknown>;
    return [typeof global.require, typeof global.process, Object.isFrozen(global.wharfHost)];
  });
  expect(seen).toEqual(['undefined', 'undefined', true]);
  const answers = await ui.evaluate(async () => {
    const host = (globalThis as unknown as { wharfHost: { invoke(m: string, i: unknown): Promise<{ ok: boolean }> } })
      .wharfHost;
    const calls = [
      host.invoke('no.such', null),
      host.invoke('shell.openExternal', { url: 'file:///etc/passwd' }),
      host.invoke('settings.set', { theme: 'pink' }),
      host.invoke('app.info', null),
    ];
    return (await Promise.all(calls)).map((reply) => reply.ok);
  });
  expect(answers).toEqual([false, false, false, true]);
  expect(await desktop.evaluate(({ app }) => app.getName())).toBe('Wharf');
});

test('menu, tray and theme of the desktop app', async ({ ui, desktop }) => {
  await desktop.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('go:/images')?.click());
  await expect(ui).toHaveURL(/images/);
  await desktop.evaluate(({ nativeTheme }) => {
    nativeTheme.themeSource = 'dark';
  });
  await expect.poll(() => ui.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")).toBe(true);
});

test('closing the window keeps the app in the tray', async ({ ui, desktop }) => {
  const window = await desktop.browserWindow(ui);
  await window.evaluate((shown) => shown.close());
  expect(await window.evaluate((shown) => [shown.isDestroyed(), shown.isVisible()])).toEqual([false, false]);
});
