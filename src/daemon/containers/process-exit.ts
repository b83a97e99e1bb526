import type { ExitStatus } from '../runtime/runtime.ts';
import { advance, applyEffects } from './advance.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { isLive, type RunEnd } from './container-state.ts';
import { keepOutput } from './log-keeping.ts';
import { decideRestart } from './restart-policy.ts';

/** Waits for the exit of a container that runs and takes it through the life cycle. Ends with the daemon. */
export function watchExit(context: ContainerContext, handle: ContainerHandle): void {
  const { runtime, signal, log } = context;
  keepOutput(context, handle);
  runtime
    .waitExit(handle.id, { signal })
    .then((status) => handle.queue.run(() => processExited(context, handle, status)))
    .catch((error: unknown) => {
      if (!signal.aborted) log.warn('The exit of a container could not be dealt with.', { id: handle.id, error });
    });
}

/** In the queue. An exit that was dealt with already is left alone. */
export async function processExited(
  context: ContainerContext,
  handle: ContainerHandle,
  status: ExitStatus,
): Promise<void> {
  const { state, record } = handle;
  if (!isLive(state)) return;
  const end: RunEnd = {
    exitCode: status.exitCode,
    finishedAtMs: status.finishedAtMs,
    oomKilled: status.oomKilled,
    message: '',
  };
  const { startedAtMs, restart } = state;
  const again = decideRestart(record.hostConfig.RestartPolicy, { startedAtMs, end, restart });
  const effects = advance(context, handle, { type: 'process-exited', end, again });
  await applyEffects(context, handle, effects);
}
