import { expect, test } from 'vitest';
import type { EndpointSettings } from '../../contract/engine-types.ts';
import { dnsNamesOf, planSandbox } from './endpoint-plan.ts';
import { firewallText } from './firewall.ts';
import { defineNetwork, predefinedNetworks } from './network-definition.ts';
import type { SandboxRequest } from './network-service.ts';
import { matchesList, matchesPrune, networkView, parseUntil } from './network-view.ts';
import { parseSubnet } from './subnet.ts';

const nowhere = { networkSubnets: [], hostSubnets: [] };
const subnetList = (...texts: string[]) => texts.flatMap((text) => parseSubnet(text) ?? []);
const filters = (entries: Readonly<Record<string, readonly string[]>>) => new Map(Object.entries(entries));
const code = (wanted: string) => expect.objectContaining({ code: wanted });

test('a network without settings gets a subnet that meets neither networks nor routes of the host', () => {
  const surroundings = { networkSubnets: subnetList('172.17.0.0/16'), hostSubnets: subnetList('172.18.4.0/24') };
  const record = defineNetwork({ Name: 'app' }, surroundings);
  expect(record).toMatchObject({
    name: 'app',
    driver: 'bridge',
    pools: [{ subnet: '172.19.0.0/16', gateway: '172.19.0.1' }],
  });
  expect(record.bridge).toBe(`wb-${record.id.slice(0, 10)}`);
  expect(record.bridge.length).toBeLessThanOrEqual(15);
});

test('IPAM settings are kept, IPv6 gets a unique local subnet', () => {
  const Config = [
    { Subnet: '10.5.0.0/16', IPRange: '10.5.1.0/24', Gateway: '10.5.0.9', AuxiliaryAddresses: { nas: '10.5.0.3' } },
  ];
  const record = defineNetwork({ Name: 'app', EnableIPv6: true, IPAM: { Config } }, nowhere);
  expect(record.pools[0]).toEqual({
    subnet: '10.5.0.0/16',
    range: '10.5.1.0/24',
    gateway: '10.5.0.9',
    auxiliary: { nas: '10.5.0.3' },
  });
  expect(record.pools[1]?.subnet).toMatch(/^fd.*\/64$/);
  expect(networkView(record, {}).IPAM.Config?.[0]).toEqual(Config[0]);
});

