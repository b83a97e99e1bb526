/** What `docker info` warns of, in dockerd's words and order. Pure. */
import type { DaemonOptions } from '../daemon-options.ts';
import type { ResourceSupport } from '../runtime/resource-support.ts';

export interface WarningFacts {
  readonly options: DaemonOptions;
  readonly resources: ResourceSupport;
  readonly cgroupVersion: '1' | '2';
  readonly hasCgroups: boolean;
  readonly kernelMemoryTcp: boolean;
  readonly ipv4Forwarding: boolean;
}

export function infoWarnings(facts: WarningFacts): readonly string[] {
  const seccomp = facts.options.containers.seccompProfile;
  return [
    ...apiWarnings(facts.options),
    ...(facts.hasCgroups ? cgroupWarnings(facts) : [rootlessWarning(facts)]),
    ...(facts.ipv4Forwarding ? [] : ['WARNING: IPv4 forwarding is disabled']),
    ...(seccomp === 'builtin' ? [] : ['WARNING: daemon is not using the default seccomp profile']),
  ];
}

const rootAccess = '\n         Access to the remote API is equivalent to root access on the host.';

function apiWarnings({ hosts, tls }: DaemonOptions): readonly string[] {
  return hosts.flatMap((address) => {
    if (address.kind !== 'tcp' || tls?.verify === true) return [];
    const where = `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
    return tls === undefined
      ? [`WARNING: API is accessible on http://${where} without encryption.${rootAccess}`]
      : [`WARNING: API is accessible on https://${where} without TLS client verification.${rootAccess}`];
  });
}

function rootlessWarning({ cgroupVersion }: WarningFacts): string {
  const what = 'WARNING: Running in rootless-mode without cgroups.';
  return cgroupVersion === '2'
    ? `${what} Systemd is required to enable cgroups in rootless-mode.`
    : `${what} To enable cgroups in rootless-mode, you need to boot the system in cgroup v2 mode.`;
}

function cgroupWarnings({ resources, cgroupVersion, kernelMemoryTcp }: WarningFacts): readonly string[] {
  const v2 = cgroupVersion === '2';
  const throttle = v2
    ? ['io.max (rbps)', 'io.max (wbps)', 'io.max (riops)', 'io.max (wiops)']
    : ['read_bps', 'write_bps', 'read_iops', 'write_iops'].map((name) => `blkio throttle.${name}_device`);
  const missing: readonly (readonly [boolean, string])[] = [
    [!resources.memory, 'memory limit'],
    [!resources.swap, 'swap limit'],
    // What v2 does not have at all is no fault of this machine.
    [!v2 && !kernelMemoryTcp, 'kernel memory TCP limit'],
    [!v2 && !resources.oomKillDisable, 'oom kill disable'],
    [!resources.cpuQuota, 'cpu cfs quota'],
    [!resources.cpuQuota, 'cpu cfs period'],
    [!resources.cpuShares, 'cpu shares'],
    [!resources.cpuset, 'cpuset'],
    [v2 && !resources.blkioWeight, 'io.weight'],
    [v2 && !resources.blkioWeightDevice, 'io.weight (per device)'],
    ...throttle.map((name) => [!resources.blkioThrottle, name] as const),
  ];
  return missing.flatMap(([isMissing, name]) => (isMissing ? [`WARNING: No ${name} support`] : []));
}
