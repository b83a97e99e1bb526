/** Looking at a path inside a living root (docker cp, `HEAD /containers/{id}/archive`). */
import { readlinkSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { errnoOf } from '../linux/mount.ts';
import { openInRoot, openRoot } from '../linux/open-in-root.ts';

export interface RootedStat {
  /** Last part of the path. */
  readonly name: string;
  readonly stats: Stats;
  /** Where a link leads inside the root, absolute; '' when it is none. As written when it leads to nothing. */
  readonly linkTarget: string;
}

/**
 * Links on the way are followed inside the root; the last part is not, unless the path ends in `/` or `/.`.
 * @throws WharfError 'container.path-not-found'
 */
export function statInRoot(root: string, path: string): RootedStat {
  using folder = openRoot(root);
  const follow = /(?:^|\/)\.?$/.test(path);
  try {
    using held = openInRoot(folder, path, { directory: follow, follow });
    const stats = statSync(held.path);
    const name = posix.basename(posix.resolve('/', path)) || '/';
    if (!stats.isSymbolicLink()) return { name, stats, linkTarget: '' };
    return { name, stats, linkTarget: targetOf(folder, path, held.path, root) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw error;
    throw new WharfError('container.path-not-found', `Could not find the file ${path} in the container`, {
      cause: error,
    });
  }
}

function targetOf(folder: ReturnType<typeof openRoot>, path: string, held: string, root: string): string {
  try {
    using target = openInRoot(folder, path, { directory: false, follow: true });
    const real = readlinkSync(target.path);
    const base = readlinkSync(folder.path);
    if (base === '/') return real;
    return real === base ? '/' : real.startsWith(`${base}/`) ? real.slice(base.length) : real.slice(root.length);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR' && errnoOf(error) !== 'ELOOP') throw error;
    // An empty path reads the link behind the descriptor itself.
    return readLinkAt(folder, path) ?? held;
  }
}

function readLinkAt(folder: ReturnType<typeof openRoot>, path: string): string | undefined {
  using parent = openInRoot(folder, posix.dirname(path), { directory: true, follow: true });
  return readlinkSync(`${parent.path}/${posix.basename(path)}`);
}
