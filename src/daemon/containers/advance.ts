import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { type Effect, type StateEvent, transition } from './container-state.ts';
import { refusalError } from './refusals.ts';
import { releaseContainer } from './release.ts';

/**
 * The one way a container changes its state: transition, store, then (by `applyEffects`) do. Call it in the queue.
 * @throws WharfError when the state does not take the event; nothing has changed then
 */
export function advance(context: ContainerContext, handle: ContainerHandle, event: StateEvent): readonly Effect[] {
  const result = transition(handle.state, event);
  if (result.refused !== undefined) throw refusalError(handle, result.refused);
  context.store.setState(handle.id, result.next);
  return result.effects;
}

/** Does what a transition asked for, in order. Call it in the queue. */
export async function applyEffects(
  context: ContainerContext,
  handle: ContainerHandle,
  effects: readonly Effect[],
): Promise<void> {
  for (const effect of effects) await applyEffect(context, handle, effect);
}

async function applyEffect(context: ContainerContext, handle: ContainerHandle, effect: Effect): Promise<void> {
  switch (effect.kind) {
    case 'announce':
      context.announce(handle, effect.action, effect.attributes);
      return;
    case 'begin-health':
      context.verbs.beginHealth(handle);
      return;
    case 'end-health':
      handle.health?.stop();
      return;
    case 'release':
      await releaseContainer(context, handle);
      return;
    case 'schedule-restart':
      scheduleRestart(context, handle, effect.delayMs);
      return;
    case 'cancel-restart':
      handle.restartTimer?.abort();
      handle.restartTimer = undefined;
      return;
    case 'auto-remove':
      if (handle.record.hostConfig.AutoRemove) await context.verbs.removeStopped(handle, { volumes: true });
      return;
  }
}

function scheduleRestart(context: ContainerContext, handle: ContainerHandle, delayMs: number): void {
  const timer = new AbortController();
  handle.restartTimer = timer;
  const signal = AbortSignal.any([timer.signal, context.signal]);
  context.clock
    .delay(delayMs, { signal })
    .then(() =>
      handle.queue.run(async () => {
        // The user may have stopped, started or removed it while it stood in the queue.
        if (!timer.signal.aborted && handle.state.kind === 'restarting') await context.verbs.restartDue(handle);
      }),
    )
    .catch((error: unknown) => {
      if (!signal.aborted) context.log.warn('A container could not be restarted.', { id: handle.id, error });
    });
}
