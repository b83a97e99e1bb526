/** A network in the kernel: its bridge interface, and the pairs that plug containers into it. */
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
import { addAddress, deleteDefaultRoute, listRoutes, replaceDefaultRoute } from '../linux/netlink-routes.ts';
import { isNetlinkError, type NetlinkSocket, openNetlink } from '../linux/netlink-socket.ts';
import { inNamespace } from '../linux/netns.ts';
import type { BridgeRules } from './firewall.ts';
import { bridgeOptions, parseFlag } from './network-definition.ts';
import type { EndpointRecord, NetworkPool, NetworkRecord } from './network-store.ts';
import { parseSubnet, type Subnet } from './subnet.ts';

const mainTable = 254;
const ethernetMtu = 1500;
const loopbackIndex = 1;

export function poolOfFamily(record: NetworkRecord, family: 'ipv4' | 'ipv6'): NetworkPool | undefined {
  return record.pools.find((pool) => parseSubnet(pool.subnet)?.family === family);
}

export function interContainer(record: NetworkRecord): boolean {
  return parseFlag(record.options[bridgeOptions.interContainer] ?? 'true') ?? true;
}

export function bridgeRules(record: NetworkRecord): BridgeRules {
  const subnets = (family: 'ipv4' | 'ipv6') =>
    record.pools.map((pool) => pool.subnet).filter((subnet) => parseSubnet(subnet)?.family === family);
  return {
    bridge: record.bridge,
    subnets4: subnets('ipv4'),
    subnets6: subnets('ipv6'),
    masquerade: parseFlag(record.options[bridgeOptions.masquerade] ?? 'true') ?? true,
    internal: record.internal,
    interContainer: interContainer(record),
  };
}

/** Docker's rule: 02:42 and the IPv4 address, so that an address keeps its MAC and neighbours' caches stay right. */
export function macOf(ipv4: string): Uint8Array {
  return Uint8Array.of(0x02, 0x42, ...(parseIp(ipv4)?.bytes ?? []));
}

/** Subnets the host has routes to, its default routes left out. */
export function hostSubnets(netlink: NetlinkSocket): Subnet[] {
  return listRoutes(netlink, 'ipv4').flatMap((route) => {
    if (route.table !== mainTable || route.prefixLength === 0) return [];
    const subnet = parseSubnet(`${route.destination}/${route.prefixLength}`);
    return subnet === undefined ? [] : [subnet];
  });
}

/**
 * The MTU of a network: what it asks for, else that of the host's way out when it is smaller than Ethernet's; larger frames
 * would be lost there (VPNs, clouds, nested machines).
 */
export function mtuOf(netlink: NetlinkSocket, record: NetworkRecord): number {
  const wanted = record.options[bridgeOptions.mtu];
  if (wanted !== undefined) return Number(wanted);
  const way = listRoutes(netlink, 'ipv4').find((route) => route.table === mainTable && route.prefixLength === 0);
  const link = way && listLinks(netlink).find((candidate) => candidate.index === way.index);
  return Math.min(ethernetMtu, link?.mtu ?? ethernetMtu);
}

