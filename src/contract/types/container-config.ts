/** What a container is made from: Docker's Config (portable) and HostConfig (of this host). Engine API 1.51. */
import * as s from '../schema.ts';

/** One binding of a port: where it is published on the host. */
export const PortBinding = s.partial({ HostIp: s.string, HostPort: s.string });
export type PortBinding = s.Static<typeof PortBinding>;

/** `80/tcp` to its bindings; null or empty when exposed but not published. */
export const PortMap = s.map(s.nullable(s.list(PortBinding)));
export type PortMap = s.Static<typeof PortMap>;

/** Durations are nanoseconds. `Test`: [], ['NONE'], ['CMD', ...] or ['CMD-SHELL', line]. */
export const HealthConfig = s.partial({
  Test: s.list(s.string),
  Interval: s.integer,
  Timeout: s.integer,
  StartPeriod: s.integer,
  StartInterval: s.integer,
  Retries: s.integer,
});
export type HealthConfig = s.Static<typeof HealthConfig>;

export const ContainerConfig = s.object({
  Hostname: s.optional(s.string),
  Domainname: s.optional(s.string),
  User: s.optional(s.string),
  AttachStdin: s.optional(s.boolean),
  AttachStdout: s.optional(s.boolean),
  AttachStderr: s.optional(s.boolean),
  ExposedPorts: s.maybe(s.stringSet),
  Tty: s.optional(s.boolean),
  OpenStdin: s.optional(s.boolean),
  StdinOnce: s.optional(s.boolean),
  Env: s.maybe(s.list(s.string)),
  Cmd: s.maybe(s.words),
  Healthcheck: s.maybe(HealthConfig),
  ArgsEscaped: s.optional(s.boolean),
  Image: s.optional(s.string),
  Volumes: s.maybe(s.stringSet),
  WorkingDir: s.optional(s.string),
  Entrypoint: s.maybe(s.words),
  NetworkDisabled: s.optional(s.boolean),
  MacAddress: s.optional(s.string),
  OnBuild: s.maybe(s.list(s.string)),
  Labels: s.maybe(s.map(s.string)),
  StopSignal: s.optional(s.string),
  /** Seconds. */
  StopTimeout: s.maybe(s.integer),
  Shell: s.maybe(s.words),
});
export type ContainerConfig = s.Static<typeof ContainerConfig>;

export const RestartPolicy = s.partial({
  /** '', 'no', 'always', 'unless-stopped', 'on-failure' */
  Name: s.string,
  MaximumRetryCount: s.integer,
});
export type RestartPolicy = s.Static<typeof RestartPolicy>;

export const LogConfig = s.object({ Type: s.optional(s.string), Config: s.maybe(s.map(s.string)) });
export type LogConfig = s.Static<typeof LogConfig>;

export const DeviceMapping = s.partial({
  PathOnHost: s.string,
  PathInContainer: s.string,
  CgroupPermissions: s.string,
});
export type DeviceMapping = s.Static<typeof DeviceMapping>;

export const DeviceRequest = s.object({
  Driver: s.optional(s.string),
  Count: s.optional(s.integer),
  DeviceIDs: s.maybe(s.list(s.string)),
  Capabilities: s.maybe(s.list(s.list(s.string))),
  Options: s.maybe(s.map(s.string)),
});
export type DeviceRequest = s.Static<typeof DeviceRequest>;

export const Ulimit = s.partial({ Name: s.string, Soft: s.integer, Hard: s.integer });
export type Ulimit = s.Static<typeof Ulimit>;

export const WeightDevice = s.partial({ Path: s.string, Weight: s.integer });
export type WeightDevice = s.Static<typeof WeightDevice>;
export const ThrottleDevice = s.partial({ Path: s.string, Rate: s.integer });
export type ThrottleDevice = s.Static<typeof ThrottleDevice>;

/** A mount of the long form (`--mount`). */
export const Mount = s.partial({
  Target: s.string,
  Source: s.string,
  /** bind, volume, tmpfs, npipe, cluster, image */
  Type: s.string,
  ReadOnly: s.boolean,
  Consistency: s.string,
  BindOptions: s.partial({
    Propagation: s.string,
    NonRecursive: s.boolean,
    CreateMountpoint: s.boolean,
    ReadOnlyNonRecursive: s.boolean,
    ReadOnlyForceRecursive: s.boolean,
  }),
  VolumeOptions: s.partial({
    NoCopy: s.boolean,
    Labels: s.map(s.string),
    Subpath: s.string,
    DriverConfig: s.partial({ Name: s.string, Options: s.map(s.string) }),
  }),
  ImageOptions: s.partial({ Subpath: s.string }),
  TmpfsOptions: s.partial({ SizeBytes: s.integer, Mode: s.integer, Options: s.list(s.list(s.string)) }),
});
export type Mount = s.Static<typeof Mount>;

