import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deleteNamespace, findProcessIn, inNamespace, namespaceInode } from '../linux/netns.ts';
import { openNftables } from '../linux/nftables.ts';
import { askUdp, echoUdp, greetTcp, type NetworkWorld, networkWorld, udpInside } from './network-world.ts';

const path = (sandbox: { readonly netnsPath: string | undefined }): string => sandbox.netnsPath ?? '';

function readTcp(host: string, port: number, timeoutMs = 2000): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host, port, timeout: timeoutMs });
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('timeout', () => socket.destroy(new Error('timed out')));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

async function canReach(from: string, address: string): Promise<boolean> {
  const socket = await udpInside(from);
  try {
    return (await askUdp(socket, Buffer.from('?'), { port: 7000, address }, 400)) !== undefined;
  } finally {
    socket.close();
  }
}

async function freshWorld(): Promise<NetworkWorld> {
  const world = networkWorld();
  await world.service.reconcile([]);
  return world;
}

test('two containers on the default bridge reach each other, and the gateway is theirs', async () => {
  await using world = await freshWorld();
  const a = await world.open('a');
  const b = await world.open('b');
  const server = await echoUdp(path(a), 7000, 'a:');
  const client = await udpInside(path(b));
  const answer = await askUdp(client, Buffer.from('hi'), { port: 7000, address: a.endpoints.bridge?.IPAddress ?? '' });
  server.close();
  client.close();
  expect(answer?.toString()).toBe('a:hi');
  const routes = inNamespace(path(a), () => readFileSync('/proc/thread-self/net/route', 'utf8'));
  expect(routes).toMatch(/^eth0\s+00000000\s+[0-9A-F]{8}\s+0003/m);
});

test('a published port answers on 127.0.0.1 and ::1', async () => {
  await using world = await freshWorld();
  const web = await world.open('web', {
    exposedPorts: ['80/tcp'],
    portBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] },
  });
  const bindings = web.ports['80/tcp'] ?? [];
  expect(bindings.map((binding) => binding.HostIp)).toEqual(['0.0.0.0', '::']);
  const port = Number(bindings[0]?.HostPort);
  const server = await greetTcp(path(web), 80, 'hello from web');
  try {
    expect(await readTcp('127.0.0.1', port)).toBe('hello from web');
    expect(await readTcp('::1', port)).toBe('hello from web');
  } finally {
    server.close();
  }
});

test('a published UDP port answers on 127.0.0.1 and ::1, and to containers by the address of the host', async () => {
  await using world = await freshWorld();
  await world.service.create({ Name: 'other' });
  const dns = await world.open('udp', { portBindings: { '53/udp': [{ HostPort: '0' }] } });
  const neighbour = await world.open('neighbour');
  const stranger = await world.open('stranger', { networkMode: 'other' });
  const port = Number(dns.ports['53/udp']?.[0]?.HostPort);
  const server = await echoUdp(path(dns), 53, 'udp:');
  const four = createSocket('udp4');
  const six = createSocket('udp6');
  const inside = await Promise.all([dns, neighbour, stranger].map((sandbox) => udpInside(path(sandbox))));
  const gateway = dns.endpoints.bridge?.Gateway ?? '';
  try {
    for (const socket of inside) {
      expect(
        (await askUdp(socket, Buffer.from('c'), { port, address: gateway }))?.toString(),
        `container ${inside.indexOf(socket)}`,
      ).toBe('udp:c');
    }
    expect((await askUdp(four, Buffer.from('4'), { port, address: '127.0.0.1' }))?.toString()).toBe('udp:4');
    expect((await askUdp(six, Buffer.from('6'), { port, address: '::1' }))?.toString()).toBe('udp:6');
  } finally {
    for (const socket of [server, four, six, ...inside]) socket.close();
  }
});

