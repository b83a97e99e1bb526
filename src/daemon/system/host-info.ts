/** What the machine is: for `/info` and `/version`. Everything here is read from files or Node, nothing is run. */
import { existsSync, readFileSync } from 'node:fs';
import { cpus, hostname, machine, release, totalmem } from 'node:os';
import { type CgroupMode, cgroupRoot } from '../linux/cgroup.ts';

export interface HostInfo {
  readonly name: string;
  readonly kernelVersion: string;
  /** 'Debian GNU/Linux 12 (bookworm)' */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** As uname says: x86_64, aarch64. */
  readonly machine: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly ipv4Forwarding: boolean;
  readonly limits: CgroupLimits;
}

/** Which limits containers can have here. */
export interface CgroupLimits {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly cpuQuota: boolean;
  readonly cpuShares: boolean;
  readonly cpuset: boolean;
  readonly pids: boolean;
  readonly oomKillDisable: boolean;
}

export function readHostInfo(mode: CgroupMode): HostInfo {
  const osRelease = parseOsRelease(readText('/etc/os-release') || readText('/usr/lib/os-release'));
  return {
    name: hostname(),
    kernelVersion: release(),
    operatingSystem: osRelease.get('PRETTY_NAME') ?? 'Linux',
    osVersion: osRelease.get('VERSION_ID') ?? '',
    machine: machine(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    ipv4Forwarding: readText('/proc/sys/net/ipv4/ip_forward').trim() === '1',
    limits: mode === 'v2' ? limitsV2() : limitsV1(),
  };
}

function limitsV2(): CgroupLimits {
  const controllers = readText(`${cgroupRoot}/cgroup.controllers`).trim().split(' ');
  const has = (name: string) => controllers.includes(name);
  return {
    memory: has('memory'),
    // memory.swap.max is missing in the root group; kernels with the memory controller account swap by default.
    swap: has('memory'),
    cpuQuota: has('cpu'),
    cpuShares: has('cpu'),
    cpuset: has('cpuset'),
    pids: has('pids'),
    // v2 has no memory.oom_control.
    oomKillDisable: false,
  };
}

function limitsV1(): CgroupLimits {
  const has = (path: string) => existsSync(`${cgroupRoot}/${path}`);
  return {
    memory: has('memory/memory.limit_in_bytes') || has('memory'),
    swap: has('memory/memory.memsw.limit_in_bytes'),
    cpuQuota: has('cpu/cpu.cfs_quota_us'),
    cpuShares: has('cpu/cpu.shares'),
    cpuset: has('cpuset'),
    pids: has('pids'),
    oomKillDisable: has('memory/memory.oom_control'),
  };
}

/** os-release(5): NAME=value lines with shell quoting. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const found = /^([A-Z_]+)=(.*)$/.exec(line.trim());
    if (found?.[1] !== undefined)
      fields.set(found[1], (found[2] ?? '').replace(/^(["'])(.*)\1$/, '$2').replace(/\\(.)/g, '$1'));
  }
  return fields;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
