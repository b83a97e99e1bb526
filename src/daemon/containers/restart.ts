import type { ContainerContext } from './container-context.ts';
import { reworded } from './reworded.ts';
import { parseSignal } from './signals.ts';
import { startContainer } from './start.ts';
import { type StopOptions, stopHandle } from './stop.ts';

/** POST /containers/{id}/restart: stop if it runs, then start. With --rm it is not removed in between. */
export async function restartContainer(context: ContainerContext, ref: string, options: StopOptions): Promise<void> {
  const handle = context.find(ref);
  if (options.signalName) {
    try {
      parseSignal(options.signalName);
    } catch (error) {
      throw reworded(`Cannot restart container ${ref}: `, error, 500);
    }
  }
  // dockerd takes AutoRemove off for the time of a restart, so that the stop does not remove the container.
  const { record } = handle;
  const held = record.hostConfig.AutoRemove === true;
  if (held) context.store.setRecord({ ...record, hostConfig: { ...record.hostConfig, AutoRemove: false } });
  try {
    await stopHandle(context, handle, options, 'user');
  } finally {
    if (held) {
      const { record: now } = handle;
      context.store.setRecord({ ...now, hostConfig: { ...now.hostConfig, AutoRemove: true } });
    }
  }
  await startContainer(context, handle.id, { signal: context.signal });
  context.announce(handle, 'restart');
}
