import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fixtureImages, pushImages } from '../../test-world/fixture-images.ts';
import {
  isInstalled,
  pathWith,
  type RootlessWorld,
  rootlessObstacle,
  rootlessWorld,
  unifiedTree,
} from '../../test-world/rootless-world.ts';
import { startRegistry, type TestRegistry } from '../../test-world/test-registry.ts';

const serve = (text: string) => [
  'busybox',
  'sh',
  '-c',
  `mkdir /w; echo ${text} > /w/index.html; exec httpd -f -p 80 -h /w`,
];
/** Below the ports that engines pick by themselves: rules of another one on this machine may stand for those. */
const freePort = (): number => 20_000 + Math.floor(Math.random() * 10_000);
const get = async (port: string | number): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(3000) })).text().then((text) => text.trim());

describe.skipIf(rootlessObstacle !== '')('an ordinary user', () => {
  let registry: TestRegistry;
  let world: RootlessWorld;
  beforeAll(async () => {
    world = await rootlessWorld('127.0.0.1:1');
    registry = await startRegistry({ root: path.join(world.root, 'registry') });
    await pushImages(registry.host, await fixtureImages());
    await world.start();
    for (const name of ['busybox', 'layered']) {
      // The registry is on the host's loopback, which is another one in the engine's own network.
      await world.said('pull', '-q', `${registry.host}/library/${name}`);
      await world.said('tag', `${registry.host}/library/${name}`, name);
    }
  }, 120_000);
  afterAll(async () => {
    await world?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  }, 60_000);
  afterEach(async () => {
    const left = (await world.said('ps', '-aq')).split('\n').filter(Boolean);
    if (left.length > 0) await world.said('rm', '-f', '-v', ...left);
    await world.said('network', 'prune', '-f');
  });
  const portOf = async (name: string) => (await world.said('port', name, '80')).split('\n')[0]?.split(':').at(-1) ?? '';
  const remove = (...names: readonly string[]) => world.said('rm', '-f', '-v', ...names);

  it('runs the engine without being root, which says so', async () => {
    expect(statSync(`/proc/${world.enginePid()}`).uid).toBe(world.uid);
    expect(statSync(world.socket).uid).toBe(world.uid);
    const info = JSON.parse(await world.said('info', '--format', '{{json .}}'));
    expect(info.SecurityOptions).toContain('name=rootless');
    expect(info).toMatchObject({ Driver: 'overlay2', DockerRootDir: `${world.root}/home/.local/share/wharf` });
    expect(info.CgroupDriver).toBe('none');
    expect(info.Warnings.join('\n')).toContain('WARNING: Running in rootless-mode without cgroups.');
  });

  it('is root in the containers, whose other users are numbers granted to the user', async () => {
    const shared = path.join(world.root, 'home/shared');
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    await world.said('run', '--rm', '-v', `${shared}:/s`, 'busybox', 'sh', '-c', 'touch /s/a /s/b; chown 1000 /s/b');
    // Only where the folder lets others write, as on any machine: it is root's of the host.
    const made = (name: string) => statSync(path.join(shared, name), { throwIfNoEntry: false })?.uid;
    expect(made('a')).toBe(world.uid);
    const { stdout } = await world.docker(['run', '--rm', 'busybox', 'awk', '$1==1{print $2}', '/proc/self/uid_map']);
    expect(made('b')).toBe(Number(stdout) + 999);
  });

  it('publishes ports on the host, and hears why one can not be had', async () => {
    await world.said('run', '-d', '--name', 'web', '-p', `127.0.0.1:${freePort()}:80`, ...serve('hello'));
    const port = await portOf('web');
    await expect.poll(() => get(port).catch(String)).toBe('hello');
    const taken = await world.docker(['run', '-d', '--name', 'late', '-p', `127.0.0.1:${port}:80`, 'busybox', 'true']);
    expect(taken.stderr).toMatch(/port is already allocated \(by container "web"\)/);
    const low = await world.docker(['run', '-d', '--name', 'low', '-p', '1:80', 'busybox', 'true']);
    expect(low.stderr).toMatch(/cannot expose privileged port 1: permission denied; choose a port from 1024 on/);
    await remove('web', 'late', 'low');
    await expect(get(port)).rejects.toThrow();
  });

  it('names containers to each other, and lets them out but not to the loopback of the host', async () => {
    const address = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    await using listener = await greeter();
    await world.said('network', 'create', 'n1');
    await world.said('run', '-d', '--name', 'db', '--network', 'n1', ...serve('data'));
    const inside = (...command: readonly string[]) =>
      world.docker(['run', '--rm', '--network', 'n1', 'busybox', ...command]);
    expect((await inside('ping', '-c', '1', '-w', '5', 'db')).stdout).toContain('1 packets received');
    if (address !== undefined) {
      const fetched = await inside('sh', '-c', `nc ${address} ${listener.port} </dev/null | head -c 99`);
      expect(fetched.stdout).toBe('from the host\n');
    }
    const gateway = await inside(
      'sh',
      '-c',
      `nc -w 2 127.0.0.1 ${listener.port} </dev/null; nc -w 2 10.0.2.2 ${listener.port} </dev/null`,
    );
    expect(gateway.stdout).toBe('');
    await remove('db');
    await world.said('network', 'rm', 'n1');
  });

  it('may share the processes of the host, as far as the user sees them', async () => {
    expect(await world.said('run', '--rm', '--pid', 'host', 'busybox', 'ps', '-o', 'args')).toContain('wharfd');
  });

  it('works in a container: exec, logs, files of many owners, what changed, a new image', async () => {
    await world.said(
      'run',
      '-d',
      '--name',
      'box',
      '--entrypoint',
      'sh',
      '-u',
      '0',
      'layered',
      '-c',
      'echo up; rm /srv/kept; sleep 600',
    );
    await expect.poll(() => world.said('logs', 'box')).toBe('up');
    expect(await world.said('exec', '-u', 'www-data', 'box', 'id', '-u')).toBe('33');
    expect(await world.said('exec', 'box', 'stat', '-c', '%u:%g', '/data/first')).toBe('33:33');
    expect(await world.said('exec', 'box', 'ls', '/srv')).toBe('added');
    expect(await world.said('diff', 'box')).toContain('D /srv/kept');
    await world.said('commit', 'box', 'mine');
    expect(await world.said('run', '--rm', '--entrypoint', 'ls', 'mine', '/srv')).toBe('added');
    expect(await world.said('top', 'box')).toContain('sleep 600');
  });

  it('hears what can not be had without control groups', async () => {
    const limited = await world.docker(['run', '-d', '--name', 'small', '-m', '64m', 'busybox', 'sleep', '600']);
    expect(limited.stderr).toMatch(/does not support memory limit capabilities or the cgroup is not mounted/i);
    expect(limited.code).toBe(0);
    const paused = await world.docker(['pause', 'small']);
    expect(paused.code).not.toBe(0);
    expect(paused.stderr).toMatch(/no control group/);
    expect((await world.docker(['stats', '--no-stream', 'small'])).code).toBe(0);
  });

  it('finds containers running and reachable after the engine was killed, its parent, or all that holds it up', async () => {
    await world.said('run', '-d', '--name', 'web', '-p', `127.0.0.1:${freePort()}:80`, ...serve('still here'));
    const port = await portOf('web');
    const started = await world.said('inspect', '--format', '{{.State.Pid}}', 'web');
    const everything = () => [world.parent.pid, world.enginePid(), ...world.supportPids()];
    for (const victims of [() => [world.enginePid()], () => [world.parent.pid], everything]) {
      for (const victim of victims()) process.kill(victim, 'SIGKILL');
      await world.parent.ended;
      await world.start();
      expect(await world.said('inspect', '--format', '{{.State.Pid}}', 'web')).toBe(started);
      await expect.poll(() => get(port).catch(String)).toBe('still here');
      expect(await world.said('exec', 'web', 'echo', 'in')).toBe('in');
    }
    await remove('web');
  }, 120_000);

  it('keeps containers over an orderly end, and leaves nothing once there are none', async () => {
    await world.said('run', '-d', '--name', 'web', '-p', `127.0.0.1:${freePort()}:80`, ...serve('again'));
    const port = await portOf('web');
    expect(await world.stop()).toBe(0);
    expect(world.leftovers().join('\n')).toContain('conmon');
    await world.start();
    await expect.poll(() => get(port).catch(String)).toBe('again');
    await remove('web');
    expect(await world.stop()).toBe(0);
    expect(world.leftovers()).toEqual([]);
    await world.start();
  }, 120_000);

  it('does not see another user, who may have the same names but not the same port', async () => {
    await using other = await rootlessWorld('127.0.0.1:1');
    await other.start();
    await other.said('pull', '-q', `${registry.host}/library/busybox`);
    await other.said('tag', `${registry.host}/library/busybox`, 'busybox');
    await world.said('run', '-d', '--name', 'web', '-p', `127.0.0.1:${freePort()}:80`, ...serve('first'));
    const port = await portOf('web');
    const same = await other.docker(['run', '-d', '--name', 'web', '-p', `127.0.0.1:${port}:80`, ...serve('second')]);
    expect(same.stderr).toContain('port is already allocated');
    await other.said('rm', 'web');
    await other.said('run', '-d', '--name', 'web', '-p', `127.0.0.1:${freePort()}:80`, ...serve('second'));
    const [mine = '', theirs = ''] = [port, (await other.said('port', 'web', '80')).split(':').at(-1)];
    await expect.poll(() => Promise.all([get(mine), get(theirs)]).catch(String)).toEqual(['first', 'second']);
    await remove('web');
  }, 120_000);

  it.skipIf(!isInstalled('pasta') || !isInstalled('slirp4netns'))(
    'may choose what carries the network',
    async () => {
      for (const driver of ['pasta', 'slirp4netns', 'none']) {
        expect(await world.stop()).toBe(0);
        await world.start([`--rootless-network=${driver}`]);
        expect(await world.said('version', '--format', '{{json .Server.Components}}')).toContain(
          `"NetworkDriver":"${driver}"`,
        );
        const routes = await world.said('run', '--rm', '--network', 'host', 'busybox', 'route', '-n');
        expect(routes.includes('10.0.2.2') || routes.includes('.2.2')).toBe(driver !== 'none');
      }
    },
    120_000,
  );
});

