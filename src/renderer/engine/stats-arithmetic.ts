import type { ContainerStats } from '../../contract/engine-types.ts';

/** What the pages show of one reading. */
export interface StatsSample {
  /** Seconds since the epoch. */
  readonly at: number;
  /** Of one core: 1 is a core fully used, 2 two of them. */
  readonly cpuRatio: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly pids: number;
}

/** Docker's CLI arithmetic: CPU from the deltas to the reading before, memory less the inactive page cache (cgroup v1 and v2). */
export function sampleOf(stats: ContainerStats): StatsSample {
  const cpuDelta = stats.cpu_stats.cpu_usage.total_usage - stats.precpu_stats.cpu_usage.total_usage;
  const systemDelta = (stats.cpu_stats.system_cpu_usage ?? 0) - (stats.precpu_stats.system_cpu_usage ?? 0);
  const cores = stats.cpu_stats.online_cpus || stats.cpu_stats.cpu_usage.percpu_usage?.length || 1;
  const usage = stats.memory_stats.usage ?? 0;
  const details = stats.memory_stats.stats ?? {};
  const cache = details.total_inactive_file ?? details.inactive_file ?? 0;
  const blkio = stats.blkio_stats.io_service_bytes_recursive ?? [];
  const blkioSum = (op: string) =>
    blkio.filter((entry) => entry.op.toLowerCase() === op).reduce((sum, entry) => sum + entry.value, 0);
  const networks = Object.values(stats.networks ?? {});
  return {
    at: Date.parse(stats.read) / 1000,
    cpuRatio: cpuDelta > 0 && systemDelta > 0 ? (cpuDelta / systemDelta) * cores : 0,
    memoryBytes: cache < usage ? usage - cache : usage,
    memoryLimitBytes: stats.memory_stats.limit ?? 0,
    rxBytes: networks.reduce((sum, each) => sum + each.rx_bytes, 0),
    txBytes: networks.reduce((sum, each) => sum + each.tx_bytes, 0),
    readBytes: blkioSum('read'),
    writeBytes: blkioSum('write'),
    pids: stats.pids_stats.current ?? 0,
  };
}
