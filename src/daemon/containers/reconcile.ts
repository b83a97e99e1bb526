/**
 * At the daemon's start: what is stored against what runs.
 *
 *     stored            runtime says      what is done
 *     live              running, paused   taken over: its exit is watched, health checks go on
 *     live              stopped           the exit it had while nobody looked, with its code and time, as if seen now
 *     live              unknown           the machine was restarted: ended, exit code 255, time unknown
 *     starting          running           the start had succeeded: taken over
 *     starting          anything else     the start failed: undone
 *     restarting        -                 the restart is due now
 *     removing          -                 finished
 *     created, no root  -                 a create that was cut: undone
 *     not live, --rm    -                 removed: who was to run it once is gone
 *     not stored        anything          removed: runtime part and root
 *
 * One container's trouble is its own: it is logged, the container is left in a state that tells of it, and the rest goes on.
 *
 * Then the networks are told who runs, and restart policies start what belongs with the daemon.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { advance, applyEffects } from './advance.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { isLive, type LiveState } from './container-state.ts';
import { undoCreate } from './create.ts';
import { snapshotOwner } from './image-mounts.ts';
import { processExited, watchExit } from './process-exit.ts';
import { releaseResources } from './release.ts';
import { finishRemoval } from './remove.ts';
import { startsWithDaemon } from './restart-policy.ts';
import { sandboxRequest } from './sandbox-request.ts';
import { startContainer, startNow } from './start.ts';
import { volumeNames } from './volume-mounts.ts';

/** The exit code Docker gives to what ended with the machine. */
const lostExitCode = 255;

export async function reconcile(context: ContainerContext, options: { readonly signal: AbortSignal }): Promise<void> {
  const { signal } = options;
  const handles = context.handles();
  await removeStrangers(context);
  await acquireVolumes(context, handles);
  const survivors: ContainerHandle[] = [];
  const ended: ContainerHandle[] = [];
  for (const handle of handles) {
    signal.throwIfAborted();
    if (await isRunning(context, handle)) survivors.push(handle);
    else ended.push(handle);
  }
  // Roots and networks of the survivors first: ending the others must not disturb them.
  await context.networks.reconcile(survivors.flatMap((handle) => safeRequest(context, handle)));
  for (const handle of survivors) await alone(context, handle, () => takeOver(context, handle));
  const found: Found = { bundles: new Set(await context.runtime.list()), roots: new Set(context.snapshots.keys()) };
  for (const handle of ended) {
    await alone(context, handle, () => handle.queue.run(() => repair(context, handle, found)));
  }
  startWhatBelongs(context, handles);
}

async function alone(context: ContainerContext, handle: ContainerHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (context.signal.aborted) throw error;
    const { id } = handle;
    context.log.warn('A container could not be brought in order.', { id, error });
    // It does not run, or nobody could tell: then it is shown as ended, and why.
    if (!context.store.get(id) || !isLive(handle.state) || (await runs(context, id))) return;
    const end = {
      exitCode: lostExitCode,
      finishedAtMs: context.clock.nowMs(),
      oomKilled: false,
      message: `found in disorder when the daemon started: ${error instanceof Error ? error.message : String(error)}`,
    };
    advance(context, handle, { type: 'process-exited', end, again: undefined });
    await releaseResources(context, id);
  }
}

/** What is there of containers besides their rows. */
interface Found {
  readonly bundles: ReadonlySet<string>;
  readonly roots: ReadonlySet<string>;
}

async function isRunning(context: ContainerContext, { id, state }: ContainerHandle): Promise<boolean> {
  return (isLive(state) || state.kind === 'starting') && (await runs(context, id));
}

async function runs(context: ContainerContext, id: string): Promise<boolean> {
  const status = await context.runtime.status(id);
  return status === 'running' || status === 'paused';
}

/** A container joined to one that is gone runs on in what it has; there is nothing to take over for it. */
function safeRequest(context: ContainerContext, handle: ContainerHandle) {
  try {
    return [sandboxRequest(context, handle.record)];
  } catch (error) {
    context.log.warn('The network of a running container could not be taken over.', { id: handle.id, error });
    return [];
  }
}

async function takeOver(context: ContainerContext, handle: ContainerHandle): Promise<void> {
  const { id } = handle;
  // It holds its root itself; without the daemon's own mount only `cp` and `diff` of it fail, and its next start.
  await context.snapshots.mount(id).catch((error: unknown) => {
    context.log.warn('The root of a running container could not be mounted again.', { id, error });
  });
  const status = await context.runtime.status(id);
  await handle.queue.run(async () => {
    const { state } = handle;
    if (state.kind === 'starting') {
      const pid = (await context.runtime.pids(id))[0] ?? 0;
      await applyEffects(context, handle, advance(context, handle, startedEvent(context, pid)));
    } else if (state.kind === 'running' && status === 'paused') {
      advance(context, handle, { type: 'paused' });
    } else if (state.kind === 'paused' && status === 'running') {
      advance(context, handle, { type: 'unpaused' });
    }
    handle.stdin.processReady();
    if (!handle.health) context.verbs.beginHealth(handle);
  });
  watchExit(context, handle);
  context.log.info('Took over a running container.', { id });
}

