/**
 * Copies a folder's content with everything it has: owners, modes, times, extended attributes, symbolic and hard links,
 * FIFOs and device nodes. Symbolic links are copied, never followed, so nothing outside the source is read.
 */
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  readdir,
  readlink,
  symlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import { decodeDevice, getXattr, listXattr, mknod, nodeKinds, setXattr } from '../linux/mount.ts';

const permissionBits = 0o7777;
/** Kept by the kernel or meaningless elsewhere. */
const skippedXattrs = ['security.selinux', 'trusted.overlay.'];

/** Copies what is inside `source` into the existing folder `target`, which gets the source's owner, mode and times too. */
export async function copyTree(
  source: string,
  target: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const hardLinks = new Map<string, string>();
  await copyContent(source, target, { signal: options.signal, hardLinks });
  await copyMetadata(source, target, await lstat(source));
}

interface Walk {
  readonly signal: AbortSignal;
  /** First copy of each file that has more names, by device and inode. */
  readonly hardLinks: Map<string, string>;
}

async function copyContent(source: string, target: string, walk: Walk): Promise<void> {
  for (const name of await readdir(source)) {
    walk.signal.throwIfAborted();
    await copyEntry(join(source, name), join(target, name), walk);
  }
}

async function copyEntry(source: string, target: string, walk: Walk): Promise<void> {
  const stat = await lstat(source);
  if (stat.isDirectory()) {
    await mkdir(target, { mode: 0o700 });
    await copyContent(source, target, walk);
    await copyMetadata(source, target, stat);
    return;
  }
  if (stat.isSymbolicLink()) {
    await symlink(await readlink(source), target);
    await copyLinkMetadata(source, target, stat);
    return;
  }
  const key = `${stat.dev}:${stat.ino}`;
  const twin = stat.nlink > 1 ? walk.hardLinks.get(key) : undefined;
  if (twin !== undefined) {
    await link(twin, target);
    return;
  }
  // A socket is the trace of a process that is gone.
  if (stat.isSocket()) return;
  await copyNode(source, target, stat);
  await copyMetadata(source, target, stat);
  if (stat.nlink > 1) walk.hardLinks.set(key, target);
}

async function copyNode(source: string, target: string, stat: Stats): Promise<void> {
  if (stat.isFile()) await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else if (stat.isFIFO()) mknod(target, nodeKinds.fifo | 0o600, { major: 0, minor: 0 });
  else
    mknod(
      target,
      (stat.isBlockDevice() ? nodeKinds.blockDevice : nodeKinds.charDevice) | 0o600,
      decodeDevice(stat.rdev),
    );
}

/** Owner first: chown clears set-user-ID bits and file capabilities. */
async function copyMetadata(source: string, target: string, stat: Stats): Promise<void> {
  await chown(target, stat.uid, stat.gid);
  await chmod(target, stat.mode & permissionBits);
  copyXattrs(source, target);
  await utimes(target, stat.atime, stat.mtime);
}

async function copyLinkMetadata(source: string, target: string, stat: Stats): Promise<void> {
  await lchown(target, stat.uid, stat.gid);
  copyXattrs(source, target);
  await lutimes(target, stat.atime, stat.mtime);
}

function copyXattrs(source: string, target: string): void {
  for (const name of listXattr(source)) {
    if (skippedXattrs.some((prefix) => name.startsWith(prefix))) continue;
    const value = getXattr(source, name);
    if (value !== undefined) setXattr(target, name, value);
  }
}

/** Bytes of all files below a folder, each counted once however many names it has. */
export async function treeBytes(root: string, options: { readonly signal: AbortSignal }): Promise<number> {
  const seen = new Set<string>();
  const sum = async (path: string): Promise<number> => {
    options.signal.throwIfAborted();
    let bytes = 0;
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      bytes += entry.isDirectory() ? await sum(child) : await fileBytes(child, seen);
    }
    return bytes;
  };
  return await sum(root);
}

async function fileBytes(path: string, seen: Set<string>): Promise<number> {
  const stat = await lstat(path).catch((error: unknown) => {
    // Deleted by a container while we walk.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stat === undefined) return 0;
  const key = `${stat.dev}:${stat.ino}`;
  if (stat.nlink > 1 && seen.has(key)) return 0;
  if (stat.nlink > 1) seen.add(key);
  return stat.size;
}
