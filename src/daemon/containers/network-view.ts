import type { EndpointSettings, NetworkSettings, Port, PortMap } from '../../contract/engine-types.ts';
import type { Sandbox } from '../networks/network-service.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import type { ContainerRecord } from './container-record.ts';
import { hostnameOf } from './sandbox-request.ts';

/** What inspect shows of an endpoint that is not connected now, with every field Docker always sends. */
function idleEndpoint(wanted: EndpointSettings): EndpointSettings {
  return {
    IPAMConfig: wanted.IPAMConfig ?? null,
    Links: wanted.Links ?? null,
    Aliases: wanted.Aliases ?? null,
    MacAddress: wanted.MacAddress ?? '',
    DriverOpts: wanted.DriverOpts ?? null,
    GwPriority: wanted.GwPriority ?? 0,
    NetworkID: wanted.NetworkID ?? '',
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: wanted.DNSNames ?? null,
  };
}

/** What the networks say of endpoints of a container that does not run; absent for one that never did. */
export type IdleEndpoint = (network: string, settings: EndpointSettings) => EndpointSettings;

/** Endpoints by network: as they are while it runs, else as they are wanted. */
export function endpointsOf(
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
  idle: IdleEndpoint = () => ({}),
): Readonly<Record<string, EndpointSettings>> {
  if (sandbox === undefined) {
    return Object.fromEntries(
      Object.entries(record.endpoints).map(([name, wanted]) => [
        name,
        { ...idleEndpoint(wanted), ...idle(name, wanted) },
      ]),
    );
  }
  return Object.fromEntries(
    Object.entries(sandbox.endpoints).map(([name, settings]) => [name, { ...idleEndpoint({}), ...settings }]),
  );
}

/** For `endpointsOf`: a container that ran once keeps its networks' IDs and its names in them. */
export function idleEndpointsOf(context: ContainerContext, handle: ContainerHandle): IdleEndpoint | undefined {
  const { record, state } = handle;
  if (state.kind === 'created') return undefined;
  const container = { containerId: record.id, containerName: record.name, hostname: hostnameOf(record) };
  return (network, settings) => context.networks.idleEndpoint(network, container, settings);
}

export function networkSettings(
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
  idle?: IdleEndpoint,
): NetworkSettings {
  const endpoints = endpointsOf(record, sandbox, idle);
  const bridge = sandbox ? endpoints.bridge : undefined;
  return {
    Bridge: '',
    SandboxID: sandbox?.sandboxId ?? '',
    SandboxKey: sandbox?.sandboxKey ?? '',
    Ports: sandbox?.ports ?? {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
    Networks: endpoints,
  };
}

/** The Ports of a list row: one for each host binding, one for each exposed port that is not published. */
export function portRows(ports: PortMap, exposed: readonly string[]): readonly Port[] {
  const all: PortMap = { ...Object.fromEntries(exposed.map((port) => [port, null])), ...ports };
  return Object.entries(all).flatMap(([port, bindings]) => {
    const [number = '', type = 'tcp'] = port.split('/');
    const base = { PrivatePort: Number(number), Type: type };
    if (!bindings || bindings.length === 0) return [base];
    return bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp || '0.0.0.0', ...base, PublicPort: Number(HostPort) }));
  });
}
