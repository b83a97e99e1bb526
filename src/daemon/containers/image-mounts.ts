/**
 * Images mounted into containers (`--mount type=image`): a snapshot of the image, whose folder is bound read-only.
 *
 *   create: prepare ─► start: mount ─► end: unmount ─► remove
 */
import { errnoOf } from '../linux/mount.ts';
import { bindSubpath, unbindSubpath } from '../volumes/volume-subpaths.ts';
import type { ContainerContext } from './container-context.ts';
import type { ContainerRecord, MountRecord } from './container-record.ts';
import { isLive } from './container-state.ts';
import type { WantedMount } from './mount-specs.ts';

type ImageMount = Extract<MountRecord, { kind: 'image' }>;

const ownerMark = '.image-';

/** The container whose snapshot this is: its own root or a mounted image. */
export function snapshotOwner(key: string): string {
  return key.split(ownerMark)[0] ?? key;
}

/** @throws WharfError 'image.not-found' | 'image.ambiguous' */
export function plannedImageMount(
  context: ContainerContext,
  containerId: string,
  wanted: Extract<WantedMount, { kind: 'image' }>,
  index: number,
): ImageMount {
  const { reference, destination, subpath } = wanted;
  const { id, topLayer } = context.images.get(reference);
  const snapshotKey = `${containerId}${ownerMark}${index}`;
  return {
    kind: 'image',
    reference,
    imageId: id,
    topLayer,
    snapshotKey,
    source: '',
    destination,
    readOnly: true,
    subpath,
  };
}

/** Makes the snapshots and answers the mounts with the places where they will be. */
export async function prepareImages(
  context: ContainerContext,
  mounts: readonly MountRecord[],
): Promise<readonly MountRecord[]> {
  const prepared: MountRecord[] = [];
  for (const mount of mounts) {
    if (mount.kind !== 'image') {
      prepared.push(mount);
      continue;
    }
    const { snapshotKey, topLayer } = mount;
    await context.snapshots.prepare(snapshotKey, topLayer, { discardable: true });
    const source = await context.snapshots.mount(snapshotKey);
    await context.snapshots.unmount(snapshotKey);
    prepared.push({ ...mount, source });
  }
  return prepared;
}

/** Where the image's files are on this host, for a run of the container. @throws WharfError 'volume.subpath-not-found' */
export async function mountImage(context: ContainerContext, mount: ImageMount): Promise<string> {
  const root = await context.snapshots.mount(mount.snapshotKey);
  if (mount.subpath === '') return root;
  const folder = subpathFolder(context);
  await unbindSubpath(folder, mount.snapshotKey);
  return bindSubpath(folder, mount.snapshotKey, root, mount.subpath);
}

/** For looking into a container that does not run. Dispose it when done. */
export async function holdImage(
  context: ContainerContext,
  containerId: string,
  mount: ImageMount,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mountImage(context, mount);
  const release = async () => {
    const handle = context.handle(containerId);
    // Started meanwhile: then it is the run's.
    if (!isLive(handle.state)) await handle.queue.run(() => unmountImages(context, handle.record));
  };
  return { path, [Symbol.asyncDispose]: release };
}

export async function unmountImages(context: ContainerContext, record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.kind !== 'image') continue;
    if (mount.subpath !== '') await unbindSubpath(subpathFolder(context), mount.snapshotKey);
    await context.snapshots.unmount(mount.snapshotKey).catch((error: unknown) => {
      // Held by a namespace that is just going away: the removal unmounts it lazily.
      if (errnoOf(error) !== 'EBUSY') throw error;
    });
  }
}

export async function removeImages(context: ContainerContext, record: ContainerRecord): Promise<void> {
  await unmountImages(context, record);
  for (const mount of record.mounts) if (mount.kind === 'image') await context.snapshots.remove(mount.snapshotKey);
}

function subpathFolder({ execRoot }: ContainerContext): string {
  return `${execRoot}/volume-subpaths`;
}
