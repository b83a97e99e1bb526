import { createServer } from 'node:net';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { EngineClient } from '../src/client/engine-client.ts';
import type { ContainerCreateRequest } from '../src/contract/engine-types.ts';
import { projectRoot } from './hosts.ts';
import { Pusher, pushShop } from './shop-content.ts';
import { answerAt, confirm, dialog, expect, havingImages, openPage, test, withoutImage } from './wharf-test.ts';

/**
 * A tour of the app in a world as a user would have it. `SCREENSHOTS=1 npx playwright test --project=web screenshots`
 * writes docs/screenshots/; without it the tour is only walked.
 */
const writing = process.env.SCREENSHOTS === '1';
const folder = path.join(projectRoot, 'docs/screenshots');
const themes = writing ? (['light', 'dark'] as const) : (['light'] as const);

interface Tour {
  readonly ui: Page;
  readonly theme: (typeof themes)[number];
}

async function shoot({ ui, theme }: Tour, name: string): Promise<void> {
  await ui.mouse.move(700, 838);
  if (writing)
    await ui.screenshot({ path: path.join(folder, `${name}-${theme}.png`), animations: 'disabled', caret: 'hide' });
}

interface Scene extends ContainerCreateRequest {
  readonly name: string;
  readonly started?: boolean;
}

