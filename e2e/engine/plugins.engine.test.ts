/** Plugins of Docker's protocol that somebody else runs: volumes, networks with addresses, authorization. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';
import { startTestPlugin, type TestPlugin } from '../../test-world/test-plugin.ts';

const unique = randomBytes(3).toString('hex');

interface KeptVolume {
  readonly options: unknown;
  readonly mounts: Set<unknown>;
}

describe.skipIf(dockerCommand === undefined)('volume plugin', () => {
  const { said, docker, world } = engineFile({ pulled: ['busybox'] });
  const folder = mkdtempSync(path.join(tmpdir(), 'wharf-plugin-'));
  const volumes = new Map<unknown, KeptVolume>();
  const place = (name: unknown) => path.join(folder, String(name));
  const kept = (name: unknown): KeptVolume => {
    const volume = volumes.get(name);
    if (volume === undefined) throw new Error(`volume ${String(name)} unknown here`);
    return volume;
  };
  let plugin: TestPlugin;
  beforeAll(async () => {
    plugin = await startTestPlugin(`wtv${unique}`, ['VolumeDriver'], {
      'VolumeDriver.Create': ({ Name, Opts }) => {
        if (Name === 'unwanted') throw new Error('no such luck');
        mkdirSync(place(Name), { recursive: true });
        volumes.set(Name, { options: Opts, mounts: new Set() });
      },
      'VolumeDriver.Remove': ({ Name }) => {
        rmSync(place(Name), { recursive: true });
        volumes.delete(Name);
      },
      'VolumeDriver.Get': ({ Name }) => ({ Volume: { Name, Status: { mounts: kept(Name).mounts.size } } }),
      'VolumeDriver.List': () => ({ Volumes: [...volumes.keys()].map((Name) => ({ Name })) }),
      'VolumeDriver.Path': ({ Name }) => ({ Mountpoint: place(Name) }),
      'VolumeDriver.Mount': ({ Name, ID }) => {
        kept(Name).mounts.add(ID);
        return { Mountpoint: place(Name) };
      },
      'VolumeDriver.Unmount': ({ Name, ID }) => {
        if (!kept(Name).mounts.delete(ID)) throw new Error(`never mounted as ${String(ID)}`);
      },
      'VolumeDriver.Capabilities': () => ({ Capabilities: { Scope: 'global' } }),
    });
  });
  afterAll(async () => {
    await plugin?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  test('makes, shows, mounts for each run and removes volumes', async () => {
    await said('volume', 'create', '-d', plugin.name, '-o', 'size=3', 'data');
    expect(plugin.bodiesOf('VolumeDriver.Create')).toContainEqual({ Name: 'data', Opts: { size: '3' } });
    expect(JSON.parse(await said('volume', 'inspect', 'data'))[0]).toMatchObject({
      Driver: plugin.name,
      Scope: 'global',
      Options: { size: '3' },
      Status: { mounts: 0 },
    });
    await said('run', '--rm', '-v', 'data:/d', 'busybox', 'sh', '-c', 'echo kept > /d/file');
    expect(kept('data').mounts.size).toBe(0);
    expect(await said('run', '--rm', '-v', 'data:/d:ro', 'busybox', 'cat', '/d/file')).toBe('kept');
    expect(await said('volume', 'ls', '-q', '--filter', `driver=${plugin.name}`)).toBe('data');
    await said('volume', 'rm', 'data');
    expect(volumes.size).toBe(0);
  });

  test('tells its own error, and a missing plugin is told from one that does something else', async () => {
    const { stderr } = await docker('volume', 'create', '-d', plugin.name, 'unwanted');
    expect(stderr).toContain('create unwanted: no such luck');
    expect((await docker('volume', 'create', '-d', 'nosuchplugin', 'x')).stderr).toContain(
      'create x: error looking up volume plugin nosuchplugin: plugin "nosuchplugin" not found',
    );
    expect((await docker('network', 'create', '-d', plugin.name, 'net')).stderr).toContain(
      `Plugin does not implement the requested driver: plugin="${plugin.name}", requested implementation="NetworkDriver"`,
    );
  });

  test('a mount outlives the daemon and ends with its container', async () => {
    await said('volume', 'create', '-d', plugin.name, 'lasting');
    await said('run', '-d', '--name', 'user', '-v', 'lasting:/d', 'busybox', 'sleep', '600');
    expect(kept('lasting').mounts.size).toBe(1);
    await world().daemon.kill9();
    await world().daemon.start();
    expect(kept('lasting').mounts.size).toBe(1);
    expect((await docker('volume', 'rm', 'lasting')).stderr).toContain('volume is in use');
    await said('rm', '-f', 'user');
    expect(kept('lasting').mounts.size).toBe(0);
  });
});

describe.skipIf(dockerCommand === undefined)('network plugin', () => {
  const { said } = engineFile({ pulled: ['busybox'] });
  const linkOf = (endpoint: unknown, end: 'h' | 'c') => `wt${String(endpoint).slice(0, 8)}${end}`;
  let next = 10;
  let plugin: TestPlugin;
  beforeAll(async () => {
    plugin = await startTestPlugin(`wtn${unique}`, ['NetworkDriver', 'IpamDriver'], {
      'NetworkDriver.GetCapabilities': () => ({ Scope: 'local' }),
      'NetworkDriver.CreateNetwork': () => ({}),
      'NetworkDriver.DeleteNetwork': () => ({}),
      'NetworkDriver.CreateEndpoint': () => ({ Interface: {} }),
      'NetworkDriver.DeleteEndpoint': () => ({}),
      'NetworkDriver.Join': ({ EndpointID }) => {
        const [name, peer] = [linkOf(EndpointID, 'h'), linkOf(EndpointID, 'c')];
        execFileSync('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', peer]);
        return {
          InterfaceName: { SrcName: peer, DstPrefix: 'eth' },
          Gateway: '10.213.7.1',
          StaticRoutes: [{ Destination: '10.214.0.0/16', RouteType: 1 }],
        };
      },
      'NetworkDriver.Leave': ({ EndpointID }) => {
        try {
          execFileSync('ip', ['link', 'del', linkOf(EndpointID, 'h')], { stdio: 'ignore' });
        } catch {
          // It went with the namespace its other end was in.
        }
      },
      'IpamDriver.GetDefaultAddressSpaces': () => ({ LocalDefaultAddressSpace: 'here' }),
      'IpamDriver.RequestPool': () => ({ PoolID: 'pool-1', Pool: '10.213.7.0/24' }),
      'IpamDriver.ReleasePool': () => ({}),
      'IpamDriver.RequestAddress': ({ Options }) => ({
        Address: (Options as Record<string, string>).RequestAddressType ? '10.213.7.1/24' : `10.213.7.${next++}/24`,
      }),
      'IpamDriver.ReleaseAddress': () => ({}),
    });
  });
  afterAll(() => plugin?.[Symbol.asyncDispose]());

  test('brings the interface, the addresses and the routes', async () => {
    await said('network', 'create', '-d', plugin.name, '--ipam-driver', plugin.name, '-o', 'colour=red', 'net');
    expect(plugin.bodiesOf('NetworkDriver.CreateNetwork')[0]).toMatchObject({
      Options: { 'com.docker.network.generic': { colour: 'red' } },
      IPv4Data: [{ Pool: '10.213.7.0/24', Gateway: '10.213.7.1/24' }],
    });
    await said('run', '-d', '--name', 'client', '--network', 'net', 'busybox', 'sleep', '600');
    const seen = await said('exec', 'client', 'sh', '-c', 'ip -o addr show eth0; ip route');
    expect(seen).toContain('inet 10.213.7.10/24');
    expect(seen).toMatch(/default via 10\.213\.7\.1 dev eth0/);
    expect(seen).toMatch(/10\.214\.0\.0\/16 dev eth0/);
    await said('rm', '-f', 'client');
    await said('network', 'rm', 'net');
    const called = plugin.calls.map(({ method }) => method);
    expect(called).toEqual(expect.arrayContaining(['NetworkDriver.Leave', 'NetworkDriver.DeleteEndpoint']));
    expect(called).toEqual(expect.arrayContaining(['IpamDriver.ReleaseAddress', 'IpamDriver.ReleasePool']));
    expect(called.at(-1)).toBe('IpamDriver.ReleasePool');
  });
});

describe.skipIf(dockerCommand === undefined)('authorization plugin', () => {
  const name = `wta${unique}`;
  const text = (value: unknown) => Buffer.from(String(value ?? ''), 'base64').toString();
  let plugin: TestPlugin | undefined;
  const started = startTestPlugin(name, ['authz'], {
    'AuthZPlugin.AuthZReq': ({ RequestMethod, RequestUri, RequestBody }) => ({
      Allow: !(
        RequestMethod === 'POST' &&
        String(RequestUri).endsWith('/volumes/create') &&
        text(RequestBody).includes('secret')
      ),
      Msg: 'that name is ours',
    }),
    'AuthZPlugin.AuthZRes': ({ RequestUri, ResponseBody }) => ({
      Allow: !(String(RequestUri).includes('/volumes/hidden') && text(ResponseBody).includes('"hidden"')),
      Msg: 'nothing to see',
    }),
  });
  beforeAll(async () => {
    plugin = await started;
  });
  // Before the engine's, and so after it: no request is answered without the plugin.
  afterAll(() => plugin?.[Symbol.asyncDispose]());
  const { said, docker } = engineFile({ flags: ['--authorization-plugin', name], images: 'none' });

  test('decides about requests by their body, and about answers', async () => {
    await said('volume', 'create', 'plain');
    const denied = await docker('volume', 'create', 'my-secret');
    expect(denied.stderr).toContain(`authorization denied by plugin ${name}: that name is ours`);
    expect(await said('volume', 'ls', '-q')).toBe('plain');
    await said('volume', 'create', 'hidden');
    expect((await docker('volume', 'inspect', 'hidden')).stderr).toContain('nothing to see');
    const [first] = plugin?.bodiesOf('AuthZPlugin.AuthZRes') ?? [];
    expect(first).toMatchObject({ RequestMethod: expect.any(String), ResponseStatusCode: 200 });
    expect(await said('info', '-f', '{{json .Plugins.Authorization}}')).toBe(JSON.stringify([name]));
    await docker('volume', 'rm', 'hidden');
  });
});
