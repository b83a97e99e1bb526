import { answerAt, confirm, dialog, expect, openPage, test } from './wharf-test.ts';

test('a plugin is one click away, answers at its address, stops, starts and goes', async ({ ui, engine }) => {
  await openPage(ui, 'Plugins');
  await ui.getByRole('button', { name: 'Install Adminer' }).click();
  await expect(dialog(ui)).toContainText('It will be allowed to', { timeout: 40_000 });
  await dialog(ui).getByRole('button', { name: 'Install', exact: true }).click();
  const card = ui.getByTestId(/^plugin-/);
  await expect(card).toContainText('Running', { timeout: 60_000 });
  const subtitle = card.getByText(/^http:\/\//);
  const url = (await subtitle.textContent()) ?? '';
  expect(await answerAt(url)).toContain('Adminer');

  await card.getByRole('button', { name: 'Stop Adminer' }).click();
  await expect(card).toContainText('Stopped', { timeout: 20_000 });
  await expect(card.getByRole('button', { name: 'Open Adminer' })).toBeDisabled();
  await expect(fetch(url)).rejects.toThrow();
  await card.getByRole('button', { name: 'Start Adminer' }).click();
  await expect(card).toContainText('Running', { timeout: 20_000 });
  expect(await answerAt((await subtitle.textContent()) ?? '')).toContain('Adminer');

  await card.getByRole('button', { name: 'Remove Adminer' }).click();
  await confirm(ui, 'Remove');
  await expect(card).toHaveCount(0);
  const left = await engine.call('ContainerList', { query: { all: true, filters: { label: ['io.wharf.plugin'] } } });
  expect(left).toEqual([]);
  await expect(ui.getByRole('button', { name: 'Install Adminer' })).toBeVisible();
});
