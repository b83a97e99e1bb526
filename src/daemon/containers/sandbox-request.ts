import { hostname } from 'node:os';
import { WharfError } from '../../contract/errors.ts';
import type { SandboxRequest } from '../networks/network-service.ts';
import type { ContainerContext } from './container-context.ts';
import { type ContainerRecord, containerDir } from './container-record.ts';
import { isLive } from './container-state.ts';

/** The hostname a container sees: its own, the host's on the host's network or UTS namespace, else its short ID. */
export function hostnameOf(record: ContainerRecord): string {
  const { config, hostConfig, id } = record;
  if (config.Hostname) return config.Hostname;
  return hostConfig.UTSMode === 'host' || hostConfig.NetworkMode === 'host' ? hostname() : id.slice(0, 12);
}

/**
 * What the networks are asked for. At create time joined and linked containers need not run yet.
 * @throws WharfError 'container.not-running' when a joined container does not run
 */
export function sandboxRequest(
  context: ContainerContext,
  record: ContainerRecord,
  moment: 'create' | 'start' = 'start',
): SandboxRequest {
  const { config, hostConfig } = record;
  const networkDisabled = config.NetworkDisabled ?? false;
  const networkMode = networkDisabled ? 'none' : (hostConfig.NetworkMode ?? 'bridge');
  return {
    containerId: record.id,
    containerName: record.name,
    hostname: hostnameOf(record),
    domainname: config.Domainname ?? '',
    networkMode: moment === 'start' ? joinedNetwork(context, networkMode) : networkMode,
    networkDisabled,
    endpoints: record.endpoints,
    portBindings: hostConfig.PortBindings ?? {},
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    publishAllPorts: hostConfig.PublishAllPorts ?? false,
    dns: hostConfig.Dns ?? [],
    dnsOptions: hostConfig.DnsOptions ?? [],
    dnsSearch: hostConfig.DnsSearch ?? [],
    extraHosts: hostConfig.ExtraHosts ?? [],
    // On other networks they mean nothing to dockerd (there it is the endpoint that has links); compose v1 sends both.
    links: moment === 'start' && ['bridge', 'default'].includes(networkMode) ? linkedContainers(context, record) : [],
    sysctls: Object.fromEntries(Object.entries(hostConfig.Sysctls ?? {}).filter(([name]) => name.startsWith('net.'))),
    filesDir: containerDir(context.dataRoot, record.id),
  };
}

function joinedNetwork(context: ContainerContext, mode: string): string {
  if (!mode.startsWith('container:')) return mode;
  const joined = context.find(mode.slice('container:'.length));
  if (!isLive(joined.state)) {
    throw new WharfError('container.not-running', `cannot join network of a non running container: ${joined.id}`);
  }
  return `container:${joined.id}`;
}

/** Docker's old links: the linked container's address on the default bridge under its name, its alias and its short ID. */
function linkedContainers(context: ContainerContext, record: ContainerRecord): SandboxRequest['links'] {
  return (record.hostConfig.Links ?? []).map((link) => {
    const [ref = '', alias] = link.split(':');
    const linked = context.find(ref);
    const address = context.networks.sandbox(linked.id)?.endpoints.bridge?.IPAddress;
    if (!address) {
      const link = `/${linked.record.name} AS /${record.name}/${alias ?? linked.record.name}`;
      throw new WharfError('container.not-running', `Cannot link to a non running container: ${link}`);
    }
    const { name } = linked.record;
    return { address, names: [...new Set([alias ?? name, name, linked.id.slice(0, 12)])] };
  });
}
