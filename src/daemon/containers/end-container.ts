import { advance, applyEffects } from './advance.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { isLive, type StopCause } from './container-state.ts';
import { SIGKILL } from './signals.ts';

export interface EndOptions {
  readonly signalNumber: number;
  /** How long it may take before SIGKILL; undefined: for ever. */
  readonly graceMs: number | undefined;
  readonly by: StopCause;
}

/**
 * Brings a container to its end and answers when it has ended and let go of everything: 'unchanged' when it did not run.
 * The wait is outside the queue, since the exit itself is dealt with in it.
 */
export async function endContainer(
  context: ContainerContext,
  handle: ContainerHandle,
  { signalNumber, graceMs, by }: EndOptions,
): Promise<'stopped' | 'unchanged'> {
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const forget = handle.waiters.onExit(() => resolve());
  try {
    const asked = await handle.queue.run(async () => {
      const { state } = handle;
      if (!isLive(state) && state.kind !== 'restarting') return 'unchanged';
      const wasPaused = state.kind === 'paused';
      const effects = advance(context, handle, { type: 'stop-requested', by });
      await applyEffects(context, handle, effects);
      if (!isLive(handle.state)) return 'ended';
      await sendSignal(context, handle, signalNumber);
      // A frozen process takes no signal: thaw it after the signal is queued.
      if (wasPaused) await thaw(context, handle);
      return 'signalled';
    });
    if (asked === 'unchanged') return 'unchanged';
    if (asked === 'signalled') await waitOrKill(context, handle, exited, graceMs);
    // The exit's own work, such as unmounting, is done when the queue has come past it.
    await handle.queue.idle();
    return 'stopped';
  } finally {
    forget();
  }
}

/** SIGKILL ends even a frozen process on some kernels: then there is nothing left to thaw. */
async function thaw(context: ContainerContext, handle: ContainerHandle): Promise<void> {
  try {
    await context.runtime.resume(handle.id);
  } catch (error) {
    const status = await context.runtime.status(handle.id);
    if (status === 'running' || status === 'paused') throw error;
  }
}

async function waitOrKill(
  context: ContainerContext,
  handle: ContainerHandle,
  exited: Promise<void>,
  graceMs: number | undefined,
): Promise<void> {
  const timer = new AbortController();
  const signal = AbortSignal.any([timer.signal, context.signal]);
  try {
    if (graceMs === undefined) return await exited;
    const late = context.clock.delay(graceMs, { signal }).then(() => 'late' as const);
    if ((await Promise.race([exited, late])) !== 'late') return;
    context.log.info('A container did not end in time and is killed.', { id: handle.id, graceMs });
    await sendSignal(context, handle, SIGKILL);
    await exited;
  } finally {
    timer.abort();
  }
}

/** Sends a signal to the container's init and announces it. One that has ended meanwhile is fine. */
async function sendSignal(context: ContainerContext, handle: ContainerHandle, signalNumber: number): Promise<void> {
  try {
    await context.runtime.kill(handle.id, signalNumber);
  } catch (error) {
    // Between the look and the kill it may have ended: then its exit is about to be seen.
    if ((await context.runtime.status(handle.id)) === 'running') throw error;
  }
  context.announce(handle, 'kill', { signal: String(signalNumber) });
}
