import type { ContainerContext, ContainerHandle } from './container-context.ts';
import type { StopCause } from './container-state.ts';
import { endContainer } from './end-container.ts';
import { parseSignal, SIGTERM } from './signals.ts';

export interface StopOptions {
  /** undefined: the container's own; negative: wait for ever. */
  readonly timeoutSeconds?: number;
  readonly signalName?: string;
}

/** POST /containers/{id}/stop: its stop signal, then SIGKILL after the timeout. 'unchanged' when it did not run. */
export async function stopContainer(
  context: ContainerContext,
  ref: string,
  options: StopOptions,
): Promise<'stopped' | 'unchanged'> {
  return stopHandle(context, context.find(ref), options, 'user');
}

export async function stopHandle(
  context: ContainerContext,
  handle: ContainerHandle,
  { timeoutSeconds, signalName }: StopOptions,
  by: StopCause,
): Promise<'stopped' | 'unchanged'> {
  const { config } = handle.record;
  const seconds = timeoutSeconds ?? config.StopTimeout ?? context.defaults.stopTimeoutSeconds;
  const signalNumber = stopSignal(signalName || config.StopSignal);
  const waited = handle.state.kind !== 'restarting';
  const result = await endContainer(context, handle, {
    signalNumber,
    graceMs: seconds < 0 ? undefined : seconds * 1000,
    by,
  });
  if (result === 'stopped' && waited) context.announce(handle, 'stop');
  return result;
}

export function stopSignal(name: string | undefined): number {
  return name ? parseSignal(name) : SIGTERM;
}
