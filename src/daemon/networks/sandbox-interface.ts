/** A container's interfaces from within its namespace: addresses, sysctls, routes. Everything here runs inside it. */
import { WharfError } from '../../contract/errors.ts';
import { parseIp } from '../linux/netlink-ip-address.ts';
import { findLink, setLink } from '../linux/netlink-links.ts';
import { addAddress, addRoute, deleteDefaultRoute, replaceDefaultRoute } from '../linux/netlink-routes.ts';
import { type NetlinkSocket, openNetlink } from '../linux/netlink-socket.ts';
import { inNamespace } from '../linux/netns.ts';
import { writeSysctl } from './bridge.ts';
import { endpointSysctlsOption } from './endpoint-options.ts';
import type { Attachment } from './network-driver.ts';
import { prefixLengthOf } from './network-pools.ts';
import type { EndpointRecord, NetworkRecord } from './network-store.ts';
import { parseSubnet } from './subnet.ts';

const loopbackIndex = 1;

export function configureLoopback(netlink: NetlinkSocket): void {
  setLink(netlink, loopbackIndex, { up: true });
}

/** Gives an interface that is plugged in its addresses and brings it up. @throws WharfError 'kernel.failed' */
export function configureInside(netlink: NetlinkSocket, record: NetworkRecord, endpoint: EndpointRecord): void {
  const { interfaceName: name } = endpoint;
  const link = findLink(netlink, name);
  if (link === undefined) throw new WharfError('kernel.failed', `interface ${name} vanished`);
  const hasIpv6 = endpoint.ipv6 !== '' || endpoint.linkLocal.some((address) => address.includes(':'));
  if (!hasIpv6) writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, '1');
  else {
    writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, '0');
    // The address is ours alone; a probe that comes back by hairpin would count as a conflict.
    writeSysctl(`net/ipv6/conf/${name}/accept_dad`, '0');
  }
  // Tells the neighbours at once when an address has moved to another MAC.
  writeSysctl(`net/ipv4/conf/${name}/arp_notify`, '1');
  for (const text of [endpoint.ipv4, endpoint.ipv6]) {
    const address = parseIp(text);
    if (address !== undefined) addAddress(netlink, link.index, address, prefixLengthOf(record, text));
  }
  for (const text of endpoint.linkLocal) {
    const address = parseIp(text);
    if (address !== undefined) addAddress(netlink, link.index, address, address.family === 'ipv4' ? 16 : 64);
  }
  for (const [path, value] of endpointSysctls(endpoint.driverOptions, name)) writeSysctl(path, value);
  setLink(netlink, link.index, { up: true });
  for (const { destination, via } of endpoint.routes.static) {
    const subnet = parseSubnet(destination);
    const target = parseIp(destination.split('/')[0] ?? '');
    if (subnet === undefined || target === undefined) continue;
    addRoute(netlink, {
      destination: target,
      prefixLength: subnet.prefixLength,
      gateway: parseIp(via),
      index: link.index,
    });
  }
}

/** 'net.ipv4.conf.IFNAME.log_martians=1,…' as paths below /proc/sys and values. Pure. */
export function endpointSysctls(
  driverOptions: Readonly<Record<string, string>>,
  interfaceName: string,
): (readonly [path: string, value: string])[] {
  const text = driverOptions[endpointSysctlsOption] ?? '';
  return text
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [name = '', ...value] = entry.split('=');
      const [net, family, kind, , ...setting] = name.split('.');
      return [[net, family, kind, interfaceName, ...setting].join('/'), value.join('=')] as const;
    });
}

/** The endpoint that carries the default route: highest priority, then network name; internal networks lead nowhere. */
export function gatewayAttachment(attachments: readonly Attachment[], family: 'ipv4' | 'ipv6'): Attachment | undefined {
  return attachments
    .filter(({ endpoint }) => endpoint[family] !== '' && leadsOut(endpoint, family))
    .sort(
      (a, b) =>
        b.endpoint.gatewayPriority - a.endpoint.gatewayPriority ||
        // As in Docker: one that leads out in both families first, then by name.
        waysOut(b.endpoint) - waysOut(a.endpoint) ||
        (a.record.name < b.record.name ? -1 : 1),
    )[0];
}

function leadsOut(endpoint: EndpointRecord, family: 'ipv4' | 'ipv6'): boolean {
  const { routes } = endpoint;
  if (endpoint[family] === '') return false;
  return routes.onLink || (family === 'ipv4' ? routes.gateway4 : routes.gateway6) !== '';
}

function waysOut(endpoint: EndpointRecord): number {
  return Number(leadsOut(endpoint, 'ipv4')) + Number(leadsOut(endpoint, 'ipv6'));
}

/** Sets the default routes as the attachments ask. */
export function configureDefaultRoutes(netlink: NetlinkSocket, attachments: readonly Attachment[]): void {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const chosen = gatewayAttachment(attachments, family);
    const link = chosen && findLink(netlink, chosen.endpoint.interfaceName);
    if (chosen === undefined || link === undefined) {
      deleteDefaultRoute(netlink, family);
      continue;
    }
    const { gateway4, gateway6 } = chosen.endpoint.routes;
    const gateway = parseIp(family === 'ipv4' ? gateway4 : gateway6);
    replaceDefaultRoute(netlink, { family, gateway, index: link.index });
  }
}

/** Runs `work` inside the namespace with a netlink socket of it. */
export function withInnerNetlink<T>(netnsPath: string, work: (netlink: NetlinkSocket) => T): T {
  return inNamespace(netnsPath, () => {
    using netlink = openNetlink();
    return work(netlink);
  });
}