test('different networks are isolated, and internal ones have no way out', async () => {
  await using world = await freshWorld();
  await world.service.create({ Name: 'one' });
  await world.service.create({ Name: 'inner', Internal: true });
  const a = await world.open('a');
  const one = await world.open('one-c', { networkMode: 'one' });
  const inner = await world.open('inner-c', { networkMode: 'inner' });
  const peer = await world.open('inner-d', { networkMode: 'inner' });
  const servers = await Promise.all([a, one, inner].map((sandbox) => echoUdp(path(sandbox), 7000, '')));
  try {
    expect(await canReach(path(one), a.endpoints.bridge?.IPAddress ?? '')).toBe(false);
    expect(await canReach(path(a), inner.endpoints.inner?.IPAddress ?? '')).toBe(false);
    expect(await canReach(path(peer), inner.endpoints.inner?.IPAddress ?? '')).toBe(true);
    expect(inner.endpoints.inner?.Gateway).toBe('');
  } finally {
    for (const server of servers) server.close();
  }
});

test('without inter-container communication neighbours do not hear each other, but the host does', async () => {
  await using world = await freshWorld();
  await world.service.create({ Name: 'quiet', Options: { 'com.docker.network.bridge.enable_icc': 'false' } });
  const a = await world.open('a', { networkMode: 'quiet' });
  const b = await world.open('b', { networkMode: 'quiet' });
  const server = await echoUdp(path(a), 7000, 'x');
  const host = createSocket('udp4');
  const address = a.endpoints.quiet?.IPAddress ?? '';
  try {
    expect(await canReach(path(b), address)).toBe(false);
    expect((await askUdp(host, Buffer.from('h'), { port: 7000, address }))?.toString()).toBe('xh');
  } finally {
    server.close();
    host.close();
  }
});

test('connect and disconnect change a running container at once', async () => {
  await using world = await freshWorld();
  await world.service.create({ Name: 'extra', IPAM: { Config: [{ Subnet: '10.213.7.0/24' }] } });
  const a = await world.open('a');
  const id = world.request('a').containerId;
  await world.service.connect('extra', id, { IPAMConfig: { IPv4Address: '10.213.7.77' }, Aliases: ['alpha'] });
  expect(world.service.sandbox(id)?.endpoints.extra).toMatchObject({ IPAddress: '10.213.7.77', Aliases: ['alpha'] });
  expect(Object.keys(await world.service.stats(id)).sort()).toEqual(['eth0', 'eth1']);
  expect(readFileSync(join(world.filesDir(id), 'resolv.conf'), 'utf8')).toContain('nameserver 127.0.0.11');
  await expect(world.service.connect('extra', id, {})).rejects.toMatchObject({ code: 'network.already-connected' });
  await expect(world.service.remove('extra')).rejects.toMatchObject({
    code: 'network.in-use',
    message: expect.stringContaining('has active endpoints'),
  });
  await world.service.disconnect('extra', id, { force: false });
  expect(Object.keys(await world.service.stats(id))).toEqual(['eth0']);
  expect(readFileSync(join(world.filesDir(id), 'hosts'), 'utf8')).not.toContain('10.213.7.77');
  await world.service.remove('extra');
  expect(path(a)).not.toBe('');
  expect(world.events.map((event) => event.Action)).toEqual(['create', 'connect', 'connect', 'disconnect', 'destroy']);
});

test('host, none and container modes', async () => {
  await using world = await freshWorld();
  const a = await world.open('a', { hostname: 'alpha' });
  const host = await world.open('h', { networkMode: 'host', extraHosts: ['db:10.1.2.3'] });
  const none = await world.open('n', { networkMode: 'none' });
  const joined = await world.open('j', { networkMode: `container:${world.request('a').containerId}` });
  expect(host.netnsPath).toBeUndefined();
  expect(Object.keys(host.endpoints)).toEqual(['host']);
  expect(readFileSync(join(world.filesDir(world.request('h').containerId), 'hosts'), 'utf8')).toContain('10.1.2.3\tdb');
  expect(await world.service.stats(world.request('n').containerId)).toEqual({});
  expect(Object.keys(none.endpoints)).toEqual(['none']);
  expect(joined.netnsPath).toBe(a.netnsPath);
  expect(readFileSync(join(world.filesDir(world.request('j').containerId), 'hostname'), 'utf8')).toBe('alpha\n');
  await expect(world.open('k', { networkMode: 'container:nobody' })).rejects.toMatchObject({
    code: 'container.not-running',
  });
});

