import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { answerAt, dialog, expect, havingImages, openPage, runningBusybox, test } from './wharf-test.ts';

/** A port nothing listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function openRunDialog(ui: Page): Promise<void> {
  await openPage(ui, 'Containers');
  await ui.getByRole('button', { name: /^Run/ }).first().click();
  await expect(dialog(ui)).toContainText('Run a container');
}

const showOptions = (ui: Page) =>
  dialog(ui).getByRole('button', { name: 'Ports, volumes, environment and limits' }).click();

async function publish(ui: Page, host: number | string, container: number | string): Promise<void> {
  await dialog(ui).getByRole('button', { name: 'Add port' }).click();
  await dialog(ui).getByLabel('Host port 1').fill(String(host));
  await dialog(ui).getByLabel('Container port 1').fill(String(container));
}

const run = (ui: Page) => dialog(ui).getByRole('button', { name: 'Run', exact: true }).click();

test('nginx on a published port: the link is there and the page answers', async ({ ui, engine, hostKind }) => {
  await havingImages(engine, 'nginx');
  const port = await freePort();
  await openRunDialog(ui);
  await dialog(ui).getByLabel('Image').fill('nginx');
  await dialog(ui).getByLabel('Container name').fill('shop-web');
  await showOptions(ui);
  await publish(ui, port, 80);
  await dialog(ui).getByRole('button', { name: 'Add variable' }).click();
  await dialog(ui).getByLabel('Variable 1', { exact: true }).fill('SHOP');
  await dialog(ui).getByLabel('Value 1').fill('open=yes');
  await dialog(ui).getByRole('button', { name: 'Add volume' }).click();
  await dialog(ui).getByLabel('Volume or folder 1').fill('shop-pages');
  await dialog(ui).getByLabel('Path in the container 1').fill('/srv/pages');
  await dialog(ui).getByLabel('Memory limit').fill('128');
  await run(ui);

  await expect(ui.getByRole('heading', { level: 1 })).toContainText('shop-web');
  expect(await answerAt(`http://127.0.0.1:${port}/`)).toContain('nginx');
  await expect(ui.getByTestId('log-output')).toContainText('GET / HTTP/1.1');

  await openPage(ui, 'Containers');
  const link = ui.getByTestId('container-row-shop-web').getByText(`${port}:80`);
  await expect(link).toHaveAttribute('title', `http://localhost:${port}`);
  if (hostKind === 'web') {
    const popup = ui.waitForEvent('popup');
    await link.click();
    await expect(await popup).toHaveURL(`http://localhost:${port}/`);
  }
  const { Config, HostConfig, Mounts } = await engine.call('ContainerInspect', { params: { id: 'shop-web' } });
  expect(Config.Env).toContain('SHOP=open=yes');
  expect(HostConfig.Memory).toBe(128 * 1024 * 1024);
  expect(Mounts.map(({ Name, Destination }) => [Name, Destination])).toEqual([['shop-pages', '/srv/pages']]);
});

test('mistakes are named at their field before anything is sent', async ({ ui, engine }) => {
  await openRunDialog(ui);
  await run(ui);
  await expect(dialog(ui).getByText('Name an image, for example nginx or redis:7.')).toBeVisible();
  await dialog(ui).getByLabel('Image').fill('busybox');
  await dialog(ui).getByLabel('Container name').fill('-no');
  await showOptions(ui);
  await publish(ui, 99999, 80);
  await dialog(ui).getByLabel('CPU limit').fill('many');
  await expect(dialog(ui).getByRole('alert')).toHaveCount(3);
  await expect(dialog(ui).getByText(/Ports are numbers from 1 to 65535/)).toBeVisible();
  await expect(dialog(ui).getByLabel('Container name')).toHaveAttribute('aria-invalid', 'true');
  await run(ui);
  expect(await engine.call('ContainerList', { query: { all: true } })).toEqual([]);
});

test('a port that is taken: the error says who holds it, and nothing half-made stays', async ({ ui, engine }) => {
  await havingImages(engine, 'busybox');
  const server = createServer((_request, response) => response.end('mine'));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await openRunDialog(ui);
    await dialog(ui).getByLabel('Image').fill('busybox');
    await dialog(ui).getByLabel('Container name').fill('late');
    await dialog(ui).getByLabel('Command').fill('sleep 60');
    await showOptions(ui);
    await publish(ui, port, 80);
    await run(ui);
    const problem = dialog(ui).getByRole('alert');
    await expect(problem).toContainText(String(port));
    await expect(problem).toContainText(`${process.pid}`);
  } finally {
    server.close();
  }
  expect(await engine.call('ContainerList', { query: { all: true } })).toEqual([]);

  // Held by another container: its name is what the user needs.
  const holder = await engine.call('ContainerCreate', {
    query: { name: 'early' },
    body: {
      Image: 'busybox',
      Cmd: ['sleep', '60'],
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: String(port) }] } },
    },
  });
  await engine.call('ContainerStart', { params: { id: holder.Id } });
  await run(ui);
  await expect(dialog(ui).getByRole('alert')).toContainText('early');

  // Another port, and the same form goes through.
  await dialog(ui)
    .getByLabel('Host port 1')
    .fill(String(await freePort()));
  await run(ui);
  await expect(ui.getByRole('heading', { level: 1 })).toContainText('late');
});

test('a name that is taken is said so', async ({ ui, engine }) => {
  await runningBusybox(engine, 'twice');
  await openRunDialog(ui);
  await dialog(ui).getByLabel('Image').fill('busybox');
  await dialog(ui).getByLabel('Container name').fill('twice');
  await run(ui);
  await expect(dialog(ui).getByRole('alert')).toContainText('twice');
  expect(await engine.call('ContainerList', { query: { all: true } })).toHaveLength(1);
});

test('with auto-remove the container goes when it ends', async ({ ui, engine }) => {
  await havingImages(engine, 'busybox');
  await openRunDialog(ui);
  await dialog(ui).getByLabel('Image').fill('busybox');
  await dialog(ui).getByLabel('Command').fill('sh -c "echo good; sleep 2; echo bye"');
  await showOptions(ui);
  await dialog(ui).getByRole('switch', { name: 'Remove it when it ends' }).click();
  await run(ui);
  await expect(ui.getByTestId('log-output')).toContainText('good');
  await expect(ui.getByText('This container is gone')).toBeVisible();
  // What it said stays in view.
  await expect(ui.getByTestId('log-output')).toContainText('bye');
  await expect.poll(() => engine.call('ContainerList', { query: { all: true } })).toEqual([]);
});

test('an interactive container opens in a terminal', async ({ ui, engine }) => {
  await havingImages(engine, 'busybox');
  await openRunDialog(ui);
  await dialog(ui).getByLabel('Image').fill('busybox');
  await dialog(ui).getByLabel('Container name').fill('shell-box');
  await dialog(ui).getByLabel('Command').fill('sh');
  await showOptions(ui);
  await dialog(ui).getByRole('switch', { name: 'Keep a terminal and its input open' }).click();
  await run(ui);
  const terminal = ui.getByTestId('terminal');
  await expect(terminal).toContainText('#');
  await ui.keyboard.type('echo $((6*7))-is-it\n');
  await expect(terminal).toContainText('42-is-it');
});
