/**
 * Which blobs and layers nothing needs any more, and their removal.
 *
 *     blobs:   needed by an image (manifest, config, layers), a repo digest (index), a held index, a manifest list, or leased
 *     indexes: held while a name stands for them; then images without a name that were part of them go too
 *     layers:  needed by an image, by a container's snapshot, or pinned by a pull or commit under way
 *
 * A removal first takes the image out of the database, then collects; a crash in between is made good at the next start.
 */
import type { Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { WharfSnapshotter } from '../snapshots/snapshotter-extras.ts';
import { descendantsOf } from './find-image.ts';
import { heldImages } from './held-index.ts';
import type { ImageDatabase } from './image-database.ts';
import type { ImageUsers } from './image-service.ts';
import type { ManifestListStore } from './manifest-list-store.ts';

export interface Collected {
  readonly layers: readonly { readonly chainId: string; readonly sizeBytes: number }[];
  /** Bytes of layers and blobs that are free now. */
  readonly freedBytes: number;
}

/** Layers that must stay although no image has them yet. */
export class ChainPins {
  readonly #pins = new Set<Set<string>>();

  open(): Disposable & { add(chainId: string): void } {
    const held = new Set<string>();
    this.#pins.add(held);
    return { add: (chainId) => held.add(chainId), [Symbol.dispose]: () => this.#pins.delete(held) };
  }

  has(chainId: string): boolean {
    return [...this.#pins].some((held) => held.has(chainId));
  }
}

interface GarbageStores {
  readonly images: ImageDatabase;
  readonly lists: ManifestListStore;
  readonly content: ContentStore;
  readonly snapshots: WharfSnapshotter;
  readonly pins: ChainPins;
  readonly users: ImageUsers;
}

export class GarbageCollector {
  readonly #images: ImageDatabase;
  readonly #lists: ManifestListStore;
  readonly #content: ContentStore;
  readonly #snapshots: WharfSnapshotter;
  readonly #pins: ChainPins;
  readonly #users: ImageUsers;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(stores: GarbageStores) {
    this.#images = stores.images;
    this.#lists = stores.lists;
    this.#content = stores.content;
    this.#snapshots = stores.snapshots;
    this.#pins = stores.pins;
    this.#users = stores.users;
  }

  /** One at a time. `keepPartials`: what interrupted downloads left stays, for the next try. */
  collect(options: { readonly keepPartials?: boolean } = {}): Promise<Collected> {
    const work = this.#tail.then(() => this.#collect(options));
    this.#tail = work.catch(() => undefined);
    return work;
  }

  /** Of the platforms of a lost index those that containers were made from stay, as images without a name. */
  #dropLostIndexes(): void {
    for (const index of this.#images.dropLostIndexes()) {
      for (const { content } of heldImages(index)) {
        const id = content.config.digest;
        if (this.#images.get(id) === undefined || this.#images.references(id).length > 0) continue;
        if (this.#images.indexesWith(id).length > 0 || descendantsOf(this.#images, id).length > 0) continue;
        if (this.#users.usersOf(id).length === 0) this.#images.delete(id);
      }
    }
  }

  async #collect(options: { readonly keepPartials?: boolean }): Promise<Collected> {
    this.#dropLostIndexes();
    const layers: { chainId: string; sizeBytes: number }[] = [];
    for (const chainId of this.#snapshots.layers()) {
      if (this.#neededChains().has(chainId) || this.#pins.has(chainId)) continue;
      const { sizeBytes } = this.#snapshots.layerUsage(chainId);
      await this.#snapshots.removeLayer(chainId);
      layers.push({ chainId, sizeBytes });
    }
    // Asked anew for each blob: an image may be completed while this runs, and then its lease ends.
    const blobs = await this.#content.collect((digest) => this.#neededBlobs().has(digest), options);
    this.#images.forgetOrigins(blobs.map((blob) => blob.digest));
    const freed = [...layers, ...blobs].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { layers, freedBytes: freed };
  }

  #chains: { readonly version: number; readonly ids: ReadonlySet<string> } | undefined;
  #blobs: { readonly version: number; readonly digests: ReadonlySet<Digest> } | undefined;

  #neededBlobs(): ReadonlySet<Digest> {
    // Both only grow, so the sum changes with either.
    const version = this.#images.version + this.#lists.version;
    if (this.#blobs?.version !== version) {
      const listed = [...this.#images.indexBlobs(), ...this.#lists.blobs()];
      const digests = new Set([...this.#images.namedDigests(), ...listed]);
      for (const image of this.#images.all()) {
        digests.add(image.id).add(image.manifest.digest);
        for (const layer of image.layers) digests.add(layer.blob.digest);
      }
      this.#blobs = { version, digests };
    }
    return this.#blobs.digests;
  }

  #neededChains(): ReadonlySet<string> {
    const { version } = this.#images;
    if (this.#chains?.version !== version) {
      const ids = new Set<string>();
      for (const image of this.#images.all()) for (const layer of image.layers) ids.add(layer.chainId);
      this.#chains = { version, ids };
    }
    const inUse = this.#snapshots.chainsInUse();
    return inUse.length === 0 ? this.#chains.ids : new Set([...this.#chains.ids, ...inUse]);
  }
}
