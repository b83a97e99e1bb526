/**
 * Parts of volumes for mounting. A container with the same volume may swap a folder for a link at any moment, so a path is
 * not looked up and handed on: the kernel opens it below the volume's root, and what it opened is bound to a place of ours.
 *
 *   <exec-root>/volume-subpaths/<mount ID>   bind mount of the folder or file
 */
import { existsSync, mkdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { errnoText } from '../linux/errno-text.ts';
import { errnoOf, mount, mountFlags, unmount } from '../linux/mount.ts';
import { openInRoot, openRoot } from '../linux/open-in-root.ts';
import { prefixed } from './volume-errors.ts';

/** @throws WharfError 'volume.subpath-not-found' with Docker's text */
export function bindSubpath(folder: string, mountId: string, base: string, subpath: string): string {
  const shown = join(base, subpath);
  using root = openRoot(base);
  using place = openPlace(root, base, subpath);
  return bindTo(join(folder, mountId), folder, place.path, shown);
}

/**
 * The folder at a subpath, held open, to be filled. Undefined when it is not there: the start says so.
 * @throws WharfError 'volume.invalid' when it leads out of the volume or is a file
 */
export function openSubfolder(base: string, subpath: string): (Disposable & { readonly path: string }) | undefined {
  using root = openRoot(base);
  try {
    const place = openPlace(root, base, subpath);
    if (statSync(place.path).isDirectory()) return place;
    place[Symbol.dispose]();
  } catch (error) {
    if (isWharfError(error, 'volume.subpath-not-found')) return undefined;
    throw prefixed('failed to populate volume: ', error, 400);
  }
  throw new WharfError('volume.invalid', `open ${join(base, subpath)}: not a directory`, { status: 500 });
}

/** A bind of a folder or file without what is mounted below it. @throws WharfError 'volume.invalid' */
export function bindAlone(folder: string, key: string, source: string): string {
  return bindTo(join(folder, key), folder, source, source);
}

function bindTo(target: string, folder: string, source: string, shown: string): string {
  const isFolder = statSync(source).isDirectory();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (isFolder) mkdirSync(target, { mode: 0o700 });
  else writeFileSync(target, '', { mode: 0o600, flag: 'wx' });
  try {
    mount({ source, target, type: '', flags: mountFlags.bind });
  } catch (cause) {
    removeTarget(target);
    throw new WharfError('volume.invalid', `failed to mount ${shown}: ${errnoText(cause)}`, { cause, status: 500 });
  }
  return target;
}

function openPlace(root: ReturnType<typeof openRoot>, base: string, subpath: string) {
  try {
    return openInRoot(root, subpath, { directory: false, follow: true, beneath: true });
  } catch (cause) {
    const shown = join(base, subpath);
    if (errnoOf(cause) === 'EXDEV') {
      throw new WharfError(
        'volume.invalid',
        `path concatenation escapes the base directory, base: ${base}, subpath: ${subpath}`,
        {
          cause,
          status: 500,
        },
      );
    }
    const missing = firstMissing(root, subpath);
    const part = missing === undefined ? '' : `lstat ${join(base, missing)}: `;
    throw new WharfError('volume.subpath-not-found', `cannot access path ${shown}: ${part}${errnoText(cause)}`, {
      cause,
    });
  }
}

/** The shortest part of the path that is not there. */
function firstMissing(root: ReturnType<typeof openRoot>, subpath: string): string | undefined {
  const parts = subpath.split('/');
  for (let length = 1; length <= parts.length; length++) {
    const path = parts.slice(0, length).join('/');
    try {
      openInRoot(root, path, { directory: false, follow: true, beneath: true })[Symbol.dispose]();
    } catch {
      return path;
    }
  }
  return undefined;
}

/** Nothing there is fine. */
export async function unbindSubpath(folder: string, mountId: string): Promise<void> {
  const target = join(folder, mountId);
  if (!existsSync(target)) return;
  await unmount(target, { lazy: true });
  removeTarget(target);
}

function removeTarget(target: string): void {
  try {
    if (statSync(target).isDirectory()) rmdirSync(target);
    else unlinkSync(target);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
