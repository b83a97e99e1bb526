/**
 * Limits as a client asks for them against what this kernel can keep: what is out of range is refused, what the kernel has
 * no control for is taken out with a warning, both in Docker's words.
 */
import type { HostConfig } from '../../contract/engine-types.ts';
import type { ResourceSupport } from '../runtime/resource-support.ts';
import { invalidConfig } from './config-refusal.ts';
import { parseCpuList } from './cpu-list.ts';

const minMemoryBytes = 6 * 1024 * 1024;

/** Collects what is changed and what is said about it. */
interface Draft {
  readonly limits: { -readonly [K in keyof HostConfig]: HostConfig[K] };
  readonly warnings: string[];
}

export interface CheckedResources {
  /** Of the given config only the limits differ. */
  readonly hostConfig: HostConfig;
  readonly warnings: readonly string[];
}

/**
 * @param options.update an update may speak of swap alone
 * @throws WharfError 'container.config-invalid' with Docker's text
 */
export function checkResources(
  given: HostConfig,
  support: ResourceSupport,
  options: { readonly update: boolean },
): CheckedResources {
  const draft: Draft = { limits: { ...given }, warnings: [] };
  refuseForeign(draft.limits, support);
  checkMemory(draft, support, options.update);
  checkOomAndPids(draft, support);
  checkCpu(draft, support);
  checkCpuset(draft, support);
  checkBlockIo(draft, support);
  return { hostConfig: draft.limits, warnings: draft.warnings };
}

/** Settings of other systems, and the real-time scheduler. */
function refuseForeign(limits: HostConfig, support: ResourceSupport): void {
  if (limits.IOMaximumBandwidth) {
    throw invalidConfig('invalid option: QoS maximum bandwidth configuration is not supported on linux');
  }
  if (limits.IOMaximumIOps) {
    throw invalidConfig('invalid option: QoS maximum IOPs configuration is not supported on linux');
  }
  const { CpuRealtimePeriod: period = 0, CpuRealtimeRuntime: runtime = 0, CpuShares: shares = 0 } = limits;
  if ((period !== 0 || runtime !== 0) && !support.cpuRealtime) {
    throw invalidConfig('kernel does not support CPU real-time scheduler');
  }
  if (period !== 0 && runtime > period) {
    throw invalidConfig('cpu real-time runtime cannot be higher than cpu real-time period');
  }
  if (shares < 0) throw invalidConfig(`invalid CPU shares (${shares}): value must be a positive integer`);
}

