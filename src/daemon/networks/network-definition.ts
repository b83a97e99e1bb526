/** From a create request to a network's record: names, flags and settings. Pure but for random IDs. */
import { randomBytes } from 'node:crypto';
import type { NetworkCreateRequest } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { checkIpamConfigs } from './ipam-config.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import type { NetworkDriver } from './network-driver.ts';
import { automaticPool, type PoolRequestOptions, type Surroundings, subnetSources, userPool } from './network-pools.ts';
import type { NetworkPool, NetworkRecord } from './network-store.ts';
import { parseSubnet, type Subnet } from './subnet.ts';

export const enableOptions = {
  ipv4: 'com.docker.network.enable_ipv4',
  ipv6: 'com.docker.network.enable_ipv6',
} as const;

export const predefinedNames: readonly string[] = ['bridge', 'host', 'none', 'default'];

/**
 * What can be said of a network before its driver is asked: its record without pools.
 * @throws WharfError 'network.config-invalid' | 'network.predefined'
 */
export function draftNetwork(request: NetworkCreateRequest, defaults: NetworkDefaults): NetworkRecord {
  const { Name: name = '' } = request;
  if (predefinedNames.includes(name)) {
    // The space at the end is Docker's.
    throw new WharfError('network.predefined', `operation is not permitted on predefined ${name} network `);
  }
  const driver = request.Driver || 'bridge';
  if (driver === 'overlay') {
    throw new WharfError(
      'network.config-invalid',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
      { status: 403, hint: 'Networks of one machine have the driver bridge, macvlan or ipvlan.' },
    );
  }
  const options: Record<string, string> = { ...request.Options };
  if (request.ConfigFrom === undefined || request.ConfigFrom === null) {
    for (const [name, value] of Object.entries(defaults.networkOptions[driver] ?? {})) options[name] ??= value;
  }
  const enableIpv4 = enabled(request.EnableIPv4, options, enableOptions.ipv4) ?? true;
  const enableIpv6 = enabled(request.EnableIPv6, options, enableOptions.ipv6) ?? false;
  checkIpamConfigs(request.IPAM?.Config ?? [], enableIpv6);
  if (name.trim() === '') throw invalid('invalid name: name is empty');
  return {
    ...blankNetwork(name, driver),
    scope: request.Scope || 'local',
    enableIpv4,
    enableIpv6,
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    options,
    labels: request.Labels ?? {},
    ipamDriver: request.IPAM?.Driver || 'default',
    ipamOptions: request.IPAM?.Options ?? null,
    configOnly: request.ConfigOnly ?? false,
    configFrom: request.ConfigFrom?.Network ?? '',
  };
}

function enabled(
  asked: boolean | null | undefined,
  options: Record<string, string>,
  name: string,
): boolean | undefined {
  if (asked !== undefined && asked !== null) {
    delete options[name];
    return asked;
  }
  const value = options[name];
  if (value === undefined) return undefined;
  const flag = parseFlag(value);
  if (flag === undefined) throw invalid(`driver-opt "${name}" is not a valid bool`);
  return flag;
}

function blankNetwork(name: string, driver: string): NetworkRecord {
  return {
    id: randomBytes(32).toString('hex'),
    name,
    created: nowText(),
    driver,
    scope: 'local',
    enableIpv4: true,
    enableIpv6: false,
    internal: false,
    attachable: false,
    options: {},
    labels: {},
    ipamDriver: 'default',
    ipamOptions: null,
    configOnly: false,
    configFrom: '',
    pools: [],
    userSubnet: false,
    bridge: '',
    foreignLink: false,
    builtin: false,
    removing: false,
  };
}

/** RFC 3339 with nanoseconds, as Docker writes times. */
function nowText(): string {
  const nanoseconds = String(process.hrtime.bigint() % 1_000_000n).padStart(6, '0');
  return new Date().toISOString().replace('Z', `${nanoseconds}Z`);
}

/** What networks that hold settings, and those that copy them, may say besides. @throws WharfError (403) */
export function checkConfigNetwork(draft: NetworkRecord, request: NetworkCreateRequest): void {
  const refuse = (message: string): never => {
    throw new WharfError('network.config-invalid', message, { status: 403 });
  };
  if (draft.configOnly) {
    if (request.Ingress === true || draft.internal || draft.attachable || (request.Scope ?? '') !== '') {
      refuse(
        'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
      );
    }
    if (draft.configFrom !== '') refuse('a configuration network cannot depend on another configuration network');
  }
  if (draft.configFrom === '') return;
  const says =
    draft.ipamDriver !== 'default' ||
    !draft.enableIpv4 ||
    draft.enableIpv6 ||
    Object.keys(draft.labels).length > 0 ||
    Object.keys(draft.ipamOptions ?? {}).length > 0 ||
    (request.IPAM?.Config ?? []).length > 0;
  if (says) refuse('user specified configurations are not supported if the network depends on a configuration network');
  if (Object.keys(draft.options).length > 0) {
    refuse('network driver options are not supported if the network depends on a configuration network');
  }
}

