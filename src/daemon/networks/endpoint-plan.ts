/** What a container asks of the networks, resolved and checked. Pure. */
import type { EndpointSettings } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { parseMac } from '../linux/netlink-ip-address.ts';
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
  | { readonly kind: 'none'; readonly record: NetworkRecord }
  /** The namespace of another container, by ID or name. */
  | { readonly kind: 'shared'; readonly container: string }
  /** A namespace of its own on these networks; the first becomes eth0. */
  | { readonly kind: 'own'; readonly endpoints: readonly WantedEndpoint[] };

type FindNetwork = (nameOrId: string) => NetworkRecord;

/** @throws WharfError 'network.not-found' | 'network.config-invalid' */
export function planSandbox(request: SandboxRequest, find: FindNetwork): SandboxPlan {
  const mode = request.networkMode === 'default' || request.networkMode === '' ? 'bridge' : request.networkMode;
  if (mode.startsWith('container:')) {
    if (wantedPorts(request).length > 0) {
      throw invalid('conflicting options: port publishing and the container type network mode');
    }
    return { kind: 'shared', container: mode.slice('container:'.length) };
  }
  const primary = find(mode);
  const endpoints = collectEndpoints(request, primary, find);
  if (primary.driver !== 'bridge' && endpoints.length > 1) {
    throw invalid(
      `container cannot be connected to multiple networks with one of the networks in ${primary.name} mode`,
    );
  }
  switch (primary.driver) {
    case 'host':
      return { kind: 'host', record: primary };
    case 'null':
      return { kind: 'none', record: primary };
    case 'bridge':
      for (const { record, settings } of endpoints) checkEndpoint(record, settings);
      wantedPorts(request);
      return { kind: 'own', endpoints };
  }
}

function collectEndpoints(request: SandboxRequest, primary: NetworkRecord, find: FindNetwork): WantedEndpoint[] {
  const byId = new Map<string, WantedEndpoint>([[primary.id, { record: primary, settings: {} }]]);
  for (const [key, settings] of Object.entries(request.endpoints)) {
    const record = key === 'default' ? primary : find(key);
    byId.set(record.id, { record, settings: settings ?? {} });
  }
  return [...byId.values()].map(({ record, settings }) => {
    const mac = record.id === primary.id ? request.macAddress : undefined;
    return { record, settings: mac === undefined || settings.MacAddress ? settings : { ...settings, MacAddress: mac } };
  });
}

/** @throws WharfError 'network.config-invalid' */
export function checkEndpoint(record: NetworkRecord, settings: EndpointSettings): void {
  if (record.driver !== 'bridge') {
    throw invalid(
      `container cannot be connected to ${record.name} network - container must be created in ${record.name} network mode`,
    );
  }
  if (record.builtin && (settings.Aliases ?? []).length > 0) {
    throw invalid('network-scoped aliases are only supported for user-defined networks');
  }
  const mac = settings.MacAddress ?? '';
  if (mac !== '' && parseMac(mac) === undefined) throw endpointInvalid(`invalid MAC address: ${mac}`);
  checkStaticAddress(record, 'ipv4', settings.IPAMConfig?.IPv4Address ?? '');
  checkStaticAddress(record, 'ipv6', settings.IPAMConfig?.IPv6Address ?? '');
}

function checkStaticAddress(record: NetworkRecord, family: 'ipv4' | 'ipv6', text: string): void {
  if (text === '') return;
  const address = parseAddress(family, text);
  if (address === undefined) throw endpointInvalid(`invalid ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address: ${text}`);
  if (record.builtin) throw endpointInvalid('user specified IP address is supported on user defined networks only');
  if (!record.userSubnet) {
    throw endpointInvalid(
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    );
  }
  const inside = record.pools.some((pool) => {
    const subnet = parseSubnet(pool.subnet);
    return subnet?.family === family && contains(subnet, address);
  });
  if (!inside) throw endpointInvalid(`no configured subnet contains IP address ${text}`);
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

function endpointInvalid(message: string): WharfError {
  return invalid(`invalid endpoint settings:\n${message}`);
}
