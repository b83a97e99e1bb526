import type { HostConfig } from '../../contract/engine-types.ts';

/** What the daemon's own settings add to a HostConfig. */
export interface HostConfigDefaults {
  readonly cgroupVersion: '1' | '2';
  readonly runtimeName: string;
}

/** Hidden from unprivileged containers, as in Docker's default OCI spec. */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const shmSizeBytes = 64 * 1024 * 1024;

/** Fills in what the user left out, so that inspect shows what really holds. Pure. */
export function withDefaults(given: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const privileged = given.Privileged ?? false;
  const memory = given.Memory ?? 0;
  const networkMode = given.NetworkMode ?? '';
  return {
    ...given,
    Binds: given.Binds ?? null,
    ContainerIDFile: given.ContainerIDFile ?? '',
    LogConfig: { Type: given.LogConfig?.Type || 'json-file', Config: given.LogConfig?.Config ?? {} },
    NetworkMode: networkMode === '' || networkMode === 'default' ? 'bridge' : networkMode,
    PortBindings: given.PortBindings ?? {},
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || 'no',
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    AutoRemove: given.AutoRemove ?? false,
    VolumeDriver: given.VolumeDriver ?? '',
    VolumesFrom: given.VolumesFrom ?? null,
    ConsoleSize: given.ConsoleSize?.length === 2 ? given.ConsoleSize : [0, 0],
    CapAdd: given.CapAdd ?? null,
    CapDrop: given.CapDrop ?? null,
    CgroupnsMode: given.CgroupnsMode || (defaults.cgroupVersion === '2' && !privileged ? 'private' : 'host'),
    Dns: given.Dns ?? [],
    DnsOptions: given.DnsOptions ?? [],
    DnsSearch: given.DnsSearch ?? [],
    ExtraHosts: given.ExtraHosts ?? null,
    GroupAdd: given.GroupAdd ?? null,
    IpcMode: given.IpcMode || 'private',
    Cgroup: '',
    Links: given.Links ?? null,
    OomScoreAdj: given.OomScoreAdj ?? 0,
    PidMode: given.PidMode === 'private' ? '' : (given.PidMode ?? ''),
    Privileged: privileged,
    PublishAllPorts: given.PublishAllPorts ?? false,
    ReadonlyRootfs: given.ReadonlyRootfs ?? false,
    SecurityOpt: given.SecurityOpt ?? null,
    UTSMode: given.UTSMode ?? '',
    UsernsMode: given.UsernsMode ?? '',
    ShmSize: given.ShmSize || shmSizeBytes,
    Runtime: given.Runtime || defaults.runtimeName,
    Isolation: '',
    ...processorAndDiskLimits(given),
    Memory: memory,
    CgroupParent: given.CgroupParent ?? '',
    Devices: given.Devices ?? [],
    DeviceCgroupRules: given.DeviceCgroupRules ?? null,
    DeviceRequests: given.DeviceRequests ?? null,
    MemoryReservation: given.MemoryReservation ?? 0,
    // As dockerd: without a word about swap, twice the memory in all.
    MemorySwap: given.MemorySwap || (memory > 0 ? memory * 2 : 0),
    MemorySwappiness: given.MemorySwappiness === -1 ? null : (given.MemorySwappiness ?? null),
    OomKillDisable: given.OomKillDisable ?? null,
    // 0 and -1 both mean no limit.
    PidsLimit: given.PidsLimit && given.PidsLimit > 0 ? given.PidsLimit : null,
    Ulimits: given.Ulimits ?? null,
    MaskedPaths: given.MaskedPaths ?? (privileged ? null : maskedPaths),
    ReadonlyPaths: given.ReadonlyPaths ?? (privileged ? null : readonlyPaths),
  };
}

/** No limit is an empty list, a zero or an empty text. */
function processorAndDiskLimits(given: HostConfig): HostConfig {
  return {
    CpuShares: given.CpuShares ?? 0,
    NanoCpus: given.NanoCpus ?? 0,
    BlkioWeight: given.BlkioWeight ?? 0,
    BlkioWeightDevice: given.BlkioWeightDevice ?? [],
    BlkioDeviceReadBps: given.BlkioDeviceReadBps ?? [],
    BlkioDeviceWriteBps: given.BlkioDeviceWriteBps ?? [],
    BlkioDeviceReadIOps: given.BlkioDeviceReadIOps ?? [],
    BlkioDeviceWriteIOps: given.BlkioDeviceWriteIOps ?? [],
    CpuPeriod: given.CpuPeriod ?? 0,
    CpuQuota: given.CpuQuota ?? 0,
    CpuRealtimePeriod: given.CpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: given.CpuRealtimeRuntime ?? 0,
    CpusetCpus: given.CpusetCpus ?? '',
    CpusetMems: given.CpusetMems ?? '',
  };
}