test('a failed start gives everything back', async () => {
  await using world = await freshWorld();
  const first = await world.open('a', { portBindings: { '80/tcp': [{ HostPort: '0' }] } });
  const port = first.ports['80/tcp']?.[0]?.HostPort ?? '';
  const failed = world.open('b', { portBindings: { '81/tcp': [{ HostPort: '0' }], '80/tcp': [{ HostPort: port }] } });
  await expect(failed).rejects.toMatchObject({
    code: 'port.in-use',
    message: expect.stringMatching(
      new RegExp(
        `^failed to set up container networking: driver failed programming external connectivity on endpoint b \\([0-9a-f]{64}\\): Bind for 0\\.0\\.0\\.0:${port} failed: port is already allocated \\(by container "a"\\)$`,
      ),
    ),
  });
  expect(world.service.sandbox(world.request('b').containerId)).toBeUndefined();
  expect(Object.keys(world.service.inspect('bridge').Containers)).toEqual([world.request('a').containerId]);
});

test('after a crash running containers keep their ports and names, and the dead are removed', async () => {
  await using world = await freshWorld();
  await world.service.create({ Name: 'mine' });
  const web = await world.open('web', { networkMode: 'mine', portBindings: { '80/tcp': [{ HostPort: '0' }] } });
  await world.open('dead');
  const port = Number(web.ports['80/tcp']?.[0]?.HostPort);
  const server = await greetTcp(path(web), 80, 'still here');
  try {
    await world.restart();
    expect(await readTcp('127.0.0.1', port)).toBe('still here');
    await world.service.reconcile([world.request('web', { networkMode: 'mine' })]);
    expect(await readTcp('127.0.0.1', port)).toBe('still here');
    expect(await readTcp('::1', port)).toBe('still here');
    expect(world.service.sandbox(world.request('dead').containerId)).toBeUndefined();
    expect(world.service.sandbox(world.request('web').containerId)?.ports).toEqual(web.ports);
    expect(world.warnings).toEqual([]);
  } finally {
    server.close();
  }
});

test('a client of a published UDP port reaches the container that has the port next', async () => {
  await using world = await freshWorld();
  const portBindings = { '53/udp': [{ HostPort: '0' }] };
  const first = await world.open('first', { portBindings });
  const port = Number(first.ports['53/udp']?.[0]?.HostPort);
  const client = createSocket('udp4');
  const servers = [await echoUdp(path(first), 53, 'first:')];
  try {
    expect((await askUdp(client, Buffer.from('x'), { port, address: '127.0.0.1' }))?.toString()).toBe('first:x');
    await world.service.closeSandbox(world.request('first').containerId);
    const second = await world.open('second', { portBindings: { '53/udp': [{ HostPort: String(port) }] } });
    servers.push(await echoUdp(path(second), 53, 'second:'));
    expect(second.endpoints.bridge?.IPAddress).not.toBe(first.endpoints.bridge?.IPAddress);
    expect((await askUdp(client, Buffer.from('x'), { port, address: '127.0.0.1' }))?.toString()).toBe('second:x');
  } finally {
    for (const socket of [client, ...servers]) socket.close();
  }
});

test('a port that a process holds is refused with its name and number', async () => {
  await using world = await freshWorld();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const attempt = world.open('a', { portBindings: { '80/tcp': [{ HostPort: String(port) }] } });
    await expect(attempt).rejects.toMatchObject({
      code: 'port.in-use',
      message: expect.stringContaining(
        `Bind for 0.0.0.0:${port} failed: port is already allocated (by process node (pid ${process.pid}))`,
      ),
    });
    expect(world.service.portHolders({ port })).toEqual([
      { protocol: 'tcp', address: '127.0.0.1', port, pid: process.pid, process: 'node' },
    ]);
  } finally {
    server.close();
  }
});