function checkMemory({ limits, warnings }: Draft, support: ResourceSupport, update: boolean): void {
  const missing = (what: string, end: string) =>
    warnings.push(`Your kernel does not support ${what} capabilities or the cgroup is not mounted. ${end}`);
  if (limits.MemorySwappiness === -1) limits.MemorySwappiness = null;
  if ((limits.Memory ?? 0) !== 0 && (limits.Memory ?? 0) < minMemoryBytes) {
    throw invalidConfig('Minimum memory limit allowed is 6MB');
  }
  if (limits.Memory && !support.memory) {
    missing('memory limit', 'Limitation discarded.');
    limits.Memory = 0;
    limits.MemorySwap = -1;
  }
  if (limits.Memory && limits.MemorySwap !== -1 && !support.swap) {
    missing('swap limit', 'Memory limited without swap.');
    limits.MemorySwap = -1;
  }
  const { Memory: memory = 0, MemorySwap: swap = 0 } = limits;
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalidConfig('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0 && !update) {
    throw invalidConfig('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (typeof limits.MemorySwappiness === 'number' && !support.swappiness) {
    missing('memory swappiness', 'Memory swappiness discarded.');
    limits.MemorySwappiness = null;
  }
  const swappiness = limits.MemorySwappiness ?? 0;
  if (swappiness < 0 || swappiness > 100) {
    throw invalidConfig(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if ((limits.MemoryReservation ?? 0) > 0 && !support.memoryReservation) {
    missing('memory soft limit', 'Limitation discarded.');
    limits.MemoryReservation = 0;
  }
  const reservation = limits.MemoryReservation ?? 0;
  if (reservation > 0 && reservation < minMemoryBytes) {
    throw invalidConfig('Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && memory < reservation) {
    throw invalidConfig('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function checkOomAndPids({ limits, warnings }: Draft, support: ResourceSupport): void {
  if (typeof limits.OomKillDisable === 'boolean' && !support.oomKillDisable) {
    if (limits.OomKillDisable) {
      warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    }
    limits.OomKillDisable = null;
  }
  if (limits.OomKillDisable === true && !limits.Memory) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  if (typeof limits.PidsLimit === 'number' && !support.pids) {
    if (limits.PidsLimit > 0) {
      warnings.push(
        'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
      );
    }
    limits.PidsLimit = null;
  }
}

function checkCpu({ limits, warnings }: Draft, support: ResourceSupport): void {
  const nano = limits.NanoCpus ?? 0;
  if (nano > 0 && (limits.CpuPeriod ?? 0) > 0) {
    throw invalidConfig('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (nano > 0 && (limits.CpuQuota ?? 0) > 0) {
    throw invalidConfig('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  }
  if (nano > 0 && !support.cpuQuota) {
    throw invalidConfig(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    );
  }
  if (nano < 0 || nano > support.cpuCount * 1e9) {
    const { cpuCount: count } = support;
    throw invalidConfig(`range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`);
  }
  if (limits.CpuShares && !support.cpuShares) {
    warnings.push('Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.');
    limits.CpuShares = 0;
  }
  if ((limits.CpuPeriod || limits.CpuQuota) && !support.cpuQuota) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.');
    limits.CpuPeriod = 0;
    limits.CpuQuota = 0;
  }
  const { CpuPeriod: period = 0, CpuQuota: quota = 0 } = limits;
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalidConfig('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < 1000) throw invalidConfig('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if ((limits.CpuPercent ?? 0) > 0) {
    warnings.push('linux does not support CPU percent. Percent discarded.');
    limits.CpuPercent = 0;
  }
}

function checkCpuset({ limits, warnings }: Draft, support: ResourceSupport): void {
  if ((limits.CpusetCpus || limits.CpusetMems) && !support.cpuset) {
    warnings.push('Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.');
    limits.CpusetCpus = '';
    limits.CpusetMems = '';
  }
  checkList(limits.CpusetCpus ?? '', support.cpuList, 'cpuset cpus', 'CPUs');
  checkList(limits.CpusetMems ?? '', support.memoryNodeList, 'cpuset mems', 'memory nodes');
}

function checkList(wanted: string, available: string, option: string, what: string): void {
  const list = parseCpuList(wanted);
  if (!list.ok) throw invalidConfig(`Invalid value ${wanted} for ${option}: ${list.problem}`);
  const there = parseCpuList(available);
  if (there.ok && ![...list.numbers].every((number) => there.numbers.has(number))) {
    throw invalidConfig(`Requested ${what} are not available - requested ${wanted}, available: ${available}`);
  }
}

/** Option, how Docker names what is missing, and what it says is discarded. */
const throttles = [
  ['BlkioDeviceReadBps', 'BPS Block I/O read limit', 'Block I/O BPS read limit'],
  ['BlkioDeviceWriteBps', 'BPS Block I/O write limit', 'Block I/O BPS write limit'],
  ['BlkioDeviceReadIOps', 'IOPS Block read limit', 'Block I/O IOPS read limit'],
  ['BlkioDeviceWriteIOps', 'IOPS Block write limit', 'Block I/O IOPS write limit'],
] as const;

function checkBlockIo({ limits, warnings }: Draft, support: ResourceSupport): void {
  const missing = (what: string, dropped: string) =>
    warnings.push(`Your kernel does not support ${what} or the cgroup is not mounted. ${dropped} discarded.`);
  if ((limits.BlkioWeight ?? 0) > 0 && !support.blkioWeight) {
    missing('Block I/O weight', 'Weight');
    limits.BlkioWeight = 0;
  }
  const weight = limits.BlkioWeight ?? 0;
  if (weight > 0 && (weight < 10 || weight > 1000)) throw invalidConfig('Range of blkio weight is from 10 to 1000');
  if ((limits.BlkioWeightDevice?.length ?? 0) > 0 && !support.blkioWeightDevice) {
    missing('Block I/O weight_device', 'Weight-device');
    limits.BlkioWeightDevice = [];
  }
  for (const [name, what, dropped] of throttles) {
    if ((limits[name]?.length ?? 0) === 0 || support.blkioThrottle) continue;
    missing(what, dropped);
    limits[name] = [];
  }
}
