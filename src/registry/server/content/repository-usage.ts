/**
 * What each repository holds, in bytes, tags and manifests: for lists and quotas. Read from the storage once, then told of each
 * change of this server; read again after a while, for another server may share the storage.
 */
import { type Digest, isDigest } from '../../../oci/digest.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import { blobData, layersFolder, repositoriesRoot, repositoryFolder } from '../storage/storage-paths.ts';
import type { ManifestStore } from './manifest-store.ts';

export interface RepositoryContent {
  /** Blobs it may use and manifests it has, with their sizes. */
  readonly sizes: ReadonlyMap<Digest, number>;
  readonly bytes: number;
  readonly manifests: number;
  readonly tags: ReadonlySet<string>;
}

interface Known {
  readonly content: RepositoryContent & { readonly sizes: Map<Digest, number>; bytes: number };
  readonly readAtMs: number;
}

const freshMs = 60_000;
const maxKnown = 4096;
const maxDepth = 16;
/** Looks at once: a repository of ten thousand blobs is read in a second, not in ten. */
const width = 16;

export class RepositoryUsage {
  readonly #driver: StorageDriver;
  readonly #manifests: ManifestStore;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();

  constructor(driver: StorageDriver, manifests: ManifestStore, now: () => number = Date.now) {
    this.#driver = driver;
    this.#manifests = manifests;
    this.#now = now;
  }

  async of(name: string): Promise<RepositoryContent> {
    const known = this.#known.get(name);
    if (known !== undefined && this.#now() - known.readAtMs < freshMs) return known.content;
    const readAtMs = this.#now();
    const content = await this.#read(name, known?.content.sizes ?? new Map());
    this.#keep(name, { content, readAtMs });
    return content;
  }

  /** A push or a mount brought this blob; nothing else of the repository changed. */
  blobAdded(name: string, digest: Digest, sizeBytes: number): void {
    const content = this.#known.get(name)?.content;
    if (content === undefined || content.sizes.has(digest)) return;
    content.sizes.set(digest, sizeBytes);
    content.bytes += sizeBytes;
  }

  /** After any other change of the repository. */
  invalidate(name: string): void {
    const known = this.#known.get(name);
    // The sizes stay known: only which content it has is looked at again.
    if (known !== undefined) this.#known.set(name, { ...known, readAtMs: Number.NEGATIVE_INFINITY });
  }

  /** After a collection: any repository may have lost content. */
  invalidateAll(): void {
    for (const name of this.#known.keys()) this.invalidate(name);
  }

  async #read(name: string, before: ReadonlyMap<Digest, number>): Promise<Known['content']> {
    const digests = new Set<Digest>();
    for (const algorithm of await this.#driver.list(layersFolder(name))) {
      for (const hex of await this.#driver.list(`${layersFolder(name)}/${algorithm}`)) {
        const text = `${algorithm}:${hex}`;
        if (isDigest(text)) digests.add(text);
      }
    }
    const revisions = await this.#manifests.revisions(name);
    for (const digest of revisions) digests.add(digest);
    const sizes = new Map<Digest, number>();
    const all = [...digests];
    for (let at = 0; at < all.length; at += width) {
      await Promise.all(
        all.slice(at, at + width).map(async (digest) => {
          // Content never changes under its digest, so a size that was read once stays.
          const size = before.get(digest) ?? (await this.#driver.stat(blobData(digest)))?.sizeBytes;
          if (size !== undefined) sizes.set(digest, size);
        }),
      );
    }
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    return { sizes, bytes, manifests: revisions.length, tags: new Set(await this.#manifests.tags(name)) };
  }

  #keep(name: string, known: Known): void {
    this.#known.delete(name);
    this.#known.set(name, known);
    const oldest = this.#known.keys().next();
    if (this.#known.size > maxKnown && !oldest.done) this.#known.delete(oldest.value);
  }
}

/** Names of the repositories that hold content, be it blobs only; not of those with nothing but uploads begun. */
export async function namesWithContent(driver: StorageDriver, parent = '', depth = 0): Promise<readonly string[]> {
  if (depth > maxDepth) return [];
  const names: string[] = [];
  for (const part of await driver.list(parent === '' ? repositoriesRoot : repositoryFolder(parent))) {
    if (part === '_layers' || part === '_manifests') names.push(parent);
    if (part.startsWith('_')) continue;
    names.push(...(await namesWithContent(driver, parent === '' ? part : `${parent}/${part}`, depth + 1)));
  }
  return [...new Set(names)];
}
