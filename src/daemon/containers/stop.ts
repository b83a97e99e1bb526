import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { isLive, type StopCause } from './container-state.ts';
import { endContainer } from './end-container.ts';
import { reworded } from './reworded.ts';
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
  const handle = context.find(ref);
  if (!isLive(handle.state) && handle.state.kind !== 'restarting' && handle.state.kind !== 'starting')
    return 'unchanged';
  if (options.signalName) {
    try {
      parseSignal(options.signalName);
    } catch (error) {
      throw reworded(`cannot stop container: ${ref}: `, error, 500);
    }
  }
  return stopHandle(context, handle, options, 'user');
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
