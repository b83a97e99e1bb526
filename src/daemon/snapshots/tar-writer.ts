/**
 * Packing a tree as a tar stream: for docker cp and export, and a container's changes for commit.
 * Folders are held open by descriptor while they are read, so a process that moves things about inside the root can't make
 * this read anything outside of it.
 */
import { closeSync, constants, openSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WharfError } from '../../contract/errors.ts';
import { opaqueMarker, whiteoutName } from '../../oci/whiteout.ts';
import { decodeDevice, errnoOf } from '../linux/mount.ts';
import { openInRoot, openRoot } from '../linux/open-in-root.ts';
import { bytePath, byteString, type TarEntry, type TarEntryType } from './tar-format.ts';
import { encodeTarHeader, paddingAfter, tarTrailer } from './tar-header.ts';
import { isOpaque, isOverlayWhiteout, namesIfThere, readXattrs, statAt } from './tree-ops.ts';

export interface PackOptions {
  readonly signal: AbortSignal;
  /** What the packed thing is called in the archive; '' packs a folder's content without the folder. Default: its own name. */
  readonly name?: string;
  /** `root` is overlay's upper folder: its marks become a layer's whiteouts. */
  readonly overlayMarks?: boolean;
  /** Only these paths (byte strings, relative, no leading slash) and what lies above them. */
  readonly only?: ReadonlySet<string>;
  /** Archive paths that were deleted; written as whiteouts at the end. */
  readonly deleted?: readonly string[];
}

/** Small files are gathered with their headers up to this. */
const batchBytes = 1 << 18;
const smallFileBytes = 1 << 17;

/**
 * The thing at `path` inside `root` as a tar stream. Links on the way are followed inside the root; the last one is
 * packed as a link unless the path ends in `/` or `/.`.
 * @throws WharfError 'container.path-not-found', before the first byte is read
 */
export function packTree(root: string, path: string, options: PackOptions): Readable {
  const rootFolder = openRoot(root);
  try {
    const packer = new Packer(options);
    const follow = path === '' || /(?:^|\/)\.?$/.test(path);
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const start = openStart(rootFolder, parts.join('/'), follow, path);
    const name = byteString(options.name ?? (parts.length === 0 ? '' : posix.basename(parts.join('/'))));
    return Readable.from(packer.pack(start, name), { objectMode: false, highWaterMark: batchBytes });
  } finally {
    rootFolder[Symbol.dispose]();
  }
}

interface Start extends Disposable {
  /** Byte path of the thing; its parent folder is held open. */
  readonly path: string;
}

function openStart(root: ReturnType<typeof openRoot>, path: string, follow: boolean, asked: string): Start {
  try {
    if (follow || path === '') {
      const held = openInRoot(root, path, { directory: true, follow: true });
      return { path: `${held.path}/.`, [Symbol.dispose]: () => held[Symbol.dispose]() };
    }
    const parent = openInRoot(root, posix.dirname(path), { directory: true, follow: true });
    const start = `${parent.path}/${byteString(posix.basename(path))}`;
    if (statAt(start) !== undefined) return { path: start, [Symbol.dispose]: () => parent[Symbol.dispose]() };
    parent[Symbol.dispose]();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
  }
  throw new WharfError('container.path-not-found', `Could not find the file ${asked} in the container`);
}

class Packer {
  readonly #options: PackOptions;
  readonly #links = new Map<string, string>();
  #batch: Buffer[] = [];
  #batched = 0;

  constructor(options: PackOptions) {
    this.#options = options;
  }

  async *pack(start: Start, name: string): AsyncGenerator<Buffer> {
    using _held = start;
    const stats = statAt(start.path);
    if (stats?.isDirectory() && name === '') yield* this.#packContent(start.path, '');
    else if (stats !== undefined) yield* this.#packOne(start.path, name, stats);
    for (const path of this.#options.deleted ?? []) this.#add(whiteoutEntry(whiteoutPath(path)));
    this.#push(tarTrailer);
    yield* this.#flush();
  }

  async *#packContent(folder: string, prefix: string): AsyncGenerator<Buffer> {
    this.#options.signal.throwIfAborted();
    const fd = openFolder(folder);
    if (fd === undefined) return;
    try {
      const held = `/proc/self/fd/${fd}`;
      // Sorted, so that the same tree always makes the same bytes.
      for (const name of namesIfThere(held).sort()) {
        const path = prefix === '' ? name : `${prefix}/${name}`;
        const { only } = this.#options;
        const stats = only === undefined || only.has(path) ? statAt(`${held}/${name}`) : undefined;
        if (stats !== undefined) yield* this.#packOne(`${held}/${name}`, path, stats);
      }
    } finally {
      closeSync(fd);
    }
  }

