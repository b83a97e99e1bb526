import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createEngineClient, type EngineClient } from '../client/engine-client.ts';
import { createSocketTransport } from '../client/node/socket-transport.ts';
import { createEngineSupervisor, type EngineSupervisor } from '../machine/engine-supervisor.ts';
import { linuxNativeDriver } from '../machine/linux-native-driver.ts';
import { ExtensionService } from './extension-service.ts';
import type { PackageJob } from './package-jobs.ts';
import { PluginService } from './plugin-service.ts';

/** The starter extension and plugin, from a real registry, on a real engine of this test's own. */
const root = path.join(import.meta.dirname, '../..');
const starter = path.join(root, '.wharf/starter/images.json');
const daemon = path.join(root, 'out/daemon/wharfd.mjs');
const canRun = process.getuid?.() === 0 && existsSync(starter) && existsSync(daemon);

describe.skipIf(!canRun)('packages on a real engine', () => {
  let folder: string;
  let registry: ChildProcess;
  let supervisor: EngineSupervisor;
  let engine: EngineClient;
  let extensions: ExtensionService;
  let plugins: PluginService;
  const outputs: unknown[] = [];
  const job: PackageJob = { signal: AbortSignal.timeout(120_000), progress() {} };
  const port = 20_000 + (process.pid % 20_000);

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wharf-ext-'));
    const address = `127.0.0.1:${port}`;
    const serve = ['registry', 'serve', '--quiet', '--listen', address, '--root', path.join(folder, 'registry')];
    registry = spawn(path.join(root, 'bin/wharf'), serve, { stdio: 'ignore' });
    await vi.waitFor(async () => expect((await fetch(`http://${address}/v2/`)).ok).toBe(true), { timeout: 15_000 });
    const push = spawn(process.execPath, [path.join(root, 'resources/starter/push.ts'), '--registry', address], {
      stdio: 'ignore',
    });
    await new Promise((resolve) => push.once('exit', resolve));
    const socket = path.join(folder, 'w.sock');
    const args = [
      ...['--data-root', path.join(folder, 'data'), '--exec-root', path.join(folder, 'exec')],
      ...['-H', `unix://${socket}`, '--registry-fallback', `http://${address}`],
    ];
    const driver = linuxNativeDriver({ bin: path.join(root, 'bin/wharfd'), args });
    supervisor = createEngineSupervisor({ endpoint: { kind: 'unix', path: socket }, driver });
    supervisor.start();
    await supervisor.whenReady(AbortSignal.timeout(30_000));
    engine = createEngineClient(createSocketTransport({ kind: 'unix', path: socket }));
    extensions = new ExtensionService({
      ...{
        engine,
        home: path.join(folder, 'home'),
        platform: 'linux',
        engineSocket: socket,
        engineHost: `unix://${socket}`,
      },
      wharfCommand: [path.join(root, 'bin/wharf')],
      emit: (event, payload) => outputs.push([event, payload]),
      uiOrigin: async (name) => `http://${name}.localhost:1`,
    });
    plugins = new PluginService({ engine, engineSocket: socket, changed() {} });
  }, 120_000);

  afterAll(async () => {
    for (const { name } of (await extensions?.list()) ?? []) await extensions.uninstall(name, true);
    for (const { name } of (await plugins?.list()) ?? []) await plugins.uninstall(name, true);
    await supervisor?.stop();
    registry?.kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }, 60_000);

  test('an extension installs only with what was agreed to, serves its backend, and leaves nothing behind', async () => {
    const preview = await extensions.preview('wharf/disk-usage', job);
    expect(preview).toMatchObject({
      kind: 'extension',
      name: 'wharf-disk-usage',
      title: 'Disk usage',
      installedVersion: null,
    });
    const less = { ...preview.permissions, dockerCli: false };
    await expect(extensions.install('wharf/disk-usage', less, job)).rejects.toMatchObject({ code: 'auth.denied' });
    expect(await engine.call('ContainerList', { query: { all: true } })).toEqual([]);

    const info = await extensions.install('wharf/disk-usage', preview.permissions, job);
    expect(info).toMatchObject({ hasUi: true, hasService: true, containers: [{ service: 'vm' }] });
    expect((await extensions.uiUrl(info.name)).url).toBe('http://wharf-disk-usage.localhost:1/index.html');

    const name = info.name;
    await expect
      .poll(
        () =>
          extensions.request({ name, method: 'GET', url: '/' }).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    const exec = (target: 'vm' | 'host' | 'docker', command: string, args: string[]) =>
      extensions.exec({ name, target, command, args });
    expect(await exec('vm', 'sh', ['-c', 'echo out; echo err >&2; exit 4'])).toMatchObject({
      ...{ code: 4, stdout: 'out\n', stderr: 'err\n', killed: false },
    });
    expect((await exec('docker', 'ps', ['--format', '"{{.Names}}"'])).stdout).toBe('wharf-disk-usage-vm\n');
    await expect(exec('host', '/bin/sh', ['-c', 'id'])).rejects.toMatchObject({ code: 'auth.denied' });
    expect(await extensions.docker(name, 'listContainers', { all: true })).toHaveLength(1);
    const [last] = (await extensions.audit(name)).filter(({ allowed }) => !allowed);
    expect(last).toMatchObject({ action: 'host.cli' });

    const again = await extensions.install('wharf/disk-usage', preview.permissions, job);
    expect(again.containers[0]?.id).not.toBe(info.containers[0]?.id);
    await extensions.uninstall(name, true);
    expect(await engine.call('ContainerList', { query: { all: true } })).toEqual([]);
    await expect(extensions.uiUrl(name)).rejects.toMatchObject({ code: 'extension.not-found' });
  });

  test('streamed output arrives and a stream can be ended', async () => {
    const preview = await extensions.preview('wharf/disk-usage', job);
    const { name } = await extensions.install('wharf/disk-usage', preview.permissions, job);
    outputs.length = 0;
    await extensions.execStream(
      { name, target: 'vm', command: 'sh', args: ['-c', 'echo hi; sleep 1000'] },
      'run1',
      'me',
    );
    await expect
      .poll(() => outputs)
      .toContainEqual(['extensions.execOutput', { execId: 'run1', stream: 'stdout', data: 'hi\n' }]);
    extensions.execKill('run1');
    await expect.poll(() => outputs).toContainEqual(['extensions.execClosed', { execId: 'run1', code: -1, error: '' }]);
    await extensions.uninstall(name, true);
  });

  test('a plugin runs on loopback, stops, starts and is removed', async () => {
    const preview = await plugins.preview('wharf/adminer', job);
    expect(preview.permissions).toMatchObject({ ports: ['ephemeral -> 8080/tcp'], network: 'bridge' });
    const info = await plugins.install('wharf/adminer', preview.permissions, job);
    expect(info.url).toMatch(/^http:\/\/localhost:\d+\/$/);
    await expect.poll(async () => (await plugins.list())[0]?.state, { timeout: 15_000 }).toBe('running');
    const page = await fetch((info.url ?? '').replace('localhost', '127.0.0.1'));
    expect(page.status).toBe(200);
    await page.body?.cancel();
    expect(await plugins.stop(info.name)).toMatchObject({ state: 'stopped', url: null });
    expect((await plugins.start(info.name)).url).not.toBeNull();
    await plugins.uninstall(info.name, true);
    expect(await plugins.list()).toEqual([]);
    await expect(plugins.start(info.name)).rejects.toMatchObject({ code: 'plugin.not-found' });
  });

  test('an image that is no package is refused in words', async () => {
    await expect(extensions.preview('busybox', job)).rejects.toThrow('is not an extension');
    await expect(plugins.preview('busybox', job)).rejects.toThrow('not a plugin');
    await expect(plugins.preview('wharf/no-such-thing', job)).rejects.toMatchObject({ code: expect.any(String) });
    expect(await engine.call('ContainerList', { query: { all: true } })).toEqual([]);
  });
});
