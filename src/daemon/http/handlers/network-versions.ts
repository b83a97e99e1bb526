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
  endpoints = migrateMac(body, mode, endpoints, isBefore('1.44'));
  const moved = migrateSysctls(body.HostConfig ?? {}, mode, endpoints, apiVersion);
  const warnings = moved.warning === undefined ? [] : [moved.warning];
  const { MacAddress: _, ...macless } = body;
  const request = { ...(isBefore('1.44') ? macless : body), HostConfig: moved.hostConfig };
  if (Object.keys(moved.endpoints).length === 0) return { request, warnings };
  const NetworkingConfig = { ...body.NetworkingConfig, EndpointsConfig: moved.endpoints };
  return { request: { ...request, NetworkingConfig }, warnings };
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

/**
 * Before 1.44 a container had one MAC address, for whatever network it is on, and endpoints had none of their own. Later the
 * container service gives the container-wide one to the main network; here is only checked that it can tell which that is.
 */
function migrateMac(body: ContainerCreateRequest, mode: string, endpoints: Endpoints, isOld: boolean): Endpoints {
  const mac = body.MacAddress ?? '';
  if (!isOld) {
    const attempt = 'unable to migrate container-wide MAC address to a specific network: ';
    if (mac !== '' && !isJoined(mode)) mainEndpoint(endpoints, mode, false, attempt);
    return endpoints;
  }
  if (mac === '') return mapEndpoints(endpoints, ({ MacAddress: _, ...endpoint }) => endpoint);
  if (isJoined(mode)) throw invalid('conflicting options: mac-address and the network mode');
  const main = mainEndpoint(endpoints, mode, true, '');
  return { ...endpoints, [main.name]: { ...main.settings, MacAddress: mac } };
}

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