test.each([
  [{ Name: '' }, 'network.config-invalid'],
  [{ Name: 'a/b' }, 'network.config-invalid'],
  [{ Name: 'bridge' }, 'network.predefined'],
  [{ Name: 'x', Driver: 'host' }, 'network.predefined'],
  [{ Name: 'x', Driver: 'overlay' }, 'plugin.not-found'],
  [{ Name: 'x', IPAM: { Config: [{ Subnet: 'nonsense' }] } }, 'network.config-invalid'],
  [{ Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.1.1' }] } }, 'network.config-invalid'],
  [{ Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.0/24', IPRange: '10.0.0.0/16' }] } }, 'network.config-invalid'],
  [{ Name: 'x', Options: { 'com.docker.network.driver.mtu': '12' } }, 'network.config-invalid'],
  [{ Name: 'x', Options: { 'com.docker.network.bridge.name': 'far-too-long-for-linux' } }, 'network.config-invalid'],
])('%j is refused with %s', (request, wanted) => {
  expect(() => defineNetwork(request, nowhere)).toThrow(code(wanted));
});

test('a subnet of another network is refused in the words of Docker', () => {
  const define = () =>
    defineNetwork(
      { Name: 'x', IPAM: { Config: [{ Subnet: '10.1.0.0/16' }] } },
      { ...nowhere, networkSubnets: subnetList('10.1.2.0/24') },
    );
  expect(define).toThrow('invalid pool request: Pool overlaps with other one on this address space');
});

test('lists are filtered as in Docker', () => {
  const [bridge] = predefinedNetworks('wharf0', nowhere);
  const app = defineNetwork({ Name: 'my-app', Labels: { tier: 'web' } }, nowhere);
  if (bridge === undefined) return expect.unreachable();
  const names = (entries: Readonly<Record<string, readonly string[]>>) =>
    [bridge, app].filter((record) => matchesList(record, filters(entries), false)).map((record) => record.name);
  expect(names({})).toEqual(['bridge', 'my-app']);
  expect(names({ type: ['custom'] })).toEqual(['my-app']);
  expect(names({ name: ['app'] })).toEqual(['my-app']);
  expect(names({ label: ['tier=web'] })).toEqual(['my-app']);
  expect(names({ label: ['tier=db'] })).toEqual([]);
  expect(names({ dangling: ['true'] })).toEqual(['my-app']);
  expect(() => names({ nonsense: ['1'] })).toThrow(code('request.invalid'));
  expect(matchesPrune(app, filters({ until: ['1h'] }), Date.now())).toBe(false);
  expect(matchesPrune(app, filters({ until: ['1h'] }), Date.now() + 3_700_000)).toBe(true);
  expect(parseUntil('1h30m', 10_000_000)).toBe(10_000_000 - 5_400_000);
});

const plain: SandboxRequest = {
  containerId: 'a'.repeat(64),
  containerName: 'web',
  hostname: 'web',
  domainname: '',
  networkMode: 'default',
  endpoints: {},
  portBindings: {},
  exposedPorts: [],
  publishAllPorts: false,
  dns: [],
  dnsOptions: [],
  dnsSearch: [],
  extraHosts: [],
  links: [],
  sysctls: {},
  filesDir: '/nowhere',
};
const known = [
  ...predefinedNetworks('wharf0', nowhere),
  defineNetwork({ Name: 'app', IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] } }, nowhere),
];
const find = (name: string) => known.find((record) => record.name === name) ?? expect.unreachable();
const plan = (changes: Partial<SandboxRequest>) => planSandbox({ ...plain, ...changes }, find);

test('modes are planned: default, others besides it, host, none, container', () => {
  expect(plan({})).toMatchObject({ kind: 'own', endpoints: [{ record: { name: 'bridge' } }] });
  const both = plan({
    networkMode: 'app',
    macAddress: '02:00:00:00:00:01',
    endpoints: { bridge: {}, app: { Aliases: ['x'] } },
  });
  expect(both).toMatchObject({
    endpoints: [
      { record: { name: 'app' }, settings: { Aliases: ['x'], MacAddress: '02:00:00:00:00:01' } },
      { record: { name: 'bridge' } },
    ],
  });
  expect(plan({ networkMode: 'host' }).kind).toBe('host');
  expect(plan({ networkMode: 'none' }).kind).toBe('none');
  expect(plan({ networkMode: 'container:db' })).toEqual({ kind: 'shared', container: 'db' });
});

test.each<[string, Partial<SandboxRequest>]>([
  ['aliases on the default bridge', { endpoints: { bridge: { Aliases: ['x'] } } }],
  ['a static address on the default bridge', { endpoints: { bridge: { IPAMConfig: { IPv4Address: '172.17.0.9' } } } }],
  ['an address outside', { networkMode: 'app', endpoints: { app: { IPAMConfig: { IPv4Address: '10.8.0.1' } } } }],
  ['host and another network', { networkMode: 'host', endpoints: { app: {} } }],
  ['ports in the network of another container', { networkMode: 'container:db', portBindings: { '80/tcp': [{}] } }],
  ['a broken MAC address', { endpoints: { bridge: { MacAddress: 'x' } } }],
])('%s is refused', (_, changes) => {
  expect(() => plan(changes)).toThrow(code('network.config-invalid'));
});

test('DNS names: name, aliases, short ID and host name, on user-defined networks only', () => {
  const settings: EndpointSettings = { Aliases: ['db', 'web'] };
  expect(dnsNamesOf(plain, find('app'), settings.Aliases ?? [])).toEqual(['web', 'db', 'aaaaaaaaaaaa']);
  expect(dnsNamesOf(plain, find('bridge'), [])).toEqual([]);
});

test('the rules are one text that replaces an older table', () => {
  const bridge = {
    bridge: 'wharf0',
    subnets4: ['172.17.0.0/16'],
    subnets6: [],
    masquerade: true,
    internal: false,
    interContainer: true,
  };
  const port = {
    protocol: 'tcp',
    hostAddress: '0.0.0.0',
    hostPort: 80,
    containerAddress: '172.17.0.2',
    containerPort: 8080,
  } as const;
  const text = firewallText('wharf', [bridge], [port, { ...port, hostAddress: '127.0.0.1' }]);
  expect(text).toMatch(/^\nadd table inet wharf\ndelete table inet wharf\n/);
  expect(text).toContain('elements = { tcp . 80 : 172.17.0.2 . 8080 }');
  expect(text).toContain('elements = { 127.0.0.1 . tcp . 80 : 172.17.0.2 . 8080 }');
  expect(text).toContain('elements = { 172.17.0.2 . 172.17.0.2 }');
  expect(firewallText('wharf', [{ ...bridge, internal: true }], [])).not.toContain('elements = { 172.17.0.0/16 }');
});
