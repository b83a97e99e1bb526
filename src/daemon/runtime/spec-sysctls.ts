/** Kernel settings of a container: which a namespace keeps apart, and so may be set for it alone. */
import { refusedSpec } from './runtime-failure.ts';

/** Whether the container has a namespace of each kind that is not the host's. */
export interface SysctlNamespaces {
  readonly network: boolean;
  readonly ipc: boolean;
  readonly uts: boolean;
}

const ofIpc = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** @throws WharfError 'runtime.failed' in runc's words for a setting that would be the host's */
export function checkSysctls(sysctls: Readonly<Record<string, string>>, separate: SysctlNamespaces): void {
  for (const given of Object.keys(sysctls)) {
    const name = withDots(given);
    const problem = problemOf(name, separate);
    if (problem !== undefined) throw refusedSpec(`sysctl ${JSON.stringify(name)} ${problem}`);
  }
}

function problemOf(name: string, { network, ipc, uts }: SysctlNamespaces): string | undefined {
  if (ofIpc.has(name) || name.startsWith('fs.mqueue.')) {
    return ipc ? undefined : 'is not allowed in the hosts ipc namespace';
  }
  if (name.startsWith('net.')) return network ? undefined : 'not allowed in host network namespace';
  if (name === 'kernel.domainname') return uts ? undefined : 'is not allowed in the hosts UTS namespace';
  if (name === 'kernel.hostname') return 'is not allowed as it conflicts with the OCI "hostname" field';
  return 'is not in a separate kernel namespace';
}

/** `net/ipv4/conf/eth0.1/forwarding` and `net.ipv4.conf.eth0/1.forwarding` are the same (sysctl.d(5)). */
function withDots(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== '/') return name;
  return [...name].map((letter) => (letter === '/' ? '.' : letter === '.' ? '/' : letter)).join('');
}
