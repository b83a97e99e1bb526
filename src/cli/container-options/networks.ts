import type { ContainerCreateRequest, EndpointSettings } from '../../contract/engine-types.ts';
import { parseCsvLine } from './csv-line.ts';
import { optionError } from './option-error.ts';

export interface NetworkOptions {
  /** --network values. */
  readonly networks: readonly string[];
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly linkLocalIps: readonly string[];
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
}

type Endpoint = { -readonly [K in keyof EndpointSettings]: EndpointSettings[K] };

/** Network mode and ends of networks. The first network takes the plain flags; the others only what stands in them. */
export function parseNetworks(options: NetworkOptions): {
  readonly mode: string;
  readonly config: NonNullable<ContainerCreateRequest['NetworkingConfig']>;
} {
  const specs = (options.networks.length === 0 ? ['default'] : options.networks).map(parseNetworkSpec);
  const [first, ...others] = specs;
  const mode = first?.name ?? 'default';
  const own = plainEndpoint(options);
  const endpoint = { ...first?.endpoint, ...own };
  if (own.Aliases !== undefined && !isUserDefined(mode)) {
    throw optionError(
      'network-scoped aliases are only supported for user-defined networks',
      'Create one with `wharf network create`.',
    );
  }
  const endpoints: Record<string, EndpointSettings> = {};
  if (isUserDefined(mode) || Object.keys(endpoint).length > 0) endpoints[mode] = endpoint;
  for (const { name, endpoint: settings } of others) {
    if (!isUserDefined(mode) && mode !== 'bridge') {
      throw optionError(`conflicting options: cannot attach both user-defined and non-user-defined network-modes`);
    }
    if (Object.hasOwn(endpoints, name))
      throw optionError(`network ${JSON.stringify(name)} is specified multiple times`);
    endpoints[name] = settings;
  }
  return { mode, config: { EndpointsConfig: endpoints } };
}

export function isUserDefined(mode: string): boolean {
  return !['default', 'bridge', 'host', 'none', ''].includes(mode) && !mode.startsWith('container:');
}

function plainEndpoint(options: NetworkOptions): Endpoint {
  const endpoint: Endpoint = {};
  if (options.aliases.length > 0) endpoint.Aliases = options.aliases;
  if (options.links.length > 0 && isUserDefined(options.networks[0] ?? '')) endpoint.Links = options.links;
  if (options.macAddress !== undefined) endpoint.MacAddress = options.macAddress;
  if (options.ip !== undefined || options.ip6 !== undefined || options.linkLocalIps.length > 0) {
    endpoint.IPAMConfig = {
      ...(options.ip === undefined ? {} : { IPv4Address: options.ip }),
      ...(options.ip6 === undefined ? {} : { IPv6Address: options.ip6 }),
      ...(options.linkLocalIps.length === 0 ? {} : { LinkLocalIPs: options.linkLocalIps }),
    };
  }
  return endpoint;
}

/** `lab` or `name=lab,alias=db,ip=10.0.0.2,driver-opt=a=b`. */
function parseNetworkSpec(spec: string): { readonly name: string; readonly endpoint: Endpoint } {
  if (spec === '') throw optionError('no name set for network');
  if (!spec.includes('=')) return { name: spec, endpoint: {} };
  const endpoint: Endpoint = {};
  let name = '';
  for (const field of parseCsvLine(spec)) {
    const equals = field.indexOf('=');
    const key = field.slice(0, Math.max(equals, 0)).trim();
    const value = field.slice(equals + 1);
    if (key === 'name') name = value;
    else if (key === 'alias') endpoint.Aliases = [...(endpoint.Aliases ?? []), value];
    else if (key === 'ip') endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value };
    else if (key === 'ip6') endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value };
    else if (key === 'mac-address') endpoint.MacAddress = value;
    else if (key === 'gw-priority') endpoint.GwPriority = Number(value);
    else if (key === 'driver-opt') {
      const inner = value.indexOf('=');
      endpoint.DriverOpts = { ...endpoint.DriverOpts, [value.slice(0, inner)]: value.slice(inner + 1) };
    } else throw optionError(`invalid argument ${JSON.stringify(spec)} for "--network" flag: invalid field ${field}`);
  }
  if (name === '')
    throw optionError(`invalid argument ${JSON.stringify(spec)} for "--network" flag: network name is missing`);
  return { name, endpoint };
}
