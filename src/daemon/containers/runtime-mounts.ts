/** A container's mounts as the OCI runtime is to make them: sources found or made, options put together. */
import { existsSync } from 'node:fs';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { errnoText } from '../linux/errno-text.ts';
import { errnoOf, type MountPoint, mountPoints } from '../linux/mount.ts';
import { type ReadOnlySupport, recursiveReadOnly } from '../runtime/recursive-read-only.ts';
import type { RuntimeMount } from '../runtime/runtime.ts';
import type { ContainerContext } from './container-context.ts';
import { type ContainerRecord, containerDir, type MountRecord } from './container-record.ts';
import { mountImage } from './image-mounts.ts';
import { bindLone } from './lone-binds.ts';
import { tmpfsOptions } from './tmpfs-options.ts';
import { mountVolume } from './volume-mounts.ts';

type BindMount = Extract<MountRecord, { kind: 'bind' }>;

/** @throws WharfError with Docker's text for what only the start can find */
export async function runtimeMounts(
  context: ContainerContext,
  record: ContainerRecord,
): Promise<readonly RuntimeMount[]> {
  const support = recursiveReadOnly(context.runtime.info);
  const hidden = new Set(
    record.mounts.flatMap((mount) => (mount.kind === 'tmpfs' && mount.fromTmpfsMap ? [mount.destination] : [])),
  );
  const own: RuntimeMount[] = [];
  // One after the other: two may be of the same volume, and one that fails ends the start.
  for (const mount of record.mounts) {
    const isMap = mount.kind === 'tmpfs' && mount.fromTmpfsMap;
    if (!isMap && hidden.has(mount.destination)) continue;
    own.push(await runtimeMount(context, record, mount, support));
  }
  const taken = new Set(record.mounts.map((mount) => mount.destination));
  return [...networkFiles(context, record.id, taken), ...own];
}

/** resolv.conf, hosts and hostname, as the networks wrote them, unless the user put something of their own there. */
function networkFiles(context: ContainerContext, id: string, taken: ReadonlySet<string>): readonly RuntimeMount[] {
  const folder = containerDir(context.dataRoot, id);
  return ['resolv.conf', 'hostname', 'hosts'].flatMap((name) => {
    const destination = `/etc/${name}`;
    const source = join(folder, name);
    if (taken.has(destination) || !existsSync(source)) return [];
    return [{ destination, type: 'bind', source, options: ['rbind', 'rprivate'] }];
  });
}

async function runtimeMount(
  context: ContainerContext,
  record: ContainerRecord,
  mount: MountRecord,
  support: ReadOnlySupport,
): Promise<RuntimeMount> {
  const { destination } = mount;
  switch (mount.kind) {
    case 'bind': {
      if (mount.conflict !== undefined) throw startError(mount.conflict);
      await makeSource(mount);
      await checkPropagation(mount);
      const access = await accessOf(mount, mount.source, support);
      const source = mount.recursive ? mount.source : await bindLone(context, record, mount);
      return { destination, type: 'bind', source, options: ['rbind', ...access, mount.propagation] };
    }
    case 'volume': {
      const source = await mountVolume(context, record.id, mount);
      return { destination, type: 'bind', source, options: ['rbind', ...(await accessOf(mount, source, support))] };
    }
    case 'image': {
      const source = await mountImage(context, mount);
      const access = await accessOf(mount, source, support);
      return { destination, type: 'bind', source, options: ['rbind', ...access, 'rprivate'] };
    }
    case 'tmpfs': {
      const given = [...mount.options, ...(mount.readOnly ? ['ro'] : [])];
      return { destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(given) };
    }
  }
}

async function accessOf(
  mount: Exclude<MountRecord, { kind: 'tmpfs' }>,
  source: string,
  support: ReadOnlySupport,
): Promise<readonly string[]> {
  if (!mount.readOnly) return [];
  // Nothing is mounted below; crun 1.8 can't even try with a file.
  if ((mount.kind === 'bind' && !mount.recursive) || !(await isFolder(source))) return ['ro'];
  const wish = (mount.kind === 'bind' ? mount.recursiveReadOnly : undefined) ?? 'if-possible';
  if (wish === 'never') return ['ro'];
  if (support.possible) return ['rro'];
  if (wish === 'must') throw startError(support.reason);
  return ['ro'];
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * `-v` makes a missing source. Not with mkdir's `recursive`: Node turns in circles when a parent is there but takes no entries,
 * as in /proc.
 */
async function makeSource({ source, createSource }: BindMount): Promise<void> {
  if (await isThere(source)) return;
  if (!createSource) {
    throw new WharfError(
      'container.config-invalid',
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
    );
  }
  try {
    await makeFolders(source);
  } catch (cause) {
    // A file in the way is left to the runtime's own words.
    if (errnoOf(cause) === 'ENOTDIR') return;
    throw startError(
      `error while creating mount source path '${source}': mkdir ${failedPath(cause) ?? source}: ${errnoText(cause)}`,
      cause,
    );
  }
}

async function makeFolders(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await isThere(at)); at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse()) {
    await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
      // Two containers that start at the same time.
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
  }
}

function failedPath(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false;
      if (errnoOf(error) === 'ENOTDIR') return true;
      throw error;
    },
  );
}

/** What is to be passed on between host and container must be shared on the host (kernel: shared subtrees). */
async function checkPropagation({ source, propagation, aroundDataRoot }: BindMount): Promise<void> {
  const wantsShared = propagation === 'shared' || propagation === 'rshared';
  const wantsSlave = propagation === 'slave' || propagation === 'rslave';
  if (!wantsShared && !wantsSlave) return;
  const point = mountOf(await realpath(source));
  const has = (kind: string) => point?.propagation.some((field) => field.startsWith(`${kind}:`)) ?? false;
  if (has('shared') || (wantsSlave && (has('master') || aroundDataRoot === true))) return;
  const kind = wantsShared ? 'a shared mount' : 'a shared or slave mount';
  throw startError(`path ${source} is mounted on ${point?.target ?? '/'} but it is not ${kind}`);
}

/** The mount a path lies in: the last of those with the longest target. */
function mountOf(path: string): MountPoint | undefined {
  const around = mountPoints().filter(
    ({ target }) => target === '/' || path === target || path.startsWith(`${target}/`),
  );
  return around.reduce<MountPoint | undefined>(
    (best, point) => (best === undefined || point.target.length >= best.target.length ? point : best),
    undefined,
  );
}

function startError(message: string, cause?: unknown): WharfError {
  return new WharfError('container.config-invalid', message, { status: 500, cause });
}
