import { WharfError } from '../../contract/errors.ts';
import { removeFolder } from '../snapshots/remove-small-tree.ts';
import { advance } from './advance.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { containerDir } from './container-record.ts';
import { type ContainerState, isLive } from './container-state.ts';
import { endContainer } from './end-container.ts';
import { SIGKILL } from './signals.ts';
import { releaseVolumes } from './volume-mounts.ts';

export interface RemoveOptions {
  readonly force: boolean;
  /** Also those of its volumes that were made for it alone. */
  readonly volumes: boolean;
}

/** DELETE /containers/{id}. @throws WharfError 'container.running' with Docker's text when it runs and force is off */
export async function removeContainer(context: ContainerContext, ref: string, options: RemoveOptions): Promise<void> {
  const handle = context.find(ref);
  if (options.force) await endContainer(context, handle, { signalNumber: SIGKILL, graceMs: undefined, by: 'user' });
  await handle.queue.run(async () => {
    // With --rm it may be gone by itself by now.
    if (!context.store.get(handle.id)) return;
    refuseLive(ref, handle.state);
    await removeStopped(context, handle, options);
  });
}

function refuseLive(ref: string, state: ContainerState): void {
  if (!isLive(state) && state.kind !== 'restarting' && state.kind !== 'starting') return;
  const shown = state.kind === 'restarting' ? state.kind : 'running';
  throw new WharfError(
    'container.running',
    `cannot remove container ${JSON.stringify(ref)}: container is ${shown}: stop the container before removing or force remove`,
  );
}

/** In the queue. What is left of a container that does not run. @throws when a part could not be removed; it is `dead` then */
export async function removeStopped(
  context: ContainerContext,
  handle: ContainerHandle,
  options: { readonly volumes: boolean },
): Promise<void> {
  const { record } = handle;
  const takesVolumes = options.volumes && record.mounts.some((mount) => mount.kind === 'volume' && mount.anonymous);
  if (takesVolumes) context.store.setRecord({ ...record, removeVolumes: true });
  advance(context, handle, { type: 'remove-requested' });
  await finishRemoval(context, handle, options);
  context.announce(handle, 'destroy');
  context.store.delete(handle.id);
  context.forget(handle.id);
  handle.waiters.removed();
  context.log.info('Removed a container.', { id: handle.id, name: record.name });
}

/** Does what `removing` promised; also for a removal that a crash cut short. */
export async function finishRemoval(
  context: ContainerContext,
  handle: ContainerHandle,
  options: { readonly volumes: boolean },
): Promise<void> {
  const { id, record } = handle;
  try {
    handle.stdin.processGone();
    handle.waiters.outputEnded();
    await Promise.all([context.snapshots.remove(id), removeFolder(containerDir(context.dataRoot, id))]);
    await releaseVolumes(context, record, { removeAnonymous: options.volumes });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    advance(context, handle, { type: 'remove-failed', message });
    throw new WharfError('internal', `cannot remove container "/${record.name}": ${message}`, { cause });
  }
}
