/**
 * Synchronous steps on file trees by byte path, for worker threads: remove, attributes, device checks.
 * A byte path is a byte string (see tar-format.ts) that starts with `/`.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { decodeDevice, errnoOf, getXattr, listXattr, mknod, nodeKinds, setXattr } from '../linux/mount.ts';
import { inUserNamespace } from '../linux/user-namespace.ts';
import { bytePath } from './tar-format.ts';

/** Root of a user namespace has no trusted.*; overlay keeps its marks in user.* there (overlayfs.rst, "userxattr"). */
export const opaqueXattr = inUserNamespace() ? 'user.overlay.opaque' : 'trusted.overlay.opaque';

/** The stats of what is there, links not followed; undefined when nothing is. */
export function statAt(path: string): Stats | undefined {
  return lstatSync(bytePath(path), { throwIfNoEntry: false });
}

/** Overlay's mark for "deleted here": a character device 0/0. */
export function isOverlayWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

export function isOpaque(path: string): boolean {
  return getXattr(bytePath(path), opaqueXattr)?.toString() === 'y';
}

export function markOpaque(path: string): void {
  setXattr(bytePath(path), opaqueXattr, Buffer.from('y'));
}

export function makeOverlayWhiteout(path: string): void {
  mknod(bytePath(path), nodeKinds.charDevice, { major: 0, minor: 0 });
}

/** Names in a folder, as byte strings. */
export function namesIn(path: string): string[] {
  return readdirSync(bytePath(path), { encoding: 'latin1' });
}

/**
 * Removes whatever is there, links not followed; nothing there is fine. Folders are held open while they are emptied, so
 * one that is swapped for a link meanwhile does not lead out of the tree, and depth is not limited by path length.
 */
export function removeTree(path: string): void {
  const stats = statAt(path);
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    unlinkSync(bytePath(path));
    return;
  }
  const fd = openSync(bytePath(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const held = `/proc/self/fd/${fd}`;
    for (const name of namesIn(held)) removeTree(`${held}/${name}`);
  } finally {
    closeSync(fd);
  }
  rmdirSync(bytePath(path));
}

export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly xattrs: ReadonlyMap<string, Buffer> | undefined;
}

const ownUid = process.geteuid?.() ?? 0;
const ownGid = process.getegid?.() ?? 0;

/**
 * Sets owner, mode, attributes and time of an open file, in the order that keeps them: a change of owner clears setuid
 * bits and capabilities.
 * @param createdMode what the file has by now
 */
export function setFileAttributes(fd: number, path: string, attributes: Attributes, createdMode: number): void {
  const { mode, uid, gid, mtime, xattrs } = attributes;
  const owned = uid === ownUid && gid === ownGid;
  if (!owned) own(uid, gid, () => fchownSync(fd, uid, gid));
  if (mode !== createdMode || (!owned && (mode & 0o7000) !== 0)) fchmodSync(fd, mode);
  if (xattrs !== undefined) setXattrs(path, xattrs);
  futimesSync(fd, mtime, mtime);
}

/** As above for folders, links and nodes. A link has no mode; a folder's time is set later, when it is full. */
export function setPathAttributes(path: string, attributes: Attributes, kind: 'symlink' | 'dir' | 'node'): void {
  const { mode, uid, gid, mtime, xattrs } = attributes;
  const at = bytePath(path);
  if (uid !== ownUid || gid !== ownGid || kind === 'dir') own(uid, gid, () => lchownSync(at, uid, gid));
  if (kind !== 'symlink') chmodSync(at, mode);
  if (xattrs !== undefined) setXattrs(path, xattrs);
  if (kind !== 'dir') lutimesSync(at, mtime, mtime);
}

/** @throws WharfError 'image.unsupported' for an owner that the user namespace has no number for */
function own(uid: number, gid: number, change: () => void): void {
  try {
    change();
  } catch (cause) {
    if (errnoOf(cause) !== 'EINVAL' || !inUserNamespace()) throw cause;
    throw new WharfError('image.unsupported', `a file belongs to ${uid}:${gid}, beyond the numbers this user may use`, {
      cause,
      hint: 'Grant the user longer ranges in /etc/subuid and /etc/subgid, then start the engine anew.',
    });
  }
}

export function setFolderTime(path: string, mtime: number): void {
  try {
    lutimesSync(bytePath(path), mtime, mtime);
  } catch (error) {
    // A later entry may have replaced the folder or one above it.
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
  }
}

/** Overlay keeps its own state in these; taken from an image they could point one layer's files anywhere in another. */
function isOverlayXattr(name: string): boolean {
  return name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.');
}

