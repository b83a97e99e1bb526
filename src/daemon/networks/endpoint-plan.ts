/** What a container asks of the networks, resolved and checked. Pure. */
import type { EndpointSettings } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { parseMac } from '../linux/netlink-ip-address.ts';
import { endpointSysctlsOption, interfaceNameOption } from './endpoint-options.ts';
import { joinFindings } from './ipam-config.ts';
import type { NetworkDriver } from './network-driver.ts';
import type { SandboxRequest } from './network-service.ts';
import type { NetworkRecord } from './network-store.ts';
import { wantedPorts } from './port-spec.ts';
import { contains, parseAddress, parseSubnet } from './subnet.ts';

export interface WantedEndpoint {
  readonly record: NetworkRecord;
  readonly settings: EndpointSettings;
}

export type SandboxPlan =
  | { readonly kind: 'host'; readonly record: NetworkRecord }
  /** Loopback only; on no network at all (not even this one) when networking is disabled. */
  | { readonly kind: 'none'; readonly record: NetworkRecord | undefined }
  /** The namespace of another container, by ID or name. */
  | { readonly kind: 'shared'; readonly container: string }
  /** A namespace of its own on these networks; the first becomes eth0. */
  | { readonly kind: 'own'; readonly endpoints: readonly WantedEndpoint[] };

export interface NetworkLookup {
  /** @throws WharfError 'network.not-found' */
  find(nameOrId: string): NetworkRecord;
  /** @throws WharfError 'plugin.not-found' */
  driver(name: string): Pick<NetworkDriver, 'kind'>;
  hasDefaultBridge(): boolean;
}

