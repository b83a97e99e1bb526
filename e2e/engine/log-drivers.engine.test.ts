import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

const numbers = (text: string) => text.split('\n').filter(Boolean).map(Number);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe.skipIf(dockerCommand === undefined)('log drivers', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox'] });
  const options = (config: Readonly<Record<string, string>>) =>
    Object.entries(config).flatMap(([name, value]) => ['--log-opt', `${name}=${value}`]);
  const logSizes = async (id: string) => {
    const folder = path.join(world().dataRoot, 'containers', id);
    const names = (await readdir(folder)).filter((name) => name.startsWith('container.log'));
    return await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
  };

  it('json-file keeps what its options allow, while a follower sees every line once', async () => {
    const limits = options({ 'max-size': '100k', 'max-file': '3', compress: 'true' });
    const script =
      'i=0; while [ $i -lt 40 ]; do seq $((i * 500 + 1)) $((i * 500 + 500)); i=$((i + 1)); sleep 0.02; done';
    const id = await said('create', ...limits, 'busybox', 'sh', '-c', script);
    await said('start', id);
    expect(numbers((await docker('logs', '-f', id)).stdout)).toEqual(range(1, 20_000));
    await said('wait', id);
    const kept = numbers((await docker('logs', id)).stdout);
    expect(kept).toEqual(range(20_001 - kept.length, 20_000));
    expect(kept.length).toBeLessThan(15_000);
    expect(numbers((await docker('logs', '-n', '2500', id)).stdout)).toEqual(range(17_501, 20_000));
    const sizes = await logSizes(id);
    expect(sizes.length).toBeLessThanOrEqual(3);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(400_000);
  });

  it('goes on with bounds and without a gap after the daemon was killed among rotations', async () => {
    const limits = ['--log-driver', 'local', ...options({ 'max-size': '20k', 'max-file': '1000', compress: 'false' })];
    const script = 'i=0; while :; do i=$((i + 1)); echo $i; [ $((i % 100)) = 0 ] && sleep 0.05; done';
    const id = await said('run', '-d', ...limits, 'busybox', 'sh', '-c', script);
    for (let turn = 0; turn < 3; turn += 1) {
      const before = (await logSizes(id)).length;
      await expect.poll(async () => (await logSizes(id)).length, { timeout: 30_000 }).toBeGreaterThan(before);
      await world().daemon.kill9();
      await world().daemon.start();
    }
    await said('kill', id);
    await said('wait', id);
    const kept = numbers((await docker('logs', id)).stdout);
    expect(kept.length).toBeGreaterThan(1000);
    expect(kept).toEqual(range(1, kept.length));
  });

  it('none writes nothing to the data root, refuses logs, and attached clients get everything', async () => {
    const quiet = ['--log-driver', 'none'];
    expect(numbers(await said('run', '--name', 'quiet', ...quiet, 'busybox', 'seq', '1', '200000'))).toEqual(
      range(1, 200_000),
    );
    const { stderr } = await docker('logs', 'quiet');
    expect(stderr).toBe('Error response from daemon: configured logging driver does not support reading\n');
    expect(await said('inspect', '-f', '{{.LogPath}}{{.HostConfig.LogConfig.Type}}', 'quiet')).toBe('none');
    const id = await said('inspect', '-f', '{{.Id}}', 'quiet');
    expect((await logSizes(id)).every((size) => size === 0)).toBe(true);
    await expect.poll(() => existsSync(path.join(world().execRoot, 'output', `${id}.log`))).toBe(false);
    expect(await said('start', '-a', 'quiet')).toMatch(/200000$/);
  });

  it('options are refused by name at create and by value at start', async () => {
    const named = await docker('create', '--log-opt', 'odd=1', 'busybox');
    expect(named.stderr).toBe("Error response from daemon: unknown log opt 'odd' for json-file log driver\n");
    const id = await said('create', '--log-opt', 'max-size=odd', 'busybox', 'true');
    expect((await docker('start', id)).stderr).toContain(
      "failed to create task for container: failed to initialize logging driver: invalid size: 'odd'",
    );
    expect((await docker('create', '--log-driver', 'syslog', 'busybox')).stderr).toContain(
      "logger: no log driver named 'syslog' is registered",
    );
  });

  it('details show the attributes that the options name', async () => {
    const asked = options({ labels: 'role', env: 'STAGE', tag: '{{.Name}}' });
    await said('run', '--name', 'web', '-l', 'role=a b', '-e', 'STAGE=x', ...asked, 'busybox', 'echo', 'hello');
    expect(await said('logs', '--details', 'web')).toBe('STAGE=x,role=a+b,tag=web hello');
    expect(await said('logs', 'web')).toBe('hello');
  });
});
