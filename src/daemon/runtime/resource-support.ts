/** Which limits this machine's kernel can keep for a container, and which processors and memory nodes there are. */
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { type CgroupMode, cgroupRoot } from '../linux/cgroup.ts';

export interface ResourceSupport {
  readonly memory: boolean;
  readonly memoryReservation: boolean;
  readonly swap: boolean;
  /** v1 alone. */
  readonly swappiness: boolean;
  /** v1 alone: memory.oom_control. */
  readonly oomKillDisable: boolean;
  readonly cpuShares: boolean;
  readonly cpuQuota: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioThrottle: boolean;
  /** As `--cpus` counts them. */
  readonly cpuCount: number;
  /** '0-3,8': those a cpuset may name. */
  readonly cpuList: string;
  readonly memoryNodeList: string;
}

export function readResourceSupport(mode: CgroupMode): ResourceSupport {
  const cpuCount = cpus().length;
  const allCpus = cpuCount > 1 ? `0-${cpuCount - 1}` : '0';
  if (mode === 'v2') {
    const controllers = (readText('cgroup.controllers') ?? '').split(' ');
    return {
      ...supportV2(controllers),
      cpuCount,
      cpuList: readText('cpuset.cpus.effective') || allCpus,
      memoryNodeList: readText('cpuset.mems.effective') || '0',
    };
  }
  return {
    ...supportV1((path) => existsSync(`${cgroupRoot}/${path}`)),
    cpuCount,
    cpuList: readText('cpuset/cpuset.cpus') || allCpus,
    memoryNodeList: readText('cpuset/cpuset.mems') || '0',
  };
}

type Switches = Omit<ResourceSupport, 'cpuCount' | 'cpuList' | 'memoryNodeList'>;

/** @param controllers those the kernel offers in the root group */
export function supportV2(controllers: readonly string[]): Switches {
  const has = (name: string) => controllers.includes(name);
  return {
    memory: has('memory'),
    memoryReservation: has('memory'),
    // memory.swap.max is missing in the root group; kernels with the memory controller account swap by default.
    swap: has('memory'),
    swappiness: false,
    oomKillDisable: false,
    cpuShares: has('cpu'),
    cpuQuota: has('cpu'),
    cpuRealtime: false,
    cpuset: has('cpuset'),
    pids: has('pids'),
    blkioWeight: has('io'),
    blkioWeightDevice: has('io'),
    blkioThrottle: has('io'),
  };
}

/** @param has whether a path below the control groups' root is there */
export function supportV1(has: (path: string) => boolean): Switches {
  return {
    memory: has('memory/memory.limit_in_bytes'),
    memoryReservation: has('memory/memory.soft_limit_in_bytes'),
    swap: has('memory/memory.memsw.limit_in_bytes'),
    swappiness: has('memory/memory.swappiness'),
    oomKillDisable: has('memory/memory.oom_control'),
    cpuShares: has('cpu/cpu.shares'),
    cpuQuota: has('cpu/cpu.cfs_quota_us'),
    cpuRealtime: has('cpu/cpu.rt_period_us'),
    cpuset: has('cpuset/cpuset.cpus'),
    pids: has('pids'),
    blkioWeight: has('blkio/blkio.weight'),
    blkioWeightDevice: has('blkio/blkio.weight_device'),
    blkioThrottle: has('blkio/blkio.throttle.read_bps_device'),
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(`${cgroupRoot}/${path}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
