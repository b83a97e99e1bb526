import { lstat } from 'node:fs/promises';
import { basename, posix, relative } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import type { PathStat } from './container-service.ts';
import { resolveInRoot } from './path-in-root.ts';
import { timeText } from './time-text.ts';

/** Go's os.FileMode: the type bits are its own, not the kernel's. */
const goMode = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  namedPipe: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  characterDevice: 2 ** 21,
  sticky: 2 ** 20,
};

type Stats = Awaited<ReturnType<typeof lstat>>;

export function toGoMode(stats: Pick<Stats, 'mode'> & TypeTests): number {
  const mode = Number(stats.mode);
  let bits = mode & 0o777;
  if (stats.isDirectory()) bits += goMode.directory;
  else if (stats.isSymbolicLink()) bits += goMode.symlink;
  else if (stats.isBlockDevice()) bits += goMode.device;
  else if (stats.isCharacterDevice()) bits += goMode.device + goMode.characterDevice;
  else if (stats.isFIFO()) bits += goMode.namedPipe;
  else if (stats.isSocket()) bits += goMode.socket;
  if (mode & 0o4000) bits += goMode.setuid;
  if (mode & 0o2000) bits += goMode.setgid;
  if (mode & 0o1000) bits += goMode.sticky;
  return bits;
}

type TypeTests = Pick<
  Stats,
  'isDirectory' | 'isSymbolicLink' | 'isBlockDevice' | 'isCharacterDevice' | 'isFIFO' | 'isSocket'
>;

/** @throws WharfError 'container.path-not-found' in Docker's words */
export async function statInRoot(
  root: string,
  path: string,
  shown: { readonly path: string; readonly container: string },
): Promise<PathStat> {
  const followLast = /\/\.?$/.test(path);
  const found = await resolveInRoot(root, path, { followLast });
  const stats = await lstat(found).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOTDIR') throw notADirectory(shown.path, cause);
    throw pathNotFound(shown, cause);
  });
  // `dir/` and `dir/.` must be directories.
  if (followLast && !stats.isDirectory()) throw notADirectory(shown.path);
  const linkTarget = stats.isSymbolicLink() ? `/${relative(root, await resolveInRoot(root, path))}` : '';
  return {
    name: shownName(shown.path),
    size: stats.size,
    mode: toGoMode(stats),
    mtime: timeText(stats.mtimeMs),
    linkTarget,
  };
}

/** The last part of what was asked for, as it was written: `dir/.` is '.'. */
function shownName(path: string): string {
  if (/(^|\/)\.$/.test(path)) return '.';
  return basename(posix.normalize(path)) || '/';
}

/** A file, written with a slash at the end: dockerd tells this apart, with this status. */
function notADirectory(path: string, cause?: unknown): WharfError {
  return new WharfError('request.invalid', `lstat ${path}: not a directory`, { cause, status: 500 });
}

export function pathNotFound(
  shown: { readonly path: string; readonly container: string },
  cause?: unknown,
): WharfError {
  return new WharfError(
    'container.path-not-found',
    `Could not find the file ${shown.path} in container ${shown.container}`,
    { cause },
  );
}

/** The value of the header X-Docker-Container-Path-Stat. */
export function encodePathStat(stat: PathStat): string {
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}
