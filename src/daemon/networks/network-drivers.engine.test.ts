import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { deleteLink, findLink, listLinks } from '../linux/netlink-links.ts';
import { openNetlink } from '../linux/netlink-socket.ts';
import { inNamespace } from '../linux/netns.ts';
import { openNftables } from '../linux/nftables.ts';
import { networkDefaults } from './network-defaults.ts';
import type { Sandbox } from './network-service.ts';
import {
  askUdp,
  echoUdp,
  greetTcp,
  type NetworkWorld,
  type NetworkWorldOptions,
  networkWorld,
  udpInside,
} from './network-world.ts';

const path = (sandbox: Sandbox): string => sandbox.netnsPath ?? expect.unreachable();
const linksInside = (sandbox: Sandbox): string[] =>
  inNamespace(path(sandbox), () => {
    using netlink = openNetlink();
    return listLinks(netlink).map((link) => link.name);
  });
const routesInside = (sandbox: Sandbox): string =>
  inNamespace(path(sandbox), () => readFileSync('/proc/thread-self/net/route', 'utf8'));

async function worldWith(options: NetworkWorldOptions = {}): Promise<NetworkWorld> {
  const world = networkWorld(options);
  await world.service.reconcile([]);
  return world;
}

function readTcp(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host, port, timeout: 3000 });
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('timeout', () => socket.destroy(new Error('timed out')));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

async function reaches(from: Sandbox, address: string, port: number, timeoutMs = 1500): Promise<boolean> {
  const socket = await udpInside(path(from));
  try {
    return (await askUdp(socket, Buffer.from('?'), { port, address }, timeoutMs)) !== undefined;
  } finally {
    socket.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : expect.unreachable();
}

const published = { portBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] } };

test('without the userland proxy the rules alone carry published ports, IPv6 ones too', async () => {
  await using world = await worldWith({ defaults: { ...networkDefaults, userlandProxy: false } });
  await world.service.create({ Name: 'six', EnableIPv6: true });
  const web = await world.open('web', { networkMode: 'six', ...published });
  const port = Number(web.ports['80/tcp']?.[0]?.HostPort);
  expect(web.ports['80/tcp']?.map(({ HostIp }) => HostIp)).toEqual(['0.0.0.0', '::']);
  const server = await greetTcp(path(web), 80, 'by rules', '::');
  try {
    expect(await readTcp('127.0.0.1', port)).toBe('by rules');
    expect(await readTcp(web.endpoints.six?.IPv6Gateway ?? '', port)).toBe('by rules');
  } finally {
    server.close();
  }
  await world.service.closeSandbox(world.request('web').containerId);
  await expect(readTcp('127.0.0.1', port)).rejects.toThrow('ECONNREFUSED');
});

test('a routed network translates nothing: published ports are open to whoever routes there, others are not', async () => {
  await using world = await worldWith();
  const mode = (value: string) => ({ 'com.docker.network.bridge.gateway_mode_ipv4': value });
  await world.service.create({ Name: 'routed', Options: mode('routed') });
  await world.service.create({ Name: 'open', Options: mode('nat-unprotected') });
  const routed = await world.open('r', { networkMode: 'routed', portBindings: { '70/udp': [{ HostPort: '' }] } });
  const open = await world.open('o', { networkMode: 'open' });
  const stranger = await world.open('s');
  const servers = await Promise.all([
    echoUdp(path(routed), 70, ''),
    echoUdp(path(routed), 71, ''),
    echoUdp(path(open), 71, ''),
  ]);
  try {
    expect(await reaches(stranger, routed.endpoints.routed?.IPAddress ?? '', 70)).toBe(true);
    expect(await reaches(stranger, routed.endpoints.routed?.IPAddress ?? '', 71, 400)).toBe(false);
    expect(await reaches(stranger, open.endpoints.open?.IPAddress ?? '', 71)).toBe(true);
  } finally {
    for (const server of servers) server.close();
  }
});

test('rules that somebody deleted come back by themselves', async () => {
  await using world = await worldWith();
  await world.open('web', published);
  using nft = openNftables();
  nft.run(`delete table inet ${world.table}`);
  await expect.poll(() => nft.run('list tables').includes(`inet ${world.table}\n`), { timeout: 10_000 }).toBe(true);
  nft.run(`flush table inet ${world.table}`);
  const rules = () => nft.run(`list chain inet ${world.table} forward`);
  await expect.poll(rules, { timeout: 10_000 }).toContain('oifname @bridges drop');
  expect(nft.run(`list map inet ${world.table} ports_any4`)).toMatch(/tcp \. \d+ :/);
});

