/**
 * Unpacks the entries of one layer into a folder. Synchronous: it runs in a worker thread, where that is three times as
 * fast as promises (17,000 files: 277 against 79 MB/s).
 *
 * Two ways to keep what a layer deletes:
 *   'overlay'  the folder holds this layer only; deletions become overlay's own marks (device 0/0, opaque attribute)
 *   'merge'    the folder begins as a copy of the layers below; deletions are carried out
 *
 * What may be trusted: nothing of an entry. Invariants that keep it inside the folder:
 * 1. Every path is resolved part by part from the root; `..` is resolved lexically first and may not climb out.
 * 2. A link in the middle of a path is followed only when this layer made it, by the same steps: an absolute target begins
 *    at this root again, and one that climbs out refuses the layer. One of a lower layer becomes a folder, as under overlay.
 * 3. The last part is never followed: it is created exclusively, after what was there went away.
 * 4. A hard link's target is resolved by the same rules.
 */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { classifyLayerEntry, metadataPrefix, whiteoutPrefix } from '../../oci/whiteout.ts';
import { errnoOf, mknod, nodeKinds } from '../linux/mount.ts';
import { inUserNamespace } from '../linux/user-namespace.ts';
import { type LayerLimits, tooLarge } from './layer-limits.ts';
import { findInLowers } from './lower-layers.ts';
import { bytePath, byteString, insideParts, shownName, type TarEntry } from './tar-format.ts';
import { corrupt, type TarSink } from './tar-parser.ts';
import {
  attributesOf,
  copyFile,
  isOverlayWhiteout,
  makeOverlayWhiteout,
  markOpaque,
  namesIn,
  removeTree,
  setFileAttributes,
  setFolderTime,
  setPathAttributes,
  statAt,
} from './tree-ops.ts';

export interface LayerTreeOptions {
  /** Existing folder; absolute. */
  readonly root: string;
  readonly deletions: 'overlay' | 'merge';
  /** Folders of the layers below, topmost first; only asked with 'overlay'. */
  readonly lowers: readonly string[];
  readonly limits: LayerLimits;
}

const maxLinkHops = 40;

export class LayerTree implements TarSink {
  readonly #root: string;
  readonly #overlay: boolean;
  readonly #lowers: readonly string[];
  readonly #limits: LayerLimits;
  readonly #umask = process.umask();
  /** Resolved folders by their path in the archive. Emptied whenever something is replaced. */
  readonly #folders = new Map<string, string>();
  /** What this layer made, when it is unpacked among others' files. */
  readonly #own = new Set<string>();
  readonly #folderTimes = new Map<string, number>();
  #file:
    | { readonly fd: number; readonly path: string; readonly entry: TarEntry; readonly createdMode: number }
    | undefined;
  /** Something went away that was there before; what was known of paths may be wrong. */
  #replaced = false;
  #entries = 0;
  #bytes = 0;

  constructor(options: LayerTreeOptions) {
    this.#root = byteString(options.root);
    this.#overlay = options.deletions === 'overlay';
    this.#lowers = options.lowers.map(byteString);
    this.#limits = options.limits;
  }

