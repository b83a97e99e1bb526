import type { ContainerStats } from '../../contract/engine-types.ts';
import type { ListView, Row } from '../format/list-view.ts';
import { binarySize, humanSize } from '../format/sizes.ts';
import { shortId } from '../format/table.ts';

export const statsView: ListView = {
  table: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs']
    .map((name) => `{{.${name}}}`)
    .join('\t'),
  headers: {
    BlockIO: 'BLOCK I/O',
    CPUPerc: 'CPU %',
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    MemPerc: 'MEM %',
    MemUsage: 'MEM USAGE / LIMIT',
    Name: 'NAME',
    NetIO: 'NET I/O',
    PIDs: 'PIDS',
  },
};

/** A container's line before its first reading, or after its last. */
export function emptyStatsRow(container: string, id: string, name: string, truncate: boolean): Row {
  const none = '--';
  return {
    BlockIO: none,
    CPUPerc: none,
    Container: container,
    ID: truncate ? shortId(id) : id,
    MemPerc: none,
    MemUsage: '-- / --',
    Name: name.replace(/^\//, '') || none,
    NetIO: none,
    PIDs: none,
  };
}

/** One reading as docker shows it. */
export function statsRow(container: string, stats: ContainerStats, truncate: boolean): Row {
  const id = stats.id ?? container;
  const used = usedMemory(stats);
  const limit = stats.memory_stats.limit ?? 0;
  const network = Object.values(stats.networks ?? {});
  const received = network.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0);
  const sent = network.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0);
  return {
    ...emptyStatsRow(container, id, stats.name ?? '', truncate),
    BlockIO: `${humanSize(blockBytes(stats, 'r'), 3)} / ${humanSize(blockBytes(stats, 'w'), 3)}`,
    CPUPerc: percent(cpuPercent(stats)),
    MemPerc: percent(limit === 0 ? 0 : (used / limit) * 100),
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    NetIO: `${humanSize(received, 3)} / ${humanSize(sent, 3)}`,
    PIDs: String(stats.pids_stats?.current ?? 0),
  };
}

/** Share of one CPU times the number of CPUs, from the difference of two readings. */
function cpuPercent({ cpu_stats, precpu_stats }: ContainerStats): number {
  const own = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage;
  const host = (cpu_stats.system_cpu_usage ?? 0) - (precpu_stats.system_cpu_usage ?? 0);
  const cpus = cpu_stats.online_cpus ?? cpu_stats.cpu_usage.percpu_usage?.length ?? 1;
  return own > 0 && host > 0 ? (own / host) * cpus * 100 : 0;
}

/** Memory without the page cache that could be given back: cgroup v1 and v2 name it differently. */
function usedMemory({ memory_stats }: ContainerStats): number {
  const usage = memory_stats.usage ?? 0;
  const cache = memory_stats.stats?.total_inactive_file ?? memory_stats.stats?.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}

function blockBytes({ blkio_stats }: ContainerStats, letter: 'r' | 'w'): number {
  return (blkio_stats.io_service_bytes_recursive ?? [])
    .filter(({ op }) => op.toLowerCase().startsWith(letter))
    .reduce((sum, { value }) => sum + value, 0);
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
