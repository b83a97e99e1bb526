/**
 * Removing a tree of a few entries without the worker thread, whose start would take longer than the removal. Looking is
 * done at once, for it touches memory only; removing waits for the disk's journal at times, so other threads do that, the
 * entries of a folder side by side (fs.rm takes three steps for each entry, one after the other).
 */
import { type Dirent, readdirSync } from 'node:fs';
import { rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const maxEntries = 200;

/** Answers whether the tree is gone; a large one, or one with names that are no text, is left (in part) to the caller. */
export async function removeSmallTree(path: string): Promise<boolean> {
  try {
    const tree = look(path, maxEntries);
    if (tree.left < 0) return false;
    await removeLooked(tree);
    return true;
  } catch {
    // Names that are not UTF-8, or a folder that some process still fills: the worker tries, and says what is wrong.
    return false;
  }
}

/** Removes a folder of ours, of whatever size; one that is not there is fine. */
export async function removeFolder(path: string): Promise<void> {
  if (!(await removeSmallTree(path))) await rm(path, { recursive: true, force: true });
}

interface LookedTree {
  readonly path: string;
  readonly files: readonly string[];
  readonly folders: readonly LookedTree[];
  /** Of the entries that may be; below nothing: there are more. */
  readonly left: number;
}

function look(path: string, budget: number): LookedTree {
  const files: string[] = [];
  const folders: LookedTree[] = [];
  const entries: Dirent[] = readdirSync(path, { withFileTypes: true });
  let left = budget - entries.length;
  for (const entry of left < 0 ? [] : entries) {
    const inner = join(path, entry.name);
    if (!entry.isDirectory()) files.push(inner);
    else {
      const folder = look(inner, left);
      folders.push(folder);
      left = folder.left;
      if (left < 0) break;
    }
  }
  return { path, files, folders, left };
}

async function removeLooked({ path, files, folders }: LookedTree): Promise<void> {
  await Promise.all([...files.map((file) => unlink(file)), ...folders.map(removeLooked)]);
  await rmdir(path);
}