/** Limits; the part of HostConfig that `POST /containers/{id}/update` may change. */
const resourceFields = {
  CpuShares: s.optional(s.integer),
  /** Bytes. */
  Memory: s.optional(s.integer),
  /** Billionths of a CPU. */
  NanoCpus: s.optional(s.integer),
  CgroupParent: s.optional(s.string),
  BlkioWeight: s.optional(s.integer),
  BlkioWeightDevice: s.maybe(s.list(WeightDevice)),
  BlkioDeviceReadBps: s.maybe(s.list(ThrottleDevice)),
  BlkioDeviceWriteBps: s.maybe(s.list(ThrottleDevice)),
  BlkioDeviceReadIOps: s.maybe(s.list(ThrottleDevice)),
  BlkioDeviceWriteIOps: s.maybe(s.list(ThrottleDevice)),
  /** Microseconds. */
  CpuPeriod: s.optional(s.integer),
  CpuQuota: s.optional(s.integer),
  CpuRealtimePeriod: s.optional(s.integer),
  CpuRealtimeRuntime: s.optional(s.integer),
  CpusetCpus: s.optional(s.string),
  CpusetMems: s.optional(s.string),
  Devices: s.maybe(s.list(DeviceMapping)),
  DeviceCgroupRules: s.maybe(s.list(s.string)),
  DeviceRequests: s.maybe(s.list(DeviceRequest)),
  MemoryReservation: s.optional(s.integer),
  /** Memory plus swap, bytes; -1 for unlimited swap. */
  MemorySwap: s.optional(s.integer),
  MemorySwappiness: s.maybe(s.integer),
  /** Of network buffers, bytes; cgroup v1 alone. */
  KernelMemoryTCP: s.optional(s.integer),
  OomKillDisable: s.maybe(s.boolean),
  PidsLimit: s.maybe(s.integer),
  Ulimits: s.maybe(s.list(Ulimit)),
  CpuCount: s.optional(s.integer),
  CpuPercent: s.optional(s.integer),
  IOMaximumIOps: s.optional(s.integer),
  IOMaximumBandwidth: s.optional(s.integer),
} as const;

export const HostConfig = s.object({
  ...resourceFields,
  Binds: s.maybe(s.list(s.string)),
  ContainerIDFile: s.optional(s.string),
  LogConfig: s.optional(LogConfig),
  NetworkMode: s.optional(s.string),
  PortBindings: s.maybe(PortMap),
  RestartPolicy: s.optional(RestartPolicy),
  AutoRemove: s.optional(s.boolean),
  VolumeDriver: s.optional(s.string),
  VolumesFrom: s.maybe(s.list(s.string)),
  Mounts: s.maybe(s.list(Mount)),
  /** [height, width] */
  ConsoleSize: s.maybe(s.list(s.integer)),
  Annotations: s.maybe(s.map(s.string)),
  CapAdd: s.maybe(s.words),
  CapDrop: s.maybe(s.words),
  CgroupnsMode: s.optional(s.string),
  Dns: s.maybe(s.list(s.string)),
  DnsOptions: s.maybe(s.list(s.string)),
  DnsSearch: s.maybe(s.list(s.string)),
  ExtraHosts: s.maybe(s.list(s.string)),
  GroupAdd: s.maybe(s.list(s.string)),
  IpcMode: s.optional(s.string),
  Cgroup: s.optional(s.string),
  Links: s.maybe(s.list(s.string)),
  OomScoreAdj: s.optional(s.integer),
  PidMode: s.optional(s.string),
  Privileged: s.optional(s.boolean),
  PublishAllPorts: s.optional(s.boolean),
  ReadonlyRootfs: s.optional(s.boolean),
  SecurityOpt: s.maybe(s.list(s.string)),
  StorageOpt: s.maybe(s.map(s.string)),
  Tmpfs: s.maybe(s.map(s.string)),
  UTSMode: s.optional(s.string),
  UsernsMode: s.optional(s.string),
  /** Bytes. */
  ShmSize: s.optional(s.integer),
  Sysctls: s.maybe(s.map(s.string)),
  Runtime: s.optional(s.string),
  Isolation: s.optional(s.string),
  MaskedPaths: s.maybe(s.list(s.string)),
  ReadonlyPaths: s.maybe(s.list(s.string)),
  Init: s.maybe(s.boolean),
});
export type HostConfig = s.Static<typeof HostConfig>;

export const ContainerUpdateRequest = s.object({ ...resourceFields, RestartPolicy: s.optional(RestartPolicy) });
export type ContainerUpdateRequest = s.Static<typeof ContainerUpdateRequest>;
