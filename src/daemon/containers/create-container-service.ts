import { exportContainer, readContainerArchive, statContainerPath, writeContainerArchive } from './archive.ts';
import { attachContainer } from './attach.ts';
import { containerChanges } from './changes.ts';
import { commitContainer } from './commit.ts';
import { type ContainerContext, type ContainerDeps, createContainerContext } from './container-context.ts';
import { removeLink } from './container-links.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ContainerCounts, ContainerService } from './container-service.ts';
import { isLive } from './container-state.ts';
import { createContainer } from './create.ts';
import { createExec, inspectExec, resizeExec, startExec } from './exec.ts';
import { beginHealth } from './health-monitor.ts';
import { inspectContainer } from './inspect.ts';
import { killContainer } from './kill.ts';
import { listContainers } from './list.ts';
import { containerLogs } from './logs.ts';
import { connectNetwork, disconnectNetwork } from './network-attachments.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { pruneContainers } from './prune.ts';
import { reconcile } from './reconcile.ts';
import { removeContainer, removeStopped } from './remove.ts';
import { renameContainer } from './rename.ts';
import { resizeContainer } from './resize.ts';
import { restartContainer } from './restart.ts';
import { shutdownContainers } from './shutdown.ts';
import { startContainer, startNow } from './start.ts';
import { containerStats } from './stats.ts';
import { stopContainer } from './stop.ts';
import { containerTop } from './top.ts';
import { updateContainer } from './update.ts';
import { waitForContainer } from './wait.ts';

/** The containers of one daemon. Call `reconcile` once before anything else, `shutdown` at the end. */
export function createContainerService(deps: ContainerDeps): ContainerService {
  const context = createContainerContext(deps, (made) => ({
    restartDue: (handle) => startNow(made, handle, { type: 'restart-due' }, made.signal),
    removeStopped: (handle, options) => removeStopped(made, handle, options),
    beginHealth: (handle) => beginHealth(made, handle),
  }));
  return {
    create: (request, options) => createContainer(context, request, options),
    list: (query, options) => listContainers(context, query, options),
    inspect: (ref, options) => inspectContainer(context, ref, options),
    rename: (ref, name) => renameContainer(context, ref, name),
    update: (ref, update) => updateContainer(context, ref, update),
    prune: (filters) => pruneContainers(context, filters),
    remove: (ref, options) => removeContainer(context, ref, options),
    removeLink: (ref) => removeLink(context, ref),
    start: (ref, options) => startContainer(context, ref, options),
    stop: (ref, options) => stopContainer(context, ref, options),
    restart: (ref, options) => restartContainer(context, ref, options),
    kill: (ref, options) => killContainer(context, ref, options),
    pause: (ref) => pauseContainer(context, ref),
    unpause: (ref) => unpauseContainer(context, ref),
    wait: async (ref, options) => waitForContainer(context, ref, options),
    resize: (ref, size) => resizeContainer(context, ref, size),
    top: (ref, psArgs) => containerTop(context, ref, psArgs),
    stats: async (ref, options) => containerStats(context, ref, options),
    logs: async (ref, query) => containerLogs(context, ref, query),
    attach: async (ref, query) => attachContainer(context, ref, query),
    createExec: async (ref, config) => createExec(context, ref, config),
    startExec: (execId, query) => startExec(context, execId, query),
    inspectExec: async (execId) => inspectExec(context, execId),
    resizeExec: async (execId, size) => resizeExec(context, execId, size),
    statPath: (ref, path) => statContainerPath(context, ref, path),
    readArchive: (ref, path, options) => readContainerArchive(context, ref, path, options),
    writeArchive: (ref, path, archive, options) => writeContainerArchive(context, ref, path, archive, options),
    export: (ref, options) => exportContainer(context, ref, options),
    changes: (ref, options) => containerChanges(context, ref, options),
    commit: (query) => commitContainer(context, query),
    connectNetwork: (network, ref, settings) => connectNetwork(context, network, ref, settings),
    disconnectNetwork: (network, ref, options) => disconnectNetwork(context, network, ref, options),
    counts: () => countContainers(context),
    resolve: (ref) => context.store.resolve(ref),
    usersOf: (imageId) => usersOf(context, imageId),
    reconcile: (options) => reconcile(context, options),
    shutdown: (options) => shutdownContainers(context, options),
  };
}

function countContainers(context: ContainerContext): ContainerCounts {
  const states = context.store.all().map(({ state }) => state);
  const running = states.filter((state) => isLive(state) && state.kind !== 'paused').length;
  const paused = states.filter((state) => state.kind === 'paused').length;
  return { total: states.length, running, paused, stopped: states.length - running - paused };
}

function usersOf(context: ContainerContext, imageId: string) {
  return context.store
    .all()
    .filter(({ imageId: ownImage, record }) => ownImage === imageId || mountsImage(record, imageId))
    .map(({ id, state }) => ({ containerId: id, running: isLive(state) || state.kind === 'restarting' }));
}

function mountsImage({ mounts }: ContainerRecord, imageId: string): boolean {
  return mounts.some((mount) => mount.kind === 'image' && mount.imageId === imageId);
}
