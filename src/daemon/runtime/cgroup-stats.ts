/** Raw counters of a control group, as `docker stats` wants them, from either generation's files. */
import { totalmem } from 'node:os';
import { type CgroupPaths, parseKeyedCounters, readCgroupFile } from '../linux/cgroup.ts';
import type { BlkioCounter, CgroupStats } from './runtime.ts';

/** A group without a limit (v2: `max`, v1: an absurd number) can use the machine's memory; Docker shows that as its limit. */
function memoryLimit(text: string | undefined): number {
  return Math.min(numberIn(text) ?? totalmem(), totalmem());
}

export function readCgroupStats(paths: CgroupPaths, nowMs: number = Date.now()): CgroupStats {
  return paths.unified === undefined ? readV1(paths, nowMs) : readV2(paths, nowMs);
}

function numberIn(text: string | undefined): number | undefined {
  if (text === undefined || text === 'max') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function counters(paths: CgroupPaths, controller: string, file: string): Record<string, number> {
  return parseKeyedCounters(readCgroupFile(paths, controller, file) ?? '');
}

function readV2(paths: CgroupPaths, nowMs: number): CgroupStats {
  const cpu = counters(paths, 'unified', 'cpu.stat');
  return {
    readAtMs: nowMs,
    cpuTotalNs: (cpu.usage_usec ?? 0) * 1000,
    cpuUserNs: (cpu.user_usec ?? 0) * 1000,
    cpuKernelNs: (cpu.system_usec ?? 0) * 1000,
    perCpuNs: [],
    throttling: {
      periods: cpu.nr_periods ?? 0,
      throttledPeriods: cpu.nr_throttled ?? 0,
      throttledTimeNs: (cpu.throttled_usec ?? 0) * 1000,
    },
    memoryUsageBytes: numberIn(readCgroupFile(paths, 'unified', 'memory.current')) ?? 0,
    memoryMaxUsageBytes: numberIn(readCgroupFile(paths, 'unified', 'memory.peak')),
    memoryLimitBytes: memoryLimit(readCgroupFile(paths, 'unified', 'memory.max')),
    memoryStat: counters(paths, 'unified', 'memory.stat'),
    pids: numberIn(readCgroupFile(paths, 'unified', 'pids.current')) ?? 0,
    pidsLimit: numberIn(readCgroupFile(paths, 'unified', 'pids.max')),
    memoryFailures: counters(paths, 'unified', 'memory.events').oom ?? 0,
    blkio: parseIoStat(readCgroupFile(paths, 'unified', 'io.stat') ?? ''),
    blkioOperations: [],
  };
}

/** v2: `8:0 rbytes=1 wbytes=2 rios=3 ...`, one device a line. */
export function parseIoStat(text: string): readonly BlkioCounter[] {
  const entries: BlkioCounter[] = [];
  for (const line of text.split('\n')) {
    const device = /^(\d+):(\d+) /.exec(line);
    if (device === null) continue;
    const [, major, minor] = device.map(Number);
    for (const [op, key] of [
      ['read', 'rbytes'],
      ['write', 'wbytes'],
    ] as const) {
      const value = Number(new RegExp(`\\b${key}=(\\d+)`).exec(line)?.[1] ?? 0);
      entries.push({ major: major ?? 0, minor: minor ?? 0, op, value });
    }
  }
  return entries;
}

function readV1(paths: CgroupPaths, nowMs: number): CgroupStats {
  const throttling = counters(paths, 'cpu', 'cpu.stat');
  const text = (file: string) => readCgroupFile(paths, 'cpuacct', file);
  const user = numberIn(text('cpuacct.usage_user')) ?? 0;
  const kernel = numberIn(text('cpuacct.usage_sys')) ?? 0;
  return {
    readAtMs: nowMs,
    cpuTotalNs: numberIn(text('cpuacct.usage')) ?? 0,
    cpuUserNs: user,
    cpuKernelNs: kernel,
    perCpuNs: (text('cpuacct.usage_percpu') ?? '').split(' ').filter(Boolean).map(Number),
    throttling: {
      periods: throttling.nr_periods ?? 0,
      throttledPeriods: throttling.nr_throttled ?? 0,
      throttledTimeNs: throttling.throttled_time ?? 0,
    },
    memoryUsageBytes: numberIn(readCgroupFile(paths, 'memory', 'memory.usage_in_bytes')) ?? 0,
    memoryMaxUsageBytes: numberIn(readCgroupFile(paths, 'memory', 'memory.max_usage_in_bytes')),
    memoryLimitBytes: memoryLimit(readCgroupFile(paths, 'memory', 'memory.limit_in_bytes')),
    memoryStat: counters(paths, 'memory', 'memory.stat'),
    pids: numberIn(readCgroupFile(paths, 'pids', 'pids.current')) ?? 0,
    pidsLimit: numberIn(readCgroupFile(paths, 'pids', 'pids.max')),
    memoryFailures: numberIn(readCgroupFile(paths, 'memory', 'memory.failcnt')) ?? 0,
    blkio: readBlkio(paths, 'io_service_bytes'),
    blkioOperations: readBlkio(paths, 'io_serviced'),
  };
}

/** Kernels before 5 or so have the file without `_recursive` only. */
function readBlkio(paths: CgroupPaths, counter: 'io_service_bytes' | 'io_serviced'): readonly BlkioCounter[] {
  const file = `blkio.throttle.${counter}`;
  return parseBlkio(readCgroupFile(paths, 'blkio', `${file}_recursive`) ?? readCgroupFile(paths, 'blkio', file) ?? '');
}

/** v1: `8:0 Read 4096`, one operation a line; the last line is the sum of all devices. */
export function parseBlkio(text: string): readonly BlkioCounter[] {
  const entries: BlkioCounter[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    if (match === null) continue;
    const [, major, minor, op = '', value] = match;
    entries.push({ major: Number(major), minor: Number(minor), op, value: Number(value) });
  }
  return entries;
}