/** The settings of a configuration network, in a network that depends on it. @throws WharfError 'network.not-found' */
export function applyConfiguration(draft: NetworkRecord, source: NetworkRecord | undefined): NetworkRecord {
  if (source === undefined || !source.configOnly) {
    throw new WharfError('network.not-found', `configuration network "${draft.configFrom}" does not exist`);
  }
  const { enableIpv4, enableIpv6, labels, options, ipamDriver, ipamOptions, pools } = source;
  return { ...draft, enableIpv4, enableIpv6, labels, options, ipamDriver, ipamOptions, pools };
}

export interface PoolSituation {
  readonly surroundings: Surroundings;
  readonly defaults: NetworkDefaults;
  readonly driver: NetworkDriver;
}

/**
 * The record with its pools, those asked for in `draft.pools`.
 * @throws WharfError 'network.config-invalid' | 'network.no-addresses'
 */
export function withPools(draft: NetworkRecord, situation: PoolSituation): NetworkRecord {
  const { driver, surroundings, defaults } = situation;
  if (draft.ipamDriver === 'null') {
    if (draft.enableIpv4) throw invalid('ipv4 pool is empty');
    if (draft.enableIpv6) throw invalid('ipv6 pool is empty');
    return { ...draft, pools: [] };
  }
  const skipsGateway: PoolRequestOptions['skipsGateway'] = (family) => driver.skipsGateway(draft, family);
  const taken: Subnet[] = [...surroundings.networkSubnets];
  const asked = draft.pools.map((pool) => {
    const family = pool.subnet.includes(':') ? 'ipv6' : 'ipv4';
    // Of a family the network has not: only repeated by inspect.
    if (!(family === 'ipv4' ? draft.enableIpv4 : draft.enableIpv6)) return pool;
    const config = {
      Subnet: pool.subnet,
      Gateway: pool.gateway,
      IPRange: pool.range,
      AuxiliaryAddresses: pool.auxiliary,
    };
    const made = userPool({ ...config, IPRange: pool.range ?? '' }, taken, skipsGateway(family));
    const subnet = parseSubnet(made.subnet);
    if (subnet !== undefined) taken.push(subnet);
    return made;
  });
  const sources = subnetSources(defaults, draft.scope);
  const automatic = (['ipv4', 'ipv6'] as const).flatMap((family) => {
    const wanted = family === 'ipv4' ? draft.enableIpv4 : draft.enableIpv6;
    const has = asked.some((pool) => pool.subnet.includes(':') === (family === 'ipv6'));
    return wanted && !has ? [automaticPool(family, { surroundings, sources, skipsGateway })] : [];
  });
  return { ...draft, pools: [...asked, ...automatic], userSubnet: asked.length > 0 };
}

/** The subnets of a request, in the order inspect shows them: IPv4 first. */
export function askedPools(request: NetworkCreateRequest): NetworkPool[] {
  const pools = (request.IPAM?.Config ?? []).map((config) => ({
    subnet: config.Subnet ?? '',
    gateway: config.Gateway ?? '',
    userSubnet: true,
    userGateway: (config.Gateway ?? '') !== '',
    ...(config.IPRange ? { range: config.IPRange } : {}),
    auxiliary: config.AuxiliaryAddresses ?? {},
  }));
  return [...pools.filter((pool) => !pool.subnet.includes(':')), ...pools.filter((pool) => pool.subnet.includes(':'))];
}

/** Docker's host and none, and the default bridge without its pools and interface. IDs are made once and stay. */
export function predefinedNetworks(): NetworkRecord[] {
  const builtin = { builtin: true } as const;
  return [
    { ...blankNetwork('bridge', 'bridge'), ...builtin },
    { ...blankNetwork('host', 'host'), ...builtin },
    { ...blankNetwork('none', 'null'), ...builtin },
  ];
}

/** Go's strconv.ParseBool, which Docker uses for options. */
export function parseFlag(value: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  return undefined;
}

function invalid(message: string): WharfError {
  return new WharfError('network.config-invalid', message);
}
