import { readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * Removes the folders below `root` that hold nothing, deepest first, and `root` itself when nothing is left in it. Files,
 * sockets and what is mounted keep their folders: nothing is lost, whatever still runs.
 */
export async function removeEmptyFolders(root: string): Promise<void> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeEmptyFolders(path.join(root, entry.name));
  // Not empty, busy or gone: each means there is nothing for us to remove.
  await rmdir(root).catch(() => {});
}
