/** What the machine is: for `/info` and `/version`. Everything here is read from files or Node, nothing is run. */
import { existsSync, readFileSync } from 'node:fs';
import { cpus, hostname, machine, release, totalmem } from 'node:os';
import { cgroupRoot } from '../linux/cgroup.ts';

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
  /** v1 alone: a limit on the kernel's own memory for TCP. */
  readonly kernelMemoryTcp: boolean;
}

export function readHostInfo(): HostInfo {
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
    kernelMemoryTcp: existsSync(`${cgroupRoot}/memory/memory.kmem.tcp.limit_in_bytes`),
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