test('addresses, MAC and sysctls as asked for; an address that is taken is refused', async () => {
  await using world = await freshWorld();
  await world.service.create({
    Name: 'six',
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: '10.214.9.0/24' }, { Subnet: 'fd12:3456::/64' }] },
  });
  const endpoints = {
    six: { IPAMConfig: { IPv4Address: '10.214.9.9', IPv6Address: 'fd12:3456::9' }, MacAddress: '02:11:22:33:44:55' },
  };
  const a = await world.open('a', { networkMode: 'six', endpoints, sysctls: { 'net.ipv4.ip_default_ttl': '77' } });
  expect(a.endpoints.six).toMatchObject({
    IPAddress: '10.214.9.9',
    GlobalIPv6Address: 'fd12:3456::9',
    MacAddress: '02:11:22:33:44:55',
  });
  const inside = inNamespace(path(a), () => ({
    ttl: readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8').trim(),
    six: readFileSync('/proc/thread-self/net/if_inet6', 'utf8'),
  }));
  expect(inside.ttl).toBe('77');
  expect(inside.six).toContain('fd123456000000000000000000000009');
  await expect(world.open('b', { networkMode: 'six', endpoints })).rejects.toMatchObject({
    code: 'network.address-taken',
  });
  await expect(world.open('c', { sysctls: { 'net.ipv4.no_such': '1' } })).rejects.toMatchObject({
    code: 'container.config-invalid',
  });
  expect(Object.keys(world.service.inspect('six').Containers)).toHaveLength(1);
});

test('rules that somebody flushed come back with the next change', async () => {
  await using world = await freshWorld();
  const first = await world.open('first', { portBindings: { '80/tcp': [{ HostPort: '0' }] } });
  using nft = openNftables();
  nft.run(`delete table inet ${world.table}\n`);
  const second = await world.open('second', { portBindings: { '80/tcp': [{ HostPort: '0' }] } });
  const rules = nft.run(`list table inet ${world.table}`);
  for (const sandbox of [first, second]) expect(rules).toContain(`tcp . ${sandbox.ports['80/tcp']?.[0]?.HostPort} : `);
});

test('a namespace whose file was lost with its mount is found again through a process in it', async () => {
  await using world = await freshWorld();
  await world.service.create({ Name: 'mine' });
  const a = await world.open('a', { networkMode: 'mine' });
  const child = spawn('nsenter', [`--net=${path(a)}`, 'sleep', '60'], { stdio: 'ignore' });
  try {
    await expect.poll(() => findProcessIn(namespaceInode(path(a)) ?? 0)).toBeDefined();
    const before = namespaceInode(path(a));
    await world.restart();
    deleteNamespace(path(a));
    await world.service.reconcile([world.request('a', { networkMode: 'mine' })]);
    expect(namespaceInode(path(a))).toBe(before);
    expect(Object.keys(await world.service.stats(world.request('a').containerId))).toEqual(['eth0']);
  } finally {
    child.kill('SIGKILL');
  }
});

test('a daemon that ends without running containers leaves nothing', async () => {
  const world = await freshWorld();
  await world.service.create({ Name: 'mine' });
  await world.open('a', { networkMode: 'mine' });
  await world.service.closeSandbox(world.request('a').containerId);
  await world.service.close({ removeAll: false });
  expect(world.leftovers()).toEqual([]);
  await world[Symbol.asyncDispose]();
});

test('nothing is left after the daemon ends its containers', async () => {
  const world = await freshWorld();
  await world.service.create({ Name: 'mine' });
  await world.open('a', { portBindings: { '80/tcp': [{ HostPort: '0' }] } });
  await world.open('b', { networkMode: 'mine' });
  expect(world.leftovers().length).toBeGreaterThan(3);
  await world.service.close({ removeAll: true });
  expect(world.leftovers()).toEqual([]);
  await world[Symbol.asyncDispose]();
});
