import { type ContainerContext, type ContainerHandle, endOf } from './container-context.ts';
import type { WaitCondition, WaitResult } from './container-service.ts';
import { isLive, type RunEnd } from './container-state.ts';

/** A client that does not read must not keep others from learning of the exit. */
const outputLimitMs = 2000;

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
  const signal = AbortSignal.any([options.signal, context.signal]);
  const result = waitFor(handle, options.condition, signal).then(async (found) => {
    // As dockerd: whoever is attached has the output by then; dockerode and its like look at it when the wait is answered.
    const read = new AbortController();
    const limit = context.clock.delay(outputLimitMs, { signal: AbortSignal.any([signal, read.signal]) });
    await Promise.race([handle.waiters.outputRead(), limit.catch(() => undefined)]);
    read.abort();
    return found;
  });
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