  async *#packOne(path: string, name: string, stats: Stats): AsyncGenerator<Buffer> {
    const marks = this.#options.overlayMarks === true;
    if (marks && isOverlayWhiteout(stats)) {
      this.#add(whiteoutEntry(whiteoutPath(name)));
      return;
    }
    const entry = this.#describe(path, name, stats);
    if (entry === undefined) return;
    if (entry.type === 'file') yield* this.#packFile(path, entry);
    else this.#add(entry);
    if (entry.type === 'dir') {
      if (marks && isOpaque(path)) this.#add(whiteoutEntry(`${name}/${opaqueMarker}`));
      yield* this.#packContent(path, name);
    }
    if (this.#batched >= batchBytes) yield* this.#flush();
  }

  #describe(path: string, name: string, stats: Stats): TarEntry | undefined {
    const type = typeOf(stats);
    if (type === undefined) return undefined;
    const inode = `${stats.dev}:${stats.ino}`;
    const earlier = stats.nlink > 1 && type !== 'dir' ? this.#links.get(inode) : undefined;
    if (stats.nlink > 1 && earlier === undefined && type !== 'dir') this.#links.set(inode, name);
    const device = type === 'char' || type === 'block' ? decodeDevice(stats.rdev) : { major: 0, minor: 0 };
    return {
      type: earlier === undefined ? type : 'link',
      name: type === 'dir' ? `${name}/` : name,
      linkName: earlier ?? (type === 'symlink' ? readlinkSync(bytePath(path), { encoding: 'latin1' }) : ''),
      mode: stats.mode & 0o7777,
      uid: stats.uid,
      gid: stats.gid,
      size: type === 'file' && earlier === undefined ? stats.size : 0,
      mtime: Math.floor(stats.mtimeMs / 1000),
      devMajor: device.major,
      devMinor: device.minor,
      xattrs: type === 'file' || type === 'dir' ? readXattrs(path) : undefined,
    };
  }

  async *#packFile(path: string, entry: TarEntry): AsyncGenerator<Buffer> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    if (entry.size <= smallFileBytes) {
      const content = readSmall(path, entry.size, flags);
      // Gone since it was listed.
      if (content === undefined) return;
      this.#add(entry);
      this.#push(content);
      return;
    }
    await using file = await open(bytePath(path), flags);
    this.#add(entry);
    let left = entry.size;
    while (left > 0) {
      this.#options.signal.throwIfAborted();
      yield* this.#flush();
      const want = Math.min(left, 1 << 20);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(want), 0, want);
      // A file that shrank while it was read: the header's promise is kept with zeros, as GNU tar does.
      this.#push(bytesRead === 0 ? Buffer.alloc(want) : buffer.subarray(0, bytesRead));
      left -= bytesRead === 0 ? want : bytesRead;
    }
    this.#push(Buffer.alloc(paddingAfter(entry.size)));
  }

  #add(entry: TarEntry): void {
    this.#push(encodeTarHeader(entry));
  }

  #push(bytes: Buffer): void {
    this.#batch.push(bytes);
    this.#batched += bytes.length;
  }

  async *#flush(): AsyncGenerator<Buffer> {
    if (this.#batched === 0) return;
    const whole = Buffer.concat(this.#batch);
    this.#batch = [];
    this.#batched = 0;
    this.#options.signal.throwIfAborted();
    // The steps above are synchronous; let the event loop have its turn.
    await nextTurn();
    yield whole;
  }
}

/** The content, padded for the archive. */
function readSmall(path: string, size: number, flags: number): Buffer | undefined {
  const content = Buffer.alloc(size + paddingAfter(size));
  if (size === 0) return content;
  let fd: number;
  try {
    fd = openSync(bytePath(path), flags);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return undefined;
    throw error;
  }
  try {
    for (let at = 0; at < size; ) {
      const count = readSync(fd, content, at, size - at, at);
      if (count === 0) break;
      at += count;
    }
    return content;
  } finally {
    closeSync(fd);
  }
}

function openFolder(path: string): number | undefined {
  try {
    return openSync(bytePath(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return undefined;
    throw error;
  }
}

function typeOf(stats: Stats): TarEntryType | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'dir';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'char';
  if (stats.isBlockDevice()) return 'block';
  return stats.isFIFO() ? 'fifo' : undefined;
}

function whiteoutPath(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return path.slice(0, slash) + whiteoutName(path.slice(slash));
}

function whiteoutEntry(name: string): TarEntry {
  const nothing = { mode: 0o600, uid: 0, gid: 0, size: 0, mtime: 0, devMajor: 0, devMinor: 0 };
  return { type: 'file', name, linkName: '', ...nothing, xattrs: undefined };
}
