/** The engine's API types by name. The one file that re-exports: consumers name a type, not the file it lives in. */

export type { Filters } from './schema.ts';
export type {
  ContainerConfig,
  ContainerUpdateRequest,
  DeviceMapping,
  DeviceRequest,
  HealthConfig,
  HostConfig,
  LogConfig,
  Mount,
  PortBinding,
  PortMap,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
  WeightDevice,
} from './types/container-config.ts';
export type {
  ContainerChange,
  ContainerCreateRequest,
  ContainerCreateResult,
  ContainerInspect,
  ContainerPathStat,
  ContainerPruneResult,
  ContainerState,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateResult,
  ContainerWaitResult,
  Health,
  IdResult,
  MountPoint,
  NetworkSettings,
  Port,
} from './types/containers.ts';
export type { ExecConfig, ExecInspect, ExecStartRequest } from './types/exec.ts';
export type {
  ManifestAnnotateRequest,
  ManifestDocument,
  ManifestListSummary,
  VerifyFinding,
  VerifySummary,
} from './types/image-store.ts';
export type {
  ApiDescriptor,
  DistributionInspect,
  HistoryItem,
  ImageDeleteItem,
  ImageInspect,
  ImagePruneResult,
  ImageSearchItem,
  ImageSummary,
  ManifestSummary,
  ProgressMessage,
} from './types/images.ts';
export type {
  EndpointSettings,
  Ipam,
  IpamConfig,
  Network,
  NetworkConnectRequest,
  NetworkContainer,
  NetworkCreateRequest,
  NetworkCreateResult,
  NetworkDisconnectRequest,
  NetworkingConfig,
  NetworkPruneResult,
} from './types/networks.ts';
export type {
  PortHolder,
  RegistryFailure,
  RegistryInfo,
  RegistrySearchItem,
  RegistrySearchResponse,
  RegistryTagsResponse,
} from './types/registries.ts';
export type { ContainerStats } from './types/stats.ts';
export type {
  AuthConfig,
  AuthResult,
  DiskUsage,
  ErrorResponse,
  EventMessage,
  SystemInfo,
  SystemVersion,
} from './types/system.ts';
export type {
  TrustFinding,
  TrustImages,
  TrustKeyInfo,
  TrustPolicyCheckResult,
  TrustPolicyView,
  TrustReport,
  TrustRule,
} from './types/trust.ts';
export type { Volume, VolumeCreateRequest, VolumeListResult, VolumePruneResult } from './types/volumes.ts';
