import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand, engineWorld } from '../../test-world/engine-world.ts';
import { hostileRegistry } from '../../test-world/hostile-registry.ts';
import { runProgram } from '../../test-world/run-program.ts';

const someone = ['busybox', 'sleep', '300'];

describe.skipIf(dockerCommand === undefined)('what goes wrong', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox'] });
  const unfinished = () => readdirSync(path.join(world().dataRoot, 'content/ingest'));
  const images = () => said('images', '--format', '{{.Repository}}:{{.Tag}}');
  afterEach(async () => {
    await expect.poll(unfinished, { timeout: 3000 }).toEqual([]);
    expect(await images()).toBe('busybox:latest');
    expect(existsSync('/tmp/wharf-hostile-dots') || existsSync('/tmp/wharf-hostile-link')).toBe(false);
  });

  it('an image, a tag, a command that nobody knows', async () => {
    const host = world().registryHost;
    const image = await docker('pull', `${host}/library/nothing`);
    expect(image.code).toBe(1);
    expect(image.stderr).toMatch(
      /manifest for \S+\/library\/nothing:latest not found|repository \S+ (not found|does not exist)/i,
    );
    const tag = await docker('pull', `${host}/library/busybox:9`);
    expect(tag.code).toBe(1);
    expect(tag.stderr).toMatch(/manifest for \S+\/library\/busybox:9 not found: manifest unknown/);
    const run = await docker('run', '--rm', `${host}/library/nothing`);
    expect(run.code).toBe(125);
    expect(run.stderr).toMatch(/Unable to find image '\S+\/library\/nothing:latest' locally/);
    for (const name of ['busybox/UPPER', 'busybox:bad tag', 'busybox@sha256:123']) {
      const bad = await docker('pull', name);
      expect(bad.code).toBe(1);
      expect(bad.stderr).toMatch(/invalid reference format/);
    }
  });

  it('a registry that is not there', async () => {
    const down = await docker('pull', '127.0.0.1:1/library/busybox');
    expect(down.code).toBe(1);
    expect(down.stderr).toMatch(/127\.0\.0\.1:1/);
    expect(down.stderr).toMatch(/connection refused|ECONNREFUSED|cannot be reached|not reachable/i);
  });

  it('a registry that answers with web pages', async () => {
    await using trap = await hostileRegistry('html');
    const { code, stderr } = await docker('pull', trap.image);
    expect(code).toBe(1);
    expect(stderr).toMatch(/HTML|web page|text\/html/i);
  });

  it('a registry that is out of order', async () => {
    await using trap = await hostileRegistry('failing');
    const { code, stderr } = await docker('pull', trap.image);
    expect(code).toBe(1);
    expect(stderr).toMatch(/503/);
  });

  it('a registry that lies about its bytes', async () => {
    await using trap = await hostileRegistry('lying');
    const { code, stderr } = await docker('pull', trap.image);
    expect(code).toBe(1);
    expect(stderr).toMatch(/digest|does not match|mismatch/i);
  });

  it('a registry that breaks off, again and again', async () => {
    await using trap = await hostileRegistry('cut');
    const { code, stderr } = await world().docker(['pull', trap.image], { timeoutMs: 40_000 });
    expect(code).toBe(1);
    expect(stderr).toMatch(/broke|closed|reset|EOF|hang up|terminated|ended/i);
    expect(trap.blobRequests).toBeLessThan(40);
    // What came so far is kept for the next try, until the space is wanted back.
    expect(unfinished()).not.toEqual([]);
    await said('image', 'prune', '-f');
  });

  it('Ctrl-C while an image comes', async () => {
    await using trap = await hostileRegistry('stalled');
    await using pull = world().start('docker', ['pull', trap.image]);
    await expect.poll(unfinished).not.toEqual([]);
    pull.child.kill('SIGINT');
    expect((await pull.ended).code).not.toBe(0);
  });

  it('a client that dies while an image comes', async () => {
    await using trap = await hostileRegistry('stalled');
    await using pull = world().start('docker', ['pull', trap.image]);
    await expect.poll(unfinished).not.toEqual([]);
    pull.child.kill('SIGKILL');
    await pull.ended;
  });

  it('layers that climb out of their root', async () => {
    const dots = await docker('pull', 'hostile-dots');
    const link = await docker('pull', 'hostile-link');
    // Either refused, or unpacked below the root; never outside, which is looked at after each test.
    for (const { code, stderr } of [dots, link]) if (code !== 0) expect(stderr).toMatch(/refused the entry/);
    for (const name of (await images()).split('\n').filter((each) => each.startsWith('hostile')))
      await said('rmi', name);
  });

  it('a name that is taken, names that are none, containers that are not', async () => {
    const id = await said('run', '-d', '--name', 'mine', ...someone);
    const taken = await docker('run', '-d', '--name', 'mine', ...someone);
    expect(taken.code).toBe(125);
    expect(taken.stderr).toContain(`The container name "/mine" is already in use by container "${id}".`);
    expect((await docker('run', '-d', '--name', 'no spaces', ...someone)).stderr).toMatch(
      /Invalid container name \(no spaces\)/,
    );
    for (const verb of ['start', 'stop', 'kill', 'rm', 'pause', 'restart', 'wait', 'top']) {
      const { code, stderr } = await docker(verb, 'nobody');
      expect(code).toBe(1);
      expect(stderr).toContain('No such container: nobody');
    }
    expect(await said('ps', '-a', '--format', '{{.Names}}')).toBe('mine');
  });

  it('a start that fails leaves nothing of the container but itself', async () => {
    await said('create', '--name', 'broken', '-p', '127.0.0.1::80', 'busybox', '/no/such/command');
    const first = await docker('start', 'broken');
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('/no/such/command');
    expect(await said('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'broken')).toBe('created 127');
    expect(await said('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'broken')).toBe('{}');
    expect((await docker('start', 'broken')).code).toBe(1);
    await said('rm', 'broken');
  });

  it('a daemon that is not there', async () => {
    const env = { ...world().env, DOCKER_HOST: `unix://${world().root}/nobody.sock` };
    const { code, stderr } = await world().docker(['ps'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Cannot connect to the Docker daemon at unix:\/\//);
  });
});

describe.skipIf(dockerCommand === undefined)('a full disk', () => {
  it('ends a pull with a reason, leaves nothing of it, and lets the engine go on', async () => {
    const dataRoot = await mkdtemp(path.join(tmpdir(), 'ww-full-'));
    await mkdir(dataRoot, { recursive: true });
    await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'wharf-full', dataRoot]);
    try {
      await using world = await engineWorld({ dataRoot, pulled: ['busybox'] });
      const { code, stderr } = await world.docker(['pull', 'big'], { timeoutMs: 30_000 });
      expect(code).toBe(1);
      expect(stderr).toMatch(/no space left on device/i);
      await expect.poll(() => readdirSync(path.join(dataRoot, 'content/ingest'))).toEqual([]);
      expect((await world.docker(['images', '--format', '{{.Repository}}'])).stdout).toBe('busybox\n');
      expect(await world.docker(['run', '--rm', 'busybox', 'echo', 'goes on'])).toMatchObject({ stdout: 'goes on\n' });
      // Its own complaint is lost with it: output goes through the log, which is on the same disk.
      const filling = ['run', '--rm', 'busybox', 'sh', '-c', 'head -c 60000000 /dev/zero > /f'];
      expect(await world.docker(filling)).toMatchObject({ code: 1 });
      expect(await world.docker(['run', '--rm', 'busybox', 'echo', 'still'])).toMatchObject({ stdout: 'still\n' });
    } finally {
      await runProgram('umount', [dataRoot]);
      await rm(dataRoot, { recursive: true });
    }
  });
});
