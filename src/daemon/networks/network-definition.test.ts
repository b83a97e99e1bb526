import { expect, test } from 'vitest';
import type { EndpointSettings, NetworkCreateRequest } from '../../contract/engine-types.ts';
import { keepsPool } from './default-bridge.ts';
import { dnsNamesOf, planSandbox } from './endpoint-plan.ts';
import { firewallText } from './firewall-text.ts';
import { networkDefaults } from './network-defaults.ts';
import { askedPools, draftNetwork, predefinedNetworks, withPools } from './network-definition.ts';
import type { NetworkDriver } from './network-driver.ts';
import type { Surroundings } from './network-pools.ts';
import type { SandboxRequest } from './network-service.ts';
import type { NetworkRecord } from './network-store.ts';
import { checkFilters, matchesList, matchesPrune, networkView, parseUntil } from './network-view.ts';
import { plainDriver } from './plain-drivers.ts';
import { parseSubnet } from './subnet.ts';

const nowhere: Surroundings = { networkSubnets: [], hostSubnets: [] };
const driver: NetworkDriver = { ...plainDriver('null'), kind: 'interfaces', skipsGateway: () => false };
const defineNetwork = (
  request: NetworkCreateRequest,
  surroundings: Surroundings,
  defaults = networkDefaults,
): NetworkRecord =>
  withPools({ ...draftNetwork(request, defaults), pools: askedPools(request) }, { surroundings, defaults, driver });
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
  const [pool] = networkView(record, {}).IPAM.Config ?? [];
  expect(pool).toEqual({ Subnet: '172.19.0.0/16', Gateway: '172.19.0.1' });
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
    userSubnet: true,
    userGateway: true,
    auxiliary: { nas: '10.5.0.3' },
  });
  expect(record.pools[1]?.subnet).toMatch(/^fd.*\/64$/);
  expect(networkView(record, {}).IPAM.Config?.[0]).toEqual(Config[0]);
});

test('beside a subnet that was asked for inspect shows only a gateway that was asked for, which is the first address', () => {
  const record = defineNetwork(
    { Name: 'app', IPAM: { Config: [{ Subnet: '10.5.0.0/24', IPRange: '10.5.0.128/25' }] } },
    nowhere,
  );
  expect(record.pools[0]?.gateway).toBe('10.5.0.128');
  expect(networkView(record, {}).IPAM.Config).toEqual([{ Subnet: '10.5.0.0/24', IPRange: '10.5.0.128/25' }]);
});

