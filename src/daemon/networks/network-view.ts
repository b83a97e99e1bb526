/** Networks and endpoints as the API shows them, and the filters of its lists. Pure. */
import type { EndpointSettings, Network, NetworkContainer } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { prefixLengthOf } from './network-pools.ts';
import type { EndpointRecord, NetworkRecord, SandboxRecord } from './network-store.ts';

export type Filters = ReadonlyMap<string, readonly string[]>;

export function networkView(record: NetworkRecord, containers: Readonly<Record<string, NetworkContainer>>): Network {
  const config = record.pools.map((pool) => ({
    Subnet: pool.subnet,
    ...(pool.range === undefined ? {} : { IPRange: pool.range }),
    // As in Docker, beside a subnet that was asked for stands only what was asked for.
    ...(pool.gateway === '' || (pool.userSubnet && !pool.userGateway) ? {} : { Gateway: pool.gateway }),
    ...(Object.keys(pool.auxiliary).length === 0 ? {} : { AuxiliaryAddresses: pool.auxiliary }),
  }));
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: record.scope,
    Driver: record.driver,
    EnableIPv4: record.enableIpv4,
    EnableIPv6: record.enableIpv6,
    IPAM: { Driver: record.ipamDriver, Options: record.ipamOptions, Config: config.length === 0 ? null : config },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: false,
    ConfigFrom: { Network: record.configFrom },
    ConfigOnly: record.configOnly,
    Containers: containers,
    Options: record.options,
    Labels: record.labels,
  };
}

export function networkContainer(
  record: NetworkRecord,
  sandbox: SandboxRecord,
  endpoint: EndpointRecord,
): NetworkContainer {
  const withPrefix = (address: string) => (address === '' ? '' : `${address}/${prefixLengthOf(record, address)}`);
  return {
    Name: sandbox.containerName,
    EndpointID: endpoint.endpointId,
    MacAddress: endpoint.mac,
    IPv4Address: withPrefix(endpoint.ipv4),
    IPv6Address: withPrefix(endpoint.ipv6),
  };
}

/** NetworkSettings.Networks[name] of a running container. */
export function endpointView(record: NetworkRecord, endpoint: EndpointRecord): EndpointSettings {
  const { requestedIpv4, requestedIpv6 } = endpoint;
  const requested = {
    ...(requestedIpv4 === '' ? {} : { IPv4Address: requestedIpv4 }),
    ...(requestedIpv6 === '' ? {} : { IPv6Address: requestedIpv6 }),
    ...(endpoint.linkLocal.length === 0 ? {} : { LinkLocalIPs: endpoint.linkLocal }),
  };
  const orNull = <T>(list: readonly T[]) => (list.length === 0 ? null : list);
  return {
    IPAMConfig: Object.keys(requested).length > 0 ? requested : null,
    Links: orNull(endpoint.links),
    Aliases: orNull(endpoint.aliases),
    MacAddress: endpoint.mac,
    DriverOpts: Object.keys(endpoint.driverOptions).length === 0 ? null : endpoint.driverOptions,
    GwPriority: endpoint.gatewayPriority,
    NetworkID: endpoint.networkId,
    EndpointID: endpoint.endpointId,
    Gateway: endpoint.routes.gateway4,
    IPAddress: endpoint.ipv4,
    IPPrefixLen: prefixLengthOf(record, endpoint.ipv4),
    IPv6Gateway: endpoint.routes.gateway6,
    GlobalIPv6Address: endpoint.ipv6,
    GlobalIPv6PrefixLen: prefixLengthOf(record, endpoint.ipv6),
    DNSNames: orNull(endpoint.dnsNames),
  };
}

const listFilters = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
const pruneFilters = ['label', 'label!', 'until'];

/** @throws WharfError 'request.invalid' on a filter or value Docker does not know either */
export function matchesList(record: NetworkRecord, filters: Filters, isInUse: boolean): boolean {
  const any = (name: string, test: (value: string) => boolean) => {
    const values = filters.get(name);
    return values === undefined || values.length === 0 || values.some(test);
  };
  return (
    any('driver', (value) => record.driver === value) &&
    any('id', (value) => matchesText(value, record.id)) &&
    any('name', (value) => matchesText(value, record.name)) &&
    any('scope', (value) => value === record.scope) &&
    any('type', (value) => (parseType(value) === 'builtin') === record.builtin) &&
    any('dangling', (value) => parseDangling(value) === (!record.builtin && !isInUse)) &&
    hasLabels(record.labels, filters.get('label') ?? [])
  );
}

/** @throws WharfError 'request.invalid' */
export function matchesPrune(record: NetworkRecord, filters: Filters, nowMs: number): boolean {
  const until = filters.get('until')?.[0];
  if (until !== undefined && Date.parse(record.created) > parseUntil(until, nowMs)) return false;
  const excluded = filters.get('label!') ?? [];
  return (
    hasLabels(record.labels, filters.get('label') ?? []) && !excluded.some((label) => hasLabels(record.labels, [label]))
  );
}

/** @throws WharfError 'request.invalid' on a filter Docker does not know either */
export function checkFilters(filters: Filters, kind: 'list' | 'prune'): void {
  const known = kind === 'list' ? listFilters : pruneFilters;
  for (const name of filters.keys()) {
    if (!known.includes(name)) throw new WharfError('request.invalid', `invalid filter '${name}'`);
  }
  if ((filters.get('until') ?? []).length > 1)
    throw new WharfError('request.invalid', 'more than one until filter specified');
  const dangling = filters.get('dangling') ?? [];
  if (dangling.length > 1) throw new WharfError('request.invalid', 'got more than one value for filter key "dangling"');
  // Checked here too: a list without networks answers the same.
  for (const value of dangling) parseDangling(value);
  for (const value of filters.get('type') ?? []) parseType(value);
}

function hasLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((text) => {
    const [key = '', ...value] = text.split('=');
    return value.length === 0 ? Object.hasOwn(labels, key) : labels[key] === value.join('=');
  });
}

/** Docker takes the value as a regular expression that may match anywhere. */
function matchesText(pattern: string, text: string): boolean {
  if (pattern === text) return true;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}

function parseType(value: string): 'builtin' | 'custom' {
  if (value === 'builtin' || value === 'custom') return value;
  // dockerd answers this one with 500.
  throw new WharfError('request.invalid', `invalid filter: 'type'='${value}'`, { status: 500 });
}

function parseDangling(value: string): boolean {
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new WharfError(
    'request.invalid',
    `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`,
  );
}

const durationUnitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time as Docker takes it in `until`: seconds since the epoch, RFC 3339, or how long ago ('24h', '1h30m'). */
export function parseUntil(text: string, nowMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(ms|s|m|h))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
    return nowMs - parts.reduce((sum, [, count, unit]) => sum + Number(count) * (durationUnitsMs[unit ?? ''] ?? 0), 0);
  }
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new WharfError('request.invalid', `failed to parse value as time or duration: "${text}"`);
  return time;
}
