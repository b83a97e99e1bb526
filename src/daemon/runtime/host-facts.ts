/** What this machine offers to containers, asked once at start-up. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { WharfError } from '../../contract/errors.ts';
import { boundingCapabilities } from '../linux/capabilities.ts';
import { detectCgroupMode } from '../linux/cgroup.ts';
import { highestGroupId, inUserNamespace } from '../linux/user-namespace.ts';
import { type ResourceSupport, readResourceSupport } from './resource-support.ts';
import type { HostFacts } from './runtime-spec.ts';
import { parseKernelVersion, parseSeccompProfile, type SeccompHost, type SeccompProfile } from './seccomp.ts';

export interface MachineFacts extends HostFacts {
  readonly seccomp: SeccompHost;
  readonly apparmor: boolean;
  readonly resources: ResourceSupport;
}

const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  riscv64: 'riscv64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  loong64: 'loong64',
};

export function readHostFacts(): MachineFacts {
  const mode = detectCgroupMode();
  const resources = readResourceSupport(mode);
  return {
    cgroupVersion: mode === 'v2' ? '2' : '1',
    swapLimit: resources.swap,
    resources,
    capabilities: boundingCapabilities(),
    highestGroupId: highestGroupId(),
    inUserNamespace: inUserNamespace(),
    apparmor: readFlag('/sys/module/apparmor/parameters/enabled') === 'Y',
    seccomp: {
      architecture: architectures[process.arch] ?? process.arch,
      kernel: parseKernelVersion(release()) ?? { major: 4, minor: 8 },
    },
  };
}

function readFlag(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * Loads the default seccomp profile.
 * @throws WharfError 'internal' when the installation lacks it
 */
export function readDefaultSeccompProfile(path: string): SeccompProfile {
  try {
    return parseSeccompProfile(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new WharfError('internal', `read the default seccomp profile ${path}: ${String(cause)}`, { cause });
  }
}
