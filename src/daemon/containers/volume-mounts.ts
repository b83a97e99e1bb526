/** The volumes of containers: made and held with the container, filled at first use, mounted while it runs. */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { WharfError } from '../../contract/errors.ts';
import type { ContainerContext } from './container-context.ts';
import { type ContainerRecord, type MountRecord, newId } from './container-record.ts';
import { plannedImageMount, removeImages, unmountImages } from './image-mounts.ts';
import { unbindLone } from './lone-binds.ts';
import type { WantedMount } from './mount-specs.ts';
import { resolveInRoot } from './path-in-root.ts';

type VolumeMount = Extract<MountRecord, { kind: 'volume' }>;

/** Gives every volume mount its name; volumes of their own get one like Docker's, 64 hexadecimal digits. */
export function nameMounts(
  context: ContainerContext,
  containerId: string,
  wanted: readonly WantedMount[],
): readonly MountRecord[] {
  return wanted.map((want, index) => {
    if (want.kind === 'ready') return want.mount;
    if (want.kind === 'image') return plannedImageMount(context, containerId, want, index);
    return { ...want.mount, name: want.name ?? newId(), anonymous: want.name === undefined };
  });
}

/** Makes the volumes that are not there and holds all of them for the container; answers the mounts with their drivers. */
export async function acquireVolumes(
  context: ContainerContext,
  record: ContainerRecord,
  wanted: readonly WantedMount[],
): Promise<readonly MountRecord[]> {
  const mounts: MountRecord[] = [];
  for (const [index, mount] of record.mounts.entries()) {
    const want = wanted[index];
    if (mount.kind !== 'volume' || want?.kind !== 'volume') {
      if (mount.kind === 'volume') await context.volumes.acquire(mount.name, record.id);
      mounts.push(mount);
      continue;
    }
    const anonymousLabel = mount.anonymous ? { 'com.docker.volume.anonymous': '' } : undefined;
    const { Driver } = await context.volumes.create(
      {
        Name: mount.name,
        Driver: mount.driver,
        ...(want.options ? { DriverOpts: want.options } : {}),
        ...(want.labels || anonymousLabel ? { Labels: { ...want.labels, ...anonymousLabel } } : {}),
      },
      { heldBy: record.id },
    );
    // As dockerd, which relabels its own volumes for SELinux; those of the config's `Volumes` have none.
    const isDeclared = mount.anonymous && Object.hasOwn(record.config.Volumes ?? {}, mount.destination);
    const mode = mount.mode === '' && Driver === 'local' && !isDeclared ? 'z' : mount.mode;
    mounts.push({ ...mount, driver: Driver, mode });
  }
  return mounts;
}

export function volumeNames(record: ContainerRecord): readonly string[] {
  return [...new Set(record.mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount.name] : [])))];
}

/** Lets go of the volumes and, if asked, removes those made for this container alone. */
export async function releaseVolumes(
  context: ContainerContext,
  record: ContainerRecord,
  options: { readonly removeAnonymous: boolean },
): Promise<void> {
  const { volumes, log } = context;
  await unmountVolumes(context, record);
  await removeImages(context, record);
  for (const name of volumeNames(record)) volumes.release(name, record.id);
  if (!options.removeAnonymous) return;
  for (const mount of record.mounts) {
    if (mount.kind !== 'volume' || !mount.anonymous || volumes.usersOf(mount.name).length > 0) continue;
    try {
      await volumes.remove(mount.name, { force: true });
    } catch (error) {
      log.warn('Could not remove a volume with its container.', { id: record.id, volume: mount.name, error });
    }
  }
}

/** Ends the mounts of a run. */
export async function unmountVolumes(context: ContainerContext, record: ContainerRecord): Promise<void> {
  await unbindLone(context, record);
  if (!record.mounts.some(({ kind }) => kind === 'volume' || kind === 'image')) return;
  await context.volumes.unmountAll(record.id);
  await unmountImages(context, record);
}

/**
 * First use: copies what the image has at each volume's place into volumes that are empty. When the container is made, as with
 * dockerd, so that `cp` finds it before the first start.
 */
export async function populateVolumes(
  context: ContainerContext,
  record: ContainerRecord,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const wanted = record.mounts.filter((mount) => mount.kind === 'volume').filter(({ copyContent }) => copyContent);
  if (wanted.length === 0) return;
  const root = await context.snapshots.mount(record.id);
  try {
    for (const mount of wanted) await populate(context, record, mount, root, options);
  } finally {
    await context.snapshots.unmount(record.id);
  }
}

async function populate(
  context: ContainerContext,
  record: ContainerRecord,
  mount: VolumeMount,
  root: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const source = await resolveInRoot(root, mount.destination);
  const found = await stat(source).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory()) {
    const isDeclared = mount.anonymous && Object.hasOwn(record.config.Volumes ?? {}, mount.destination);
    throw new WharfError(
      'container.config-invalid',
      isDeclared
        ? `cannot mount volume over existing file, file exists ${source}`
        : `source ${source} is not directory`,
      { status: 500, hint: 'A volume is a folder; bind a file instead, or give the volume another place.' },
    );
  }
  await context.volumes.populate(mount.name, source, { ...options, subpath: mount.subpath });
}

/** Where a volume mount's data is on the host, for a run of the container. */
export async function mountVolume(context: ContainerContext, containerId: string, mount: VolumeMount): Promise<string> {
  const { name, destination, readOnly, subpath } = mount;
  return await context.volumes.mount(name, { containerId, destination, readOnly, subpath });
}

/** The same for looking into a container that does not run. Dispose it when done. */
export async function holdVolume(
  context: ContainerContext,
  containerId: string,
  { name, readOnly, subpath }: VolumeMount,
): Promise<AsyncDisposable & { readonly path: string }> {
  const destination = `look-${randomBytes(8).toString('hex')}`;
  const path = await context.volumes.mount(name, { containerId, destination, readOnly, subpath, quiet: true });
  return { path, [Symbol.asyncDispose]: () => context.volumes.unmount(containerId, destination) };
}

/** Where the container's volumes are on the host, for showing. A volume that is gone has no place. */
export async function mountpointsOf(
  { volumes }: ContainerContext,
  record: ContainerRecord,
): Promise<(volume: string) => string> {
  const places = new Map(volumeNames(record).map((name) => [name, volumes.knownMountpoint(name)]));
  return (name) => places.get(name) ?? '';
}
