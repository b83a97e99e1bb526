import type { EndpointSettings, NetworkSettings, Port, PortMap } from '../../contract/engine-types.ts';
import type { Sandbox } from '../networks/network-service.ts';
import type { ContainerRecord } from './container-record.ts';

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

/** Endpoints by network: as they are while it runs, else as they are wanted. */
export function endpointsOf(
  record: ContainerRecord,
  sandbox: Sandbox | undefined,
): Readonly<Record<string, EndpointSettings>> {
  const wanted = Object.entries(record.endpoints).map(([name, settings]) => [name, idleEndpoint(settings)] as const);
  const connected = Object.entries(sandbox?.endpoints ?? {}).map(
    ([name, settings]) => [name, { ...idleEndpoint({}), ...settings }] as const,
  );
  return Object.fromEntries(sandbox && connected.length > 0 ? connected : wanted);
}

export function networkSettings(record: ContainerRecord, sandbox: Sandbox | undefined): NetworkSettings {
  const endpoints = endpointsOf(record, sandbox);
  const bridge = sandbox ? endpoints.bridge : undefined;
  return {
    Bridge: '',
    SandboxID: sandbox?.sandboxId ?? '',
    SandboxKey: sandbox?.netnsPath ?? '',
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