/** Makes the bridge as the record says, or brings one that is there up to it. @throws WharfError 'kernel.failed' | 'kernel.denied' */
export function ensureBridgeLink(netlink: NetlinkSocket, record: NetworkRecord): Link {
  const existing = findLink(netlink, record.bridge);
  if (existing !== undefined && existing.kind !== 'bridge') {
    throw new WharfError('network.config-invalid', `interface ${record.bridge} exists and is no bridge`);
  }
  const gateway4 = poolOfFamily(record, 'ipv4')?.gateway;
  if (existing === undefined) {
    const mac = gateway4 === undefined ? macOf('127.0.0.1') : macOf(gateway4);
    createBridge(netlink, { name: record.bridge, mac, mtu: mtuOf(netlink, record) });
  }
  const link = existing ?? findLink(netlink, record.bridge);
  if (link === undefined) throw new WharfError('kernel.failed', `bridge ${record.bridge} vanished while it was made`);
  const ipv6 = poolOfFamily(record, 'ipv6') !== undefined;
  writeSysctl(`net/ipv6/conf/${record.bridge}/disable_ipv6`, ipv6 ? '0' : '1');
  // Published ports on 127.0.0.1 are routed to the bridge.
  writeSysctl(`net/ipv4/conf/${record.bridge}/route_localnet`, '1');
  for (const pool of record.pools) {
    const address = parseIp(pool.gateway);
    const subnet = parseSubnet(pool.subnet);
    if (address !== undefined && subnet !== undefined) addAddress(netlink, link.index, address, subnet.prefixLength);
  }
  setLink(netlink, link.index, { up: true });
  return link;
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
  if (interContainer(record)) return;
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

/** Brings loopback up. Runs inside the namespace. */
export function configureLoopback(netlink: NetlinkSocket): void {
  setLink(netlink, loopbackIndex, { up: true });
}

/** Gives the container's end its addresses and brings it up. Runs inside the namespace. */
export function configureInside(netlink: NetlinkSocket, record: NetworkRecord, endpoint: EndpointRecord): void {
  const link = findLink(netlink, endpoint.interfaceName);
  if (link === undefined) throw new WharfError('kernel.failed', `interface ${endpoint.interfaceName} vanished`);
  if (endpoint.ipv6 === '') writeSysctl(`net/ipv6/conf/${endpoint.interfaceName}/disable_ipv6`, '1');
  // The address is ours alone; a probe that comes back by hairpin would count as a conflict.
  else writeSysctl(`net/ipv6/conf/${endpoint.interfaceName}/accept_dad`, '0');
  // Tells the neighbours at once when an address has moved to another MAC.
  writeSysctl(`net/ipv4/conf/${endpoint.interfaceName}/arp_notify`, '1');
  for (const [family, text] of [
    ['ipv4', endpoint.ipv4],
    ['ipv6', endpoint.ipv6],
  ] as const) {
    const address = parseIp(text);
    const subnet = parseSubnet(poolOfFamily(record, family)?.subnet ?? '');
    if (address !== undefined && subnet !== undefined) addAddress(netlink, link.index, address, subnet.prefixLength);
  }
  setLink(netlink, link.index, { up: true });
}

export interface Attachment {
  readonly record: NetworkRecord;
  readonly endpoint: EndpointRecord;
}

/** The endpoint that carries the default route: highest priority, then network name; internal networks lead nowhere. */
export function gatewayAttachment(attachments: readonly Attachment[], family: 'ipv4' | 'ipv6'): Attachment | undefined {
  return attachments
    .filter(({ record, endpoint }) => !record.internal && endpoint[family] !== '')
    .sort(
      (a, b) =>
        b.endpoint.gatewayPriority - a.endpoint.gatewayPriority ||
        // Docker leaves the default bridge for last, so that user networks win.
        Number(a.record.builtin) - Number(b.record.builtin) ||
        a.record.name.localeCompare(b.record.name),
    )[0];
}

/** Sets the default routes as the attachments ask. Runs inside the namespace. */
export function configureDefaultRoutes(netlink: NetlinkSocket, attachments: readonly Attachment[]): void {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const chosen = gatewayAttachment(attachments, family);
    const gateway = chosen && parseIp(poolOfFamily(chosen.record, family)?.gateway ?? '');
    const link = chosen && findLink(netlink, chosen.endpoint.interfaceName);
    if (gateway !== undefined && link !== undefined)
      replaceDefaultRoute(netlink, { family, gateway, index: link.index });
    else deleteDefaultRoute(netlink, family);
  }
}

/** Runs `work` inside the namespace with a netlink socket of it. */
export function withInnerNetlink<T>(netnsPath: string, work: (netlink: NetlinkSocket) => T): T {
  return inNamespace(netnsPath, () => {
    using netlink = openNetlink();
    return work(netlink);
  });
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
