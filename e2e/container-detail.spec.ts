import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { confirm, expect, openPage, runningBusybox, test } from './wharf-test.ts';

async function openContainer(ui: Page, name: string, tab?: string): Promise<void> {
  await openPage(ui, 'Containers');
  await ui.getByRole('link', { name, exact: true }).click();
  await expect(ui.getByRole('heading', { level: 1 })).toContainText(name);
  if (tab) await ui.getByRole('tab', { name: tab }).click();
}

test('logs follow, can be searched, dated and saved', async ({ ui, engine, wharf, hostKind }) => {
  const script =
    'for i in $(seq 1 40); do echo "line $i of the start"; done; echo "an \u001b[31merror\u001b[0m happened" >&2; ' +
    'while [ ! -f /go ]; do sleep 0.1; done; echo live-at-last; sleep 3600';
  await runningBusybox(engine, 'talker', ['sh', '-c', script]);
  await openContainer(ui, 'talker');
  const output = ui.getByTestId('log-output');
  await expect(output).toContainText('an error happened');
  await expect(output).not.toContainText('live-at-last');
  await wharf('exec', 'talker', 'touch', '/go');
  await expect(output).toContainText('live-at-last');

  const search = ui.getByLabel('Search the logs');
  await ui.keyboard.press('Control+f');
  await expect(search).toBeFocused();
  await search.fill('line 3');
  await expect(ui.getByText('1 of 11')).toBeVisible();
  await ui.keyboard.press('Enter');
  await expect(ui.getByText('2 of 11')).toBeVisible();
  await expect(output.locator('mark').first()).toHaveText('line 3');
  await ui.getByRole('button', { name: 'Regular expression' }).click();
  await search.fill('^line (1|2) of');
  await expect(ui.getByText('1 of 2')).toBeVisible();
  await search.fill('(');
  await expect(search).toHaveAttribute('aria-invalid', 'true');
  await search.fill('');

  await ui.getByRole('button', { name: 'Timestamps' }).click();
  await expect(output).toContainText(new RegExp(`${new Date().getUTCFullYear()}-\\d\\d-\\d\\d \\d\\d:\\d\\d`));
  // The stand-in of Electron has no downloads of its own.
  if (hostKind === 'web') {
    const download = ui.waitForEvent('download');
    await ui.getByRole('button', { name: 'Save as a file' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('talker.log');
    const text = await readFile(await file.path(), 'utf8');
    expect(text).toContain('line 40 of the start');
    expect(text).toContain('an error happened');
  }
  await ui.getByRole('button', { name: 'Clear the view' }).click();
  await expect(output).not.toContainText('line 40');
});

test('logs go on when the container is started again', async ({ ui, engine, wharf }) => {
  await runningBusybox(engine, 'again', ['sh', '-c', 'echo "run at $(date +%s%N)"; sleep 3600']);
  await openContainer(ui, 'again');
  const lines = ui.getByTestId('log-output').getByText(/run at \d+/);
  await expect(lines).toHaveCount(1);
  await wharf('restart', 'again');
  await expect(lines).toHaveCount(2);
});

test('inspect as a tree with a filter, and as JSON', async ({ ui, engine }) => {
  const id = await runningBusybox(engine, 'looked-at');
  await openContainer(ui, 'looked-at', 'Inspect');
  const details = ui.getByRole('region', { name: 'Details' });
  await expect(details).toContainText('HostConfig');
  await ui.getByLabel('Filter fields').fill('sleep');
  await expect(details).toContainText('Path: "sleep"');
  await expect(details).not.toContainText('GraphDriver');
  await ui.getByRole('radio', { name: 'JSON' }).click();
  await expect(details).toContainText(`"Id": "${id}"`);
});

test('a real shell: typing, colours, resizing, and it survives going elsewhere', async ({ ui, engine }) => {
  await runningBusybox(engine, 'shelled');
  await openContainer(ui, 'shelled', 'Terminal');
  const terminal = ui.getByTestId('terminal');
  await expect(terminal).toContainText('#');
  await ui.keyboard.type('echo $((20+22))-typed; MARK=kept-$$\n');
  await expect(terminal).toContainText('42-typed');
  // Each answer is a line of rows and columns; the last one counts.
  const columns = async () => {
    await ui.keyboard.type('stty size\n');
    const answers = [...(await terminal.innerText()).matchAll(/^\d+ (\d{2,3})\s*$/gm)];
    return Number(answers.at(-1)?.[1] ?? 0);
  };
  await expect.poll(columns).toBeGreaterThan(100);
  const wide = await columns();
  await ui.setViewportSize({ width: 900, height: 700 });
  await expect.poll(columns).toBeLessThan(wide);

  await openPage(ui, 'Images');
  await openContainer(ui, 'shelled', 'Terminal');
  await expect(terminal).toContainText('stty size');
  await terminal.click();
  await ui.keyboard.type('echo [$MARK]\n');
  await expect(terminal).toContainText(/\[kept-\d+\]/);
  await ui.keyboard.type('exit 3\n');
  await expect(ui.getByText('The shell ended with exit code 3.')).toBeVisible();
  await ui.getByRole('button', { name: 'New shell' }).click();
  await expect(terminal).toContainText('#');
  await expect(terminal).not.toContainText('kept-');
});

test('numbers become charts, and processes are listed', async ({ ui, engine, wharf }) => {
  await runningBusybox(engine, 'busy', ['sh', '-c', 'while :; do :; done']);
  await openContainer(ui, 'busy', 'Stats');
  for (const chart of ['CPU', 'Memory', 'Network', 'Disk'])
    await expect(ui.getByRole('img', { name: `${chart} over time` })).toBeVisible();
  const cpu = ui.locator('section').filter({ has: ui.getByRole('heading', { name: 'CPU' }) });
  await expect(cpu).toContainText(/[1-9]\d(\.\d)? ?%/);

  await ui.getByRole('tab', { name: 'Processes' }).click();
  const processes = ui.getByRole('table', { name: 'Processes' });
  await expect(processes).toContainText('while :; do :; done');
  await wharf('exec', '-d', 'busy', 'sleep', '4321');
  await ui.getByRole('button', { name: 'Read again' }).click();
  await expect(processes).toContainText('sleep 4321');
});

test('stopped and started from its page; removed elsewhere, the page says it is gone', async ({
  ui,
  engine,
  wharf,
}) => {
  await runningBusybox(engine, 'short-lived');
  await openContainer(ui, 'short-lived', 'Stats');
  await ui.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(ui.getByText('Nothing to measure')).toBeVisible();
  await ui.getByRole('tab', { name: 'Terminal' }).click();
  await expect(ui.getByText('A shell needs a running container.')).toBeVisible();
  await ui.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(ui.getByTestId('terminal')).toContainText('#');

  await wharf('rm', '-f', 'short-lived');
  await expect(ui.getByText('This container is gone')).toBeVisible();
  await ui.getByRole('main').getByRole('link', { name: 'All containers' }).click();
  await expect(ui.getByText('No containers yet')).toBeVisible();
});

test('removing it from its page leads back to the list', async ({ ui, engine }) => {
  await runningBusybox(engine, 'to-go');
  await openContainer(ui, 'to-go');
  await ui.getByRole('main').getByRole('button', { name: 'Remove', exact: true }).click();
  await confirm(ui, 'Remove');
  await expect(ui.getByRole('heading', { level: 1, name: 'Containers' })).toBeVisible();
  await expect(ui.getByText('No containers yet')).toBeVisible();
});
