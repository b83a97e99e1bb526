import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { ContainerStats } from '../../contract/engine-types.ts';
import type { InterfaceStats } from '../networks/network-service.ts';
import type { CgroupStats } from '../runtime/runtime.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { isLive } from './container-state.ts';
import { neverText, timeText } from './time-text.ts';

const sampleEveryMs = 1000;

interface Sample {
  readonly cgroup: CgroupStats;
  readonly systemCpuNs: number;
  readonly networks: Readonly<Record<string, InterfaceStats>>;
}

export interface StatsQuery {
  readonly stream: boolean;
  readonly oneShot: boolean;
  readonly signal: AbortSignal;
}

/** GET /containers/{id}/stats: one document a second, or one in all. A stopped container has one of zeros. */
export function containerStats(
  context: ContainerContext,
  ref: string,
  { stream, oneShot, signal: wanted }: StatsQuery,
): AsyncIterable<ContainerStats> {
  const handle = context.find(ref);
  const signal = AbortSignal.any([wanted, context.signal]);
  return (async function* () {
    let before: Sample | undefined;
    // Without a second sample clients can not tell the CPU's share; one-shot readers keep the sample before themselves.
    if (!stream && !oneShot && isLive(handle.state)) {
      before = await takeSample(context, handle);
      if (!(await pause(context, signal))) return;
    }
    for (;;) {
      const sample = await takeSample(context, handle);
      yield statsDocument(handle, sample, before, context.runtime.info.cgroupVersion);
      if (!stream || !context.store.get(handle.id)) return;
      before = sample;
      if (!(await pause(context, signal))) return;
    }
  })();
}

async function pause(context: ContainerContext, signal: AbortSignal): Promise<boolean> {
  return context.clock.delay(sampleEveryMs, { signal }).then(
    () => true,
    () => false,
  );
}

async function takeSample(context: ContainerContext, handle: ContainerHandle): Promise<Sample | undefined> {
  if (!isLive(handle.state)) return undefined;
  try {
    const [cgroup, networks, systemCpuNs] = await Promise.all([
      context.runtime.stats(handle.id),
      context.networks.stats(handle.id),
      readSystemCpuNs(),
    ]);
    return { cgroup, networks, systemCpuNs };
  } catch (error) {
    // It may end at any moment; then there is nothing to count.
    if (isLive(handle.state))
      context.log.warn('The counters of a container could not be read.', { id: handle.id, error });
    return undefined;
  }
}

/** First line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, in hundredths of a second. */
async function readSystemCpuNs(): Promise<number> {
  const text = await readFile('/proc/stat', 'utf8');
  const fields = text.slice(0, text.indexOf('\n')).trim().split(/\s+/).slice(1, 9);
  return fields.reduce((sum, field) => sum + Number(field), 0) * 10_000_000;
}

/** Pure. */
export function statsDocument(
  handle: Pick<ContainerHandle, 'id' | 'record'>,
  sample: Sample | undefined,
  before: Sample | undefined,
  cgroupVersion: '1' | '2',
): ContainerStats {
  return {
    name: `/${handle.record.name}`,
    id: handle.id,
    read: sample ? timeText(sample.cgroup.readAtMs) : neverText,
    preread: before ? timeText(before.cgroup.readAtMs) : neverText,
    pids_stats: sample ? { current: sample.cgroup.pids, ...pidsLimit(sample.cgroup.pidsLimit) } : {},
    blkio_stats: blkioStats(sample?.cgroup, cgroupVersion),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuStats(sample),
    precpu_stats: cpuStats(before),
    memory_stats: memoryStats(sample?.cgroup, cgroupVersion),
    ...(sample ? { networks: networkStats(sample.networks) } : {}),
  };
}

function pidsLimit(limit: number | undefined): { readonly limit?: number } {
  return limit === undefined ? {} : { limit };
}

function cpuStats(sample: Sample | undefined): ContainerStats['cpu_stats'] {
  if (!sample) {
    return {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    };
  }
  const { cgroup, systemCpuNs } = sample;
  return {
    cpu_usage: {
      total_usage: cgroup.cpuTotalNs,
      ...(cgroup.perCpuNs.length > 0 ? { percpu_usage: cgroup.perCpuNs } : {}),
      usage_in_kernelmode: cgroup.cpuKernelNs,
      usage_in_usermode: cgroup.cpuUserNs,
    },
    system_cpu_usage: systemCpuNs,
    online_cpus: cpus().length,
    throttling_data: {
      periods: cgroup.throttling.periods,
      throttled_periods: cgroup.throttling.throttledPeriods,
      throttled_time: cgroup.throttling.throttledTimeNs,
    },
  };
}

/** `stats` goes out as the kernel names it: clients subtract total_inactive_file (v1) or inactive_file (v2) from usage. */
function memoryStats(cgroup: CgroupStats | undefined, version: '1' | '2'): ContainerStats['memory_stats'] {
  if (!cgroup) return {};
  const maxUsage = version === '1' && cgroup.memoryMaxUsageBytes !== undefined;
  return {
    usage: cgroup.memoryUsageBytes,
    ...(maxUsage ? { max_usage: cgroup.memoryMaxUsageBytes } : {}),
    stats: cgroup.memoryStat,
    ...(cgroup.memoryFailures > 0 ? { failcnt: cgroup.memoryFailures } : {}),
    limit: cgroup.memoryLimitBytes,
  };
}

/** As dockerd: on v1 every list is there, on v2 only the first, when it has something. */
function blkioStats(cgroup: CgroupStats | undefined, version: '1' | '2'): ContainerStats['blkio_stats'] {
  const none = cgroup && version === '1' ? [] : null;
  return {
    io_service_bytes_recursive: cgroup?.blkio.length ? cgroup.blkio : none,
    io_serviced_recursive: cgroup?.blkioOperations.length ? cgroup.blkioOperations : none,
    io_queue_recursive: none,
    io_service_time_recursive: none,
    io_wait_time_recursive: none,
    io_merged_recursive: none,
    io_time_recursive: none,
    sectors_recursive: none,
  };
}

function networkStats(networks: Readonly<Record<string, InterfaceStats>>): ContainerStats['networks'] {
  return Object.fromEntries(
    Object.entries(networks).map(([name, stats]) => [
      name,
      {
        rx_bytes: stats.rxBytes,
        rx_packets: stats.rxPackets,
        rx_errors: stats.rxErrors,
        rx_dropped: stats.rxDropped,
        tx_bytes: stats.txBytes,
        tx_packets: stats.txPackets,
        tx_errors: stats.txErrors,
        tx_dropped: stats.txDropped,
      },
    ]),
  );
}