test('a bridge that somebody deleted comes back with its containers', async () => {
  await using world = await worldWith();
  const { id } = await world.service.create({ Name: 'app' });
  const a = await world.open('a', { networkMode: 'app' });
  const b = await world.open('b', { networkMode: 'app' });
  using netlink = openNetlink();
  const bridge = `br-${id.slice(0, 12)}`;
  deleteLink(netlink, findLink(netlink, bridge) ?? expect.unreachable());
  await expect.poll(() => findLink(netlink, bridge), { timeout: 10_000 }).toBeDefined();
  const server = await echoUdp(path(a), 70, '');
  try {
    await expect.poll(() => reaches(b, a.endpoints.app?.IPAddress ?? '', 70), { timeout: 10_000 }).toBe(true);
  } finally {
    server.close();
  }
  expect(world.warnings.join()).toContain(`somebody deleted the bridge ${bridge}`);
});

test('macvlan without a parent joins its containers and nobody else, and takes its parent along', async () => {
  await using world = await worldWith();
  using netlink = openNetlink();
  const { id } = await world.service.create({ Name: 'mac', Driver: 'macvlan' });
  const parent = `dm-${id.slice(0, 12)}`;
  expect(findLink(netlink, parent)).toBeDefined();
  const a = await world.open('a', { networkMode: 'mac' });
  const b = await world.open('b', { networkMode: 'mac' });
  expect(a.endpoints.mac?.Gateway).toBe('');
  expect(routesInside(a)).not.toMatch(/^eth0\s+00000000\s/m);
  const server = await echoUdp(path(a), 70, '');
  try {
    await expect.poll(() => reaches(b, a.endpoints.mac?.IPAddress ?? '', 70), { timeout: 10_000 }).toBe(true);
  } finally {
    server.close();
  }
  await world.service.disconnect('mac', world.request('b').containerId, { force: false });
  expect(linksInside(b)).toEqual(['lo']);
  await world.service.connect('mac', world.request('b').containerId, {});
  expect(linksInside(b)).toContain('eth0');
  for (const name of ['a', 'b']) await world.service.closeSandbox(world.request(name).containerId);
  await world.service.remove('mac');
  expect(findLink(netlink, parent)).toBeUndefined();
});

test('macvlan stands on an interface of the host, which stays', async () => {
  await using world = await worldWith();
  await world.service.create({ Name: 'under', Options: { 'com.docker.network.bridge.name': 'hostbr-test' } });
  using netlink = openNetlink();
  const wanted = { parent: 'hostbr-test', macvlan_mode: 'private' };
  const IPAM = { Config: [{ Subnet: '10.218.4.0/24' }, { Subnet: '10.218.5.0/24', Gateway: '10.218.5.7' }] };
  await world.service.create({ Name: 'mac', Driver: 'macvlan', Options: wanted, IPAM });
  const a = await world.open('a', {
    networkMode: 'mac',
    endpoints: { mac: { IPAMConfig: { IPv4Address: '10.218.5.9' }, MacAddress: '02:00:00:00:77:01' } },
  });
  expect(a.endpoints.mac).toMatchObject({ Gateway: '10.218.5.7', IPPrefixLen: 24, MacAddress: '02:00:00:00:77:01' });
  expect(routesInside(a)).toMatch(/^eth0\s+00000000\s+0705DA0A\s/m);
  await world.service.closeSandbox(world.request('a').containerId);
  await world.service.remove('mac');
  expect(findLink(netlink, 'hostbr-test')).toBeDefined();
  await world.service.remove('under');
  await expect(world.service.create({ Name: 'no', Driver: 'macvlan', Options: { parent: 'nosuch0' } })).rejects.toThrow(
    'invalid subinterface vlan name nosuch0, example formatting is eth0.10',
  );
});

test('endpoints have the name, sysctls, link-local addresses and priority they ask for', async () => {
  await using world = await worldWith();
  await world.service.create({ Name: 'one', IPAM: { Config: [{ Subnet: '10.218.6.0/24' }] } });
  await world.service.create({ Name: 'two', Options: { 'com.docker.network.container_iface_prefix': 'net' } });
  const settings = {
    GwPriority: 5,
    IPAMConfig: { LinkLocalIPs: ['169.254.9.9'] },
    DriverOpts: {
      'com.docker.network.endpoint.ifname': 'front0',
      'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1',
    },
  };
  const box = await world.open('box', { networkMode: 'two', endpoints: { two: {}, one: settings } });
  expect(linksInside(box).sort()).toEqual(['front0', 'lo', 'net0']);
  expect(routesInside(box)).toMatch(/^front0\s+00000000\s/m);
  expect(routesInside(box)).toMatch(/^front0\s+0000FEA9\s/m);
  const martians = inNamespace(path(box), () => readFileSync('/proc/sys/net/ipv4/conf/front0/log_martians', 'utf8'));
  expect(martians.trim()).toBe('1');
  await world.service.disconnect('one', world.request('box').containerId, { force: false });
  expect(routesInside(box)).toMatch(/^net0\s+00000000\s/m);
});

