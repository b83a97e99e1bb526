import type { ContainerContext } from './container-context.ts';
import { isLive } from './container-state.ts';
import { stopHandle } from './stop.ts';

/**
 * The daemon ends. With `stopContainers` all of them end first, side by side, each by its own stop signal and timeout, and
 * those whose restart policy says so come back with the daemon. Without, they run on, and the next daemon takes them over.
 */
export async function shutdownContainers(
  context: ContainerContext,
  options: { readonly stopContainers: boolean },
): Promise<void> {
  for (const handle of context.handles()) {
    handle.restartTimer?.abort();
    handle.health?.stop();
    // Clients are told the end of their streams; the containers' own input stays open for the next daemon's clients.
    if (!options.stopContainers) handle.waiters.outputEnded();
  }
  if (options.stopContainers) await stopAll(context);
  await context.close();
}

async function stopAll(context: ContainerContext): Promise<void> {
  const live = context.handles().filter(({ state }) => isLive(state) || state.kind === 'starting');
  await Promise.all(
    live.map((handle) =>
      stopHandle(context, handle, {}, 'daemon').catch((error: unknown) => {
        context.log.warn('A container could not be stopped.', { id: handle.id, error });
      }),
    ),
  );
}
