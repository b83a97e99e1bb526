import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';
import { runProgram } from '../../test-world/run-program.ts';

const forever = ['busybox', 'sleep', '300'];
/** A shell that ends itself on SIGTERM; PID 1 ignores what it does not catch. */
const obedient = ['busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];

describe.skipIf(dockerCommand === undefined)('a container', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox', 'layered'] });
  const state = (name: string) => said('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name);

  it('is created, started, stopped with its own signal, started again and removed', async () => {
    await said(
      'create',
      '--name',
      'box',
      '--stop-signal',
      'INT',
      'busybox',
      'sh',
      '-c',
      'trap "exit 42" INT; while :; do sleep 0.1; done',
    );
    expect(await state('box')).toBe('created 0');
    expect(await said('start', 'box')).toBe('box');
    expect(await state('box')).toBe('running 0');
    await expect.poll(() => said('exec', 'box', 'ps')).toContain('sleep 0.1');
    await said('stop', 'box');
    expect(await state('box')).toBe('exited 42');
    await said('start', 'box');
    const refused = await docker('rm', 'box');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/cannot remove container "\/?box": container is running/);
    expect(await said('rm', '-f', 'box')).toBe('box');
    expect((await docker('inspect', 'box')).stderr).toContain('No such object: box');
  });

  it('is killed after the time to stop is over', async () => {
    await said('run', '-d', '--name', 'box', ...forever);
    const before = Date.now();
    await said('stop', '-t', '1', 'box');
    expect(Date.now() - before).toBeLessThan(4000);
    expect(await state('box')).toBe('exited 137');
  });

  it('gets signals from kill, which refuses one that has ended', async () => {
    await said(
      'run',
      '-d',
      '--name',
      'box',
      'busybox',
      'sh',
      '-c',
      'trap "echo usr" USR1; trap "exit 8" TERM; while :; do sleep 0.1; done',
    );
    await said('exec', 'box', 'true');
    await expect
      .poll(async () => {
        await said('kill', '-s', 'USR1', 'box');
        return said('logs', 'box');
      })
      .toContain('usr');
    await said('kill', '-s', '15', 'box');
    expect(await said('wait', 'box')).toBe('8');
    const again = await docker('kill', 'box');
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/cannot kill container: box: container \w{64} is not running/);
  });

  it('is waited for by any number of clients', async () => {
    await said('run', '-d', '--name', 'box', 'busybox', 'sh', '-c', 'sleep 0.5; exit 11');
    expect(await Promise.all([1, 2, 3].map(() => said('wait', 'box')))).toEqual(['11', '11', '11']);
    expect(await said('wait', 'box')).toBe('11');
  });

  it('stands still while it is paused', async () => {
    await said('run', '-d', '--name', 'box', ...obedient);
    await said('pause', 'box');
    expect(await said('ps', '--format', '{{.Status}}')).toMatch(/\(Paused\)$/);
    expect((await docker('exec', 'box', 'true')).stderr).toMatch(/is paused/);
    await said('unpause', 'box');
    expect(await said('exec', 'box', 'echo', 'awake')).toBe('awake');
  });

  it('restarts: by hand, on failure up to a limit, and not when it was stopped', async () => {
    await said('run', '-d', '--name', 'byhand', ...obedient);
    const first = await said('inspect', '-f', '{{.State.StartedAt}}', 'byhand');
    await said('restart', '-t', '1', 'byhand');
    expect(await said('inspect', '-f', '{{.State.StartedAt}}', 'byhand')).not.toBe(first);

    await said(
      'run',
      '-d',
      '--name',
      'failing',
      '--restart',
      'on-failure:2',
      'busybox',
      'sh',
      '-c',
      'echo try; exit 1',
    );
    await expect
      .poll(() => said('inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'failing'), { timeout: 10_000 })
      .toBe('2 exited');
    expect(await said('logs', 'failing')).toBe('try\ntry\ntry');

    await said('run', '-d', '--name', 'always', '--restart', 'always', ...obedient);
    await said('kill', '-s', 'KILL', 'always');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await state('always')).toBe('exited 137');
  });

  it('is renamed, found by filters, and by the beginning of its ID', async () => {
    const id = await said('run', '-d', '--name', 'old', '--label', 'tier=web', ...forever);
    await said('create', '--name', 'other', 'layered');
    await said('rename', 'old', 'new');
    const names = (...filters: string[]) =>
      said('ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((each) => ['--filter', each]));
    expect(await names()).toBe('other\nnew');
    expect(await names('label=tier=web')).toBe('new');
    expect(await names('status=created')).toBe('other');
    expect(await names('name=^/?ne')).toBe('new');
    expect(await names('ancestor=layered')).toBe('other');
    expect(await names(`id=${id.slice(0, 6)}`)).toBe('new');
    expect(await said('inspect', '-f', '{{.Name}}', id.slice(0, 12))).toBe('/new');
    expect((await docker('rename', 'new', 'other')).stderr).toMatch(/name "\/other" is already in use by container/);
  });

  it('shows its processes, what it uses, and how it was made', async () => {
    await said(
      'run',
      '-d',
      '--name',
      'box',
      '-m',
      '32m',
      '-p',
      '127.0.0.1::80',
      '-v',
      'data:/data',
      '--restart',
      'unless-stopped',
      ...forever,
    );
    expect(await said('top', 'box')).toMatch(/^UID +PID .*CMD\n.*sleep 300$/s);
    expect(await said('top', 'box', '-o', 'pid,comm')).toMatch(/PID +COMMAND\n *\d+ +sleep/);
    expect(await said('stats', '--no-stream', '--format', '{{.Name}} {{.CPUPerc}} {{.MemUsage}}', 'box')).toMatch(
      /^box \d+\.\d\d% \S+ \/ 32MiB$/,
    );
    const [made] = JSON.parse(await said('inspect', 'box'));
    expect(made).toMatchObject({
      Name: '/box',
      Path: 'sleep',
      Args: ['300'],
      Config: { Image: 'busybox', Cmd: ['sleep', '300'] },
      HostConfig: { Memory: 32 * 1024 * 1024, RestartPolicy: { Name: 'unless-stopped' }, Binds: ['data:/data'] },
      State: { Status: 'running', Running: true },
      Mounts: [{ Type: 'volume', Name: 'data', Destination: '/data', RW: true }],
    });
    expect(await said('port', 'box')).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+$/);
  });

  it('gives files out and takes them in, folders and names included', async () => {
    await said('run', '-d', '--name', 'box', ...forever);
    const here = path.join(world().home, 'copied');
    await mkdir(path.join(here, 'sub'), { recursive: true });
    await writeFile(path.join(here, 'sub/äöü'), 'text\n', { mode: 0o640 });
    await said('cp', here, 'box:/srv');
    expect(await said('exec', 'box', 'sh', '-c', 'cat /srv/sub/äöü 2>/dev/null || cat /srv/copied/sub/äöü')).toBe(
      'text',
    );
    await said(
      'exec',
      'box',
      'sh',
      '-c',
      'mkdir -p /out && echo made > /out/f && ln -s f /out/link && chmod 4711 /out/f',
    );
    await said('cp', 'box:/out', path.join(here, 'back'));
    expect(await readFile(path.join(here, 'back/link'), 'utf8')).toBe('made\n');
    await said('cp', 'box:/out/f', path.join(here, 'one'));
    expect(await readFile(path.join(here, 'one'), 'utf8')).toBe('made\n');
    const missing = await docker('cp', 'box:/no/such', here);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/Could not find the file \/no\/such in container box/);
    // Stopped containers as well.
    await said('stop', '-t', '0', 'box');
    await said('cp', 'box:/out/f', path.join(here, 'two'));
    await rm(here, { recursive: true });
  });

  it('shows what changed in it, becomes an image, and leaves as an archive', async () => {
    await said('run', '--name', 'box', 'busybox', 'sh', '-c', 'echo new > /etc/new; rm /etc/passwd');
    expect((await said('diff', 'box')).split('\n').sort()).toEqual(['A /etc/new', 'C /etc', 'D /etc/passwd']);
    await said('commit', '-m', 'why', '-c', 'CMD ["cat","/etc/new"]', 'box', 'committed:1');
    expect(await said('run', '--rm', 'committed:1')).toBe('new');
    const file = path.join(world().home, 'root.tar');
    await said('export', '-o', file, 'box');
    const unpacked = await runProgram('tar', ['-xOf', file, 'etc/new']);
    expect(unpacked.stdout).toBe('new\n');
    await rm(file);
    await said('rm', 'box');
    await said('rmi', 'committed:1');
  });

  it('changes its limits while it runs', async () => {
    await said('run', '-d', '--name', 'box', '-m', '64m', ...forever);
    await said('update', '-m', '128m', '--memory-swap', '256m', '--restart', 'always', 'box');
    expect(await said('inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}', 'box')).toBe(
      `${128 * 1024 * 1024} always`,
    );
    expect(await said('stats', '--no-stream', '--format', '{{.MemUsage}}', 'box')).toMatch(/\/ 128MiB$/);
  });

  it('tells its health', async () => {
    await said(
      'run',
      '-d',
      '--name',
      'box',
      '--health-cmd',
      'test -f /tmp/well',
      '--health-interval',
      '200ms',
      '--health-retries',
      '1',
      ...forever,
    );
    const health = () => said('inspect', '-f', '{{.State.Health.Status}}', 'box');
    await expect.poll(health, { timeout: 8000 }).toBe('unhealthy');
    await said('exec', 'box', 'touch', '/tmp/well');
    await expect.poll(health, { timeout: 8000 }).toBe('healthy');
    expect(await said('ps', '--format', '{{.Status}}', '--filter', 'health=healthy')).toMatch(/\(healthy\)$/);
  });
});
