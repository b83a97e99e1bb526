/** Containers as requests make them and answers show them. Engine API 1.51. */
import * as s from '../schema.ts';
import { ContainerConfig, HostConfig, PortMap } from './container-config.ts';
import { ApiDescriptor } from './images.ts';
import { EndpointSettings, NetworkingConfig } from './networks.ts';

/** Body of container create: the Config's fields with HostConfig and NetworkingConfig beside them. */
export const ContainerCreateRequest: s.Schema<
  ContainerConfig & {
    readonly HostConfig?: HostConfig | null;
    readonly NetworkingConfig?: NetworkingConfig | null;
    /** Not in Docker's document, but docker-py's low-level client puts it here. */
    readonly Runtime?: string | null;
  }
> = {
  type: 'object',
  properties: {
    ...ContainerConfig.properties,
    HostConfig: s.maybe(HostConfig),
    NetworkingConfig: s.maybe(NetworkingConfig),
    Runtime: s.maybe(s.string),
  },
  required: [],
};
export type ContainerCreateRequest = s.Static<typeof ContainerCreateRequest>;

export const ContainerCreateResult = s.object({ Id: s.string, Warnings: s.list(s.string) });
export type ContainerCreateResult = s.Static<typeof ContainerCreateResult>;

export const Port = s.object({
  IP: s.optional(s.string),
  PrivatePort: s.uint16,
  PublicPort: s.optional(s.uint16),
  /** tcp, udp, sctp */
  Type: s.string,
});
export type Port = s.Static<typeof Port>;

export const MountPoint = s.object({
  Type: s.optional(s.string),
  Name: s.optional(s.string),
  Source: s.string,
  Destination: s.string,
  Driver: s.optional(s.string),
  Mode: s.string,
  RW: s.boolean,
  Propagation: s.string,
});
export type MountPoint = s.Static<typeof MountPoint>;

export const ContainerSummary = s.object({
  Id: s.string,
  /** Each with a leading slash. */
  Names: s.list(s.string),
  Image: s.string,
  ImageID: s.string,
  ImageManifestDescriptor: s.maybe(ApiDescriptor),
  Command: s.string,
  /** Seconds since the epoch. */
  Created: s.integer,
  Ports: s.list(Port),
  /** Only with `size=1`. */
  SizeRw: s.optional(s.integer),
  SizeRootFs: s.optional(s.integer),
  Labels: s.map(s.string),
  /** created, running, paused, restarting, removing, exited, dead */
  State: s.string,
  /** For people: 'Up 3 minutes (healthy)'. */
  Status: s.string,
  HostConfig: s.object({ NetworkMode: s.string, Annotations: s.maybe(s.map(s.string)) }),
  NetworkSettings: s.nullable(s.object({ Networks: s.map(EndpointSettings) })),
  Mounts: s.list(MountPoint),
});
export type ContainerSummary = s.Static<typeof ContainerSummary>;

export const HealthLogEntry = s.object({ Start: s.string, End: s.string, ExitCode: s.integer, Output: s.string });
export const Health = s.object({
  /** none, starting, healthy, unhealthy */
  Status: s.string,
  FailingStreak: s.integer,
  Log: s.nullable(s.list(HealthLogEntry)),
});
export type Health = s.Static<typeof Health>;

export const ContainerState = s.object({
  /** created, running, paused, restarting, removing, exited, dead */
  Status: s.string,
  Running: s.boolean,
  Paused: s.boolean,
  Restarting: s.boolean,
  OOMKilled: s.boolean,
  Dead: s.boolean,
  Pid: s.integer,
  ExitCode: s.integer,
  Error: s.string,
  /** RFC 3339 with nanoseconds; '0001-01-01T00:00:00Z' when it never happened. */
  StartedAt: s.string,
  FinishedAt: s.string,
  Health: s.optional(Health),
});
export type ContainerState = s.Static<typeof ContainerState>;

export const NetworkSettings = s.object({
  Bridge: s.string,
  SandboxID: s.string,
  SandboxKey: s.string,
  Ports: s.nullable(PortMap),
  HairpinMode: s.boolean,
  LinkLocalIPv6Address: s.string,
  LinkLocalIPv6PrefixLen: s.integer,
  SecondaryIPAddresses: s.nullable(s.list(s.any)),
  SecondaryIPv6Addresses: s.nullable(s.list(s.any)),
  /** Of the default bridge. */
  EndpointID: s.string,
  Gateway: s.string,
  GlobalIPv6Address: s.string,
  GlobalIPv6PrefixLen: s.integer,
  IPAddress: s.string,
  IPPrefixLen: s.integer,
  IPv6Gateway: s.string,
  MacAddress: s.string,
  Networks: s.map(EndpointSettings),
});
export type NetworkSettings = s.Static<typeof NetworkSettings>;

export const ContainerInspect = s.object({
  Id: s.string,
  Created: s.string,
  Path: s.string,
  Args: s.list(s.string),
  State: ContainerState,
  Image: s.string,
  ImageManifestDescriptor: s.maybe(ApiDescriptor),
  ResolvConfPath: s.string,
  HostnamePath: s.string,
  HostsPath: s.string,
  LogPath: s.string,
  Name: s.string,
  RestartCount: s.integer,
  Driver: s.string,
  Platform: s.string,
  MountLabel: s.string,
  ProcessLabel: s.string,
  AppArmorProfile: s.string,
  ExecIDs: s.nullable(s.list(s.string)),
  HostConfig: HostConfig,
  GraphDriver: s.object({ Name: s.string, Data: s.nullable(s.map(s.string)) }),
  SizeRw: s.optional(s.integer),
  SizeRootFs: s.optional(s.integer),
  Mounts: s.list(MountPoint),
  Config: ContainerConfig,
  NetworkSettings: NetworkSettings,
});
export type ContainerInspect = s.Static<typeof ContainerInspect>;

export const ContainerTop = s.object({ Titles: s.list(s.string), Processes: s.list(s.list(s.string)) });
export type ContainerTop = s.Static<typeof ContainerTop>;

export const ContainerWaitResult = s.object({
  StatusCode: s.integer,
  Error: s.maybe(s.object({ Message: s.string })),
});
export type ContainerWaitResult = s.Static<typeof ContainerWaitResult>;

/** Kind: 0 modified, 1 added, 2 deleted. */
export const ContainerChange = s.object({ Path: s.string, Kind: s.integer });
export type ContainerChange = s.Static<typeof ContainerChange>;

export const ContainerUpdateResult = s.object({ Warnings: s.nullable(s.list(s.string)) });
export type ContainerUpdateResult = s.Static<typeof ContainerUpdateResult>;

export const ContainerPruneResult = s.object({
  ContainersDeleted: s.nullable(s.list(s.string)),
  SpaceReclaimed: s.integer,
});
export type ContainerPruneResult = s.Static<typeof ContainerPruneResult>;

/** The decoded header `X-Docker-Container-Path-Stat` of archive answers. */
export const ContainerPathStat = s.object({
  name: s.string,
  size: s.integer,
  /** Go's os.FileMode bits. */
  mode: s.integer,
  mtime: s.string,
  linkTarget: s.string,
});
export type ContainerPathStat = s.Static<typeof ContainerPathStat>;

/** commit answers this. */
export const IdResult = s.object({ Id: s.string });
export type IdResult = s.Static<typeof IdResult>;
