import { expect, test } from './fixture.ts';

test('the app opens and reaches the engine', async ({ ui, world, hostKind }) => {
  await expect(ui.getByRole('navigation').first()).toBeVisible();
  const status = await ui.evaluate(async () => {
    const response = await fetch('/engine/_ping', { headers: { 'x-wharf': '1' } }).catch(() => undefined);
    return response?.status;
  });
  if (hostKind === 'web') expect(status).toBe(200);
  expect(world.socket).not.toBe('');
});