test.each<[NetworkCreateRequest, string]>([
  [{ Name: '' }, 'invalid name: name is empty'],
  [{ Name: 'bridge' }, 'operation is not permitted on predefined bridge network '],
  [{ Name: 'x', Driver: 'overlay' }, 'This node is not a swarm manager.'],
  [{ Name: 'x', IPAM: { Config: [{ Subnet: 'nonsense' }] } }, 'invalid subnet nonsense: invalid CIDR block notation'],
  [
    { Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.5/24' }] } },
    'invalid subnet 10.0.0.5/24: it should be 10.0.0.0/24',
  ],
  [
    { Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.1.1' }] } },
    "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
  ],
  [
    { Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.0/24', IPRange: '10.0.0.0/16' }] } },
    'invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24',
  ],
  [
    { Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.0/24', AuxiliaryAddresses: { a: '10.0.0.1' } }] } },
    'failed to allocate secondary ip address (a:10.0.0.1): Address already in use',
  ],
  [{ Name: 'x', IPAM: { Driver: 'null' } }, 'ipv4 pool is empty'],
  [
    { Name: 'x', Options: { 'com.docker.network.enable_ipv6': 'x' } },
    'driver-opt "com.docker.network.enable_ipv6" is not a valid bool',
  ],
])('%j is refused: %s', (request, text) => {
  expect(() => defineNetwork(request, nowhere)).toThrow(text);
});

test('several findings become one list', () => {
  const Config = [{ Subnet: 'x' }, { Subnet: '10.0.0.1/24', Gateway: 'z' }];
  expect(() => defineNetwork({ Name: 'x', IPAM: { Config } }, nowhere)).toThrow(
    'invalid network config:\n* invalid subnet x: invalid CIDR block notation\n* invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24\n* invalid gateway z: invalid address',
  );
});

test('pools and options of the daemon are those of networks that say nothing', () => {
  const defaults = {
    ...networkDefaults,
    addressPools: [{ base: '10.80.0.0/16', size: 24 }],
    networkOptions: { bridge: { 'com.docker.network.driver.mtu': '1300', 'com.docker.network.enable_ipv6': 'true' } },
  };
  const surroundings = { ...nowhere, networkSubnets: subnetList('10.80.0.0/24') };
  const record = defineNetwork({ Name: 'x' }, surroundings, defaults);
  expect(record.pools[0]?.subnet).toBe('10.80.1.0/24');
  expect(record.enableIpv6).toBe(true);
  expect(record.options['com.docker.network.driver.mtu']).toBe('1300');
  const full = { ...nowhere, networkSubnets: subnetList('10.80.0.0/16') };
  expect(() => defineNetwork({ Name: 'x' }, full, defaults)).toThrow(code('network.no-addresses'));
});

test('the default bridge keeps its subnet until the next boot, whatever the pools are by then', () => {
  const had = { subnet: '10.79.0.0/24', gateway: '10.79.0.1', userSubnet: false, userGateway: false, auxiliary: {} };
  const pools = (...bases: string[]) => ({ addressPools: bases.map((base) => ({ base, size: 24 })) });
  expect(keepsPool(had, pools('10.80.0.0/16'), true)).toBe(true);
  expect(keepsPool(had, pools('10.80.0.0/16'), false)).toBe(false);
  expect(keepsPool(had, pools('10.80.0.0/16', '10.79.0.0/16'), false)).toBe(true);
  expect(keepsPool(had, pools(), false)).toBe(true);
  // What flags had said goes with them.
  expect(keepsPool({ ...had, userSubnet: true }, pools(), true)).toBe(false);
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
  const [bridge] = predefinedNetworks();
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
  expect(() => checkFilters(filters({ nonsense: ['1'] }), 'list')).toThrow(code('request.invalid'));
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
  ...predefinedNetworks(),
  defineNetwork({ Name: 'app', IPAM: { Config: [{ Subnet: '10.9.0.0/24' }] } }, nowhere),
];
const find = (name: string) => known.find((record) => record.name === name) ?? expect.unreachable();
const kinds = { host: 'host', null: 'null', bridge: 'interfaces' } as const;
const kindOf = (name: string) => (name === 'host' || name === 'null' ? kinds[name] : kinds.bridge);
const plan = (changes: Partial<SandboxRequest>) =>
  planSandbox(
    { ...plain, ...changes },
    { find, driver: (name) => ({ kind: kindOf(name) }), hasDefaultBridge: () => true },
  );

test('modes are planned: default, others besides it, host, none, container', () => {
  expect(plan({})).toMatchObject({ kind: 'own', endpoints: [{ record: { name: 'bridge' } }] });
  const both = plan({
    networkMode: 'app',
    endpoints: { bridge: {}, app: { Aliases: ['x'] } },
  });
  expect(both).toMatchObject({
    endpoints: [{ record: { name: 'app' }, settings: { Aliases: ['x'] } }, { record: { name: 'bridge' } }],
  });
  expect(plan({ networkMode: 'host' }).kind).toBe('host');
  expect(plan({ networkMode: 'none' }).kind).toBe('none');
  expect(plan({ networkMode: 'container:db' })).toEqual({ kind: 'shared', container: 'db' });
});

test('named endpoints are all there are, whatever the mode; a container with networking disabled has none', () => {
  const only = { kind: 'own', endpoints: [{ record: { name: 'app' } }] };
  for (const networkMode of ['default', 'none'])
    expect(plan({ networkMode, endpoints: { app: {} } })).toMatchObject(only);
  expect(plan({ endpoints: { none: {} } })).toMatchObject({ kind: 'none', record: { name: 'none' } });
  expect(plan({ networkDisabled: true, endpoints: { app: {} } })).toEqual({ kind: 'none', record: undefined });
});

test.each<[string, Partial<SandboxRequest>]>([
  ['aliases on the default bridge', { endpoints: { bridge: { Aliases: ['x'] } } }],
  ['a static address on the default bridge', { endpoints: { bridge: { IPAMConfig: { IPv4Address: '172.17.0.9' } } } }],
  ['an address outside', { networkMode: 'app', endpoints: { app: { IPAMConfig: { IPv4Address: '10.8.0.1' } } } }],
  ['none and another network', { endpoints: { none: {}, app: {} } }],
  ['host as an endpoint of another mode', { endpoints: { host: {} } }],
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
    masquerade: ['172.17.0.0/16', 'fd00:1::/64'],
    translate: [],
    internal: false,
    interContainer: true,
    unprotected: [],
    trusted: [],
  };
  const port = {
    protocol: 'tcp',
    hostAddress: '0.0.0.0',
    hostPort: 80,
    containerAddress: '172.17.0.2',
    containerPort: 8080,
    direct: false,
  } as const;
  const six = { ...port, hostAddress: '::', containerAddress: 'fd00:1::2' };
  const text = firewallText('wharf', [bridge], [port, six, { ...port, hostAddress: '127.0.0.1' }]);
  expect(text).toMatch(/^\nadd table inet wharf\ndelete table inet wharf\n/);
  expect(text).toContain('elements = { tcp . 80 : 172.17.0.2 . 8080 }');
  expect(text).toContain('elements = { tcp . 80 : fd00:1::2 . 8080 }');
  expect(text).toContain('elements = { 127.0.0.1 . tcp . 80 : 172.17.0.2 . 8080 }');
  expect(text).toContain('elements = { 172.17.0.2 . 172.17.0.2 }');
  expect(firewallText('wharf', [{ ...bridge, internal: true }], [])).not.toContain('elements = { 172.17.0.0/16 }');
  const routed = firewallText('wharf', [bridge], [{ ...port, hostAddress: '', direct: true }]);
  expect(routed).not.toContain('tcp . 80 :');
  expect(routed).toContain('elements = { 172.17.0.2 . tcp . 8080 }');
});
