/** Which namespaces a container gets of its own, and whose it joins. */
import { WharfError } from '../../contract/errors.ts';
import type { Sandbox } from '../networks/network-service.ts';
import type { NamespaceChoice, RuntimeSpecInput } from '../runtime/runtime-spec.ts';
import type { ContainerContext } from './container-context.ts';
import type { ContainerRecord } from './container-record.ts';
import { isLive, type LiveState } from './container-state.ts';
import { ipcDonor } from './shared-memory.ts';

/** @throws WharfError in Docker's words when it can't join the one it names */
export function namespaceChoices(
  context: ContainerContext,
  { hostConfig }: ContainerRecord,
  sandbox: Sandbox,
): RuntimeSpecInput['namespaces'] {
  const { NetworkMode = '', PidMode = '', IpcMode = '' } = hostConfig;
  const joined = NetworkMode.startsWith('container:');
  const network: NamespaceChoice =
    sandbox.netnsPath === undefined ? { kind: 'host' } : { kind: joined ? 'shared' : 'own', path: sandbox.netnsPath };
  return {
    network,
    pid: choice(PidMode, () => `/proc/${pidDonor(context, PidMode).pid}/ns/pid`),
    ipc: choice(IpcMode, () => `/proc/${livePid(ipcDonor(context, IpcMode).state)}/ns/ipc`),
    uts: { kind: hostConfig.UTSMode === 'host' ? 'host' : 'own' },
    cgroup: { kind: hostConfig.CgroupnsMode === 'private' ? 'own' : 'host' },
  };
}

function choice(mode: string, pathOfJoined: () => string): NamespaceChoice {
  if (mode === 'host') return { kind: 'host' };
  return mode.startsWith('container:') ? { kind: 'shared', path: pathOfJoined() } : { kind: 'own' };
}

function pidDonor(context: ContainerContext, mode: string): LiveState {
  const joined = context.find(mode.slice('container:'.length));
  if (!isLive(joined.state)) {
    const message = `failed to join PID namespace: container ${joined.id} is not running`;
    throw new WharfError('container.not-running', message, { status: 500 });
  }
  return joined.state;
}

/** `ipcDonor` has looked already. */
function livePid(state: ReturnType<typeof ipcDonor>['state']): number {
  return isLive(state) ? state.pid : 0;
}
