/** Blobs, each kept once, and which repositories may use them. */
import type { Readable } from 'node:stream';
import { type Digest, isDigest } from '../../../oci/digest.ts';
import type { FileReader, SharedStorage, StorageDriver } from '../storage/storage-driver.ts';
import { blobData, layerFolder, layerLink } from '../storage/storage-paths.ts';
import type { CondemnedBlobs } from '../upkeep/condemned-blobs.ts';
import { ContentGuard } from './content-guard.ts';

/**
 * On a storage of several servers the age of a link tells them all when its blob was last asked for. Well below the grace of
 * a collection, so that who was told "it is here" has the rest of it to push a manifest.
 */
const touchAfterMs = 20 * 60 * 1000;

export class BlobStore {
  readonly #driver: StorageDriver;
  readonly guard: ContentGuard;
  readonly #condemned: CondemnedBlobs | undefined;

  /** @param condemned where other servers work on this storage too: what one of them is about to remove */
  constructor(driver: StorageDriver, guard: ContentGuard = new ContentGuard(), condemned?: CondemnedBlobs) {
    this.#driver = driver;
    this.guard = guard;
    this.#condemned = condemned;
  }

  /** Size of a blob the repository may use; undefined when it has none such. Who asks may rely on the answer for a while. */
  async sizeIn(name: string, digest: Digest): Promise<number | undefined> {
    // Before the look: a collection that runs in between must see it.
    this.guard.noteUse(digest);
    if (await this.#condemned?.has(digest)) return undefined;
    const [link, data] = await Promise.all([
      this.#driver.stat(layerLink(name, digest)),
      this.#driver.stat(blobData(digest)),
    ]);
    if (link === undefined) return undefined;
    if (this.#driver.shared !== undefined && Date.now() - link.modifiedAtMs > touchAfterMs)
      await touch(this.#driver.shared, layerLink(name, digest));
    return data?.sizeBytes;
  }

  async size(digest: Digest): Promise<number | undefined> {
    if (await this.#condemned?.has(digest)) return undefined;
    return (await this.#driver.stat(blobData(digest)))?.sizeBytes;
  }

  open(digest: Digest, range: { readonly start: number; readonly end: number }): Readable {
    return this.#driver.openRead(blobData(digest), range);
  }

  /** Undefined when the driver has no readers, or the blob is gone. */
  async openReader(digest: Digest): Promise<FileReader | undefined> {
    return await this.#driver.openReader?.(blobData(digest));
  }

  async read(digest: Digest): Promise<Buffer | undefined> {
    return await this.#driver.read(blobData(digest));
  }

  /** Keeps small content whose digest the caller computed. */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    await this.#condemned?.untilFree(digest);
    if ((await this.size(digest)) !== bytes.byteLength) await this.#driver.write(blobData(digest), bytes);
  }

  /** Takes over a finished upload; the link comes last, so a repository never names bytes that are not there. */
  async adopt(name: string, digest: Digest, uploadPath: string): Promise<void> {
    this.guard.noteUse(digest);
    await this.#condemned?.untilFree(digest);
    await this.guard.change(async () => {
      await this.#driver.commit(uploadPath, blobData(digest));
      await this.#driver.write(layerLink(name, digest), Buffer.from(digest));
      // Once more: a collection may have begun, and looked at this repository, since the first.
      this.guard.noteUse(digest);
    });
  }

  /** Lets a repository use a blob that another has; answers false when it is gone by now. */
  async link(name: string, digest: Digest): Promise<boolean> {
    this.guard.noteUse(digest);
    return await this.guard.change(async () => {
      if ((await this.size(digest)) === undefined) return false;
      await this.#driver.write(layerLink(name, digest), Buffer.from(digest));
      this.guard.noteUse(digest);
      return true;
    });
  }

  /** The bytes stay until the garbage collection: other repositories may use them. */
  async unlink(name: string, digest: Digest): Promise<boolean> {
    return await this.#driver.remove(layerFolder(name, digest));
  }
}

/** Writes a file as it is, for its time; not when it was removed meanwhile. */
async function touch(shared: SharedStorage, path: string): Promise<void> {
  const found = await shared.readShared(path);
  if (found !== undefined) await shared.writeShared(path, found.bytes, found.version);
}

/** The digest a link file holds; undefined when there is none, or garbage. */
export async function readLink(driver: StorageDriver, path: string): Promise<Digest | undefined> {
  const text = (await driver.read(path))?.toString('utf8').trim();
  return text !== undefined && isDigest(text) ? text : undefined;
}
