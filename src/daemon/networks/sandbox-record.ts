/** How a sandbox's record comes about from a request, and what follows from it. Pure but for random IDs. */
import { randomBytes } from 'node:crypto';
import type { EndpointSettings } from '../../contract/engine-types.ts';
import { formatMac, parseMac } from '../linux/netlink-ip-address.ts';
import { macOf, randomMac } from './bridge.ts';
import { bridgeSettings } from './bridge-options.ts';
import { interfaceNameOption } from './endpoint-options.ts';
import { dnsNamesOf, type WantedEndpoint } from './endpoint-plan.ts';
import type { Attachment } from './network-driver.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { SandboxRequest } from './network-service.ts';
import { type EndpointRecord, type NetworkRecord, noRoutes, type SandboxRecord } from './network-store.ts';
import { allPortKeys } from './port-spec.ts';
import type { HostsEntry } from './sandbox-files.ts';

export const newId = (): string => randomBytes(32).toString('hex');

export function newSandboxRecord(request: SandboxRequest, sandboxId: string): SandboxRecord {
  const { containerId, containerName, hostname, domainname, filesDir, dns, dnsSearch, dnsOptions, extraHosts, links } =
    request;
  return {
    sandboxId,
    containerId,
    containerName,
    hostname,
    domainname,
    filesDir,
    dns,
    dnsSearch,
    dnsOptions,
    extraHosts,
    links,
    netnsPath: '',
    netnsInode: 0,
    sharedWith: '',
    endpoints: [],
    ports: [],
    wantedPorts: [],
    portKeys: allPortKeys(request),
  };
}

/** The record's endpoints that have interfaces, with their networks. */
export function attachmentsOf(record: SandboxRecord, networks: Pick<NetworkRegistry, 'get'>): Attachment[] {
  return record.endpoints.flatMap((endpoint) => {
    const network = networks.get(endpoint.networkId);
    return network === undefined || endpoint.interfaceName === '' ? [] : [{ record: network, endpoint }];
  });
}

export interface EndpointAddresses {
  readonly ipv4: string;
  readonly ipv6: string;
}

export function newEndpointRecord(
  container: { readonly containerId: string; readonly containerName: string; readonly hostname: string },
  wanted: WantedEndpoint,
  given: EndpointAddresses & { readonly interfaceName: string; readonly mac: string },
): EndpointRecord {
  const { record, settings } = wanted;
  const aliases = settings.Aliases ?? [];
  const hasInterface = given.interfaceName !== '';
  return {
    networkId: record.id,
    endpointId: newId(),
    interfaceName: given.interfaceName,
    hostInterface: hasInterface && record.driver === 'bridge' ? `veth${randomBytes(4).toString('hex')}` : '',
    ipv4: given.ipv4,
    ipv6: given.ipv6,
    mac: given.mac,
    routes: noRoutes,
    sourceInterface: '',
    linkLocal: settings.IPAMConfig?.LinkLocalIPs ?? [],
    aliases,
    links: settings.Links ?? [],
    driverOptions: settings.DriverOpts ?? {},
    gatewayPriority: settings.GwPriority ?? 0,
    requestedIpv4: settings.IPAMConfig?.IPv4Address ?? '',
    requestedIpv6: settings.IPAMConfig?.IPv6Address ?? '',
    dnsNames: hasInterface ? dnsNamesOf(container, record, aliases) : [],
  };
}

/** The MAC address an endpoint asks for, or one made of its IPv4 address, or a random one. */
export function endpointMac(settings: EndpointSettings, ipv4: string): string {
  return formatMac(parseMac(settings.MacAddress ?? '') ?? (ipv4 === '' ? randomMac() : macOf(ipv4)));
}

/** What the endpoint asks for, else the lowest free number after the network's prefix: eth0, eth1, … */
export function nextInterfaceName(endpoints: readonly EndpointRecord[], wanted: WantedEndpoint): string {
  const asked = wanted.settings.DriverOpts?.[interfaceNameOption];
  if (asked) return asked;
  const taken = new Set(endpoints.map((endpoint) => endpoint.interfaceName));
  const prefix = bridgeSettings(wanted.record).interfacePrefix || 'eth';
  for (let number = 0; ; number++) if (!taken.has(`${prefix}${number}`)) return `${prefix}${number}`;
}

/**
 * A container's own line in its hosts file: every address with its full name and the part before the first dot. As in
 * Docker, the full name may come as host name and domain name, or all as host name.
 */
export function ownHostsEntries(
  record: Pick<SandboxRecord, 'hostname' | 'domainname'> & {
    readonly endpoints: readonly Pick<EndpointRecord, 'ipv4' | 'ipv6'>[];
  },
): HostsEntry[] {
  const { hostname, domainname } = record;
  const full = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const [bare = full] = full.split('.');
  const names = bare === full ? [full] : [full, bare];
  const addresses = record.endpoints.flatMap((endpoint) => [endpoint.ipv4, endpoint.ipv6]);
  return addresses.filter((address) => address !== '').map((address) => ({ address, names }));
}

/** What the container calls others on a user-defined network by links ('container:alias'): alias to name. */
export function linkAliases(record: SandboxRecord): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const link of record.endpoints.flatMap((endpoint) => endpoint.links)) {
    const [name = '', alias = name] = link.split(':');
    aliases.set(alias.toLowerCase(), name.replace(/^\//, '').toLowerCase());
  }
  return aliases;
}

/** After a rename the old name is forgotten; aliases stay. */
export function renamedRecord(
  record: SandboxRecord,
  name: string,
  network: (id: string) => NetworkRecord | undefined,
): SandboxRecord {
  const container = { containerId: record.containerId, containerName: name, hostname: record.hostname };
  const endpoints = record.endpoints.map((endpoint) => {
    const of = network(endpoint.networkId);
    return of === undefined || endpoint.interfaceName === ''
      ? endpoint
      : { ...endpoint, dnsNames: dnsNamesOf(container, of, endpoint.aliases) };
  });
  return { ...record, containerName: name, endpoints };
}

export function wantedAddress(settings: EndpointSettings, family: 'ipv4' | 'ipv6'): string {
  const config = settings.IPAMConfig;
  return (family === 'ipv4' ? config?.IPv4Address : config?.IPv6Address) ?? '';
}