describe.skipIf(rootlessObstacle !== '' || unifiedTree === undefined)('an ordinary user with a delegated group', () => {
  it('can pause, and leaves no group behind', async () => {
    await using world = await rootlessWorld('127.0.0.1:1', { delegated: true });
    await using registry = await startRegistry({ root: path.join(world.root, 'registry') });
    await pushImages(registry.host, await fixtureImages());
    await world.start();
    const info = JSON.parse(await world.said('info', '--format', '{{json .}}'));
    expect(info).toMatchObject({ CgroupDriver: 'cgroupfs', CgroupVersion: '2' });
    await world.said('run', '-d', '--name', 'box', `${registry.host}/library/busybox`, 'sleep', '600');
    await world.said('pause', 'box');
    expect(await world.said('ps', '--format', '{{.Status}}')).toContain('(Paused)');
    await world.said('unpause', 'box');
    expect(await world.said('top', 'box')).toContain('sleep 600');
    await world.said('rm', '-f', 'box');
    expect(await world.stop()).toBe(0);
    expect(world.leftovers()).toEqual([]);
    const group = path.join(unifiedTree ?? '', world.user);
    expect(readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory())).toEqual([]);
  }, 120_000);
});

describe.skipIf(rootlessObstacle !== '')('wharfd --rootless says what is missing', () => {
  let world: RootlessWorld;
  beforeAll(async () => {
    world = await rootlessWorld('127.0.0.1:1');
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  it('a runtime directory', async () => {
    const { XDG_RUNTIME_DIR: _, ...env } = world.env;
    const { code, stderr } = await world.wharfd(['--rootless'], env);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\$XDG_RUNTIME_DIR is not set.*\nhint: .*loginctl/);
  });

  it('newuidmap', async () => {
    const PATH = await pathWith(path.join(world.root, 'bin'), [
      'readlink',
      'dirname',
      'unshare',
      'setpriv',
      'mount',
      'mknod',
      'sh',
    ]);
    const { stderr } = await world.wharfd(['--rootless'], { ...world.env, PATH });
    expect(stderr).toMatch(/newuidmap is not installed\nhint: .*uidmap/);
  });

  it('numbers in /etc/subuid', async () => {
    const { stderr } = await world.withoutRanges(['--rootless']);
    expect(stderr).toMatch(/\/etc\/subuid grants no range to user .*\nhint: .*--add-subuids/);
  });

  it('root, without the flag', async () => {
    expect((await world.wharfd([])).stderr).toMatch(
      /needs to be started with root privileges\nhint: .*wharfd --rootless/,
    );
  });

  it('and leaves nothing', () => {
    expect(world.leftovers()).toEqual([]);
  });
});

async function greeter(): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('from the host\n');
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
