/**
 * Control groups of both generations behind one set of paths.
 *
 *   pure v2   /sys/fs/cgroup is cgroup2: one tree
 *   v1        /sys/fs/cgroup is a tmpfs with one tree a controller
 *   hybrid    v1, with an almost empty cgroup2 at /sys/fs/cgroup/unified; crun 1.8 refuses it while it is visible
 *   none      /sys/fs/cgroup is empty: an ordinary user's engine to whom no group was delegated
 */
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';

export const cgroupRoot = '/sys/fs/cgroup';
export const hybridMount = '/sys/fs/cgroup/unified';

const CGROUP2_SUPER_MAGIC = 0x63677270;

export type CgroupMode = 'v1' | 'hybrid' | 'v2' | 'none';

/** How this process sees the control groups; another mount namespace may see them otherwise. */
export function detectCgroupMode(): CgroupMode {
  if (fileSystemType(cgroupRoot) === CGROUP2_SUPER_MAGIC) return 'v2';
  if (fileSystemType(hybridMount) === CGROUP2_SUPER_MAGIC) return 'hybrid';
  return isEmptyFolder(cgroupRoot) ? 'none' : 'v1';
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return true;
  }
}

function fileSystemType(path: string): number | undefined {
  try {
    return statfsSync(path).type;
  } catch {
    return undefined;
  }
}

/**
 * Where a process is accounted: absolute directories, by controller. v2 has one, under the name `unified`; the v2 tree of a
 * hybrid host controls nothing and is named `hybrid`, for removal only.
 */
export type CgroupPaths = Readonly<Record<string, string>>;

/** Parses /proc/<pid>/cgroup into directories under /sys/fs/cgroup. */
export function parseCgroupFile(text: string, mode: CgroupMode): CgroupPaths {
  const paths: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers = '', path = ''] = match;
    if (controllers === '') {
      if (mode === 'v2') paths.unified = cgroupRoot + path;
      if (mode === 'hybrid') paths.hybrid = hybridMount + path;
      continue;
    }
    if (mode === 'v2' || mode === 'none') continue;
    for (const controller of controllers.split(',')) {
      const name = controller.replace(/^name=/, '');
      paths[name] = `${controllerRoot(name, controllers)}${path}`;
    }
  }
  return paths;
}

/** Some hosts mount `cpu,cpuacct` together with a link a controller, some each alone. */
function controllerRoot(controller: string, mountedTogether: string): string {
  const alone = `${cgroupRoot}/${controller}`;
  return existsSync(alone) ? alone : `${cgroupRoot}/${mountedTogether}`;
}

/** Undefined when the process is gone. */
export function cgroupPathsOf(pid: number, mode: CgroupMode): CgroupPaths | undefined {
  try {
    return parseCgroupFile(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), mode);
  } catch {
    return undefined;
  }
}

/** A file of one controller's directory, trimmed; undefined when this kernel or host has none. */
export function readCgroupFile(paths: CgroupPaths, controller: string, file: string): string | undefined {
  const directory = paths[controller];
  if (directory === undefined) return undefined;
  try {
    return readFileSync(`${directory}/${file}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Parses `key value` lines (memory.stat, cpu.stat, memory.events). */
export function parseKeyedCounters(text: string): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) counters[line.slice(0, space)] = Number(line.slice(space + 1));
  }
  return counters;
}
