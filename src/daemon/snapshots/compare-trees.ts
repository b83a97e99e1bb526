/** What one tree has that another has not, for snapshotters that keep whole trees. */
import { readlinkSync, type Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { note } from './overlay-changes.ts';
import type { ChangeKind } from './snapshotter.ts';
import { bytePath, byteString } from './tar-format.ts';
import { namesIfThere, statAt } from './tree-ops.ts';

export interface TreeDifference {
  /** By absolute byte path inside the tree; folders above a change are 'modified'. */
  readonly kinds: ReadonlyMap<string, ChangeKind>;
  /** What an archive of the changes must hold, relative. */
  readonly present: ReadonlySet<string>;
  /** What is gone, relative; the content of a folder that is gone is not listed. */
  readonly deleted: readonly string[];
  readonly usage: { readonly sizeBytes: number; readonly inodes: number };
}

export async function compareTrees(upper: string, lower: string, signal: AbortSignal): Promise<TreeDifference> {
  const kinds = new Map<string, ChangeKind>();
  const deleted: string[] = [];
  let sizeBytes = 0;
  const visit = async (above: string, below: string | undefined, parts: readonly string[]): Promise<void> => {
    signal.throwIfAborted();
    await nextTurn();
    const names = namesIfThere(above);
    for (const name of names) {
      const inside = [...parts, name];
      const stats = statAt(`${above}/${name}`);
      if (stats === undefined) continue;
      const old = below === undefined ? undefined : statAt(`${below}/${name}`);
      const kind =
        old === undefined
          ? 'added'
          : isSame(`${above}/${name}`, stats, `${below}/${name}`, old)
            ? undefined
            : 'modified';
      if (kind !== undefined) {
        note(kinds, inside, kind);
        sizeBytes += stats.isFile() ? stats.size : 0;
      }
      if (stats.isDirectory())
        await visit(`${above}/${name}`, old?.isDirectory() ? `${below}/${name}` : undefined, inside);
    }
    if (below === undefined) return;
    const here = new Set(names);
    for (const name of namesIfThere(below)) {
      if (here.has(name)) continue;
      note(kinds, [...parts, name], 'deleted');
      deleted.push([...parts, name].join('/'));
    }
  };
  await visit(byteString(upper), byteString(lower), []);
  const present = new Set([...kinds].filter(([, kind]) => kind !== 'deleted').map(([path]) => path.slice(1)));
  return { kinds, present, deleted, usage: { sizeBytes, inodes: kinds.size } };
}

function isSame(path: string, stats: Stats, oldPath: string, old: Stats): boolean {
  if (stats.mode !== old.mode || stats.uid !== old.uid || stats.gid !== old.gid || stats.rdev !== old.rdev)
    return false;
  // A folder's time moves whenever something in it does; what does is told by itself.
  if (stats.isDirectory()) return true;
  if (stats.size !== old.size || Math.abs(stats.mtimeMs - old.mtimeMs) >= 1) return false;
  if (!stats.isSymbolicLink()) return true;
  const target = (link: string): string => readlinkSync(bytePath(link), { encoding: 'latin1' });
  return target(path) === target(oldPath);
}
