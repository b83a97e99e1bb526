/** Looking a path up in a stack of overlay layers, as overlay itself would, without following any link. */
import type { Stats } from 'node:fs';
import { isOpaque, isOverlayWhiteout, statAt } from './tree-ops.ts';

export interface LowerEntry {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * What the stack shows at `parts`; undefined when nothing, or when a part before the last is no folder.
 * @param lowers byte paths, topmost first
 */
export function findInLowers(lowers: readonly string[], parts: readonly string[]): LowerEntry | undefined {
  for (const lower of lowers) {
    const found = findInLayer(lower, parts);
    if (found === 'below') continue;
    return found === 'hidden' ? undefined : found;
  }
  return undefined;
}

/** 'below': this layer says nothing about the path. 'hidden': it says that nothing is there. */
function findInLayer(root: string, parts: readonly string[]): LowerEntry | 'below' | 'hidden' {
  let path = root;
  let opaque = false;
  for (const [at, part] of parts.entries()) {
    path = `${path}/${part}`;
    const stats = statAt(path);
    if (stats === undefined) return opaque ? 'hidden' : 'below';
    if (isOverlayWhiteout(stats)) return 'hidden';
    if (at === parts.length - 1) return { path, stats };
    // A file or link here hides a folder of the same name further down.
    if (!stats.isDirectory()) return 'hidden';
    opaque ||= isOpaque(path);
  }
  return 'below';
}
