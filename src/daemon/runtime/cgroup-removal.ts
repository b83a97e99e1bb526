/** Removing the control groups of a container whose processes are gone. */
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { type CgroupPaths, cgroupRoot } from '../linux/cgroup.ts';

/** A dying process holds its group for a moment after it is gone from /proc. */
const retryLimitMs = 2000;

/**
 * The directories that are this container's own: the part of each path up to its ID. A container in a group of another
 * name (the host's, say) has none.
 */
export function ownCgroups(paths: CgroupPaths, id: string): readonly string[] {
  const folders = Object.values(paths).flatMap((path) => {
    const parts = path.split('/');
    const index = parts.indexOf(id);
    return index === -1 ? [] : [parts.slice(0, index + 1).join('/')];
  });
  return [...new Set(folders)];
}

/** A container's groups by name alone, in every tree: for one whose record was lost with the exec root. */
export function cgroupsNamed(cgroupParent: string, id: string): readonly string[] {
  const trees = readdirSync(cgroupRoot, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [cgroupRoot, ...trees.map((tree) => `${cgroupRoot}/${tree.name}`)]
    .map((tree) => `${tree}${cgroupParent}/${id}`)
    .filter((folder) => existsSync(folder));
}

/** True when all are gone; false when one is still busy after the limit. */
export async function removeCgroups(folders: readonly string[]): Promise<boolean> {
  const results = await Promise.all(folders.map(removeWithRetries));
  return results.every(Boolean);
}

async function removeWithRetries(folder: string): Promise<boolean> {
  const deadline = performance.now() + retryLimitMs;
  for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, 100)) {
    if (removeTree(folder)) return true;
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

/** A control group goes by rmdir(2), its files with it, when it has no children and no processes. */
function removeTree(folder: string): boolean {
  if (removeOne(folder)) return true;
  for (const name of childGroups(folder)) removeTree(`${folder}/${name}`);
  return removeOne(folder);
}

function childGroups(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    // It went meanwhile.
    return [];
  }
}

/** At once, for it takes microseconds: nine trees each through another thread took longer than all the rest of a removal. */
function removeOne(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'ENOENT') return true;
    if (error.code === 'EBUSY' || error.code === 'ENOTEMPTY') return false;
    throw error;
  }
}

/** Removes the common parent of this daemon's containers from every tree, where none of them is left in it. */
export function removeEmptyParent(cgroupParent: string): void {
  const trees = readdirSync(cgroupRoot, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of [cgroupRoot, ...trees.map((tree) => `${cgroupRoot}/${tree.name}`)]) {
    try {
      rmdirSync(`${folder}${cgroupParent}`);
    } catch {
      // Containers that outlive the daemon keep it, and most trees have none.
    }
  }
}
