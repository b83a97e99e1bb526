import { existsSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { containerDir, type MountRecord } from './container-record.ts';
import { isLive } from './container-state.ts';
import { holdImage } from './image-mounts.ts';
import { holdVolume } from './volume-mounts.ts';

/** A place in a container's files: a root to resolve in, and the path there. Dispose it when done. */
export interface PlaceInContainer extends AsyncDisposable {
  readonly root: string;
  /** Absolute inside `root`; ends as the client's path did (`/`, `/.`). */
  readonly path: string;
  /** What forbids writing there. */
  readonly readOnly: 'mount' | 'root' | undefined;
}

/**
 * Finds a path as the container sees it. A running one is entered by its process's root, mounts and all; for one that does
 * not run its root is mounted, and a path inside a volume or bind is looked up at the mount's source.
 */
export async function openPlace(
  context: ContainerContext,
  handle: ContainerHandle,
  path: string,
): Promise<PlaceInContainer> {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  const { state, record, id } = handle;
  const readonlyRoot = record.hostConfig.ReadonlyRootfs ?? false;
  const clean = posix.normalize(absolute);
  const mount = record.mounts
    .filter(({ destination }) => clean === destination || clean.startsWith(`${destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
  const closed = mount ? mount.readOnly : readonlyRoot;
  const readOnly = closed ? (mount ? 'mount' : 'root') : undefined;
  if (isLive(state)) {
    return { root: `/proc/${state.pid}/root`, path: absolute, readOnly, async [Symbol.asyncDispose]() {} };
  }
  if (mount && mount.kind !== 'tmpfs') {
    const held = await holdSource(context, id, mount);
    const rest = `/${clean.slice(mount.destination.length + 1)}${/\/\.$/.test(absolute) ? '/.' : ''}`;
    return { root: held.path, path: rest, readOnly, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
  }
  const file = networkFile(context, id, clean);
  if (file !== undefined) {
    return { root: dirname(file), path: `/${basename(file)}`, readOnly, async [Symbol.asyncDispose]() {} };
  }
  const held = await holdRoot(context, handle);
  return { root: held.root, path: absolute, readOnly, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** The files that a run has bound over its root's, as the last run left them. */
function networkFile(context: ContainerContext, id: string, path: string): string | undefined {
  const name = /^\/etc\/(hosts|hostname|resolv\.conf)$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  const file = join(containerDir(context.dataRoot, id), name);
  return existsSync(file) ? file : undefined;
}

async function holdSource(
  context: ContainerContext,
  id: string,
  mount: Exclude<MountRecord, { kind: 'tmpfs' }>,
): Promise<AsyncDisposable & { readonly path: string }> {
  switch (mount.kind) {
    case 'bind':
      return { path: mount.source, async [Symbol.asyncDispose]() {} };
    case 'volume':
      return await holdVolume(context, id, mount);
    case 'image':
      return await holdImage(context, id, mount);
  }
}

/** The container's own root, without its mounts, for as long as it is held. */
export async function holdRoot(
  context: ContainerContext,
  handle: ContainerHandle,
): Promise<AsyncDisposable & { readonly root: string }> {
  const root = await handle.queue.run(async () => {
    handle.rootUsers += 1;
    try {
      return await context.snapshots.mount(handle.id);
    } catch (error) {
      handle.rootUsers -= 1;
      throw error;
    }
  });
  let held = true;
  return {
    root,
    async [Symbol.asyncDispose]() {
      if (!held) return;
      held = false;
      await handle.queue.run(async () => {
        handle.rootUsers -= 1;
        const needed = handle.rootUsers > 0 || isLive(handle.state) || !context.store.get(handle.id);
        if (!needed) await context.snapshots.unmount(handle.id);
      });
    },
  };
}