function setXattrs(path: string, xattrs: ReadonlyMap<string, Buffer>): void {
  for (const [name, value] of xattrs) {
    if (isOverlayXattr(name) || (name.startsWith('trusted.') && inUserNamespace())) continue;
    try {
      setXattr(bytePath(path), name, value);
    } catch (error) {
      const errno = errnoOf(error);
      // As Docker: a file system without attributes loses them, and user.* exist on files and folders only.
      if (errno === 'ENOTSUP' || errno === 'EPERM') continue;
      if (errno !== 'E2BIG' && errno !== 'ERANGE' && errno !== 'EINVAL') throw error;
      throw new WharfError(
        'layer.corrupt',
        `the attribute ${JSON.stringify(name.slice(0, 100))} can not be set: ${errno}`,
      );
    }
  }
}

/** All attributes worth keeping in an archive or a copy. */
export function readXattrs(path: string): ReadonlyMap<string, Buffer> | undefined {
  let found: Map<string, Buffer> | undefined;
  for (const name of listXattr(bytePath(path))) {
    // POSIX ACLs and SELinux labels belong to the host that wrote them; Docker keeps capabilities and user.*.
    if (name !== 'security.capability' && !name.startsWith('user.')) continue;
    if (isOverlayXattr(name) || (name.startsWith('trusted.') && inUserNamespace())) continue;
    const value = getXattr(bytePath(path), name);
    if (value === undefined) continue;
    found ??= new Map();
    found.set(name, value);
  }
  return found;
}

export function attributesOf(path: string, stats: Stats): Attributes {
  const { mode, uid, gid, mtimeMs } = stats;
  return { mode: mode & 0o7777, uid, gid, mtime: mtimeMs / 1000, xattrs: readXattrs(path) };
}

/** Copies one file with its attributes; clones the blocks where the file system can. */
export function copyFile(from: string, to: string, stats: Stats): void {
  copyFileSync(bytePath(from), bytePath(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const fd = openSync(bytePath(to), constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    setFileAttributes(fd, to, attributesOf(from, stats), -1);
  } finally {
    closeSync(fd);
  }
}

/** Copies the tree below `from` into the existing folder `to`: kinds, owners, modes, times, attributes and hard links. */
export function copyTree(from: string, to: string, checkCancelled: () => void): void {
  const links = new Map<string, string>();
  const copyInto = (source: string, target: string): void => {
    for (const name of namesIn(source)) {
      checkCancelled();
      const path = `${source}/${name}`;
      const stats = statAt(path);
      if (stats !== undefined) copyEntry(path, `${target}/${name}`, stats);
    }
  };
  const copyEntry = (path: string, target: string, stats: Stats): void => {
    const inode = `${stats.dev}:${stats.ino}`;
    const earlier = links.get(inode);
    if (earlier !== undefined) {
      linkSync(bytePath(earlier), bytePath(target));
      return;
    }
    if (stats.nlink > 1 && !stats.isDirectory()) links.set(inode, target);
    if (stats.isFile()) copyFile(path, target, stats);
    else if (stats.isDirectory()) {
      mkdirSync(bytePath(target), 0o700);
      copyInto(path, target);
      setPathAttributes(target, attributesOf(path, stats), 'dir');
      setFolderTime(target, stats.mtimeMs / 1000);
    } else if (stats.isSymbolicLink()) {
      symlinkSync(bytePath(readlinkSync(bytePath(path), { encoding: 'latin1' })), bytePath(target));
      setPathAttributes(target, attributesOf(path, stats), 'symlink');
    } else if (!stats.isSocket()) {
      mknod(bytePath(target), (stats.mode & 0o170000) | 0o600, decodeDevice(stats.rdev));
      setPathAttributes(target, attributesOf(path, stats), 'node');
    }
  };
  const root = lstatSync(bytePath(from));
  copyInto(from, to);
  setPathAttributes(to, attributesOf(from, root), 'dir');
  setFolderTime(to, root.mtimeMs / 1000);
}

/** Bytes of all files (each inode once) and the number of entries below `root`. */
export function measureTree(root: string, checkCancelled: () => void): { sizeBytes: number; inodes: number } {
  const seen = new Set<number>();
  let sizeBytes = 0;
  let inodes = 0;
  const measure = (folder: string): void => {
    checkCancelled();
    for (const name of namesIfThere(folder)) {
      const stats = statAt(`${folder}/${name}`);
      if (stats === undefined) continue;
      inodes++;
      if (stats.isDirectory()) measure(`${folder}/${name}`);
      else if (stats.nlink === 1 || !seen.has(stats.ino)) {
        if (stats.nlink > 1) seen.add(stats.ino);
        sizeBytes += stats.isFile() ? stats.size : 0;
      }
    }
  };
  measure(root);
  return { sizeBytes, inodes };
}

/** A container that runs may remove a folder while it is being looked through. */
export function namesIfThere(path: string): string[] {
  try {
    return namesIn(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}
