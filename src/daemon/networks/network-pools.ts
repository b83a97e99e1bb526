/** The subnets of a new network: those asked for, or chosen ones, each with the network's own address in it. Pure. */
import { randomBytes } from 'node:crypto';
import type { IpamConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { AddressFamily } from '../linux/netlink-ip-address.ts';
import { AddressPool } from './address-pool.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import { type EndpointRoutes, type NetworkPool, type NetworkRecord, noRoutes } from './network-store.ts';
import {
  bigIntToText,
  chooseSubnet,
  contains,
  defaultSubnetSources,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
  type SubnetSource,
  subnetOf,
  uniqueLocalSubnet,
} from './subnet.ts';

export interface Surroundings {
  /** Subnets of other networks: never to be met. */
  readonly networkSubnets: readonly Subnet[];
  /** Subnets of the host's routes and interfaces: an automatic choice keeps away from them. */
  readonly hostSubnets: readonly Subnet[];
}

/** Parsed once: each inspect of a container asks for several. */
const parsedSubnets = new WeakMap<NetworkPool, Subnet>();

function subnetOfPool(pool: NetworkPool): Subnet | undefined {
  const known = parsedSubnets.get(pool);
  if (known !== undefined) return known;
  const subnet = parseSubnet(pool.subnet);
  if (subnet !== undefined) parsedSubnets.set(pool, subnet);
  return subnet;
}

/** The pools of a network that are in use; those of a family it has not are only shown. */
export function poolsOf(record: NetworkRecord, family: AddressFamily): readonly NetworkPool[] {
  const enabled = family === 'ipv4' ? record.enableIpv4 : record.enableIpv6;
  return enabled ? record.pools.filter((pool) => subnetOfPool(pool)?.family === family) : [];
}

/** The pool an address of the network is of. */
export function poolOfAddress(record: NetworkRecord, address: string): NetworkPool | undefined {
  if (address === '') return undefined;
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const value = parseAddress(family, address);
  if (value === undefined) return undefined;
  return poolsOf(record, family).find((pool) => {
    const subnet = subnetOfPool(pool);
    return subnet !== undefined && contains(subnet, value);
  });
}

/** 0 for an address of no pool. */
export function prefixLengthOf(record: NetworkRecord, address: string): number {
  const pool = poolOfAddress(record, address);
  return (pool && subnetOfPool(pool))?.prefixLength ?? 0;
}

/** What containers use as gateway: the auxiliary address that Docker names for this, else the network's own. */
function containerGateway(record: NetworkRecord, address: string): string {
  if (address === '') return '';
  const pool = poolOfAddress(record, address);
  const key = address.includes(':') ? 'DefaultGatewayIPv6' : 'DefaultGatewayIPv4';
  return pool === undefined ? '' : (pool.auxiliary[key] ?? pool.gateway);
}

/** Out by the gateways of its addresses. */
export function gatewayRoutes(
  record: NetworkRecord,
  { ipv4, ipv6 }: { readonly ipv4: string; readonly ipv6: string },
): EndpointRoutes {
  return { ...noRoutes, gateway4: containerGateway(record, ipv4), gateway6: containerGateway(record, ipv6) };
}

/** Where subnets of a scope come from. */
export function subnetSources(defaults: NetworkDefaults, scope: string): readonly SubnetSource[] {
  if (scope === 'global') return [{ base: subnetOf('ipv4', 10n << 24n, 8), size: 24 }];
  if (defaults.addressPools.length === 0) return defaultSubnetSources;
  return defaults.addressPools.flatMap(({ base, size }) => {
    const subnet = parseSubnet(base);
    return subnet === undefined ? [] : [{ base: subnet, size }];
  });
}

export interface PoolRequestOptions {
  readonly surroundings: Surroundings;
  readonly sources: readonly SubnetSource[];
  readonly skipsGateway: (family: AddressFamily) => boolean;
}

/** @throws WharfError 'network.config-invalid' (403) on an overlap, (500) on a gateway that can't be had */
export function userPool(config: IpamConfig, taken: readonly Subnet[], skipGateway: boolean): NetworkPool {
  const subnet = parseSubnet(config.Subnet ?? '');
  if (subnet === undefined) throw new WharfError('network.config-invalid', `invalid subnet ${config.Subnet ?? ''}`);
  if (taken.some((other) => overlaps(other, subnet))) throw overlap();
  const range = config.IPRange ? parseSubnet(config.IPRange) : undefined;
  const addresses = new AddressPool({ subnet, range, reserved: [] });
  const wanted = config.Gateway ?? '';
  const gateway = skipGateway && wanted === '' ? '' : takeGateway(addresses, wanted);
  for (const [name, text] of Object.entries(config.AuxiliaryAddresses ?? {})) {
    const address = parseAddress(subnet.family, text);
    if (address === undefined || addresses.allocateExactly(address) !== 'ok') {
      throw taken500(`failed to allocate secondary ip address (${name}:${text}): Address already in use`);
    }
  }
  return {
    subnet: formatSubnet(subnet),
    gateway,
    userSubnet: true,
    userGateway: wanted !== '',
    ...(range === undefined ? {} : { range: formatSubnet(range) }),
    auxiliary: config.AuxiliaryAddresses ?? {},
  };
}

function takeGateway(addresses: AddressPool, wanted: string): string {
  const failure = (why: string) => taken500(`failed to allocate gateway (${wanted}): ${why}`);
  if (wanted === '') {
    const first = addresses.allocate();
    if (first === undefined) throw failure('no available addresses on this pool');
    return bigIntToText(addresses.family, first);
  }
  const address = parseAddress(addresses.family, wanted);
  if (address === undefined || addresses.allocateExactly(address) !== 'ok') throw failure('Address already in use');
  return bigIntToText(addresses.family, address);
}

/** @throws WharfError 'network.no-addresses' */
export function automaticPool(family: AddressFamily, options: PoolRequestOptions): NetworkPool {
  const { surroundings, sources } = options;
  const taken = [...surroundings.networkSubnets, ...surroundings.hostSubnets];
  const hasSources = sources.some((source) => source.base.family === family);
  const subnet = family === 'ipv6' && !hasSources ? freeLocalSubnet(taken) : chooseSubnet(taken, family, sources);
  if (subnet === undefined) {
    throw new WharfError('network.no-addresses', 'all predefined address pools have been fully subnetted', {
      hint: 'Give a subnet with --subnet, or remove networks with `wharf network prune`.',
    });
  }
  const first = options.skipsGateway(family) ? undefined : new AddressPool({ subnet, reserved: [] }).allocate();
  const gateway = first === undefined ? '' : bigIntToText(family, first);
  return { subnet: formatSubnet(subnet), gateway, userSubnet: false, userGateway: false, auxiliary: {} };
}

function freeLocalSubnet(taken: readonly Subnet[]): Subnet | undefined {
  for (let tries = 0; tries < 16; tries++) {
    const subnet = uniqueLocalSubnet(randomBytes(7));
    if (!taken.some((other) => overlaps(other, subnet))) return subnet;
  }
  return undefined;
}

function overlap(): WharfError {
  const message = 'invalid pool request: Pool overlaps with other one on this address space';
  const hint = 'Pick a subnet that no other network has; `wharf network inspect` shows them.';
  return new WharfError('network.config-invalid', message, { status: 403, hint });
}

function taken500(message: string): WharfError {
  return new WharfError('network.config-invalid', message, { status: 500 });
}
