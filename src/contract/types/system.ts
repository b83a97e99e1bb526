/** The engine itself: information, version, events, disk usage, sign-in. Engine API 1.51. */
import * as s from '../schema.ts';
import { ContainerSummary } from './containers.ts';
import { ImageSummary } from './images.ts';
import { Volume } from './volumes.ts';

const Commit = s.object({
  ID: s.string,
  /** Before API 1.49. */
  Expected: s.optional(s.string),
});

export const SystemVersion = s.object({
  Platform: s.object({ Name: s.string }),
  Components: s.list(s.object({ Name: s.string, Version: s.string, Details: s.maybe(s.map(s.string)) })),
  Version: s.string,
  ApiVersion: s.string,
  MinAPIVersion: s.string,
  GitCommit: s.string,
  /** Docker's clients print it; Wharf says which Node runs the engine. */
  GoVersion: s.string,
  Os: s.string,
  Arch: s.string,
  KernelVersion: s.string,
  Experimental: s.boolean,
  BuildTime: s.string,
});
export type SystemVersion = s.Static<typeof SystemVersion>;

const IndexInfo = s.object({ Name: s.string, Mirrors: s.list(s.string), Secure: s.boolean, Official: s.boolean });

export const SystemInfo = s.object({
  ID: s.string,
  Containers: s.integer,
  ContainersRunning: s.integer,
  ContainersPaused: s.integer,
  ContainersStopped: s.integer,
  Images: s.integer,
  Driver: s.string,
  DriverStatus: s.list(s.list(s.string)),
  DockerRootDir: s.string,
  Plugins: s.object({
    Volume: s.list(s.string),
    Network: s.list(s.string),
    Authorization: s.nullable(s.list(s.string)),
    Log: s.list(s.string),
  }),
  MemoryLimit: s.boolean,
  SwapLimit: s.boolean,
  KernelMemoryTCP: s.boolean,
  CpuCfsPeriod: s.boolean,
  CpuCfsQuota: s.boolean,
  CPUShares: s.boolean,
  CPUSet: s.boolean,
  PidsLimit: s.boolean,
  OomKillDisable: s.boolean,
  IPv4Forwarding: s.boolean,
  Debug: s.boolean,
  NFd: s.integer,
  NGoroutines: s.integer,
  SystemTime: s.string,
  LoggingDriver: s.string,
  CgroupDriver: s.string,
  CgroupVersion: s.string,
  NEventsListener: s.integer,
  KernelVersion: s.string,
  OperatingSystem: s.string,
  OSVersion: s.string,
  OSType: s.string,
  Architecture: s.string,
  NCPU: s.integer,
  /** Bytes. */
  MemTotal: s.integer,
  IndexServerAddress: s.string,
  RegistryConfig: s.object({
    InsecureRegistryCIDRs: s.list(s.string),
    IndexConfigs: s.map(IndexInfo),
    Mirrors: s.nullable(s.list(s.string)),
    /** These two before API 1.47. */
    AllowNondistributableArtifactsCIDRs: s.maybe(s.list(s.string)),
    AllowNondistributableArtifactsHostnames: s.maybe(s.list(s.string)),
  }),
  GenericResources: s.nullable(s.list(s.any)),
  HttpProxy: s.string,
  HttpsProxy: s.string,
  NoProxy: s.string,
  Name: s.string,
  Labels: s.list(s.string),
  ExperimentalBuild: s.boolean,
  ServerVersion: s.string,
  Runtimes: s.map(
    s.object({
      path: s.string,
      runtimeArgs: s.maybe(s.list(s.string)),
      /** Why Wharf chose it, or why not: `io.wharf.reason`. */
      status: s.maybe(s.map(s.string)),
    }),
  ),
  DefaultRuntime: s.string,
  Swarm: s.object({
    NodeID: s.string,
    NodeAddr: s.string,
    LocalNodeState: s.string,
    ControlAvailable: s.boolean,
    Error: s.string,
    RemoteManagers: s.nullable(s.list(s.any)),
  }),
  LiveRestoreEnabled: s.boolean,
  Isolation: s.string,
  InitBinary: s.string,
  ContainerdCommit: Commit,
  RuncCommit: Commit,
  InitCommit: Commit,
  SecurityOptions: s.list(s.string),
  DefaultAddressPools: s.optional(s.list(s.object({ Base: s.string, Size: s.integer }))),
  /** Since API 1.49. */
  FirewallBackend: s.maybe(s.object({ Driver: s.string, Info: s.optional(s.list(s.list(s.string))) })),
  /** These two before API 1.50. */
  BridgeNfIptables: s.optional(s.boolean),
  BridgeNfIp6tables: s.optional(s.boolean),
  Warnings: s.nullable(s.list(s.string)),
  CDISpecDirs: s.list(s.string),
});
export type SystemInfo = s.Static<typeof SystemInfo>;

export const EventMessage = s.object({
  Type: s.string,
  Action: s.string,
  Actor: s.object({ ID: s.string, Attributes: s.map(s.string) }),
  scope: s.string,
  /** Seconds since the epoch. */
  time: s.integer,
  /** Nanoseconds since the epoch: exact on the wire, rounded once JavaScript read it. */
  timeNano: s.number,
  /** Docker's older fields, still sent. */
  status: s.optional(s.string),
  id: s.optional(s.string),
  from: s.optional(s.string),
});
export type EventMessage = s.Static<typeof EventMessage>;

export const BuildCacheItem = s.object({
  ID: s.string,
  Type: s.string,
  Description: s.string,
  InUse: s.boolean,
  Shared: s.boolean,
  Size: s.integer,
  CreatedAt: s.string,
  LastUsedAt: s.nullable(s.string),
  UsageCount: s.integer,
});

export const DiskUsage = s.object({
  /** Bytes of all layers together. */
  LayersSize: s.optional(s.integer),
  Images: s.optional(s.list(ImageSummary)),
  Containers: s.optional(s.list(ContainerSummary)),
  Volumes: s.optional(s.list(Volume)),
  BuildCache: s.optional(s.list(BuildCacheItem)),
});
export type DiskUsage = s.Static<typeof DiskUsage>;

/** Credentials, as `POST /auth` and the X-Registry-Auth header carry them. */
export const AuthConfig = s.partial({
  username: s.string,
  password: s.string,
  auth: s.string,
  email: s.string,
  serveraddress: s.string,
  identitytoken: s.string,
  registrytoken: s.string,
});
export type AuthConfig = s.Static<typeof AuthConfig>;

export const AuthResult = s.object({ Status: s.string, IdentityToken: s.string });
export type AuthResult = s.Static<typeof AuthResult>;

export const ErrorResponse = s.object({ message: s.string, code: s.optional(s.string), hint: s.optional(s.string) });
export type ErrorResponse = s.Static<typeof ErrorResponse>;
