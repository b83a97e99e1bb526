/**
 * Unpacks an archive into a living tree, such as a running container's root (docker cp). Unlike a layer's, this tree has
 * links of its own that must be followed, and processes in it that may change it at any moment; so each folder is opened
 * through the kernel's own resolution (open-in-root.ts) and entries are made below its descriptor.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { errnoOf, mknod, nodeKinds } from '../linux/mount.ts';
import { type OpenedPath, openInRoot, openRoot } from '../linux/open-in-root.ts';
import { bytePath, byteString, insideParts, shownName, type TarEntry } from './tar-format.ts';
import { corrupt, type TarSink } from './tar-parser.ts';
import { removeTree, setFileAttributes, statAt } from './tree-ops.ts';

export interface UnpackOptions {
  /** Refuse to replace a folder by something else, or something else by a folder. */
  readonly noOverwriteDirNonDir?: boolean;
  /** Owner of everything that is unpacked; as the archive says when left out. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const maxOpenFolders = 64;
const oPath = 0o10000000;

export class RootedTree implements TarSink, Disposable {
  readonly #root: OpenedPath;
  readonly #base: readonly string[];
  readonly #options: UnpackOptions;
  readonly #umask = process.umask();
  /** Opened folders by path, oldest first; bounded. */
  readonly #folders = new Map<string, OpenedPath>();
  readonly #folderTimes: { readonly parts: readonly string[]; readonly mtime: number }[] = [];
  #file: { readonly fd: number; readonly path: string; readonly entry: TarEntry } | undefined;
  #bytes = 0;
  #entries = 0;

  /** @throws WharfError 'container.path-not-found' when `path` is no folder in the root */
  constructor(root: string, path: string, options: UnpackOptions) {
    this.#options = options;
    this.#root = openRoot(root);
    // Not resolved lexically: `..` after a link means the link target's parent, and the kernel knows.
    this.#base = byteString(path)
      .split('/')
      .filter((part) => part !== '' && part !== '.');
    try {
      this.#folder([]);
    } catch (error) {
      this.#root[Symbol.dispose]();
      if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
      throw new WharfError('container.path-not-found', `no folder ${path} in the container`, { cause: error });
    }
  }

  get usage(): { sizeBytes: number; inodes: number } {
    return { sizeBytes: this.#bytes, inodes: this.#entries };
  }

  entry(entry: TarEntry): void {
    this.#entries++;
    this.#bytes += entry.size;
    const parts = insideParts(entry.name);
    if (parts === undefined) {
      throw new WharfError('layer.unsafe', `refused ${JSON.stringify(shownName(entry.name))}: it would lie outside`);
    }
    const base = parts.pop();
    // The folder that is unpacked into keeps its own attributes.
    if (base === undefined) return;
    this.#makeRoom(entry, `${this.#folderOrMake(parts).path}/${base}`);
    // Asked again: to make room may have let go of the folders that were held open.
    const path = `${this.#folderOrMake(parts).path}/${base}`;
    this.#create(this.#options.owner === undefined ? entry : { ...entry, ...this.#options.owner }, path, [
      ...parts,
      base,
    ]);
  }

  data(chunk: Uint8Array): void {
    if (this.#file === undefined) return;
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#file.fd, chunk, at, chunk.length - at);
  }

  endFile(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      setFileAttributes(file.fd, file.path, file.entry, file.entry.mode & 0o777 & ~this.#umask);
    } finally {
      closeSync(file.fd);
    }
  }

  finish(): void {
    for (const { parts, mtime } of this.#folderTimes) this.#setTime(parts, mtime);
  }

  #setTime(parts: readonly string[], mtime: number): void {
    try {
      using folder = openInRoot(this.#root, this.#pathOf(parts), { directory: true, follow: false });
      utimesSync(folder.path, mtime, mtime);
    } catch (error) {
      // A later entry, or a process in the root, may have put something else there.
      if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
    for (const folder of this.#folders.values()) folder[Symbol.dispose]();
    this.#folders.clear();
    this.#root[Symbol.dispose]();
  }

  #pathOf(parts: readonly string[]): string | Buffer {
    return bytePath([...this.#base, ...parts].join('/'));
  }

  #folder(parts: readonly string[]): OpenedPath {
    const key = parts.join('/');
    const known = this.#folders.get(key);
    if (known !== undefined) return known;
    const folder = openInRoot(this.#root, this.#pathOf(parts), { directory: true, follow: true });
    this.#folders.set(key, folder);
    const [oldest] = this.#folders;
    if (this.#folders.size > maxOpenFolders && oldest !== undefined) {
      this.#folders.delete(oldest[0]);
      oldest[1][Symbol.dispose]();
    }
    return folder;
  }

  #folderOrMake(parts: readonly string[]): OpenedPath {
    try {
      return this.#folder(parts);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || parts.length === 0) throw error;
    }
    const parent = this.#folderOrMake(parts.slice(0, -1));
    mkdirSync(bytePath(`${parent.path}/${parts.at(-1)}`), 0o755);
    return this.#folder(parts);
  }

  /** As Docker: folders merge, everything else replaces what was there. */
  #makeRoom(entry: TarEntry, path: string): void {
    const there = statAt(path);
    if (there === undefined) return;
    const wantsFolder = entry.type === 'dir';
    if (there.isDirectory() && wantsFolder) return;
    if (this.#options.noOverwriteDirNonDir === true && there.isDirectory() !== wantsFolder) {
      const [from, to] = wantsFolder ? ['non-directory', 'directory'] : ['directory', 'non-directory'];
      throw new WharfError(
        'request.invalid',
        `cannot overwrite ${from} ${JSON.stringify(shownName(entry.name))} with ${to}`,
      );
    }
    removeTree(path);
    // A path that was held open may have led through it.
    if (there.isDirectory() || there.isSymbolicLink()) this.#forgetFolders();
  }

  #forgetFolders(): void {
    for (const [key, folder] of this.#folders) {
      if (key === '') continue;
      this.#folders.delete(key);
      folder[Symbol.dispose]();
    }
  }

  #create(entry: TarEntry, path: string, parts: readonly string[]): void {
    const at = bytePath(path);
    switch (entry.type) {
      case 'file':
        this.#file = { fd: openSync(at, 'wx', entry.mode & 0o777), path, entry };
        return;
      case 'dir':
        if (statAt(path) === undefined) mkdirSync(at, 0o755);
        setHeldAttributes(path, entry, constants.O_DIRECTORY);
        this.#folderTimes.push({ parts, mtime: entry.mtime });
        return;
      case 'symlink':
        symlinkSync(bytePath(entry.linkName), at);
        lchownSync(at, entry.uid, entry.gid);
        lutimesSync(at, entry.mtime, entry.mtime);
        return;
      case 'link': {
        const target = insideParts(entry.linkName);
        const base = target?.pop();
        if (target === undefined || base === undefined) throw corrupt(`${shownName(entry.name)} links outside`);
        // Opened apart from the cache: opening one more folder may close the one `path` hangs on.
        using folder = openInRoot(this.#root, this.#pathOf(target), { directory: true, follow: true });
        linkSync(bytePath(`${folder.path}/${base}`), at);
        return;
      }
      case 'char':
      case 'block':
      case 'fifo': {
        const kind = { char: nodeKinds.charDevice, block: nodeKinds.blockDevice, fifo: nodeKinds.fifo }[entry.type];
        mknod(at, kind | 0o600, { major: entry.devMajor, minor: entry.devMinor });
        setHeldAttributes(path, entry, 0);
        return;
      }
    }
  }
}

/** Through a descriptor of the thing itself: chmod(2) would follow a link put in its place meanwhile. */
function setHeldAttributes(path: string, entry: TarEntry, flags: number): void {
  const fd = openSync(bytePath(path), oPath | constants.O_NOFOLLOW | flags);
  try {
    if (fstatSync(fd).isSymbolicLink()) throw corrupt(`${shownName(entry.name)} was replaced while it was unpacked`);
    const held = `/proc/self/fd/${fd}`;
    chownSync(held, entry.uid, entry.gid);
    chmodSync(held, entry.mode);
    if (entry.type !== 'dir') utimesSync(held, entry.mtime, entry.mtime);
  } finally {
    closeSync(fd);
  }
}
