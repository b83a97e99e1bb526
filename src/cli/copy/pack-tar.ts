import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { blockBytes, encodeHeader, paddingOf } from './tar-header.ts';

export interface PackOptions {
  /** The file or directory. */
  readonly source: string;
  /** Its name in the archive; `.` packs a directory's content. */
  readonly name: string;
  /** Pack what a symbolic link at the source points at. */
  readonly followLink: boolean;
  readonly signal: AbortSignal;
  /** Told of content bytes as they are read. */
  readonly onBytes: (count: number) => void;
}

/** A tar archive of a file tree. Sockets and devices are left out. */
export async function* packTar(options: PackOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const root = options.followLink ? await stat(options.source) : await lstat(options.source);
  yield* packEntry(options, options.source, options.name, root);
  yield new Uint8Array(blockBytes * 2);
}

async function* packEntry(
  options: PackOptions,
  path: string,
  name: string,
  info: Stats,
): AsyncGenerator<Uint8Array, void, undefined> {
  options.signal.throwIfAborted();
  const common = { path: name, mode: info.mode & 0o7777, uid: info.uid, gid: info.gid, mtimeMs: info.mtimeMs };
  if (info.isDirectory()) {
    yield encodeHeader({ ...common, kind: 'directory', sizeBytes: 0, linkTarget: '' });
    for (const child of (await readdir(path)).sort()) {
      const childPath = join(path, child);
      yield* packEntry(options, childPath, `${name}/${child}`, await lstat(childPath));
    }
  } else if (info.isSymbolicLink()) {
    yield encodeHeader({ ...common, kind: 'symlink', sizeBytes: 0, linkTarget: await readlink(path) });
  } else if (info.isFile()) {
    yield encodeHeader({ ...common, kind: 'file', sizeBytes: info.size, linkTarget: '' });
    yield* fileContent(path, info.size, options);
    yield new Uint8Array(paddingOf(info.size));
  }
}

/** Exactly as many bytes as the header announced: a file that grows is cut, one that shrinks is an error. */
async function* fileContent(
  path: string,
  sizeBytes: number,
  options: PackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (sizeBytes === 0) return;
  let left = sizeBytes;
  for await (const chunk of createReadStream(path, { end: sizeBytes - 1, signal: options.signal })) {
    if (!(chunk instanceof Uint8Array)) continue;
    left -= chunk.length;
    options.onBytes(chunk.length);
    yield chunk;
  }
  if (left > 0) throw new Error(`reading ${path}: the file became shorter while it was copied`);
}
