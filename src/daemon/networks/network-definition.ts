/** From a create request to a network's record: checks, defaults and the choice of subnets. Pure but for random IDs. */
import { randomBytes } from 'node:crypto';
import type { IpamConfig, NetworkCreateRequest } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { AddressFamily } from '../linux/netlink-ip-address.ts';
import { interfaceNameMax } from '../linux/netlink-links.ts';
import type { NetworkPool, NetworkRecord } from './network-store.ts';
import {
  bigIntToText,
  chooseSubnet,
  contains,
  containsSubnet,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
  uniqueLocalSubnet,
} from './subnet.ts';

export const bridgeOptions = {
  name: 'com.docker.network.bridge.name',
  interContainer: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  defaultBridge: 'com.docker.network.bridge.default_bridge',
  mtu: 'com.docker.network.driver.mtu',
} as const;

export const predefinedNames: readonly string[] = ['bridge', 'host', 'none', 'default'];

export interface Surroundings {
  /** Subnets of other networks: never to be met. */
  readonly networkSubnets: readonly Subnet[];
  /** Subnets of the host's routes: an automatic choice keeps away from them. */
  readonly hostSubnets: readonly Subnet[];
}

/** @throws WharfError 'network.config-invalid' | 'network.predefined' | 'network.no-addresses' | 'plugin.not-found' */
export function defineNetwork(request: NetworkCreateRequest, surroundings: Surroundings): NetworkRecord {
  checkNameAndDriver(request);
  const id = randomBytes(32).toString('hex');
  const options = request.Options ?? {};
  checkOptions(options);
  const configs = request.IPAM?.Config ?? [];
  const enableIpv4 = request.EnableIPv4 ?? true;
  const enableIpv6 = request.EnableIPv6 ?? false;
  const userPools = configs
    .filter((config) => (config.Subnet ?? '') !== '')
    .map((config) => parsePool(config, surroundings));
  if (configs.length > userPools.length && configs.some((config) => (config.Gateway ?? config.IPRange ?? '') !== '')) {
    throw invalid('invalid network config:\nuser-specified gateway or IP range needs a subnet');
  }
  const pools = [...userPools];
  const has = (family: AddressFamily) => userPools.some((pool) => parseSubnet(pool.subnet)?.family === family);
  if (!enableIpv4 && !enableIpv6) throw invalid('IPv4 or IPv6 must be enabled');
  if (enableIpv4 && !has('ipv4')) pools.push(automaticPool(surroundings));
  if (enableIpv6 && !has('ipv6')) pools.push(poolOf(uniqueLocalSubnet(randomBytes(7))));
  return {
    id,
    name: request.Name,
    created: new Date().toISOString(),
    driver: 'bridge',
    enableIpv4,
    enableIpv6,
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    options,
    labels: request.Labels ?? {},
    ipamOptions: request.IPAM?.Options ?? {},
    pools,
    userSubnet: userPools.length > 0,
    bridge: options[bridgeOptions.name] ?? `wb-${id.slice(0, 10)}`,
    builtin: false,
    removing: false,
  };
}

function checkNameAndDriver(request: NetworkCreateRequest): void {
  const name = request.Name;
  if (name.trim() === '') throw invalid('invalid name: name is empty');
  // A slash would break the path of its API routes; control characters any listing.
  if (name !== name.trim() || name.includes('/') || /\p{Cc}/u.test(name))
    throw invalid(`invalid network name: ${name}`);
  if (predefinedNames.includes(name)) {
    throw new WharfError('network.predefined', `operation is not permitted on predefined ${name} network`);
  }
  const driver = request.Driver ?? '';
  if (driver === 'host' || driver === 'null') {
    throw new WharfError('network.predefined', `only one instance of "${driver}" network is allowed`);
  }
  if (driver !== '' && driver !== 'bridge' && driver !== 'default') {
    throw new WharfError(
      'plugin.not-found',
      `could not find plugin ${driver} in v1 plugin registry: plugin not found`,
      {
        hint: 'Wharf has the network driver bridge.',
      },
    );
  }
  const ipamDriver = request.IPAM?.Driver ?? '';
  if (ipamDriver !== '' && ipamDriver !== 'default') {
    throw new WharfError(
      'plugin.not-found',
      `could not find plugin ${ipamDriver} in v1 plugin registry: plugin not found`,
    );
  }
  if (request.ConfigOnly === true || (request.ConfigFrom?.Network ?? '') !== '') {
    throw new WharfError('request.not-implemented', 'config-only networks are not supported');
  }
}

