/** Keeps the registry in a folder. Files are written under `tmp/`, synced and renamed, so a reader never sees half of one. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FileReader, StorageDriver, StoredFile } from './storage-driver.ts';

export class FilesystemDriver implements StorageDriver {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async read(path: string): Promise<Buffer | undefined> {
    return await unlessMissing(readFile(this.#at(path)));
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = this.#at(join('tmp', randomUUID()));
    await mkdir(dirname(temporary), { recursive: true });
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#rename(temporary, this.#at(path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async stat(path: string): Promise<StoredFile | undefined> {
    const found = await unlessMissing(stat(this.#at(path)));
    return found?.isFile() ? { sizeBytes: found.size, modifiedAtMs: found.mtimeMs } : undefined;
  }

  openRead(path: string, range: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#at(path), { start: range.start, end: range.end, highWaterMark: 256 * 1024 });
  }

  async openReader(path: string): Promise<FileReader | undefined> {
    const file = await unlessMissing(open(this.#at(path), 'r'));
    if (file === undefined) return undefined;
    return {
      read: async (into, lengthBytes, position) => (await file.read(into, 0, lengthBytes, position)).bytesRead,
      [Symbol.asyncDispose]: async () => await file.close(),
    };
  }

  async append(path: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    const target = this.#at(path);
    await mkdir(dirname(target), { recursive: true });
    const file = await openForWriting(target);
    try {
      await file.truncate(offset);
      let at = offset;
      for await (const chunk of source) at += await writeAll(file, chunk, at);
      return at;
    } finally {
      await file.close();
    }
  }

  async commit(from: string, to: string): Promise<void> {
    const file = await open(this.#at(from), 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#rename(this.#at(from), this.#at(to));
  }

  async list(path: string): Promise<readonly string[]> {
    const names = await unlessMissing(readdir(path === '' ? this.#root : this.#at(path)));
    return (names ?? []).sort();
  }

  async remove(path: string): Promise<boolean> {
    const target = this.#at(path);
    if ((await unlessMissing(stat(target))) === undefined) return false;
    await rm(target, { recursive: true, force: true });
    await syncFolder(dirname(target));
    return true;
  }

  async #rename(from: string, to: string): Promise<void> {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
    await syncFolder(dirname(to));
  }

  #at(path: string): string {
    const parts = path.split('/');
    // Paths come from storage-paths.ts, which parses names first; this is the second lock on the same door.
    if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
      throw new TypeError(`not a storage path: ${JSON.stringify(path)}`);
    }
    return join(this.#root, ...parts);
  }
}

/** A rename is only on disk once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function openForWriting(path: string): Promise<FileHandle> {
  return (await unlessMissing(open(path, 'r+'))) ?? (await open(path, 'w+', 0o644));
}

async function writeAll(file: FileHandle, chunk: Uint8Array, at: number): Promise<number> {
  let done = 0;
  while (done < chunk.byteLength) {
    done += (await file.write(chunk, done, chunk.byteLength - done, at + done)).bytesWritten;
  }
  return done;
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
