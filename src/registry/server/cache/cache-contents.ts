/**
 * What a cache holds, in the order of use, and the bound on it: what was used longest ago goes first. Blobs that are being
 * sent stay until they are. The storage is the truth: at the start it is looked through; when things were last used is
 * written down now and then, for after a restart.
 */

import { type Digest, isDigest } from '../../../oci/digest.ts';
import { isJsonObject } from '../../../oci/json-fields.ts';
import type { Stores } from '../http/exchange.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import { blobFolder, cacheUses, layerLink, revisionLink } from '../storage/storage-paths.ts';

interface Held {
  readonly sizeBytes: number;
  readonly names: Set<string>;
  usedAtMs: number;
  /** How many read it now. */
  readers: number;
}

export interface CacheBound {
  readonly prefix: string;
  readonly maxBytes: number;
  /** Whether a repository is of this cache. */
  readonly isOwn: (name: string) => boolean;
}

const maxRemembered = 200_000;

export class CacheContents {
  readonly #driver: StorageDriver;
  readonly #stores: Stores;
  readonly #bound: CacheBound;
  /** The one used longest ago first. */
  readonly #held = new Map<Digest, Held>();
  #bytes = 0;
  #isLoaded = false;
  #evicting: Promise<void> | undefined;

  constructor(driver: StorageDriver, stores: Stores, bound: CacheBound) {
    this.#driver = driver;
    this.#stores = stores;
    this.#bound = bound;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Looks through the storage, at the start and after others removed from it. Until it first has, nothing goes. */
  async load(signal: AbortSignal): Promise<void> {
    const startedMs = Date.now();
    const uses = await this.#readUses();
    const found = new Map<Digest, { sizeBytes: number; names: string[] }>();
    for (const name of await this.#stores.manifests.repositories()) {
      if (signal.aborted) return;
      if (!this.#bound.isOwn(name)) continue;
      for (const [digest, sizeBytes] of (await this.#stores.usage.of(name)).sizes) {
        const entry = found.get(digest) ?? { sizeBytes, names: [] };
        entry.names.push(name);
        found.set(digest, entry);
      }
    }
    // What is known here was used after all that was only found; what is known and was not found is gone, unless it just came.
    const since = [...this.#held].filter(([digest, held]) => found.has(digest) || held.usedAtMs >= startedMs);
    this.#held.clear();
    this.#bytes = 0;
    const ranks = new Map([...uses.keys()].map((digest, rank) => [digest, rank]));
    const oldestFirst = [...found].sort(([a], [b]) => (ranks.get(a) ?? -1) - (ranks.get(b) ?? -1));
    for (const [digest, { sizeBytes, names }] of oldestFirst)
      for (const name of names) this.#add(name, digest, sizeBytes, uses.get(digest) ?? 0);
    for (const [digest, held] of since)
      for (const name of held.names) this.#add(name, digest, held.sizeBytes, held.usedAtMs, held.readers);
    this.#isLoaded = true;
    await this.shrink();
  }

  /** Came, or was used. */
  use(name: string, digest: Digest, sizeBytes: number): void {
    this.#add(name, digest, sizeBytes, Date.now());
  }

  /** Keeps it while somebody reads it. */
  reading(digest: Digest): Disposable {
    const held = this.#held.get(digest);
    if (held === undefined) return { [Symbol.dispose]: () => undefined };
    held.readers++;
    return {
      [Symbol.dispose]: () => {
        const now = this.#held.get(digest);
        if (now !== undefined) now.readers--;
      },
    };
  }

  /** Lets go until what is left fits. */
  async shrink(): Promise<void> {
    if (!this.#isLoaded || this.#bytes <= this.#bound.maxBytes) return;
    this.#evicting ??= this.#evict().finally(() => {
      this.#evicting = undefined;
    });
    await this.#evicting;
  }

  /** Writes down when things were last used. */
  async save(): Promise<void> {
    if (!this.#isLoaded) return;
    const uses = [...this.#held].slice(-maxRemembered).map(([digest, held]) => [digest, Math.round(held.usedAtMs)]);
    await this.#driver.write(cacheUses(this.#bound.prefix), Buffer.from(JSON.stringify({ uses })));
  }

  #add(name: string, digest: Digest, sizeBytes: number, usedAtMs: number, readers = 0): void {
    const held = this.#held.get(digest) ?? { sizeBytes, names: new Set<string>(), usedAtMs, readers: 0 };
    if (!this.#held.has(digest)) this.#bytes += sizeBytes;
    held.names.add(name);
    held.usedAtMs = usedAtMs;
    held.readers += readers;
    this.#held.delete(digest);
    this.#held.set(digest, held);
  }

  async #evict(): Promise<void> {
    for (const [digest, held] of this.#held) {
      if (this.#bytes <= this.#bound.maxBytes) return;
      if (held.readers > 0) continue;
      this.#held.delete(digest);
      this.#bytes -= held.sizeBytes;
      await this.#remove(digest, held);
    }
  }

  async #remove(digest: Digest, { names }: Held): Promise<void> {
    const startedMs = Date.now();
    const { manifests, blobs, usage, index } = this.#stores;
    for (const name of names) {
      await manifests.delete(name, digest);
      await blobs.unlink(name, digest);
      usage.invalidate(name);
      index.invalidate(name);
    }
    // Other servers of a shared storage may be about to rely on the bytes: there only a collection removes them.
    if (this.#driver.shared !== undefined || (await this.#isUsedElsewhere(digest))) return;
    await blobs.guard.remove(async () => {
      if (!blobs.guard.usedSince(digest, startedMs)) await this.#driver.remove(blobFolder(digest));
    });
  }

  async #isUsedElsewhere(digest: Digest): Promise<boolean> {
    for (const name of await this.#stores.manifests.repositories()) {
      for (const link of [layerLink(name, digest), revisionLink(name, digest)])
        if ((await this.#driver.stat(link)) !== undefined) return true;
    }
    return false;
  }

  async #readUses(): Promise<ReadonlyMap<Digest, number>> {
    const uses = new Map<Digest, number>();
    const text = (await this.#driver.read(cacheUses(this.#bound.prefix)))?.toString('utf8');
    if (text === undefined) return uses;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // Only the order of what goes first is lost.
      return uses;
    }
    const pairs: unknown = isJsonObject(json) ? json.uses : undefined;
    for (const pair of Array.isArray(pairs) ? pairs : []) {
      const [digest, atMs]: readonly unknown[] = Array.isArray(pair) ? pair : [];
      if (typeof digest === 'string' && isDigest(digest) && typeof atMs === 'number') uses.set(digest, atMs);
    }
    return uses;
  }
}