function checkOptions(options: Readonly<Record<string, string>>): void {
  const bridge = options[bridgeOptions.name];
  if (bridge !== undefined && (bridge === '' || bridge.length > interfaceNameMax || /[\s/:]/.test(bridge))) {
    throw invalid(`invalid bridge name: ${bridge}`);
  }
  const mtu = options[bridgeOptions.mtu];
  if (mtu !== undefined && !(/^\d+$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65_535)) {
    throw invalid(`failed to parse ${bridgeOptions.mtu} value: ${mtu}`);
  }
  for (const name of [bridgeOptions.interContainer, bridgeOptions.masquerade]) {
    const value = options[name];
    if (value !== undefined && parseFlag(value) === undefined) throw invalid(`failed to parse ${name} value: ${value}`);
  }
}

/** Go's strconv.ParseBool, which Docker uses for options. */
export function parseFlag(value: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  return undefined;
}

function parsePool(config: IpamConfig, surroundings: Surroundings): NetworkPool {
  const subnetText = config.Subnet ?? '';
  const subnet = parseSubnet(subnetText);
  if (subnet === undefined)
    throw invalid(`invalid network config:\ninvalid subnet ${subnetText}: invalid CIDR block notation`);
  if (surroundings.networkSubnets.some((other) => overlaps(other, subnet))) {
    throw new WharfError(
      'network.config-invalid',
      'invalid pool request: Pool overlaps with other one on this address space',
      { status: 403, hint: 'Pick a subnet that no other network has; `wharf network inspect` shows them.' },
    );
  }
  const inside = (what: string, text: string): void => {
    const address = parseAddress(subnet.family, text);
    if (address === undefined || !contains(subnet, address)) {
      throw invalid(`invalid network config:\ninvalid ${what} ${text}: parent subnet is ${formatSubnet(subnet)}`);
    }
  };
  const rangeText = config.IPRange ?? '';
  if (rangeText !== '') {
    const range = parseSubnet(rangeText);
    if (range === undefined || !containsSubnet(subnet, range)) {
      throw invalid(`invalid network config:\ninvalid ip-range ${rangeText}: parent subnet is ${formatSubnet(subnet)}`);
    }
  }
  const gateway = config.Gateway ?? '';
  if (gateway !== '') inside('gateway', gateway);
  for (const address of Object.values(config.AuxiliaryAddresses ?? {})) inside('auxiliary address', address);
  return {
    subnet: formatSubnet(subnet),
    gateway: gateway === '' ? bigIntToText(subnet.family, subnet.base + 1n) : gateway,
    ...(rangeText === '' ? {} : { range: rangeText }),
    auxiliary: config.AuxiliaryAddresses ?? {},
  };
}

/** @throws WharfError 'network.no-addresses' */
export function automaticPool(surroundings: Surroundings): NetworkPool {
  const subnet = chooseSubnet([...surroundings.networkSubnets, ...surroundings.hostSubnets]);
  if (subnet !== undefined) return poolOf(subnet);
  throw new WharfError('network.no-addresses', 'all predefined address pools have been fully subnetted', {
    hint: 'Give a subnet with --subnet, or remove networks with `wharf network prune`.',
  });
}

function poolOf(subnet: Subnet): NetworkPool {
  return { subnet: formatSubnet(subnet), gateway: bigIntToText(subnet.family, subnet.base + 1n), auxiliary: {} };
}

/** Docker's three. IDs are made once and stay. */
export function predefinedNetworks(bridgeName: string, surroundings: Surroundings): NetworkRecord[] {
  const base = {
    created: new Date().toISOString(),
    enableIpv4: true,
    enableIpv6: false,
    internal: false,
    attachable: false,
    options: {},
    labels: {},
    ipamOptions: {},
    pools: [],
    userSubnet: false,
    bridge: '',
    builtin: true,
    removing: false,
  };
  const newId = () => randomBytes(32).toString('hex');
  const options = {
    [bridgeOptions.defaultBridge]: 'true',
    [bridgeOptions.interContainer]: 'true',
    [bridgeOptions.masquerade]: 'true',
    [bridgeOptions.hostBinding]: '0.0.0.0',
    [bridgeOptions.name]: bridgeName,
  };
  return [
    {
      ...base,
      id: newId(),
      name: 'bridge',
      driver: 'bridge',
      bridge: bridgeName,
      options,
      pools: [automaticPool(surroundings)],
    },
    { ...base, id: newId(), name: 'host', driver: 'host' },
    { ...base, id: newId(), name: 'none', driver: 'null' },
  ];
}

function invalid(message: string): WharfError {
  return new WharfError('network.config-invalid', message);
}
