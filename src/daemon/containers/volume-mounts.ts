import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import type { ContainerContext } from './container-context.ts';
import { type ContainerRecord, type MountRecord, newId } from './container-record.ts';
import { resolveInRoot } from './path-in-root.ts';
import type { WantedMount } from './resolve-mounts.ts';

/** Gives every volume mount its name; volumes of their own get one like Docker's, 64 hexadecimal digits. */
export function nameVolumes(wanted: readonly WantedMount[]): readonly MountRecord[] {
  return wanted.map((want) => {
    if (want.kind === 'ready') return want.mount;
    return { ...want.mount, name: want.name ?? newId(), anonymous: want.name === undefined };
  });
}

/** Makes the volumes that are not there and holds all of them for the container. */
export async function acquireVolumes(
  context: ContainerContext,
  record: ContainerRecord,
  wanted: readonly WantedMount[],
): Promise<void> {
  const { volumes } = context;
  for (const [index, mount] of record.mounts.entries()) {
    if (mount.kind !== 'volume') continue;
    const want = wanted[index];
    if (want?.kind === 'volume') {
      const anonymousLabel = mount.anonymous ? { 'com.docker.volume.anonymous': '' } : undefined;
      await volumes.create({
        Name: mount.name,
        Driver: mount.driver,
        DriverOpts: want.options,
        Labels: { ...want.labels, ...anonymousLabel },
      });
    }
    await volumes.acquire(mount.name, record.id);
  }
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

/** First use: copies what the image has at each volume's place into volumes that are empty. */
export async function populateVolumes(
  context: ContainerContext,
  record: ContainerRecord,
  root: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.kind !== 'volume' || !mount.copyContent || mount.subpath !== '') continue;
    const source = await resolveInRoot(root, mount.destination);
    const isDirectory = await stat(source).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isDirectory) await context.volumes.populate(mount.name, source, options);
  }
}

/** Where a volume mount's data is on the host. @throws WharfError 'container.config-invalid' for a missing subpath */
export async function volumeSource(
  context: ContainerContext,
  containerId: string,
  mount: Extract<MountRecord, { kind: 'volume' }>,
): Promise<string> {
  const { mountpoint } = await context.volumes.acquire(mount.name, containerId);
  if (mount.subpath === '') return mountpoint;
  const source = await resolveInRoot(mountpoint, mount.subpath);
  const exists = await stat(source).then(
    () => true,
    () => false,
  );
  if (!exists) {
    throw new WharfError(
      'container.config-invalid',
      `cannot access path ${join(mountpoint, mount.subpath)}: no such file or directory`,
    );
  }
  return source;
}

/** Where the container's volumes are on the host, for showing. A volume that is gone has no place. */
export async function mountpointsOf(
  context: ContainerContext,
  record: ContainerRecord,
): Promise<(volume: string) => string> {
  const places = new Map<string, string>();
  for (const name of volumeNames(record)) {
    const volume = await context.volumes.inspect(name).catch(() => undefined);
    places.set(name, volume?.Mountpoint ?? '');
  }
  return (name) => places.get(name) ?? '';
}
