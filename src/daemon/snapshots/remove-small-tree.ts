/** Removing a tree of a few entries without the worker thread, whose start would take longer than the removal. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const maxEntries = 200;

/** Answers whether the tree is gone; a large one, or one with names that are no text, is left (in part) to the caller. */
export async function removeSmallTree(path: string): Promise<boolean> {
  try {
    if ((await entriesLeft(path, maxEntries)) < 0) return false;
    await rm(path, { recursive: true, force: true });
    return true;
  } catch {
    // Names that are not UTF-8, or a folder that some process still fills: the worker tries, and says what is wrong.
    return false;
  }
}

async function entriesLeft(folder: string, budget: number): Promise<number> {
  let left = budget;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    left--;
    if (left >= 0 && entry.isDirectory()) left = await entriesLeft(join(folder, entry.name), left);
    if (left < 0) return -1;
  }
  return left;
}
