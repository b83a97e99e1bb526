/** What a container changed, read from overlay's upper folder (docker diff). */
import type { Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { findInLowers } from './lower-layers.ts';
import type { Change, ChangeKind } from './snapshotter.ts';
import { byteString, shownName } from './tar-format.ts';
import { isOpaque, isOverlayWhiteout, namesIfThere, statAt } from './tree-ops.ts';

/** @param lowers topmost first */
export async function overlayChanges(
  upper: string,
  lowers: readonly string[],
  signal: AbortSignal,
): Promise<readonly Change[]> {
  const below = lowers.map(byteString);
  const found = new Map<string, ChangeKind>();
  const visit = async (folder: string, parts: readonly string[]): Promise<void> => {
    signal.throwIfAborted();
    // Each folder is read in one go; between folders the event loop has its turn.
    await nextTurn();
    for (const name of namesIfThere(folder)) {
      const path = `${folder}/${name}`;
      const inside = [...parts, name];
      const stats = statAt(path);
      if (stats === undefined) continue;
      const lower = findInLowers(below, inside)?.stats;
      const kind = kindOf(path, stats, lower);
      if (kind !== undefined) note(found, inside, kind);
      if (stats.isDirectory()) await visit(path, inside);
    }
  };
  await visit(byteString(upper), []);
  return toChanges(found);
}

/** Records a change; the folders above it count as modified, because their content is. */
export function note(found: Map<string, ChangeKind>, parts: readonly string[], kind: ChangeKind): void {
  found.set(`/${parts.join('/')}`, kind);
  for (let depth = parts.length - 1; depth > 0; depth--) {
    const above = `/${parts.slice(0, depth).join('/')}`;
    if (found.has(above)) return;
    found.set(above, 'modified');
  }
}

export function toChanges(found: ReadonlyMap<string, ChangeKind>): readonly Change[] {
  return [...found]
    .map(([path, kind]) => ({ path: shownName(path), kind }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function kindOf(path: string, stats: Stats, lower: Stats | undefined): ChangeKind | undefined {
  if (isOverlayWhiteout(stats)) return lower === undefined ? undefined : 'deleted';
  if (lower === undefined) return 'added';
  if (!stats.isDirectory() || !lower.isDirectory()) return 'modified';
  // Overlay copies a folder up when something in it changes; then the folder itself is as it was.
  const same =
    stats.mode === lower.mode && stats.uid === lower.uid && stats.gid === lower.gid && stats.mtimeMs === lower.mtimeMs;
  return same && !isOpaque(path) ? undefined : 'modified';
}
