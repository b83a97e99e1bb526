import { confirm, dialog, expect, havingImages, openPage, runningBusybox, test } from './wharf-test.ts';

test('the list follows what other clients do, without a reload', async ({ ui, engine, wharf }) => {
  await havingImages(engine, 'busybox');
  await openPage(ui, 'Containers');
  await expect(ui.getByText('No containers yet')).toBeVisible();

  await wharf('run', '-d', '--name', 'follower', '--stop-timeout', '0', 'busybox', 'sleep', '3600');
  const row = ui.getByTestId('container-row-follower');
  await expect(row).toContainText('Running');
  await expect(row).toContainText('busybox');
  // Numbers come from the stats stream.
  await expect(row.getByRole('cell').nth(5)).toContainText(/[\d.]+ [kM]?B/);
  await wharf('stop', 'follower');
  await expect(row).toContainText('Exited');
  await wharf('start', 'follower');
  await expect(row).toContainText('Running');
  await wharf('pause', 'follower');
  await expect(row).toContainText('Paused');
  await wharf('rename', 'follower', 'leader');
  await expect(ui.getByTestId('container-row-leader')).toContainText('Paused');
  await wharf('rm', '-f', 'leader');
  await expect(ui.getByText('No containers yet')).toBeVisible();
});

test('start, stop, pause, resume and remove from the row', async ({ ui, engine }) => {
  const id = await runningBusybox(engine, 'row');
  await openPage(ui, 'Containers');
  const row = ui.getByTestId('container-row-row');
  const more = async (entry: string) => {
    await row.getByRole('button', { name: 'More for row' }).click();
    await ui.getByRole('menuitem', { name: entry }).click();
  };
  await more('Pause');
  await expect(row).toContainText('Paused');
  await more('Resume');
  await expect(row).toContainText('Running');
  await row.getByRole('button', { name: 'Stop row' }).click();
  await expect(row).toContainText('Exited');
  await row.getByRole('button', { name: 'Start row' }).click();
  await expect(row).toContainText('Running');

  const before = (await engine.call('ContainerInspect', { params: { id } })).State.StartedAt;
  await more('Restart');
  await expect
    .poll(async () => (await engine.call('ContainerInspect', { params: { id } })).State.StartedAt)
    .not.toBe(before);

  await row.getByRole('button', { name: 'Remove row' }).click();
  await expect(dialog(ui)).toContainText('It is running and will be killed first.');
  await dialog(ui).getByRole('button', { name: 'Cancel' }).click();
  await expect(row).toBeVisible();
  await row.getByRole('button', { name: 'Remove row' }).click();
  await confirm(ui, 'Remove');
  await expect(row).toHaveCount(0);
});

test('filter, running and stopped, groups of compose, and acts on several', async ({ ui, engine }) => {
  await havingImages(engine, 'busybox');
  const make = async (name: string, project: string | undefined, started: boolean) => {
    const Labels: Record<string, string> = project === undefined ? {} : { 'com.docker.compose.project': project };
    const { Id } = await engine.call('ContainerCreate', {
      query: { name },
      body: { Image: 'busybox', Cmd: ['sleep', '3600'], Labels, StopTimeout: 0 },
    });
    if (started) await engine.call('ContainerStart', { params: { id: Id } });
  };
  await make('shop-web-1', 'shop', true);
  await make('shop-db-1', 'shop', true);
  await make('lonely', undefined, true);
  await make('not-yet', undefined, false);
  await openPage(ui, 'Containers');
  const rows = ui.getByTestId(/^container-row-/);
  await expect(rows).toHaveCount(4);
  await expect(ui.getByText('shop · 2 of 2 running')).toBeVisible();

  const segment = (name: RegExp) => ui.getByRole('radiogroup').getByRole('radio', { name });
  await segment(/^Stopped/).click();
  await expect(rows).toHaveCount(1);
  await expect(ui.getByTestId('container-row-not-yet')).toContainText('Created');
  await segment(/^Running/).click();
  await expect(rows).toHaveCount(3);
  await segment(/^All/).click();
  await ui.getByLabel('Filter containers').fill('shop');
  await expect(rows).toHaveCount(2);

  await ui.getByLabel('Select all').check();
  await ui.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(ui.getByText('shop · 0 of 2 running')).toBeVisible();
  await ui.getByLabel('Filter containers').fill('nothing has this name');
  await expect(ui.getByText('The filter hides all containers')).toBeVisible();
  await ui.getByRole('button', { name: 'Show all' }).click();
  await expect(ui.getByTestId('container-row-lonely')).toContainText('Running');

  await ui.getByTestId('container-row-shop-web-1').getByRole('checkbox').check();
  await ui.getByTestId('container-row-shop-db-1').getByRole('checkbox').check();
  await ui.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(dialog(ui)).toContainText('Remove 2 containers?');
  await confirm(ui, 'Remove');
  await expect(rows).toHaveCount(2);
});

test('an act that fails says why in its row', async ({ ui, engine }) => {
  await havingImages(engine, 'busybox');
  await engine.call('ContainerCreate', {
    query: { name: 'broken' },
    body: { Image: 'busybox', Cmd: ['/no/such/program'] },
  });
  await openPage(ui, 'Containers');
  const row = ui.getByTestId('container-row-broken');
  await row.getByRole('button', { name: 'Start broken' }).click();
  await expect(row.getByRole('alert')).toContainText('/no/such/program');
});
