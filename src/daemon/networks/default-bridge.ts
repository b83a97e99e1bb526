/** The network `bridge` as the daemon's flags make it. Its ID stays over restarts; its settings follow the flags. */
import { WharfError } from '../../contract/errors.ts';
import type { AddressFamily } from '../linux/netlink-ip-address.ts';
import { findLink } from '../linux/netlink-links.ts';
import { listAddresses } from '../linux/netlink-routes.ts';
import type { NetlinkSocket } from '../linux/netlink-socket.ts';
import { AddressPool } from './address-pool.ts';
import { hostSubnets, mtuOf } from './bridge.ts';
import { defaultBridgeOptions } from './bridge-driver.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import { automaticPool, poolsOf, subnetSources } from './network-pools.ts';
import { subnetsOf } from './network-registry.ts';
import type { NetworkPool, NetworkRecord } from './network-store.ts';
import {
  bigIntToText,
  contains,
  containsSubnet,
  formatSubnet,
  overlaps,
  parseAddress,
  parseHostSubnet,
  parseSubnet,
} from './subnet.ts';

export interface DefaultBridgeSituation {
  readonly defaults: NetworkDefaults;
  readonly netlink: NetlinkSocket;
  /** Name of a bridge of the daemon's own. */
  readonly ownName: string;
  /** Of this boot of the machine. */
  readonly bootId: string;
}

/** @returns undefined with --bridge=none. @throws WharfError 'network.config-invalid' on flags that can't be honoured */
export function defaultBridgeRecord(
  record: NetworkRecord,
  others: readonly NetworkRecord[],
  situation: DefaultBridgeSituation,
): NetworkRecord | undefined {
  const { defaults, netlink, ownName } = situation;
  if (defaults.bridge === 'none') return undefined;
  const foreign = defaults.bridge !== '' && defaults.bridge !== ownName;
  const name = foreign ? defaults.bridge : ownName;
  if (foreign) checkForeign(situation);
  const pools: NetworkPool[] = [];
  for (const family of ['ipv4', 'ipv6'] as const) {
    if (family === 'ipv6' && !defaults.ipv6) continue;
    pools.push(poolFromFlags(family, situation) ?? keptOrNew(family, record, others, situation));
  }
  return {
    ...record,
    bridge: name,
    foreignLink: foreign,
    enableIpv6: defaults.ipv6,
    options: defaultBridgeOptions(defaults, {
      name,
      mtu: mtuOf(netlink, defaults.mtu === 0 ? undefined : defaults.mtu),
    }),
    pools,
    bootId: situation.bootId,
    userSubnet: pools.some((pool) => pool.userSubnet),
  };
}

function checkForeign({ defaults, netlink }: DefaultBridgeSituation): void {
  if (defaults.bip !== '' || defaults.bip6 !== '') {
    throw refused('You specified -b & --bip, mutually exclusive options. Please specify only one');
  }
  const link = findLink(netlink, defaults.bridge);
  if (link === undefined)
    throw refused(`bridge device with non default name ${defaults.bridge} must be created manually`);
  if (link.kind !== 'bridge') throw refused(`existing interface ${defaults.bridge} is not a bridge`);
}

function poolFromFlags(family: AddressFamily, situation: DefaultBridgeSituation): NetworkPool | undefined {
  const { defaults } = situation;
  const v4 = family === 'ipv4';
  const bip = (v4 ? defaults.bip : defaults.bip6) || addressOfBridge(family, situation);
  const fixed = v4 ? defaults.fixedCidr : defaults.fixedCidrV6;
  const range = fixed === '' ? undefined : parseSubnet(fixed);
  if (fixed !== '' && range?.family !== family) throw refused(`invalid CIDR address: ${fixed}`);
  const own = bip === '' ? undefined : parseHostSubnet(bip);
  if (bip !== '' && own?.family !== family) throw refused(`invalid CIDR address: ${bip}`);
  const subnet = own ?? range;
  if (subnet === undefined) return undefined;
  if (range !== undefined && !containsSubnet(subnet, range)) {
    throw refused(`invalid network config: fixed CIDR ${fixed} is not within subnet ${formatSubnet(subnet)}`);
  }
  const gateway =
    own === undefined || own.address === own.base ? firstOf(family, subnet) : bigIntToText(family, own.address);
  const elsewhere = v4 ? defaults.defaultGateway : defaults.defaultGatewayV6;
  const elsewhereAddress = elsewhere === '' ? undefined : parseAddress(family, elsewhere);
  if (elsewhere !== '' && (elsewhereAddress === undefined || !contains(subnet, elsewhereAddress))) {
    throw refused('default gateway ip must be part of the network');
  }
  return {
    subnet: formatSubnet(subnet),
    gateway,
    userSubnet: true,
    userGateway: own !== undefined,
    ...(range === undefined ? {} : { range: formatSubnet(range) }),
    auxiliary: elsewhere === '' ? {} : { [v4 ? 'DefaultGatewayIPv4' : 'DefaultGatewayIPv6']: elsewhere },
  };
}

function firstOf(family: AddressFamily, subnet: NonNullable<ReturnType<typeof parseSubnet>>): string {
  return bigIntToText(family, new AddressPool({ subnet, reserved: [] }).allocate() ?? subnet.base);
}

/** What a bridge of somebody else has already; its link-local addresses are not for containers. */
function addressOfBridge(family: AddressFamily, { defaults, netlink, ownName }: DefaultBridgeSituation): string {
  if (defaults.bridge === '' || defaults.bridge === ownName) return '';
  const link = findLink(netlink, defaults.bridge);
  const found = listAddresses(netlink, family).find(
    ({ index, address }) => index === link?.index && !/^fe[89ab]/.test(address),
  );
  return found === undefined ? '' : `${found.address}/${found.prefixLength}`;
}

/** The subnet it had, unless flags of an earlier start had given that; else a free one. */
function keptOrNew(
  family: AddressFamily,
  record: NetworkRecord,
  others: readonly NetworkRecord[],
  { defaults, netlink, bootId }: DefaultBridgeSituation,
): NetworkPool {
  const sources = subnetSources(defaults, 'local');
  const [had] = poolsOf({ ...record, enableIpv6: true }, family);
  const networkSubnets = subnetsOf(others);
  if (had !== undefined && keepsPool(had, defaults, record.bootId === bootId)) return had;
  const surroundings = { networkSubnets, hostSubnets: hostSubnets(netlink) };
  return automaticPool(family, { surroundings, sources, skipsGateway: () => false });
}

/**
 * As with dockerd, whose bridge stays in the kernel: new address pools are for new networks, and move the default bridge at
 * the next boot at the earliest. Containers may be on it (live restore).
 */
export function keepsPool(
  had: NetworkPool,
  defaults: Pick<NetworkDefaults, 'addressPools'>,
  isSameBoot: boolean,
): boolean {
  const subnet = parseSubnet(had.subnet);
  if (had.userSubnet || subnet === undefined) return false;
  if (isSameBoot || defaults.addressPools.length === 0) return true;
  return defaults.addressPools.some(({ base }) => {
    const pool = parseSubnet(base);
    return pool !== undefined && overlaps(pool, subnet);
  });
}

function refused(message: string): WharfError {
  return new WharfError('network.config-invalid', message);
}
