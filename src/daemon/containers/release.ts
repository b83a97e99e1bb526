import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { endOf } from './container-context.ts';
import { forgetUnstarted } from './exec.ts';
import { endKeeping } from './log-keeping.ts';
import { closeSharedMemory } from './shared-memory.ts';
import { unmountVolumes } from './volume-mounts.ts';

/**
 * Lets go of all a run needed: streams, network, runtime, mounted root. Waits of clients are answered first. Also unwinds
 * a start that failed half-way, since each part takes an unknown container for done.
 */
export async function releaseContainer(context: ContainerContext, handle: ContainerHandle): Promise<void> {
  const end = endOf(handle.state);
  handle.stdin.processGone();
  handle.waiters.outputEnded();
  forgetUnstarted(context, handle);
  if (end && handle.state.kind !== 'created') handle.waiters.exited(end);
  await endKeeping(context, handle);
  await releaseResources(context, handle.id, { keepRoot: handle.rootUsers > 0 });
}

/** The kernel's part of it. A part that fails is told and does not keep the others. */
export async function releaseResources(
  context: ContainerContext,
  id: string,
  options: { readonly keepRoot: boolean } = { keepRoot: false },
): Promise<void> {
  const { runtime, networks, snapshots, log } = context;
  const record = context.store.get(id)?.record;
  const attempt = async (what: string, work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      log.warn(`Could not ${what} of a container that ended.`, { id, error });
    }
  };
  // The runtime's processes hold the root and the network namespace: they go first.
  await attempt('remove the runtime part', runtime.remove(id));
  // Unknown to the store: whatever it was, nothing of it may stay.
  const shared = !record || record.hostConfig.IpcMode === 'shareable';
  await Promise.all([
    shared ? attempt('unmount the shared memory', closeSharedMemory(context.execRoot, id)) : undefined,
    attempt('close the network', networks.closeSandbox(id)),
    options.keepRoot ? undefined : attempt('unmount the root', snapshots.unmount(id)),
    record && attempt('unmount the volumes', unmountVolumes(context, record)),
  ]);
}
