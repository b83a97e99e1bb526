/**
 * First use of a volume: what the image has at the mount's place is copied into it, if it is empty.
 *
 *     image's folder ── copy ──► .wharf-copying ── rename ──► .wharf-moving ── rename each entry ──► the volume
 *
 * 1. `.wharf-copying` is worthless: whoever finds it deletes it.
 * 2. `.wharf-moving` is complete: whoever finds it goes on moving. So a crash leaves all of the content or nothing, and nothing a
 *    container wrote meanwhile is touched.
 * 3. Both lie on the volume's own file system, so that moving is renaming.
 */
import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../linux/mount.ts';
import { copyTree } from './copy-tree.ts';

const copyingName = '.wharf-copying';
const movingName = '.wharf-moving';
const stagingNames: ReadonlySet<string> = new Set([copyingName, movingName]);

export interface PopulatePlaces {
  /** Where the content is to be. */
  readonly target: string;
  /** A folder on the same file system for the copy on its way; may be `target`. */
  readonly staging: string;
}

/** @param source an absolute path of a folder, in a tree nobody changes meanwhile */
export async function populateFolder(
  source: string,
  { target, staging }: PopulatePlaces,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  await finishPopulating({ target, staging });
  if ((await readdir(target)).length > 0) return;
  const copying = join(staging, copyingName);
  await mkdir(copying, { mode: 0o700 });
  try {
    await copyTree(source, copying, options);
  } catch (error) {
    await rm(copying, { recursive: true, force: true });
    throw error;
  }
  await rename(copying, join(staging, movingName));
  await finishPopulating({ target, staging });
}

/** Brings a copy that was cut to its end: undone or done. */
export async function finishPopulating({ target, staging }: PopulatePlaces): Promise<void> {
  await rm(join(staging, copyingName), { recursive: true, force: true });
  const moving = join(staging, movingName);
  if (!existsSync(moving)) return;
  for (const name of await readdir(moving)) {
    // A container may have made something of the same name meanwhile: its own stays.
    await rename(join(moving, name), join(target, name)).catch(ignoreTaken);
  }
  const { uid, gid, mode, atime, mtime } = await lstat(moving);
  await chown(target, uid, gid);
  await chmod(target, mode & 0o7777);
  await utimes(target, atime, mtime);
  await rm(moving, { recursive: true, force: true });
}

/** What is in a volume, without what only passes through. */
export function isStaging(name: string): boolean {
  return stagingNames.has(name);
}

function ignoreTaken(error: unknown): void {
  const errno = errnoOf(error);
  if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST' && errno !== 'EISDIR' && errno !== 'ENOTDIR') throw error;
}
