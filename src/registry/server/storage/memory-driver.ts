/** Keeps the registry in memory; for tests. */
import { Readable } from 'node:stream';
import type { StorageDriver, StoredFile } from './storage-driver.ts';

export class MemoryDriver implements StorageDriver {
  readonly #files = new Map<string, { readonly bytes: Buffer; readonly modifiedAtMs: number }>();

  async read(path: string): Promise<Buffer | undefined> {
    const file = this.#files.get(path);
    return file === undefined ? undefined : Buffer.from(file.bytes);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(path, { bytes: Buffer.from(bytes), modifiedAtMs: Date.now() });
  }

  async stat(path: string): Promise<StoredFile | undefined> {
    const file = this.#files.get(path);
    return file === undefined ? undefined : { sizeBytes: file.bytes.byteLength, modifiedAtMs: file.modifiedAtMs };
  }

  openRead(path: string, range: { readonly start: number; readonly end: number }): Readable {
    const file = this.#files.get(path);
    if (file !== undefined)
      return Readable.from([file.bytes.subarray(range.start, range.end + 1)], { objectMode: false });
    return new Readable({
      read() {
        this.destroy(new Error(`no such file: ${path}`));
      },
    });
  }

  async append(path: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    const kept = this.#files.get(path)?.bytes ?? Buffer.alloc(0);
    const chunks: Uint8Array[] = [Buffer.alloc(offset)];
    const store = (): number => {
      const bytes = Buffer.concat(chunks);
      kept.copy(bytes, 0, 0, offset);
      this.#files.set(path, { bytes, modifiedAtMs: Date.now() });
      return bytes.byteLength;
    };
    try {
      for await (const chunk of source) chunks.push(Buffer.from(chunk));
    } catch (error) {
      store();
      throw error;
    }
    return store();
  }

  async commit(from: string, to: string): Promise<void> {
    const file = this.#files.get(from);
    if (file === undefined) throw new Error(`no such file: ${from}`);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  async list(path: string): Promise<readonly string[]> {
    const prefix = path === '' ? '' : `${path}/`;
    const names = [...this.#files.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length).split('/')[0] ?? '');
    return [...new Set(names)].sort();
  }

  async remove(path: string): Promise<boolean> {
    const doomed = [...this.#files.keys()].filter((key) => key === path || key.startsWith(`${path}/`));
    for (const key of doomed) this.#files.delete(key);
    return doomed.length > 0;
  }
}