function startedEvent(context: ContainerContext, pid: number) {
  return { type: 'started', pid, atMs: context.clock.nowMs() } as const;
}

/** In the queue. What does not run, although the store may say so. */
async function repair(context: ContainerContext, handle: ContainerHandle, found: Found): Promise<void> {
  const { state } = handle;
  switch (state.kind) {
    case 'running':
    case 'paused':
    case 'stopping':
      await endedWhileAway(context, handle, state);
      return;
    case 'starting': {
      const end = {
        exitCode: 128,
        finishedAtMs: context.clock.nowMs(),
        oomKilled: false,
        message: 'the daemon ended while the container was being started',
      };
      await applyEffects(context, handle, advance(context, handle, { type: 'start-failed', end }));
      return;
    }
    case 'restarting':
      await startNow(context, handle, { type: 'restart-due' }, context.signal).catch((error: unknown) =>
        context.log.warn('A container could not be restarted.', { id: handle.id, error }),
      );
      return;
    case 'removing':
      await finishRemoval(context, handle, {
        volumes: handle.record.removeVolumes ?? handle.record.hostConfig.AutoRemove ?? false,
      });
      context.announce(handle, 'destroy');
      context.store.delete(handle.id);
      context.forget(handle.id);
      return;
    case 'created':
      if (!found.roots.has(handle.id) || handle.record.incomplete) await undoCreate(context, handle.record);
      // Whoever made it to run it once is gone.
      else if (handle.record.hostConfig.AutoRemove) await context.verbs.removeStopped(handle, { volumes: true });
      return;
    case 'exited':
    case 'dead':
      // The exit was stored, but the crash may have come before everything was let go, or before --rm was kept.
      if (found.roots.has(handle.id)) await context.snapshots.unmount(handle.id);
      if (found.bundles.has(handle.id)) await context.runtime.remove(handle.id);
      if (handle.record.hostConfig.AutoRemove) await context.verbs.removeStopped(handle, { volumes: true });
      return;
  }
}

async function endedWhileAway(context: ContainerContext, handle: ContainerHandle, state: LiveState): Promise<void> {
  const known = (await context.runtime.status(handle.id)) === 'stopped';
  const status = known
    ? await context.runtime.waitExit(handle.id, { signal: context.signal })
    : {
        exitCode: lostExitCode,
        oomKilled: false,
        finishedAtMs: Math.max(state.startedAtMs, context.clock.nowMs()),
      };
  await processExited(context, handle, status);
}

/** What the runtime, the snapshots and the folders know of containers that are not stored. */
async function removeStrangers(context: ContainerContext): Promise<void> {
  const { store, runtime, snapshots, log, dataRoot } = context;
  const known = [...(await runtime.list()), ...snapshots.keys()];
  const strangers = new Set(known.filter((key) => !store.get(snapshotOwner(key))));
  for (const id of strangers) {
    log.info('Removing what is left of an unknown container.', { id });
    await releaseResources(context, id);
    await snapshots.remove(id).catch((error: unknown) => {
      log.warn('The root of an unknown container could not be removed.', { id, error });
    });
  }
  const folder = join(dataRoot, 'containers');
  for (const id of await readdir(folder).catch(() => [])) {
    if (store.get(id)) continue;
    await rm(join(folder, id), { recursive: true, force: true }).catch((error: unknown) => {
      log.warn('The folder of an unknown container could not be removed.', { id, error });
    });
  }
}

async function acquireVolumes(context: ContainerContext, handles: readonly ContainerHandle[]): Promise<void> {
  for (const { id, record } of handles) {
    for (const name of volumeNames(record)) {
      await context.volumes.acquire(name, id).catch((error: unknown) => {
        context.log.warn('A volume of a container is gone.', { id, volume: name, error });
      });
    }
  }
}

/** Not waited for: the API listens while they start. */
function startWhatBelongs(context: ContainerContext, handles: readonly ContainerHandle[]): void {
  for (const handle of handles) {
    if (!context.store.get(handle.id)) continue;
    const { state, record } = handle;
    if (state.kind !== 'exited' || !startsWithDaemon(record.hostConfig.RestartPolicy, state.byUser)) continue;
    startContainer(context, handle.id, { signal: context.signal }).catch((error: unknown) => {
      context.log.warn('A container could not be started with the daemon.', { id: handle.id, error });
    });
  }
}
