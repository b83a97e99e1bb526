/**
 * Uploads of blobs: begun, continued, ended or cancelled. What is on disk is the truth, so they survive a restart; the hash
 * of what came so far is kept in memory only, and computed again from the disk when it is lost.
 */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type Digest, digestAlgorithm, digestHex } from '../../../oci/digest.ts';
import { RegistryError } from '../http/registry-error.ts';
import { AppendConflict, type StorageDriver } from '../storage/storage-driver.ts';
import { uploadData, uploadFolder, uploadStartedAt } from '../storage/storage-paths.ts';
import type { BlobStore } from './blob-store.ts';

interface Progress {
  readonly hash: Hash;
  hashedBytes: number;
}

const idForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const maxRemembered = 1024;

export class UploadStore {
  readonly #driver: StorageDriver;
  readonly #blobs: BlobStore;
  readonly #progress = new Map<string, Progress>();
  /** One request at a time writes to an upload. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(driver: StorageDriver, blobs: BlobStore) {
    this.#driver = driver;
    this.#blobs = blobs;
  }

  async begin(name: string): Promise<string> {
    const id = randomUUID();
    await this.#driver.write(uploadStartedAt(name, id), Buffer.from(new Date().toISOString()));
    return id;
  }

  /** Bytes there are. @throws RegistryError 'BLOB_UPLOAD_UNKNOWN' */
  async size(name: string, id: string): Promise<number> {
    const begun = idForm.test(id) && (await this.#driver.stat(uploadStartedAt(name, id))) !== undefined;
    if (!begun) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', { detail: { upload: id.slice(0, 100) } });
    return (await this.#driver.stat(uploadData(name, id)))?.sizeBytes ?? 0;
  }

  /**
   * Continues an upload at `start`, or at its end when that is undefined. Answers the new size.
   * @throws RegistryError 'BLOB_UPLOAD_UNKNOWN' | 'RANGE_INVALID' | 'SIZE_INVALID'
   */
  async append(
    name: string,
    id: string,
    chunk: {
      readonly start?: number;
      readonly lengthBytes?: number;
      /** Of the whole upload. */
      readonly maxBytes?: number;
      readonly source: AsyncIterable<Uint8Array>;
    },
  ): Promise<number> {
    return await this.#inTurn(id, async () => {
      const size = await this.size(name, id);
      if (chunk.start !== undefined && chunk.start !== size) {
        throw new RegistryError('RANGE_INVALID', {
          detail: { expectedStart: size },
          headers: { range: rangeHeader(size), location: `/v2/${name}/blobs/uploads/${id}`, 'docker-upload-uuid': id },
        });
      }
      const { maxBytes = Number.POSITIVE_INFINITY } = chunk;
      if (size + (chunk.lengthBytes ?? 0) > maxBytes) throw tooLarge(maxBytes);
      const source = atMost(chunk.source, maxBytes - size, maxBytes);
      const grown = await this.#append(name, id, size, source);
      if (chunk.lengthBytes !== undefined && grown - size !== chunk.lengthBytes)
        throw new RegistryError('SIZE_INVALID');
      return grown;
    });
  }

