import type { HostConfig } from '../../contract/engine-types.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from '../runtime/spec-defaults.ts';
import { type ContainerSettings, plainSettings } from './container-settings.ts';
import { withWholeEntries } from './host-config-shape.ts';

/** What the daemon's own settings add to a HostConfig. */
export interface HostConfigDefaults {
  readonly cgroupVersion: '1' | '2';
  readonly runtimeName: string;
  /** v1 alone can keep the kernel from killing; there the choice is always shown. */
  readonly oomKillDisable: boolean;
  /** Absent: dockerd's without a configuration file. */
  readonly settings?: ContainerSettings;
}

/** Fills in what the user left out, so that inspect shows what really holds. Pure. */
export function withDefaults(given: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const privileged = given.Privileged ?? false;
  const { settings = plainSettings } = defaults;
  const networkMode = given.NetworkMode ?? '';
  return {
    ...withWholeEntries(given),
    Binds: given.Binds ?? null,
    ContainerIDFile: given.ContainerIDFile ?? '',
    LogConfig: logConfig(given.LogConfig, settings.logConfig),
    NetworkMode: networkMode === '' || networkMode === 'default' ? 'bridge' : networkMode,
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || 'no',
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    AutoRemove: given.AutoRemove ?? false,
    VolumeDriver: given.VolumeDriver ?? '',
    VolumesFrom: given.VolumesFrom ?? null,
    ConsoleSize: [given.ConsoleSize?.[0] ?? 0, given.ConsoleSize?.[1] ?? 0],
    CapAdd: given.CapAdd ?? null,
    CapDrop: given.CapDrop ?? null,
    CgroupnsMode:
      given.CgroupnsMode || (settings.cgroupnsMode ?? (defaults.cgroupVersion === '2' ? 'private' : 'host')),
    Dns: given.Dns ?? null,
    DnsOptions: given.DnsOptions ?? null,
    DnsSearch: given.DnsSearch ?? null,
    ExtraHosts: given.ExtraHosts ?? null,
    GroupAdd: given.GroupAdd ?? null,
    IpcMode: given.IpcMode || settings.ipcMode,
    Cgroup: given.Cgroup ?? '',
    Links: given.Links?.length ? given.Links : null,
    OomScoreAdj: given.OomScoreAdj ?? 0,
    PidMode: given.PidMode ?? '',
    Privileged: privileged,
    PublishAllPorts: given.PublishAllPorts ?? false,
    ReadonlyRootfs: given.ReadonlyRootfs ?? false,
    SecurityOpt: securityOptions(given, privileged),
    UTSMode: given.UTSMode ?? '',
    UsernsMode: given.UsernsMode ?? '',
    ShmSize: given.ShmSize || settings.shmSizeBytes,
    Runtime: given.Runtime || (settings.runtime ?? defaults.runtimeName),
    Isolation: given.Isolation ?? '',
    ...limits(given, defaults),
    MaskedPaths: given.MaskedPaths ?? (privileged ? null : defaultMaskedPaths),
    ReadonlyPaths: given.ReadonlyPaths ?? (privileged ? null : defaultReadonlyPaths),
  };
}

/** The daemon's options belong to the daemon's driver: a container with a driver of its own gets none of them. */
function logConfig(given: HostConfig['LogConfig'], daemon: ContainerSettings['logConfig']): HostConfig['LogConfig'] {
  const Type = given?.Type || daemon.type;
  return { Type, Config: Type === daemon.type ? { ...daemon.config, ...given?.Config } : (given?.Config ?? {}) };
}

/** A container that sees what is the host's can't be kept apart by labels; Docker says so in its options. */
function securityOptions(given: HostConfig, privileged: boolean): HostConfig['SecurityOpt'] {
  const shares = privileged || given.PidMode === 'host' || given.IpcMode === 'host';
  if (!shares) return given.SecurityOpt ?? null;
  return [...(given.SecurityOpt ?? []), 'label=disable'];
}

/** No limit is a zero or an empty text. */
function limits(given: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const memory = given.Memory ?? 0;
  return {
    CpuShares: given.CpuShares ?? 0,
    NanoCpus: given.NanoCpus ?? 0,
    BlkioWeight: given.BlkioWeight ?? 0,
    CpuPeriod: given.CpuPeriod ?? 0,
    CpuQuota: given.CpuQuota ?? 0,
    CpuRealtimePeriod: given.CpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: given.CpuRealtimeRuntime ?? 0,
    CpusetCpus: given.CpusetCpus ?? '',
    CpusetMems: given.CpusetMems ?? '',
    Memory: memory,
    CgroupParent: given.CgroupParent ?? '',
    DeviceCgroupRules: given.DeviceCgroupRules ?? null,
    MemoryReservation: given.MemoryReservation ?? 0,
    // As dockerd: without a word about swap, twice the memory in all.
    MemorySwap: given.MemorySwap || (memory > 0 ? memory * 2 : 0),
    MemorySwappiness: given.MemorySwappiness ?? null,
    OomKillDisable: given.OomKillDisable ?? (defaults.oomKillDisable ? false : null),
    // 0 and -1 both mean no limit.
    PidsLimit: given.PidsLimit && given.PidsLimit > 0 ? given.PidsLimit : null,
    CpuCount: given.CpuCount ?? 0,
    CpuPercent: given.CpuPercent ?? 0,
    IOMaximumIOps: given.IOMaximumIOps ?? 0,
    IOMaximumBandwidth: given.IOMaximumBandwidth ?? 0,
  };
}