/** @throws WharfError 'network.not-found' | 'network.config-invalid' */
export function planSandbox(request: SandboxRequest, lookup: NetworkLookup): SandboxPlan {
  if (request.networkDisabled) return { kind: 'none', record: undefined };
  const mode = request.networkMode === 'default' || request.networkMode === '' ? 'bridge' : request.networkMode;
  if (mode.startsWith('container:')) {
    if (wantedPorts(request).length > 0) {
      throw invalid('conflicting options: port publishing and the container type network mode');
    }
    return { kind: 'shared', container: mode.slice('container:'.length) };
  }
  const primary = findPrimary(mode, lookup);
  const endpoints = collectEndpoints(request, primary, lookup);
  const kindOf = (record: NetworkRecord) => lookup.driver(record.driver).kind;
  const [only] = endpoints.length === 1 ? endpoints.map(({ record }) => record) : [];
  if (kindOf(primary) === 'host') {
    if (only?.id === primary.id) return { kind: 'host', record: primary };
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (only !== undefined && kindOf(only) === 'null') {
    if (only.configOnly) throw configOnly();
    return { kind: 'none', record: only };
  }
  for (const { record, settings } of endpoints) checkEndpoint(record, settings, lookup);
  wantedPorts(request);
  return { kind: 'own', endpoints };
}

/** Without a default bridge (--bridge=none) containers that name no network have none. */
function findPrimary(mode: string, lookup: NetworkLookup): NetworkRecord {
  if (mode !== 'bridge' || lookup.hasDefaultBridge()) return lookup.find(mode);
  return lookup.find('none');
}

/** Named endpoints are all there are, as with dockerd, the network of the mode among them or not; it comes first. */
function collectEndpoints(request: SandboxRequest, primary: NetworkRecord, { find }: NetworkLookup): WantedEndpoint[] {
  const named = Object.entries(request.endpoints);
  if (named.length === 0) return [{ record: primary, settings: {} }];
  const byId = new Map<string, WantedEndpoint>();
  for (const [key, settings] of named) {
    const record = key === 'default' ? primary : find(key);
    byId.set(record.id, { record, settings: settings ?? {} });
  }
  return [...byId.values()].sort((a, b) => Number(b.record.id === primary.id) - Number(a.record.id === primary.id));
}

/** @throws WharfError 'network.config-invalid' with everything that is wrong, in dockerd's words */
export function checkEndpoint(
  record: NetworkRecord,
  settings: EndpointSettings,
  lookup: Pick<NetworkLookup, 'driver'>,
): void {
  const { kind } = lookup.driver(record.driver);
  if (kind === 'host') {
    throw invalid('cannot connect container to host network - container must be created in host network mode');
  }
  if (record.configOnly) throw configOnly();
  if (kind === 'null') {
    throw invalid('container cannot be connected to multiple networks with one of the networks in private (none) mode');
  }
  const mac = settings.MacAddress ?? '';
  if (mac !== '' && parseMac(mac) === undefined) throw invalid(`invalid MAC address ${mac}`);
  const findings = endpointFindings(record, settings);
  if (findings.length > 0) throw invalid(`invalid endpoint settings:\n${joinFindings(findings)}`);
  const name = settings.DriverOpts?.[interfaceNameOption] ?? '';
  if (name !== '' && !/^[^\s/:]{1,15}$/.test(name)) throw invalid(`invalid interface name: ${name}`);
}

export function configOnly(): WharfError {
  const message = 'cannot create endpoint on configuration-only network';
  return new WharfError('network.config-invalid', message, { status: 403 });
}

function endpointFindings(record: NetworkRecord, settings: EndpointSettings): string[] {
  const { IPv4Address: ipv4 = '', IPv6Address: ipv6 = '', LinkLocalIPs: linkLocal } = settings.IPAMConfig ?? {};
  const findings: string[] = [];
  if (record.builtin) {
    if (ipv4 !== '' || ipv6 !== '')
      findings.push('user specified IP address is supported on user defined networks only');
    if ((settings.Aliases ?? []).length > 0) {
      findings.push('network-scoped alias is supported only for containers in user defined networks');
    }
  }
  const isUsual = (family: 'ipv4' | 'ipv6', text: string) => (parseAddress(family, text) ?? 0n) !== 0n;
  if (ipv4 !== '' && !isUsual('ipv4', ipv4)) findings.push(`invalid IPv4 address: ${ipv4}`);
  if (ipv6 !== '' && !isUsual('ipv6', ipv6)) findings.push(`invalid IPv6 address: ${ipv6}`);
  for (const text of linkLocal ?? []) {
    if (!isUsual('ipv4', text) && !isUsual('ipv6', text)) findings.push(`invalid link-local IP address: ${text}`);
  }
  findings.push(...rangeFindings(record, 'ipv4', ipv4), ...rangeFindings(record, 'ipv6', ipv6));
  for (const sysctl of (settings.DriverOpts?.[endpointSysctlsOption] ?? '').split(',')) {
    if (sysctl !== '' && !/^[^.]+\.(ipv4|ipv6|mpls)\.[^.]+\.(IFNAME|ifname)\../.test(sysctl)) {
      findings.push(
        `unrecognised network interface sysctl '${sysctl}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
      );
    }
  }
  return findings;
}

function rangeFindings(record: NetworkRecord, family: 'ipv4' | 'ipv6', text: string): string[] {
  if (text === '') return [];
  const own = record.pools.filter((pool) => pool.userSubnet && pool.subnet.includes(':') === (family === 'ipv6'));
  if (own.length === 0) {
    return ['user specified IP address is supported only when connecting to networks with user configured subnets'];
  }
  const address = parseAddress(family, text);
  const inside = own.some((pool) => {
    const subnet = parseSubnet(pool.subnet);
    return subnet !== undefined && address !== undefined && contains(subnet, address);
  });
  return inside ? [] : [`no configured subnet or ip-range contain the IP address ${text}`];
}

/** Names other containers of a user-defined network find this one by; none on the default bridge, as in Docker. */
export function dnsNamesOf(
  container: { readonly containerId: string; readonly containerName: string; readonly hostname: string },
  record: NetworkRecord,
  aliases: readonly string[],
): string[] {
  if (record.builtin) return [];
  const names = [container.containerName, ...aliases, container.containerId.slice(0, 12), container.hostname];
  return [...new Set(names.filter((name) => name !== ''))];
}

function invalid(message: string): WharfError {
  return new WharfError('network.config-invalid', message);
}
