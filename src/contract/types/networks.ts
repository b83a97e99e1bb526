/** Networks and a container's ends of them. Engine API 1.51. */
import * as s from '../schema.ts';

export const EndpointIpamConfig = s.object({
  IPv4Address: s.optional(s.string),
  IPv6Address: s.optional(s.string),
  LinkLocalIPs: s.maybe(s.list(s.string)),
});

/** A container's end of a network: what is wanted (create, connect) and what is (inspect). */
export const EndpointSettings = s.object({
  IPAMConfig: s.maybe(EndpointIpamConfig),
  Links: s.maybe(s.list(s.string)),
  Aliases: s.maybe(s.list(s.string)),
  MacAddress: s.optional(s.string),
  DriverOpts: s.maybe(s.map(s.string)),
  GwPriority: s.optional(s.integer),
  NetworkID: s.optional(s.string),
  EndpointID: s.optional(s.string),
  Gateway: s.optional(s.string),
  IPAddress: s.optional(s.string),
  IPPrefixLen: s.optional(s.integer),
  IPv6Gateway: s.optional(s.string),
  GlobalIPv6Address: s.optional(s.string),
  GlobalIPv6PrefixLen: s.optional(s.integer),
  DNSNames: s.maybe(s.list(s.string)),
});
export type EndpointSettings = s.Static<typeof EndpointSettings>;

export const NetworkingConfig = s.object({ EndpointsConfig: s.maybe(s.map(s.nullable(EndpointSettings))) });
export type NetworkingConfig = s.Static<typeof NetworkingConfig>;

export const IpamConfig = s.object({
  Subnet: s.optional(s.string),
  IPRange: s.optional(s.string),
  Gateway: s.optional(s.string),
  AuxiliaryAddresses: s.maybe(s.map(s.string)),
});
export type IpamConfig = s.Static<typeof IpamConfig>;

export const Ipam = s.object({
  Driver: s.optional(s.string),
  Options: s.maybe(s.map(s.string)),
  Config: s.maybe(s.list(IpamConfig)),
});
export type Ipam = s.Static<typeof Ipam>;

export const NetworkContainer = s.object({
  Name: s.string,
  EndpointID: s.string,
  MacAddress: s.string,
  IPv4Address: s.string,
  IPv6Address: s.string,
});
export type NetworkContainer = s.Static<typeof NetworkContainer>;

/** One network, as listed and inspected. `Containers` is by container ID, filled by inspect only. */
export const Network = s.object({
  Name: s.string,
  Id: s.string,
  /** RFC 3339 with nanoseconds. */
  Created: s.string,
  Scope: s.string,
  Driver: s.string,
  EnableIPv4: s.boolean,
  EnableIPv6: s.boolean,
  IPAM: Ipam,
  Internal: s.boolean,
  Attachable: s.boolean,
  Ingress: s.boolean,
  ConfigFrom: s.object({ Network: s.string }),
  ConfigOnly: s.boolean,
  Containers: s.map(NetworkContainer),
  Options: s.map(s.string),
  Labels: s.map(s.string),
});
export type Network = s.Static<typeof Network>;

export const NetworkCreateRequest = s.object({
  /** Required; what is missing is refused as an empty one. */
  Name: s.optional(s.string),
  CheckDuplicate: s.optional(s.boolean),
  Driver: s.optional(s.string),
  Scope: s.optional(s.string),
  Internal: s.optional(s.boolean),
  Attachable: s.optional(s.boolean),
  Ingress: s.optional(s.boolean),
  ConfigOnly: s.optional(s.boolean),
  ConfigFrom: s.maybe(s.object({ Network: s.optional(s.string) })),
  IPAM: s.maybe(Ipam),
  EnableIPv4: s.maybe(s.boolean),
  EnableIPv6: s.maybe(s.boolean),
  Options: s.maybe(s.map(s.string)),
  Labels: s.maybe(s.map(s.string)),
});
export type NetworkCreateRequest = s.Static<typeof NetworkCreateRequest>;

export const NetworkCreateResult = s.object({ Id: s.string, Warning: s.string });
export type NetworkCreateResult = s.Static<typeof NetworkCreateResult>;

export const NetworkConnectRequest = s.object({
  Container: s.optional(s.string),
  EndpointConfig: s.maybe(EndpointSettings),
});
export type NetworkConnectRequest = s.Static<typeof NetworkConnectRequest>;

export const NetworkDisconnectRequest = s.object({ Container: s.optional(s.string), Force: s.optional(s.boolean) });
export type NetworkDisconnectRequest = s.Static<typeof NetworkDisconnectRequest>;

export const NetworkPruneResult = s.object({ NetworksDeleted: s.nullable(s.list(s.string)) });
export type NetworkPruneResult = s.Static<typeof NetworkPruneResult>;
