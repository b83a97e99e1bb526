import { WharfError } from '../../contract/errors.ts';
import { advance, applyEffects } from './advance.ts';
import type { ContainerContext } from './container-context.ts';
import { type StateEvent, transition } from './container-state.ts';
import { refusalError } from './refusals.ts';

/** POST /containers/{id}/pause: freezes every process. */
export function pauseContainer(context: ContainerContext, ref: string): Promise<void> {
  return freeze(context, ref, { type: 'paused' }, (id) => context.runtime.pause(id));
}

/** POST /containers/{id}/unpause. */
export async function unpauseContainer(context: ContainerContext, ref: string): Promise<void> {
  const handle = context.find(ref);
  // Whatever else it is, dockerd answers with 500 that it is not paused.
  if (handle.state.kind !== 'paused') {
    throw new WharfError('container.not-paused', `Container ${handle.id} is not paused`, { status: 500 });
  }
  await freeze(context, ref, { type: 'unpaused' }, (id) => context.runtime.resume(id));
}

async function freeze(
  context: ContainerContext,
  ref: string,
  event: StateEvent,
  act: (id: string) => Promise<void>,
): Promise<void> {
  const handle = context.find(ref);
  await handle.queue.run(async () => {
    // Asked first: an act the state does not allow is never tried. What a crash leaves in between, reconcile sees.
    const { refused } = transition(handle.state, event);
    if (refused !== undefined) throw refusalError(handle, refused);
    await act(handle.id);
    await applyEffects(context, handle, advance(context, handle, event));
  });
}
