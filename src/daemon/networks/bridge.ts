/** A network in the kernel: its bridge interface, and the pairs that plug containers into it. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { parseIp, parseMac } from '../linux/netlink-ip-address.ts';
import {
  createBridge,
  createVeth,
  deleteLinkAsync,
  findLink,
  type Link,
  listLinks,
  setBridgePort,
  setLink,
} from '../linux/netlink-links.ts';
import { addAddress, listAddresses, listRoutes } from '../linux/netlink-routes.ts';
import { isNetlinkError, type NetlinkSocket } from '../linux/netlink-socket.ts';
import { bridgeSettings } from './bridge-options.ts';
import { poolsOf } from './network-pools.ts';
import type { EndpointRecord, NetworkRecord } from './network-store.ts';
import { parseSubnet, type Subnet } from './subnet.ts';

const mainTable = 254;
const localTable = 255;
const ethernetMtu = 1500;

/** Docker's rule: 02:42 and the IPv4 address, so that an address keeps its MAC and neighbours' caches stay right. */
export function macOf(ipv4: string): Uint8Array {
  return Uint8Array.of(0x02, 0x42, ...(parseIp(ipv4)?.bytes ?? []));
}

/** Subnets the host has routes to, its default routes left out, and those of its interfaces, which may have no route. */
export function hostSubnets(netlink: NetlinkSocket): Subnet[] {
  const texts = (['ipv4', 'ipv6'] as const).flatMap((family) => [
    ...listRoutes(netlink, family).flatMap(({ table, destination, prefixLength }) =>
      table !== localTable && prefixLength !== 0 ? [`${destination}/${prefixLength}`] : [],
    ),
    ...listAddresses(netlink, family).map(({ address, prefixLength }) => `${address}/${prefixLength}`),
  ]);
  return [...new Set(texts)].flatMap((text) => parseSubnet(text) ?? []);
}

/**
 * The MTU of a network: what it asks for, else that of the host's way out when it is smaller than Ethernet's; larger frames
 * would be lost there (VPNs, clouds, nested machines).
 */
export function mtuOf(netlink: NetlinkSocket, wanted: number | undefined): number {
  if (wanted !== undefined) return wanted;
  const way = listRoutes(netlink, 'ipv4').find((route) => route.table === mainTable && route.prefixLength === 0);
  const link = way && listLinks(netlink).find((candidate) => candidate.index === way.index);
  return Math.min(ethernetMtu, link?.mtu ?? ethernetMtu);
}

/** Makes the bridge as the record says, or brings one that is there up to it. @throws WharfError 'kernel.failed' | 'kernel.denied' */
export function ensureBridgeLink(netlink: NetlinkSocket, record: NetworkRecord): Link {
  const existing = findLink(netlink, record.bridge);
  if (existing !== undefined && existing.kind !== 'bridge') {
    throw new WharfError('network.config-invalid', `existing interface ${record.bridge} is not a bridge`, {
      status: 500,
    });
  }
  const settings = bridgeSettings(record);
  const [pool4] = poolsOf(record, 'ipv4');
  const [pool6] = poolsOf(record, 'ipv6');
  if (existing === undefined) {
    const mac = pool4 === undefined || pool4.gateway === '' ? randomMac() : macOf(pool4.gateway);
    createBridge(netlink, { name: record.bridge, mac, mtu: mtuOf(netlink, settings.mtu) });
  }
  const link = existing ?? findLink(netlink, record.bridge);
  if (link === undefined) throw new WharfError('kernel.failed', `bridge ${record.bridge} vanished while it was made`);
  writeSysctl(`net/ipv6/conf/${record.bridge}/disable_ipv6`, pool6 === undefined ? '1' : '0');
  // The host's end takes no routes and addresses from containers.
  if (pool6 !== undefined) writeSysctl(`net/ipv6/conf/${record.bridge}/accept_ra`, '0');
  // Published ports on 127.0.0.1 are routed to the bridge.
  writeSysctl(`net/ipv4/conf/${record.bridge}/route_localnet`, '1');
  for (const pool of [pool4, pool6]) {
    const address = parseIp(pool?.gateway ?? '');
    const subnet = parseSubnet(pool?.subnet ?? '');
    if (address === undefined || subnet === undefined) continue;
    if (address.family === 'ipv4' && settings.inhibitIpv4) continue;
    addAddress(netlink, link.index, address, subnet.prefixLength);
  }
  setLink(netlink, link.index, { up: true });
  return link;
}

/** A MAC address of our own making, of the kind Docker gives. */
export function randomMac(): Uint8Array {
  return Uint8Array.of(0x02, 0x42, ...randomBytes(4));
}

/** The host forwards for its containers. Written only when off: the file's owner may be somebody's sysctl.conf. */
export function enableForwarding(ipv6: boolean): void {
  writeSysctl('net/ipv4/ip_forward', '1');
  if (ipv6) writeSysctl('net/ipv6/conf/all/forwarding', '1');
}

export async function deleteLinkByName(
  netlink: NetlinkSocket,
  asyncNetlink: NetlinkSocket,
  name: string,
): Promise<void> {
  const link = findLink(netlink, name);
  if (link === undefined) return;
  try {
    await deleteLinkAsync(asyncNetlink, link);
  } catch (error) {
    // Gone meanwhile: the kernel took it down with its namespace.
    if (!isNetlinkError(error, 'ENODEV', 'EINVAL')) throw error;
  }
}

export interface PlugRequest {
  readonly record: NetworkRecord;
  readonly endpoint: EndpointRecord;
  readonly bridge: Link;
  readonly netnsPath: string;
}

/** Makes the pair of one endpoint; the container's end still has to be set up from inside (`configureInside`). */
export function plugIn(netlink: NetlinkSocket, request: PlugRequest): void {
  const { record, endpoint, bridge, netnsPath } = request;
  const netnsFd = openSync(netnsPath, 'r');
  try {
    createVeth(netlink, {
      name: endpoint.hostInterface,
      mtu: bridge.mtu,
      master: bridge.index,
      peer: { name: endpoint.interfaceName, mac: parseMac(endpoint.mac) ?? macOf(endpoint.ipv4), netnsFd },
    });
  } finally {
    closeSync(netnsFd);
  }
  if (bridgeSettings(record).interContainer) return;
  const port = findLink(netlink, endpoint.hostInterface);
  if (port !== undefined) setBridgePort(netlink, port.index, { isolated: true });
}

/**
 * Lets a container reach its own published port by the host's address: where bridged packets pass the host's rules
 * (br_netfilter), they are turned round on the bridge and have to leave by the port they came in.
 */
export function allowHairpin(netlink: NetlinkSocket, hostInterface: string): void {
  const port = findLink(netlink, hostInterface);
  if (port !== undefined) setBridgePort(netlink, port.index, { hairpin: true });
}

/** `name` is a path below /proc/sys. Kernels without IPv6 have no such files: then there is nothing to set. */
export function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name}`, value);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' && name.startsWith('net/ipv6/')) return;
    throw new WharfError('kernel.failed', `set sysctl ${name.replaceAll('/', '.')} to ${value}: ${String(code)}`, {
      cause: error,
    });
  }
}