  get usage(): { sizeBytes: number; inodes: number } {
    return { sizeBytes: this.#bytes, inodes: this.#entries };
  }

  /** @throws WharfError 'layer.unsafe' | 'layer.corrupt' | 'layer.too-large', and errors of the file system */
  entry(entry: TarEntry): void {
    this.#count(entry);
    const parts = insideParts(entry.name);
    if (parts === undefined) throw unsafe(entry.name, 'it would lie outside of the root');
    const base = parts.pop();
    if (base === undefined) {
      if (entry.type !== 'dir') throw unsafe(entry.name, 'it would replace the root');
      this.#setFolder(this.#root, entry);
      return;
    }
    if (base.startsWith(whiteoutPrefix)) {
      this.#hide(entry, parts, base);
      return;
    }
    // What AUFS kept in folders of its own.
    if (entry.name.includes(metadataPrefix) && parts.some((part) => part.startsWith(metadataPrefix))) return;
    const folder = this.#folder(parts, entry);
    const path = `${folder}/${base}`;
    if (entry.type === 'char' && entry.devMajor === 0 && entry.devMinor === 0) {
      // Such a device is overlay's whiteout already; let it mean the same everywhere.
      this.#whiteOut(path);
      return;
    }
    this.#create(entry, path);
    if (!this.#overlay) this.#own.add(path);
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
      setFileAttributes(file.fd, file.path, file.entry, file.createdMode);
    } finally {
      closeSync(file.fd);
    }
  }

  /** Call when all entries are in: folders get their times only now, because filling them changes them. */
  finish(): void {
    const folders = new Set([this.#root]);
    // A folder on the way may have become something else since, such as a link that leads out of the root.
    const isFolder = (path: string): boolean => {
      if (folders.has(path)) return true;
      if (!isFolder(path.slice(0, path.lastIndexOf('/'))) || !statAt(path)?.isDirectory()) return false;
      folders.add(path);
      return true;
    };
    for (const [path, mtime] of this.#folderTimes) if (!this.#replaced || isFolder(path)) setFolderTime(path, mtime);
  }

  /** Call when unpacking failed. */
  abandon(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #count(entry: TarEntry): void {
    this.#entries++;
    this.#bytes += entry.size;
    const { maxEntries, maxBytes } = this.#limits;
    if (this.#entries > maxEntries)
      throw tooLarge(`the layer has more than ${maxEntries} entries`, 'layer-max-entries');
    if (this.#bytes > maxBytes) throw tooLarge(`the layer holds more than ${maxBytes} bytes`, 'layer-max-size');
  }

  #create(entry: TarEntry, path: string): void {
    switch (entry.type) {
      case 'file': {
        const createdMode = entry.mode & 0o777 & ~this.#umask;
        const fd = this.#place(path, () => openSync(bytePath(path), 'wx', entry.mode & 0o777));
        this.#file = { fd, path, entry, createdMode };
        return;
      }
      case 'dir':
        this.#makeFolder(path);
        this.#setFolder(path, entry);
        return;
      case 'symlink':
        if (entry.linkName === '') throw corrupt(`${shownName(entry.name)} is a link to nothing`);
        this.#place(path, () => symlinkSync(bytePath(entry.linkName), bytePath(path)));
        setPathAttributes(path, entry, 'symlink');
        return;
      case 'link':
        this.#hardLink(entry, path);
        return;
      case 'char':
      case 'block':
      case 'fifo': {
        // Only the machine's root makes devices; Docker leaves them out too, and containers have a /dev of their own.
        if (entry.type !== 'fifo' && inUserNamespace()) return;
        const kind =
          entry.type === 'char'
            ? nodeKinds.charDevice
            : entry.type === 'block'
              ? nodeKinds.blockDevice
              : nodeKinds.fifo;
        this.#place(path, () => mknod(bytePath(path), kind | 0o600, { major: entry.devMajor, minor: entry.devMinor }));
        setPathAttributes(path, entry, 'node');
        return;
      }
    }
  }

  /** Creates exclusively; what is in the way goes away first. */
  #place<T>(path: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#replace(path);
    return make();
  }

  #replace(path: string): void {
    removeTree(path);
    this.#folders.clear();
    this.#replaced = true;
  }

  #makeFolder(path: string): void {
    try {
      mkdirSync(bytePath(path), 0o755);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const stats = statAt(path);
    if (stats?.isDirectory()) return;
    const hidesLower = this.#overlay && stats !== undefined && isOverlayWhiteout(stats);
    this.#replace(path);
    mkdirSync(bytePath(path), 0o755);
    if (hidesLower) markOpaque(path);
  }

  #setFolder(path: string, entry: TarEntry): void {
    setPathAttributes(path, entry, 'dir');
    this.#folderTimes.set(path, entry.mtime);
  }

  #hardLink(entry: TarEntry, path: string): void {
    const parts = insideParts(entry.linkName);
    const base = parts?.pop();
    if (parts === undefined || base === undefined) throw unsafe(entry.name, 'its link leads outside of the root');
    const target = `${this.#folder(parts, entry)}/${base}`;
    if (target === path) return;
    let stats = statAt(target);
    if (stats === undefined || (this.#overlay && isOverlayWhiteout(stats)))
      stats = this.#copyUp([...parts, base], target);
    if (stats === undefined)
      throw corrupt(`${shownName(entry.name)} links to ${shownName(entry.linkName)}, which is not there`);
    if (stats.isDirectory()) throw corrupt(`${shownName(entry.name)} is a hard link to a folder`);
    this.#place(path, () => linkSync(bytePath(target), bytePath(path)));
  }

  /** A hard link may name a file of a lower layer; both names then get a copy in this one. */
  #copyUp(parts: readonly string[], target: string): Stats | undefined {
    // This layer too may hide it.
    const found = findInLowers([this.#root, ...this.#lowers], parts);
    if (found === undefined || !found.stats.isFile()) return undefined;
    this.#place(target, () => copyFile(found.path, target, found.stats));
    return statAt(target);
  }

  #hide(entry: TarEntry, parents: readonly string[], base: string): void {
    const meaning = classifyLayerEntry(base);
    switch (meaning.kind) {
      case 'ignored':
      case 'plain':
        return;
      case 'invalid':
        throw unsafe(entry.name, 'it would hide a folder above itself');
      case 'opaque': {
        const folder = this.#folder(parents, entry);
        if (!this.#overlay) this.#removeOthers(folder);
        else if (folder === this.#root) this.#hideAllBelow();
        else markOpaque(folder);
        return;
      }
      case 'whiteout':
        this.#whiteOut(`${this.#folder(parents, entry)}/${meaning.target}`);
        return;
    }
  }

  /** Overlay does not ask a layer's topmost folder whether it is opaque: all names below are hidden one by one. */
  #hideAllBelow(): void {
    for (const lower of this.#lowers) {
      for (const name of namesIn(lower)) this.#whiteOut(`${this.#root}/${name}`);
    }
  }

  /** Whiteouts hide what lower layers have; what this layer put there itself stays (OCI image spec, layer.md). */
  #whiteOut(path: string): void {
    if (this.#overlay) {
      const stats = statAt(path);
      if (stats === undefined) makeOverlayWhiteout(path);
      else if (stats.isDirectory()) markOpaque(path);
      return;
    }
    if (!this.#own.has(path)) this.#replace(path);
    else if (statAt(path)?.isDirectory()) this.#removeOthers(path);
  }

  /** Merged trees: removes from `folder` what this layer did not make. */
  #removeOthers(folder: string): void {
    for (const name of namesIn(folder)) {
      const path = `${folder}/${name}`;
      if (!this.#own.has(path)) this.#replace(path);
      else if (statAt(path)?.isDirectory()) this.#removeOthers(path);
    }
  }

  /** The folder at `parts`, made with its parents where missing. Answers its real path. */
  #folder(parts: readonly string[], entry: TarEntry): string {
    const key = parts.join('/');
    const known = this.#folders.get(key);
    if (known !== undefined) return known;
    const path = this.#walk(parts, entry);
    this.#folders.set(key, path);
    return path;
  }

  #walk(parts: readonly string[], entry: TarEntry): string {
    let pending = [...parts];
    const walked: string[] = [];
    for (let hops = 0; ; ) {
      const part = pending.shift();
      if (part === undefined) break;
      if (part === '..') {
        // Only a link says so: names were resolved before. Where the kernel would stay in the root, it is an attack.
        if (walked.pop() === undefined) throw unsafe(entry.name, 'its path runs through a link that leads outside');
        continue;
      }
      const path = [this.#root, ...walked, part].join('/');
      const stats = statAt(path);
      const foreign = !this.#overlay && !this.#own.has(path);
      if (stats?.isSymbolicLink() && !foreign) {
        if (++hops > maxLinkHops) throw unsafe(entry.name, 'its path runs through too many links');
        const link = readlinkSync(bytePath(path), { encoding: 'latin1' });
        // A relative target starts beside the link, an absolute one at the root: the layer's.
        if (link.startsWith('/')) walked.length = 0;
        pending = [...link.split('/').filter((each) => each !== '' && each !== '.'), ...pending];
        continue;
      }
      if (!stats?.isDirectory()) this.#implyFolder(path, [...walked, part], stats, foreign, entry);
      if (!this.#overlay) this.#own.add(path);
      walked.push(part);
    }
    return [this.#root, ...walked].join('/');
  }

  /** A folder no entry described: it looks as in the layer below, else as Docker makes it. */
  #implyFolder(
    path: string,
    parts: readonly string[],
    stats: Stats | undefined,
    foreign: boolean,
    entry: TarEntry,
  ): void {
    const whiteout = stats !== undefined && this.#overlay && isOverlayWhiteout(stats);
    if (stats !== undefined && !foreign && !whiteout) {
      throw corrupt(`${shownName(entry.name)} lies below something that is no folder`);
    }
    if (stats !== undefined && !whiteout) this.#replace(path);
    if (whiteout) unlinkSync(bytePath(path));
    mkdirSync(bytePath(path), 0o755);
    // Not the present: the same layer is the same tree whenever it is unpacked.
    this.#folderTimes.set(path, entry.mtime);
    if (whiteout) {
      markOpaque(path);
      return;
    }
    const below = this.#overlay ? findInLowers(this.#lowers, parts) : undefined;
    if (below?.stats.isDirectory()) {
      const attributes = attributesOf(below.path, below.stats);
      setPathAttributes(path, attributes, 'dir');
      this.#folderTimes.set(path, attributes.mtime);
    } else {
      setPathAttributes(path, { mode: 0o755, uid: 0, gid: 0, mtime: 0, xattrs: undefined }, 'dir');
    }
  }
}

function unsafe(name: string, why: string): WharfError {
  return new WharfError('layer.unsafe', `refused the entry ${JSON.stringify(shownName(name).slice(0, 300))}: ${why}`);
}