test('the flags of the daemon make the default bridge', async () => {
  const defaults = {
    ...networkDefaults,
    bip: '10.218.7.5/24',
    fixedCidr: '10.218.7.128/25',
    defaultGateway: '10.218.7.9',
    ipv6: true,
    fixedCidrV6: 'fd00:218:7::/64',
    mtu: 1280,
    interContainer: false,
  };
  await using world = await worldWith({ defaults });
  const bridge = world.service.inspect('bridge');
  expect(bridge.IPAM.Config).toEqual([
    {
      Subnet: '10.218.7.0/24',
      IPRange: '10.218.7.128/25',
      Gateway: '10.218.7.5',
      AuxiliaryAddresses: { DefaultGatewayIPv4: '10.218.7.9' },
    },
    { Subnet: 'fd00:218:7::/64', IPRange: 'fd00:218:7::/64' },
  ]);
  expect(bridge.Options).toMatchObject({
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.driver.mtu': '1280',
  });
  const box = await world.open('box');
  expect(box.endpoints.bridge).toMatchObject({ IPAddress: '10.218.7.128', Gateway: '10.218.7.9' });
  expect(box.endpoints.bridge).toMatchObject({ IPv6Gateway: 'fd00:218:7::1', GlobalIPv6Address: 'fd00:218:7::2' });
});

test('--bridge=none leaves containers without a network, --iptables=false the host without rules', async () => {
  await using world = await worldWith({ defaults: { ...networkDefaults, bridge: 'none', iptables: false } });
  expect(world.service.list(new Map()).map(({ Name }) => Name)).toEqual(['host', 'none']);
  const box = await world.open('box');
  expect(linksInside(box)).toEqual(['lo']);
  await world.service.create({ Name: 'app' });
  // A port that no rule of another engine on this machine translates.
  const port = await freePort();
  const web = await world.open('web', { networkMode: 'app', portBindings: { '80/tcp': [{ HostPort: String(port) }] } });
  const server = await greetTcp(path(web), 80, 'by proxy');
  try {
    expect(await readTcp('127.0.0.1', port)).toBe('by proxy');
  } finally {
    server.close();
  }
  expect(world.leftovers()).not.toContain('table');
});

test('a bridge of the host is used as it is and stays', async () => {
  await using world = await worldWith();
  using netlink = openNetlink();
  const named = { 'com.docker.network.bridge.name': 'hostbr-kept' };
  const Config = [{ Subnet: '10.218.8.0/24' }];
  await world.service.create({ Name: 'first', Options: named, IPAM: { Config } });
  await expect(world.service.create({ Name: 'second', Options: named })).rejects.toThrow(
    'networks have same bridge name',
  );
  await using other = await worldWith({ defaults: { ...networkDefaults, bridge: 'hostbr-kept' } });
  expect(other.service.inspect('bridge').IPAM.Config).toEqual([{ Subnet: '10.218.8.0/24', Gateway: '10.218.8.1' }]);
  const box = await other.open('box');
  expect(box.endpoints.bridge?.Gateway).toBe('10.218.8.1');
  await other.service.close({ removeAll: true });
  expect(findLink(netlink, 'hostbr-kept')).toBeDefined();
  await world.service.remove('first');
  expect(findLink(netlink, 'hostbr-kept')).toBeUndefined();
});

test('networks copy their settings from one that only holds settings', async () => {
  await using world = await worldWith();
  const settings = { Labels: { a: 'b' }, IPAM: { Config: [{ Subnet: '10.218.9.0/24' }] } };
  await world.service.create({ Name: 'settings', ConfigOnly: true, ...settings });
  await world.service.create({ Name: 'app', ConfigFrom: { Network: 'settings' }, Internal: true });
  expect(world.service.inspect('app')).toMatchObject({
    ...settings,
    Internal: true,
    ConfigFrom: { Network: 'settings' },
  });
  await expect(world.open('box', { networkMode: 'settings' })).rejects.toThrow(
    'cannot create endpoint on configuration-only network',
  );
});

test('a storm of connects and disconnects leaves nothing', async () => {
  await using world = await worldWith();
  for (const name of ['n0', 'n1', 'n2']) await world.service.create({ Name: name });
  const boxes = await Promise.all([0, 1, 2, 3].map((number) => world.open(`box${number}`)));
  const ids = boxes.map((_, number) => world.request(`box${number}`).containerId);
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      ids.map(async (id) => {
        for (const name of ['n0', 'n1', 'n2']) await world.service.connect(name, id, {});
        for (const name of ['n2', 'n0', 'n1']) await world.service.disconnect(name, id, { force: false });
      }),
    );
  }
  for (const box of boxes) expect(linksInside(box)).toEqual(['lo', 'eth0']);
  const bridgePorts = Object.keys(world.service.inspect('n0').Containers);
  expect(bridgePorts).toEqual([]);
  for (const name of ['n0', 'n1', 'n2']) await world.service.remove(name);
});
