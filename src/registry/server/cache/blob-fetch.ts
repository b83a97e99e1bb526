/**
 * A blob on its way from the upstream into the storage, and to all who want it meanwhile.
 *
 *     upstream ──► upload file ──► verified ──► blob
 *                     │ as far as it is written, but for the last byte
 *                     ▼
 *            reader   reader   reader       each at its own pace
 *
 * 1. The blob is loaded once, however many ask for it; memory does not grow with their number or their slowness.
 * 2. The last byte is handed out only when the digest was right: nobody gets the whole of a wrong blob.
 * 3. It goes on when those who wanted it have left: what a client takes up again, or another asks for, is there then.
 *
 * Storages whose files can not be read while they grow (S3) hand the first one its bytes as they come; the others wait.
 */
import type { Digest } from '../../../oci/digest.ts';
import type { UploadStore } from '../content/upload-store.ts';
import type { FileReader, StorageDriver } from '../storage/storage-driver.ts';
import { blobData, uploadData } from '../storage/storage-paths.ts';

export interface FetchedBlob {
  readonly name: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Opens the upstream's bytes. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
}

/** Takes a chunk; rejects when whoever takes them has left. */
export type ChunkSink = (chunk: Uint8Array) => Promise<void>;

type FetchState = { readonly kind: 'coming' | 'stored' } | { readonly kind: 'failed'; readonly error: unknown };

export class BlobFetch {
  readonly blob: FetchedBlob;
  /** Resolves when the upstream begins to send. */
  readonly begun: Promise<void>;
  /** Resolves once the blob is stored. */
  readonly stored: Promise<void>;
  readonly #driver: StorageDriver;
  readonly #uploads: UploadStore;
  #path: string | undefined;
  #written = 0;
  #state: FetchState = { kind: 'coming' };
  #wake = Promise.withResolvers<void>();
  #sink: ChunkSink | undefined;
  #lastByte: Uint8Array = new Uint8Array();

  constructor(
    blob: FetchedBlob,
    stores: { readonly driver: StorageDriver; readonly uploads: UploadStore },
    signal: AbortSignal,
    sink?: ChunkSink,
  ) {
    this.blob = blob;
    this.#driver = stores.driver;
    this.#uploads = stores.uploads;
    this.#sink = this.canBeReadAlong ? undefined : sink;
    const begun = Promise.withResolvers<void>();
    this.begun = begun.promise;
    this.stored = this.#run(signal, begun.resolve).then(
      () => this.#step({ kind: 'stored' }),
      (error: unknown) => {
        this.#step({ kind: 'failed', error });
        begun.reject(error);
        throw error;
      },
    );
    // Whoever waits hears of it; a fetch that nobody waits for any more may fail in silence.
    this.stored.catch(() => undefined);
    this.begun.catch(() => undefined);
  }

  get canBeReadAlong(): boolean {
    return this.#driver.openReader !== undefined;
  }

  /** Reads what is there, and waits for what is not. @throws what made the fetch fail */
  openReader(): FileReader {
    let file: FileReader | undefined;
    return {
      read: async (into, lengthBytes, position) => {
        const available = await this.#availableAt(position);
        file ??= await this.#openFile();
        return await file.read(into, Math.min(lengthBytes, available - position), position);
      },
      [Symbol.asyncDispose]: async () => await file?.[Symbol.asyncDispose](),
    };
  }

  async #availableAt(position: number): Promise<number> {
    for (;;) {
      if (this.#state.kind === 'failed') throw this.#state.error;
      const { sizeBytes } = this.blob;
      const available = this.#state.kind === 'stored' ? sizeBytes : Math.min(this.#written, sizeBytes - 1);
      if (available > position || this.#state.kind === 'stored') return available;
      await this.#wake.promise;
    }
  }

  async #openFile(): Promise<FileReader> {
    // A file that is open stays readable when it is moved to its place; one that is not is found there.
    const path = this.#path;
    const growing = path === undefined ? undefined : await this.#driver.openReader?.(path);
    const file = growing ?? (await this.#openStored());
    if (file === undefined) throw new Error(`${this.blob.digest} went away while it was read`);
    return file;
  }

  async #openStored(): Promise<FileReader | undefined> {
    await this.stored;
    return await this.#driver.openReader?.(blobData(this.blob.digest));
  }

  /** Whether it hands its bytes to this sink. */
  handsTo(sink: ChunkSink): boolean {
    return this.#sink === sink;
  }

  async #run(signal: AbortSignal, begun: () => void): Promise<void> {
    const { name, digest, sizeBytes, open } = this.blob;
    const id = await this.#uploads.begin(name);
    try {
      const opened = await open(signal);
      begun();
      const source = this.#watched(opened);
      this.#path = uploadData(name, id);
      await this.#uploads.append(name, id, { lengthBytes: sizeBytes, maxBytes: sizeBytes, source });
      await this.#uploads.finish(name, id, digest);
      await this.#hand(this.#lastByte);
    } catch (error) {
      await this.#uploads.cancel(name, id).catch(() => undefined);
      throw error;
    }
  }

  /** When the storage asks for the next chunk, it has written the one before. */
  async *#watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const chunk of source) {
      // The last byte waits for the digest here too.
      const end = at + chunk.byteLength;
      const isLast = end >= this.blob.sizeBytes;
      if (isLast) this.#lastByte = Uint8Array.from(chunk.subarray(-1));
      await this.#hand(isLast ? chunk.subarray(0, -1) : chunk);
      yield chunk;
      at = end;
      this.#written = at;
      this.#step(this.#state);
    }
  }

  async #hand(chunk: Uint8Array): Promise<void> {
    if (this.#sink === undefined || chunk.byteLength === 0) return;
    try {
      await this.#sink(chunk);
    } catch {
      // Who wanted it has left: the blob is stored all the same.
      this.#sink = undefined;
    }
  }

  #step(state: FetchState): void {
    this.#state = state;
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
