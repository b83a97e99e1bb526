import { type ContainerContext, type ContainerHandle, endOf } from './container-context.ts';
import type { WaitCondition, WaitResult } from './container-service.ts';
import { isLive, type RunEnd } from './container-state.ts';

/**
 * POST /containers/{id}/wait. Registered when this answers, so that a client may start the container next and miss nothing.
 * `result` rejects only by the signal.
 */
export function waitForContainer(
  context: ContainerContext,
  ref: string,
  options: { readonly condition: WaitCondition; readonly signal: AbortSignal },
): { readonly result: Promise<WaitResult> } {
  const handle = context.find(ref);
  const result = waitFor(handle, options.condition, AbortSignal.any([options.signal, context.signal]));
  // The caller may drop it when its client goes.
  result.catch(() => undefined);
  return { result };
}

async function waitFor(handle: ContainerHandle, condition: WaitCondition, signal: AbortSignal): Promise<WaitResult> {
  const { state } = handle;
  const runs = isLive(state) || state.kind === 'starting' || state.kind === 'restarting';
  if (condition === 'not-running' && !runs) return answer(endOf(state));
  const { promise, resolve, reject } = Promise.withResolvers<RunEnd | undefined>();
  const forget =
    condition === 'removed'
      ? handle.waiters.onRemoved(() => resolve(endOf(handle.state)))
      : handle.waiters.onExit(resolve);
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return answer(await promise);
  } finally {
    forget();
    signal.removeEventListener('abort', onAbort);
  }
}

function answer(end: RunEnd | undefined): WaitResult {
  if (!end) return { StatusCode: 0 };
  return { StatusCode: end.exitCode, ...(end.message === '' ? {} : { Error: { Message: end.message } }) };
}