const compose = (project: string, service: string) => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
});
const published = (container: number, host: number) => ({
  PortBindings: { [`${container}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: String(host) }] },
});

/** The wanted port, or the next that nothing on this machine has. */
async function freePortFrom(wanted: number): Promise<number> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(wanted, '0.0.0.0', () => resolve(true));
  });
  if (!free) return await freePortFrom(wanted + 1);
  await new Promise((resolve) => server.close(resolve));
  return wanted;
}

const shopLog =
  'i=0; while :; do i=$((i+1)); printf "\\033[32mINFO\\033[0m  order %d accepted, 3 items, 41.90 EUR\\n" $((1000+i)); ' +
  '[ $((i % 4)) = 0 ] && printf "\\033[33mWARN\\033[0m  stock of article 7731 is low (2 left)\\n"; ' +
  '[ $((i % 9)) = 0 ] && printf "\\033[31mERROR\\033[0m payment 88%d was declined by the bank\\n" $i >&2; ' +
  'wget -qO /tmp/page http://shop-web/ 2>/dev/null; dd if=/dev/zero of=/tmp/report bs=64k count=$((i % 7)) conv=fsync 2>/dev/null; ' +
  'dd if=/dev/zero of=/dev/null bs=1M count=$((200 * (1 + i % 5))) 2>/dev/null; sleep 0.3; done';

const scenesWith = (web: number, redis: number): readonly Scene[] => [
  { name: 'nightly-backup', Image: 'busybox', Cmd: ['sh', '-c', 'echo "no space left on device" >&2; exit 1'] },
  { name: 'migrate', Image: 'busybox', Cmd: ['sh', '-c', 'echo "14 migrations applied"'] },
  { name: 'sandbox', Image: 'debian', Cmd: ['bash'], Tty: true, started: false },
  {
    name: 'cache',
    Image: 'redis',
    HostConfig: { Memory: 256 * 1024 * 1024, ...published(6379, redis), RestartPolicy: { Name: 'always' } },
  },
  {
    name: 'shop-db',
    Image: 'postgres',
    Env: ['POSTGRES_PASSWORD=shop'],
    Labels: compose('shop', 'db'),
    HostConfig: { NetworkMode: 'shop-net', Binds: ['shop-data:/var/lib/postgresql/data'] },
  },
  {
    name: 'shop-orders',
    Image: 'busybox',
    Cmd: ['sh', '-c', shopLog],
    Labels: compose('shop', 'orders'),
    HostConfig: { NetworkMode: 'shop-net' },
  },
  {
    name: 'shop-web',
    Image: 'nginx',
    Labels: compose('shop', 'web'),
    HostConfig: { NetworkMode: 'shop-net', ...published(80, web), Binds: ['shop-uploads:/var/www/uploads'] },
  },
];

async function makeScene(engine: EngineClient): Promise<void> {
  await havingImages(engine, 'busybox', 'debian', 'nginx', 'redis', 'postgres', 'hello-wharf');
  await engine.call('NetworkCreate', { body: { Name: 'shop-net', IPAM: { Config: [{ Subnet: '10.77.0.0/24' }] } } });
  await engine.call('NetworkCreate', { body: { Name: 'vault', Internal: true } });
  await engine.call('VolumeCreate', { body: { Name: 'old-reports' } });
  const web = await freePortFrom(8080);
  for (const { name, started, ...body } of scenesWith(web, await freePortFrom(6379))) {
    const { Id } = await engine.call('ContainerCreate', { query: { name }, body: { StopTimeout: 0, ...body } });
    if (started !== false) await engine.call('ContainerStart', { params: { id: Id } });
  }
  await answerAt(`http://127.0.0.1:${web}/`);
  await expect.poll(() => volumeBytes(engine, 'shop-data'), { timeout: 40_000 }).toBeGreaterThan(20e6);
}

async function volumeBytes(engine: EngineClient, name: string): Promise<number> {
  const { Volumes } = await engine.call('SystemDataUsage');
  return Volumes?.find((volume) => volume.Name === name)?.UsageData?.Size ?? 0;
}

async function openContainer(ui: Page, name: string, tab: string): Promise<void> {
  await openPage(ui, 'Containers');
  await ui.getByRole('link', { name, exact: true }).click();
  await ui.getByRole('tab', { name: tab }).click();
}

async function listsAndHome(tour: Tour): Promise<void> {
  const { ui } = tour;
  await openPage(ui, 'Containers');
  await expect(ui.getByTestId('container-row-shop-orders')).toContainText('%');
  await shoot(tour, 'containers');
  await openPage(ui, 'Images');
  await expect(ui.getByTestId('image-row-nginx:latest')).toContainText('In use');
  await shoot(tour, 'images');
  await openPage(ui, 'Volumes');
  await expect(ui.getByTestId('volume-row-shop-data')).toContainText(/In use.* MB/);
  await shoot(tour, 'volumes');
  await openPage(ui, 'Networks');
  await expect(ui.getByTestId('network-row-shop-net')).toContainText('10.77.0.0/24');
  await shoot(tour, 'networks');
  await openPage(ui, 'Home');
  await expect(ui.getByText(/^[45] running$/)).toBeVisible();
  const sparkline = ui.getByText('CPU of containers').locator('..').locator('polyline');
  await expect.poll(async () => ((await sparkline.getAttribute('points')) ?? '').split(' ').length).toBeGreaterThan(8);
  await shoot(tour, 'home');
}

async function oneContainer(tour: Tour): Promise<void> {
  const { ui } = tour;
  await openContainer(ui, 'shop-orders', 'Logs');
  await ui.getByLabel('Search the logs').fill('order');
  await expect(ui.getByTestId('log-output').locator('mark').first()).toBeVisible();
  await shoot(tour, 'logs');
  await ui.getByRole('tab', { name: 'Stats' }).click();
  await expect(ui.getByRole('img', { name: 'CPU over time' })).toBeVisible();
  // A chart of two points shows little.
  const span = writing ? 20_000 : 0;
  const from = Date.now();
  await expect.poll(() => Date.now() - from, { timeout: 40_000 }).toBeGreaterThan(span);
  await shoot(tour, 'stats');
  await openContainer(ui, 'shop-web', 'Inspect');
  await expect(ui.getByRole('region', { name: 'Details' })).toContainText('HostConfig');
  await shoot(tour, 'inspect');
  await ui.getByRole('tab', { name: 'Terminal' }).click();
  const terminal = ui.getByTestId('terminal');
  await expect(terminal).toContainText('#');
  await terminal.click();
  for (const line of ['ls --color /', 'nginx -v', 'cat /etc/debian_version']) {
    await ui.keyboard.type(`${line}\n`);
    await expect(terminal).toContainText(line);
  }
  await expect(terminal).toContainText('nginx version');
  await expect(terminal).toContainText(/\n?12\./);
  await shoot(tour, 'terminal');
}

async function pullAndRun(tour: Tour, engine: EngineClient): Promise<void> {
  const { ui } = tour;
  await withoutImage(engine, 'wharf/adminer');
  await openPage(ui, 'Images');
  await ui.getByRole('button', { name: 'Pull', exact: true }).click();
  await dialog(ui).getByLabel('Image').fill('wharf/adminer');
  await ui.keyboard.press('Enter');
  await expect(dialog(ui).getByRole('list', { name: 'Layers' }).getByRole('listitem').first()).toBeVisible();
  await shoot(tour, 'pull');
  await expect(dialog(ui).getByRole('button', { name: 'Run it' })).toBeVisible({ timeout: 40_000 });
  await ui.keyboard.press('Escape');
  await withoutImage(engine, 'wharf/adminer');
  await openPage(ui, 'Containers');
  await ui.getByRole('button', { name: /^Run/ }).first().click();
  await dialog(ui).getByLabel('Image').fill('nginx:latest');
  await dialog(ui).getByLabel('Container name').fill('shop-preview');
  await dialog(ui).getByRole('button', { name: 'Ports, volumes, environment and limits' }).click();
  await dialog(ui).getByRole('button', { name: 'Add port' }).click();
  await dialog(ui).getByLabel('Host port 1').fill('8081');
  await dialog(ui).getByLabel('Container port 1').fill('80');
  await dialog(ui).getByRole('button', { name: 'Add volume' }).click();
  await dialog(ui).getByLabel('Volume or folder 1').fill('shop-uploads');
  await dialog(ui).getByLabel('Path in the container 1').fill('/var/www/html');
  await shoot(tour, 'run');
  await ui.keyboard.press('Escape');
}

async function registryAndPackages(tour: Tour): Promise<void> {
  const { ui } = tour;
  await openPage(ui, 'Registry');
  await expect(ui.getByTestId(/^repository-.*nginx$/)).toBeVisible();
  await shoot(tour, 'registry');
  await registryOfOnesOwn(tour);
  await openPage(ui, 'Extensions');
  const openIt = ui.getByRole('link', { name: 'Open Disk usage' });
  const install = ui.getByRole('button', { name: 'Install Disk usage' });
  await expect(openIt.or(install)).toBeVisible();
  if (await install.isVisible()) {
    await install.click();
    await dialog(ui).getByRole('button', { name: 'Install', exact: true }).click({ timeout: 40_000 });
  }
  await expect(openIt).toBeVisible({ timeout: 40_000 });
  await expect(ui.getByText('Disk usage is installed')).toHaveCount(0, { timeout: 15_000 });
  await shoot(tour, 'extensions');
  await openIt.click();
  const page = ui.frameLocator('[data-testid=extension-frame]');
  await expect(page.locator('#host')).toContainText(/Load/);
  await expect(page.locator('#containers')).toContainText('shop-web');
  await shoot(tour, 'extension');
  await openPage(ui, 'Plugins');
  const adminer = ui.getByTestId(/^plugin-/);
  if ((await adminer.count()) === 0) {
    await ui.getByRole('button', { name: 'Install Adminer' }).click();
    await dialog(ui).getByRole('button', { name: 'Install', exact: true }).click({ timeout: 40_000 });
  }
  await expect(adminer).toContainText('Running', { timeout: 60_000 });
  await expect(ui.getByText('Adminer is installed')).toHaveCount(0, { timeout: 15_000 });
  await shoot(tour, 'plugins');
}

/** Started for these pictures, and stopped behind them. */
async function registryOfOnesOwn(tour: Tour): Promise<void> {
  const { ui } = tour;
  await ui.getByRole('tab', { name: 'Your registry' }).click();
  const address = `127.0.0.1:${await freePortFrom(5000)}`;
  const typed = ui.getByLabel('Address', { exact: true });
  if ((await typed.inputValue()) !== address) {
    await typed.fill(address);
    await ui.getByRole('button', { name: 'Save' }).click();
    await expect(ui.getByText('Saved')).toBeVisible();
    await expect(ui.getByText('Saved')).toHaveCount(0, { timeout: 15_000 });
  }
  await ui.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(ui.getByTestId('own-registry-address')).toHaveText(address);
  await pushShop(new Pusher(`http://${address}`));
  await ui.getByRole('button', { name: 'Browse', exact: true }).click();
  await ui.getByRole('button', { name: /^team\/shop/ }).click();
  await ui.getByRole('button', { name: 'latest', exact: true }).click();
  await expect(ui.getByRole('list', { name: 'Layers, lowest first' })).toBeVisible();
  await expect(ui.getByText('Signature', { exact: true })).toBeVisible();
  await shoot(tour, 'registry-browse');
  await ui.getByRole('tab', { name: 'Your registry' }).click();
  await expect(ui.getByTestId('registry-space')).toContainText('repositories');
  await shoot(tour, 'registry-server');
  const page = await ui
    .context()
    .browser()
    ?.newPage({
      viewport: { width: 1320, height: 840 },
      colorScheme: tour.theme,
      reducedMotion: 'reduce',
    });
  if (page === undefined) throw new Error('the app is not shown by a browser of its own');
  await page.goto(`http://${address}/`);
  await expect(page.getByTestId('stored-team/shop')).toBeVisible();
  await shoot({ ui: page, theme: tour.theme }, 'registry-page');
  await page.close();
  await ui.getByRole('button', { name: 'Stop', exact: true }).click();
  await expect(ui.getByRole('button', { name: 'Start', exact: true })).toBeVisible();
}

/** So that the next theme's tour finds what the first found. */
async function removePackages(ui: Page): Promise<void> {
  await openPage(ui, 'Extensions');
  await ui.getByRole('button', { name: 'Remove Disk usage' }).click();
  await confirm(ui, 'Remove');
  await openPage(ui, 'Plugins');
  await ui.getByRole('button', { name: 'Remove Adminer' }).click();
  await confirm(ui, 'Remove');
}

async function settingsAndPalette(tour: Tour): Promise<void> {
  const { ui } = tour;
  await openPage(ui, 'Settings');
  await expect(ui.getByText('More registries to search')).toBeVisible();
  await shoot(tour, 'settings');
  await openPage(ui, 'Containers');
  await ui.keyboard.press('Control+k');
  await ui.keyboard.type('shop');
  await expect(ui.getByRole('option', { name: /shop-web/ }).first()).toBeVisible();
  await shoot(tour, 'palette');
  await ui.keyboard.press('Escape');
}

test('a tour of every page in a world as a user has it', async ({ ui, engine, hostKind }) => {
  test.skip(hostKind !== 'web', 'one host is enough for the pictures');
  test.setTimeout(writing ? 400_000 : 150_000);
  await ui.setViewportSize({ width: 1320, height: 840 });
  await makeScene(engine);
  for (const theme of themes) {
    await ui.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const tour = { ui, theme };
    await listsAndHome(tour);
    await oneContainer(tour);
    await pullAndRun(tour, engine);
    await registryAndPackages(tour);
    await settingsAndPalette(tour);
    await removePackages(ui);
  }
});
