import { mkdirSync } from 'node:fs';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { Sandbox } from '../networks/network-service.ts';
import type { RuntimeSpec } from '../runtime/runtime.ts';
import { buildRuntimeSpec } from '../runtime/runtime-spec.ts';
import { advance, applyEffects } from './advance.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { type ContainerRecord, containerDir } from './container-record.ts';
import { type StateEvent, transition } from './container-state.ts';
import { startFailureCode } from './exec.ts';
import { prepareOutput } from './log-keeping.ts';
import { watchExit } from './process-exit.ts';
import { refusalError } from './refusals.ts';
import { reworded } from './reworded.ts';
import { sandboxRequest } from './sandbox-request.ts';
import { specInput } from './spec-input.ts';

/** POST /containers/{id}/start. 'unchanged' when it runs already. @throws WharfError; nothing of the run is left then */
export async function startContainer(
  context: ContainerContext,
  ref: string,
  options: { readonly signal: AbortSignal },
): Promise<'started' | 'unchanged'> {
  const handle = context.find(ref);
  return handle.queue.run(async () => {
    const { refused } = transition(handle.state, { type: 'start-requested' });
    if (refused === 'already-running') return 'unchanged';
    if (refused === 'paused') {
      throw new WharfError('container.paused', 'cannot start a paused container, try unpause instead');
    }
    if (refused === 'removing' || refused === 'dead') {
      throw new WharfError('container.busy', 'container is marked for removal and cannot be started');
    }
    if (refused !== undefined) throw refusalError(handle, refused);
    await startNow(context, handle, { type: 'start-requested' }, options.signal);
    return 'started';
  });
}

/** In the queue: the start itself, also of automatic restarts. */
export async function startNow(
  context: ContainerContext,
  handle: ContainerHandle,
  request: StateEvent & { readonly type: 'start-requested' | 'restart-due' },
  signal: AbortSignal,
): Promise<void> {
  await applyEffects(context, handle, advance(context, handle, request));
  try {
    const pid = await bringUp(context, handle, signal);
    watchExit(context, handle);
    handle.stdin.processReady();
    await applyEffects(
      context,
      handle,
      advance(context, handle, { type: 'started', pid, atMs: context.clock.nowMs() }),
    );
  } catch (error) {
    const end = {
      exitCode: startFailureCode(error),
      finishedAtMs: context.clock.nowMs(),
      oomKilled: false,
      message: error instanceof Error ? error.message : String(error),
    };
    // Its `release` takes back all that bringUp has done up to where it failed.
    await applyEffects(context, handle, advance(context, handle, { type: 'start-failed', end }));
    throw error;
  }
}

/** Root, network, volumes, spec, process: the order of their needs, side by side where there is none. */
async function bringUp(context: ContainerContext, handle: ContainerHandle, signal: AbortSignal): Promise<number> {
  const { snapshots, networks, runtime } = context;
  const { id, record } = handle;
  const request = sandboxRequest(context, record);
  // There since it was created, unless somebody tidied up by hand.
  mkdirSync(containerDir(context.dataRoot, id), { recursive: true, mode: 0o710 });
  // Settled, not raced: when one fails, the other must have come to its end before everything is taken back.
  const [mounted, opened] = await Promise.allSettled([snapshots.mount(id), networks.openSandbox(request, { signal })]);
  if (mounted.status === 'rejected') throw mounted.reason;
  if (opened.status === 'rejected') throw networkFailure(opened.reason);
  const root = mounted.value;
  const spec = await runtimeSpec(context, record, root, opened.value);
  const { OpenStdin: openStdin = false, StdinOnce: stdinOnce = false } = record.config;
  const output = await prepareOutput(context, handle);
  const { pid } = await runtime.create(id, {
    spec,
    runtimeName: record.hostConfig.Runtime,
    openStdin,
    stdinOnce,
    ...output,
    signal,
  });
  await runtime.start(id, { signal });
  return pid;
}

function networkFailure(error: unknown): unknown {
  const isOfPlan = isWharfError(error, 'network.not-found') || isWharfError(error, 'network.config-invalid');
  return isOfPlan ? reworded('failed to set up container networking: ', error) : error;
}

/** What only the start finds wrong with a config is the engine's failure to Docker: 500, where a create answers 400. */
async function runtimeSpec(
  context: ContainerContext,
  record: ContainerRecord,
  root: string,
  sandbox: Sandbox,
): Promise<RuntimeSpec> {
  try {
    return buildRuntimeSpec(await specInput(context, record, root, sandbox), context.machine);
  } catch (error) {
    if (!isWharfError(error, 'container.config-invalid') || error.status !== 400) throw error;
    throw new WharfError(error.code, error.message, { hint: error.hint, cause: error, status: 500 });
  }
}