  async #append(name: string, id: string, size: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    try {
      return await this.#driver.append(uploadData(name, id), size, this.#hashing(id, size, source));
    } catch (error) {
      if (!(error instanceof AppendConflict)) throw error;
      // The hash has taken what is not all there: the bytes of the other server are hashed from the storage.
      this.#progress.delete(id);
      throw new RegistryError('RANGE_INVALID', { message: 'this upload goes on at another server', cause: error });
    }
  }

  /** Ends an upload. @throws RegistryError 'DIGEST_INVALID' when the bytes are others; the upload is gone then. */
  async finish(name: string, id: string, digest: Digest): Promise<void> {
    await this.#inTurn(id, async () => {
      const size = await this.size(name, id);
      if (size === 0) await this.#driver.append(uploadData(name, id), 0, nothing());
      const actual = await this.#digest(name, id, size, digest);
      if (actual !== digestHex(digest)) {
        await this.#forget(name, id);
        throw new RegistryError('DIGEST_INVALID', {
          detail: { expected: digest, actual: `${digestAlgorithm(digest)}:${actual}` },
        });
      }
      await this.#blobs.adopt(name, digest, uploadData(name, id));
      await this.#forget(name, id);
    });
  }

  async cancel(name: string, id: string): Promise<void> {
    await this.#inTurn(id, async () => {
      await this.size(name, id);
      await this.#forget(name, id);
    });
  }

  /** Forgets an upload nobody has touched since `beforeMs`; answers whether it did. */
  async expire(name: string, id: string, beforeMs: number): Promise<boolean> {
    return await this.#inTurn(id, async () => {
      if (!(await this.isExpired(name, id, beforeMs))) return false;
      this.#progress.delete(id);
      return await this.#driver.remove(uploadFolder(name, id));
    });
  }

  async exists(name: string, id: string): Promise<boolean> {
    return (await this.#driver.stat(uploadStartedAt(name, id))) !== undefined;
  }

  async isExpired(name: string, id: string, beforeMs: number): Promise<boolean> {
    const begun = await this.#driver.stat(uploadStartedAt(name, id));
    const grown = await this.#driver.stat(uploadData(name, id));
    return Math.max(begun?.modifiedAtMs ?? 0, grown?.modifiedAtMs ?? 0) <= beforeMs;
  }

  async #digest(name: string, id: string, sizeBytes: number, digest: Digest): Promise<string> {
    const progress = this.#progress.get(id);
    const known = progress?.hashedBytes === sizeBytes && digestAlgorithm(digest) === 'sha256';
    if (known) return progress.hash.copy().digest('hex');
    const hash = createHash(digestAlgorithm(digest));
    if (sizeBytes === 0) return hash.digest('hex');
    for await (const chunk of this.#driver.openRead(uploadData(name, id), { start: 0, end: sizeBytes - 1 }))
      hash.update(chunk);
    return hash.digest('hex');
  }

  async *#hashing(id: string, size: number, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    if (size === 0) this.#remember(id);
    const found = this.#progress.get(id);
    const progress = found?.hashedBytes === size ? found : undefined;
    for await (const chunk of source) {
      progress?.hash.update(chunk);
      if (progress !== undefined) progress.hashedBytes += chunk.byteLength;
      yield chunk;
    }
  }

  #remember(id: string): void {
    this.#progress.set(id, { hash: createHash('sha256'), hashedBytes: 0 });
    const oldest = this.#progress.keys().next();
    if (this.#progress.size > maxRemembered && !oldest.done) this.#progress.delete(oldest.value);
  }

  async #forget(name: string, id: string): Promise<void> {
    this.#progress.delete(id);
    await this.#driver.remove(uploadFolder(name, id));
  }

  async #inTurn<T>(id: string, act: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve();
    const mine = before.then(act, act);
    // The next one waits for the end, whichever it is; the error goes to the caller below.
    const ended = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(id, ended);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(id) === ended) this.#turns.delete(id);
    }
  }
}

/** `Range` of an upload: the first and the last byte there are; `0-0` also says that there is none. */
export function rangeHeader(sizeBytes: number): string {
  return `0-${Math.max(0, sizeBytes - 1)}`;
}

function tooLarge(maxBytes: number): RegistryError {
  return new RegistryError('SIZE_INVALID', { status: 413, message: `blob larger than ${maxBytes} bytes` });
}

/** Passes chunks on until there are more bytes than allowed. */
async function* atMost(
  source: AsyncIterable<Uint8Array>,
  restBytes: number,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let left = restBytes;
  for await (const chunk of source) {
    left -= chunk.byteLength;
    if (left < 0) throw tooLarge(maxBytes);
    yield chunk;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
