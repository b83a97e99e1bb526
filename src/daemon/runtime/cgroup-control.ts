/** Steering a running container through its control group's files, without starting a runtime. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { type CgroupPaths, parseKeyedCounters, readCgroupFile } from '../linux/cgroup.ts';

/** The directory whose cgroup.procs names the container's processes. */
function processFolder(paths: CgroupPaths): string | undefined {
  return paths.unified ?? paths.pids ?? paths.freezer ?? paths.memory;
}

/** PIDs on the host of every process in the container; empty once the group is gone. */
export function cgroupPids(paths: CgroupPaths): readonly number[] {
  const folder = processFolder(paths);
  if (folder === undefined) return [];
  try {
    return readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export function isFrozen(paths: CgroupPaths): boolean {
  if (paths.unified !== undefined) return readCgroupFile(paths, 'unified', 'cgroup.freeze') === '1';
  const state = readCgroupFile(paths, 'freezer', 'freezer.state');
  return state === 'FROZEN' || state === 'FREEZING';
}

/** How long a group may take to stop: a process in an uninterruptible wait holds it up. */
const freezeLimitMs = 10_000;

/** Stops or continues every process of the group and answers when the kernel says it is done. */
export async function setFrozen(paths: CgroupPaths, frozen: boolean): Promise<void> {
  const v2 = paths.unified !== undefined;
  if (!v2 && paths.freezer === undefined) {
    throw new WharfError(
      'host.unsupported',
      `cannot ${frozen ? 'pause' : 'resume'}: the engine has no control groups`,
      {
        hint: 'An ordinary user needs a delegated one: systemd-run --user --scope -p Delegate=yes wharfd --rootless',
      },
    );
  }
  const file = v2 ? `${paths.unified}/cgroup.freeze` : `${paths.freezer}/freezer.state`;
  if (!existsSync(file)) throw new WharfError('kernel.failed', `${frozen ? 'pause' : 'resume'}: ${file} is missing`);
  writeFileSync(file, v2 ? (frozen ? '1' : '0') : frozen ? 'FROZEN' : 'THAWED');
  const deadline = performance.now() + freezeLimitMs;
  for (let attempt = 1; !reached(paths, frozen); attempt += 1) {
    if (performance.now() > deadline)
      throw new WharfError('kernel.failed', `${frozen ? 'pause' : 'resume'}: the kernel did not finish it`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(attempt, 20)));
    if (v2 || !frozen || reached(paths, frozen)) continue;
    // v1 may stay in FREEZING, with a process that forked or waits in vfork: pushing it on helps, or letting go for a moment.
    if (attempt % 10 === 0) {
      writeFileSync(file, 'THAWED');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    writeFileSync(file, 'FROZEN');
  }
}

function reached(paths: CgroupPaths, frozen: boolean): boolean {
  if (paths.unified !== undefined) {
    const events = readCgroupFile(paths, 'unified', 'cgroup.events');
    return events === undefined || parseKeyedCounters(events).frozen === (frozen ? 1 : 0);
  }
  const state = readCgroupFile(paths, 'freezer', 'freezer.state');
  // A group that has gone has nothing left to wait for.
  return state === undefined || state === (frozen ? 'FROZEN' : 'THAWED');
}

/** Whether the kernel killed a process of the group for want of memory. The group outlives its processes until removed. */
export function wasOomKilled(paths: CgroupPaths): boolean {
  const v2 = readCgroupFile(paths, 'unified', 'memory.events');
  const v1 = readCgroupFile(paths, 'memory', 'memory.oom_control');
  return [v1, v2].some((text) => text !== undefined && (parseKeyedCounters(text).oom_kill ?? 0) > 0);
}

type Resources = Readonly<Record<string, unknown>>;

/**
 * Takes the limits away that an update says are endless, by the kernel's own files: crun 1.8 fails at both on v1.
 * @returns what is left for the runtime to set
 */
export function liftEndlessLimits(paths: CgroupPaths, resources: Resources): Resources {
  const rest: Record<string, unknown> = { ...resources };
  if (isObject(rest.pids) && rest.pids.limit === -1) {
    writeLimit(paths.unified ?? paths.pids, 'pids.max', 'max');
    delete rest.pids;
  }
  if (paths.unified === undefined && isObject(rest.cpu) && rest.cpu.quota === -1) {
    writeLimit(paths.cpu, 'cpu.cfs_quota_us', '-1');
    const { quota: _, ...cpu } = rest.cpu;
    if (Object.keys(cpu).length > 0) rest.cpu = cpu;
    else delete rest.cpu;
  }
  return rest;
}

function writeLimit(folder: string | undefined, file: string, value: string): void {
  if (folder === undefined) return;
  try {
    writeFileSync(`${folder}/${file}`, value);
  } catch (cause) {
    throw new WharfError('kernel.failed', `write ${value} to ${folder}/${file}: ${String(cause)}`, { cause });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
