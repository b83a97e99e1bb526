/** `docker cp` and `docker export`: files of a container, running or not, as tar streams. */
import type { Readable } from 'node:stream';
import { finished } from 'node:stream';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { lookupUser } from '../runtime/user-lookup.ts';
import { unpackInto } from '../snapshots/tar-reader.ts';
import { packTree } from '../snapshots/tar-writer.ts';
import { pathNotFound, statInRoot } from './archive-stat.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { holdRoot, openPlace } from './container-root.ts';
import type { PathStat, PutArchiveOptions } from './container-service.ts';

/** HEAD /containers/{id}/archive. */
export async function statContainerPath(context: ContainerContext, ref: string, path: string): Promise<PathStat> {
  const handle = context.find(ref);
  await using place = await openPlace(context, handle, requirePath(path));
  // Awaited here: the place is let go of when this function is left.
  return await statInRoot(place.root, place.path, { path, container: ref });
}

/** GET /containers/{id}/archive. The place is held until the stream has ended. */
export async function readContainerArchive(
  context: ContainerContext,
  ref: string,
  path: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<{ readonly stat: PathStat; readonly body: Readable }> {
  const handle = context.find(ref);
  await using held = new AsyncDisposableStack();
  const place = held.use(await openPlace(context, handle, requirePath(path)));
  const shown = { path, container: ref };
  const stat = await statInRoot(place.root, place.path, shown);
  const body = pack(place.root, place.path, path, shown, AbortSignal.any([signal, context.signal]));
  context.announce(handle, 'archive-path');
  return { stat, body: disposeAtEnd(context, handle, body, held.move()) };
}

function pack(
  root: string,
  place: string,
  asked: string,
  shown: { readonly path: string; readonly container: string },
  signal: AbortSignal,
): Readable {
  // Docker packs `dir` as dir/..., and `dir/.` and the root as ./...
  const name = /\/\.$/.test(asked) || /^\/?$/.test(asked) ? '.' : undefined;
  try {
    return packTree(root, place, name === undefined ? { signal, name: baseName(asked) } : { signal, name });
  } catch (error) {
    if (isWharfError(error, 'container.path-not-found')) throw pathNotFound(shown, error);
    throw error;
  }
}

function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').pop() ?? '';
}

/** PUT /containers/{id}/archive. */
export async function writeContainerArchive(
  context: ContainerContext,
  ref: string,
  path: string,
  archive: Readable,
  options: PutArchiveOptions,
): Promise<void> {
  const handle = context.find(ref);
  await using place = await openPlace(context, handle, requirePath(path));
  const shown = { path, container: ref };
  await statInRoot(place.root, `${place.path.replace(/\/\.?$/, '')}/.`, shown).catch((error: unknown) => {
    if (!isWharfError(error, 'request.invalid')) throw error;
    // There, but not a folder: another answer than not there.
    throw new WharfError('request.invalid', 'extraction point is not a directory', { cause: error });
  });
  if (place.readOnly !== undefined) {
    const what = place.readOnly === 'mount' ? 'mounted volume' : 'container rootfs';
    throw new WharfError('request.invalid', `${what} is marked read-only`);
  }
  const { signal, noOverwriteDirNonDir, copyUidGid } = options;
  const user = copyUidGid ? lookupUser(place.root, handle.record.config.User ?? '') : undefined;
  await unpackInto(place.root, place.path, archive, {
    signal: AbortSignal.any([signal, context.signal]),
    noOverwriteDirNonDir,
    owner: user && { uid: user.uid, gid: user.gid },
    pool: context.snapshots.pool,
  });
  context.announce(handle, 'extract-to-dir');
}

/** GET /containers/{id}/export: the root without volumes. */
export async function exportContainer(
  context: ContainerContext,
  ref: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Readable> {
  const handle = context.find(ref);
  await using held = new AsyncDisposableStack();
  const { root } = held.use(await holdRoot(context, handle));
  const body = packTree(root, '/', { signal: AbortSignal.any([signal, context.signal]), name: '' });
  context.announce(handle, 'export');
  return disposeAtEnd(context, handle, body, held.move());
}

function disposeAtEnd(
  context: ContainerContext,
  { id }: ContainerHandle,
  body: Readable,
  held: AsyncDisposableStack,
): Readable {
  finished(body, () => {
    held.disposeAsync().catch((error: unknown) => {
      context.log.warn('The root of a container could not be let go of.', { id, error });
    });
  });
  return body;
}

function requirePath(path: string): string {
  if (path === '') throw new WharfError('request.invalid', 'bad parameter: pathcannot be empty');
  return path;
}
