/** What older API versions make of a container's networks, and container-wide settings that belong to an endpoint now (moby's rules). Pure. */
import type {
  ContainerCreateRequest,
  EndpointSettings,
  HostConfig,
  NetworkCreateRequest,
} from '../../../contract/engine-types.ts';
import { WharfError } from '../../../contract/errors.ts';
import { compareVersions } from '../api-version.ts';

const sysctlsOption = 'com.docker.network.endpoint.sysctls';
type Endpoints = Readonly<Record<string, EndpointSettings | null>>;

export interface VersionedRequest {
  readonly request: ContainerCreateRequest;
  readonly warnings: readonly string[];
}

/** @throws WharfError 'request.invalid' for what the version does not have, or what contradicts itself */
export function networksOfVersion(body: ContainerCreateRequest, apiVersion: string): VersionedRequest {
  const isBefore = (version: string) => compareVersions(apiVersion, version) < 0;
  const mode = body.HostConfig?.NetworkMode || 'default';
  let endpoints: Endpoints = body.NetworkingConfig?.EndpointsConfig ?? {};
  const names = Object.keys(endpoints);
  if (isBefore('1.44') && names.length > 1) {
    throw invalid(`Container cannot be created with multiple network endpoints: ${names.join(', ')}`);
  }
  if (isBefore('1.48')) endpoints = mapEndpoints(endpoints, ({ GwPriority: _, ...endpoint }) => endpoint);
  const warnings: string[] = [];
  const withMac = migrateMac(body, mode, endpoints, isBefore('1.44'));
  if (withMac.warning !== undefined) warnings.push(withMac.warning);
  const withSysctls = migrateSysctls(body.HostConfig ?? {}, mode, withMac.endpoints, apiVersion);
  if (withSysctls.warning !== undefined) warnings.push(withSysctls.warning);
  if (
    withSysctls.endpoints === body.NetworkingConfig?.EndpointsConfig ||
    Object.keys(withSysctls.endpoints).length === 0
  ) {
    return { request: { ...body, ...withMac.config, HostConfig: withSysctls.hostConfig }, warnings };
  }
  const NetworkingConfig = { ...body.NetworkingConfig, EndpointsConfig: withSysctls.endpoints };
  return { request: { ...body, ...withMac.config, HostConfig: withSysctls.hostConfig, NetworkingConfig }, warnings };
}

/** EnableIPv4 came with 1.48. */
export function networkCreateOfVersion(body: NetworkCreateRequest, apiVersion: string): NetworkCreateRequest {
  if (compareVersions(apiVersion, '1.48') >= 0) return body;
  const { EnableIPv4: _, ...older } = body;
  return older;
}

function mapEndpoints(endpoints: Endpoints, change: (endpoint: EndpointSettings) => EndpointSettings): Endpoints {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, endpoint]) => [name, endpoint === null ? null : change(endpoint)]),
  );
}

const isJoined = (mode: string): boolean => mode === 'host' || mode === 'none' || mode.startsWith('container:');

interface Migrated {
  readonly endpoints: Endpoints;
  readonly warning?: string;
}

/** The container-wide MAC address becomes that of the main network's endpoint. */
function migrateMac(
  body: ContainerCreateRequest,
  mode: string,
  endpoints: Endpoints,
  isOld: boolean,
): Migrated & { readonly config: { readonly MacAddress?: string } } {
  const mac = body.MacAddress ?? '';
  if (mac === '') {
    // Before 1.44 endpoints had none of their own.
    return {
      config: {},
      endpoints: isOld ? mapEndpoints(endpoints, ({ MacAddress: _, ...endpoint }) => endpoint) : endpoints,
    };
  }
  if (isJoined(mode)) {
    if (isOld) throw invalid('conflicting options: mac-address and the network mode');
    return { config: { MacAddress: '' }, endpoints, warning: macWarning };
  }
  const main = mainEndpoint(
    endpoints,
    mode,
    isOld,
    'unable to migrate container-wide MAC address to a specific network: ',
  );
  const own = main.settings.MacAddress ?? '';
  if (!isOld && own !== '' && own !== mac) {
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
  const changed = { ...endpoints, [main.name]: { ...main.settings, MacAddress: mac } };
  return isOld
    ? { config: {}, endpoints: changed }
    : { config: { MacAddress: '' }, endpoints: changed, warning: macWarning };
}

const macWarning =
  'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.';

/** `net.*.*.eth0.*` of the container becomes a setting of the main network's endpoint; since 1.48 that is asked for. */
function migrateSysctls(
  hostConfig: HostConfig,
  mode: string,
  endpoints: Endpoints,
  apiVersion: string,
): Migrated & { readonly hostConfig: HostConfig } {
  const sysctls = Object.entries(hostConfig.Sysctls ?? {});
  const ofInterfaces = sysctls.filter(([name]) => /^net\.[^.]+\.[^.]+\.eth[^.]*\../.test(name));
  const [first] = ofInterfaces;
  if (first === undefined || isJoined(mode)) return { hostConfig, endpoints };
  if (compareVersions(apiVersion, '1.48') >= 0) {
    throw refused(
      `interface specific sysctl setting "${first[0]}" must be supplied using driver option '${sysctlsOption}'`,
    );
  }
  const other = ofInterfaces.find(([name]) => name.split('.')[3] !== 'eth0');
  if (other !== undefined) {
    throw refused(
      `unable to determine network endpoint for sysctl ${other[0]}, use driver option '${sysctlsOption}' to set per-interface sysctls`,
    );
  }
  const isOld = compareVersions(apiVersion, '1.44') < 0;
  const main = mainEndpoint(endpoints, mode, isOld, `unable to find a network for sysctl ${first[0]}: `);
  const moved = ofInterfaces.map(
    ([name, value]) => `${name.replace(/^(net\.[^.]+\.[^.]+)\.eth0\./, '$1.IFNAME.')}=${value}`,
  );
  const had = main.settings.DriverOpts?.[sysctlsOption];
  const DriverOpts = { ...main.settings.DriverOpts, [sysctlsOption]: [...moved, ...(had ? [had] : [])].join(',') };
  const names = ofInterfaces.map(([name]) => name);
  return {
    hostConfig: { ...hostConfig, Sysctls: Object.fromEntries(sysctls.filter(([name]) => !names.includes(name))) },
    endpoints: { ...endpoints, [main.name]: { ...main.settings, DriverOpts } },
    warning: `Migrated sysctl "${names.join(',')}" to DriverOpts{"${sysctlsOption}":"${moved.join(',')}"}.`,
  };
}

/** The endpoint that container-wide settings are meant for. @throws WharfError 'request.invalid' when that can't be told */
function mainEndpoint(
  endpoints: Endpoints,
  mode: string,
  isOld: boolean,
  attempt: string,
): { readonly name: string; readonly settings: EndpointSettings } {
  const [only] = Object.entries(endpoints);
  if (only === undefined) return { name: mode, settings: {} };
  if (isOld) return { name: only[0], settings: only[1] ?? {} };
  const name = [mode, ...(mode === 'default' ? ['bridge'] : mode === 'bridge' ? ['default'] : [])].find((candidate) =>
    Object.hasOwn(endpoints, candidate),
  );
  if (name === undefined) {
    throw invalid(`${attempt}HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks`);
  }
  return { name, settings: endpoints[name] ?? {} };
}

function invalid(message: string): WharfError {
  return new WharfError('request.invalid', message);
}

/** dockerd answers these with 500. */
function refused(message: string): WharfError {
  return new WharfError('request.invalid', message, { status: 500 });
}
