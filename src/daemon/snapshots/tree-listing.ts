/** For tests: a tree as lines, to compare one with another. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { decodeDevice, getXattr, listXattr } from '../linux/mount.ts';
import { bytePath, byteString, shownName } from './tar-format.ts';
import { namesIn, statAt } from './tree-ops.ts';

export interface ListingOptions {
  /** Seconds of everything but folders, which change when they are filled; or of those too. */
  readonly times?: boolean | 'folders';
  /** A digest of what files hold that are longer than a line. */
  readonly contents?: boolean;
}

/**
 * One line an entry, sorted: `d etc`, `f etc/x = content`, `l a -> b`, `c null 1,3`. Mode (when it is not the usual one),
 * owner (when it is not root), links (more than one) and attributes follow.
 */
export function listTree(root: string, options: ListingOptions = {}): readonly string[] {
  const lines: string[] = [];
  const visit = (folder: string, prefix: string): void => {
    for (const name of namesIn(folder)) {
      const path = `${folder}/${name}`;
      const stats = statAt(path);
      if (stats === undefined) continue;
      lines.push(describe(path, prefix + name, stats, options));
      if (stats.isDirectory()) visit(path, `${prefix}${name}/`);
    }
  };
  visit(byteString(root), '');
  return lines.sort();
}

function describe(
  path: string,
  name: string,
  stats: Stats,
  { times = false, contents = false }: ListingOptions,
): string {
  const { mode, uid, gid, nlink } = stats;
  const kind = kindOf(stats);
  // Overlay's whiteout, which nobody sees.
  const isMark = kind === 'c' && stats.rdev === 0;
  const permissions = mode & 0o7777;
  const usual = kind === 'd' ? 0o755 : 0o644;
  const notes = [
    kind === 'l' || permissions === usual ? '' : ` ${permissions.toString(8)}`,
    uid === 0 && gid === 0 ? '' : ` ${uid}:${gid}`,
    kind === 'd' || nlink === 1 ? '' : ` x${nlink}`,
    !isMark && (times === 'folders' || (times && kind !== 'd')) ? ` @${Math.floor(stats.mtimeMs / 1000)}` : '',
    ...attributesOf(path, kind),
  ].join('');
  const long = contents && kind === 'f' && stats.size > 60 ? ` #${digestOf(path)}` : '';
  return `${kind} ${shown(name)}${contentOf(path, stats, kind)}${long}${notes}`;
}

function kindOf(stats: Stats): string {
  if (stats.isFile()) return 'f';
  if (stats.isDirectory()) return 'd';
  if (stats.isSymbolicLink()) return 'l';
  if (stats.isCharacterDevice()) return 'c';
  if (stats.isBlockDevice()) return 'b';
  return stats.isFIFO() ? 'p' : 's';
}

function contentOf(path: string, stats: Stats, kind: string): string {
  if (kind === 'l') return ` -> ${shown(readlinkSync(bytePath(path), { encoding: 'latin1' }))}`;
  if (kind === 'c' || kind === 'b') {
    const { major, minor } = decodeDevice(stats.rdev);
    return ` ${major},${minor}`;
  }
  if (kind !== 'f' || stats.size === 0) return '';
  return stats.size > 60 ? ` (${stats.size} bytes)` : ` = ${firstBytes(path)}`;
}

function attributesOf(path: string, kind: string): readonly string[] {
  if (kind !== 'f' && kind !== 'd') return [];
  return listXattr(bytePath(path))
    .filter((name) => name !== 'security.selinux')
    .map((name) => ` [${name}=${getXattr(bytePath(path), name)?.toString('hex')}]`)
    .sort();
}

function digestOf(path: string): string {
  return createHash('sha256')
    .update(readFileSync(bytePath(path)))
    .digest('hex');
}

function firstBytes(path: string): string {
  const fd = openSync(bytePath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const buffer = Buffer.alloc(Math.min(60, fstatSync(fd).size));
    readSync(fd, buffer, 0, buffer.length, 0);
    return JSON.stringify(buffer.toString('latin1'));
  } finally {
    closeSync(fd);
  }
}

/** Long names shortened, odd bytes as they are. */
function shown(name: string): string {
  return name.length > 120 ? `${shownName(name.slice(0, 20))}...(${name.length})` : shownName(name);
}
