/** Blobs, each kept once, and which repositories may use them. */
import type { Readable } from 'node:stream';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { StorageDriver } from './storage-driver.ts';
import { blobData, layerFolder, layerLink } from './storage-paths.ts';

export class BlobStore {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Size of a blob the repository may use; undefined when it has none such. */
  async sizeIn(name: string, digest: Digest): Promise<number | undefined> {
    if ((await this.#driver.stat(layerLink(name, digest))) === undefined) return undefined;
    return (await this.#driver.stat(blobData(digest)))?.sizeBytes;
  }

  async size(digest: Digest): Promise<number | undefined> {
    return (await this.#driver.stat(blobData(digest)))?.sizeBytes;
  }

  open(digest: Digest, range: { readonly start: number; readonly end: number }): Readable {
    return this.#driver.openRead(blobData(digest), range);
  }

  async read(digest: Digest): Promise<Buffer | undefined> {
    return await this.#driver.read(blobData(digest));
  }

  /** Keeps small content whose digest the caller computed. */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    if ((await this.size(digest)) !== bytes.byteLength) await this.#driver.write(blobData(digest), bytes);
  }

  /** Takes over a finished upload; the link comes last, so a repository never names bytes that are not there. */
  async adopt(name: string, digest: Digest, uploadPath: string): Promise<void> {
    await this.#driver.commit(uploadPath, blobData(digest));
    await this.link(name, digest);
  }

  async link(name: string, digest: Digest): Promise<void> {
    await this.#driver.write(layerLink(name, digest), Buffer.from(digest));
  }

  /** The bytes stay until the garbage collection: other repositories may use them. */
  async unlink(name: string, digest: Digest): Promise<boolean> {
    return await this.#driver.remove(layerFolder(name, digest));
  }
}

/** The digest a link file holds; undefined when there is none, or garbage. */
export async function readLink(driver: StorageDriver, path: string): Promise<Digest | undefined> {
  const text = (await driver.read(path))?.toString('utf8').trim();
  return text !== undefined && isDigest(text) ? text : undefined;
}
