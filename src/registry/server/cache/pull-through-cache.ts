/**
 * A part of the registry that is a cache of another one: what is asked for and not here is loaded from there and kept.
 *
 * 1. Content under a digest never changes: once here, it is served without a word to the upstream.
 * 2. A tag is believed for a while (`tagTtlSeconds`); then the upstream is asked what it names now. That costs a HEAD when it
 *    is the same.
 * 3. When the upstream is down, what is here is served as it is, and the answer says so. It is not asked again for a moment.
 * 4. Whatever is asked for by many at once is asked of the upstream once.
 * 5. Nothing gets in but by way of the upstream: pushes and deletions are refused.
 */
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Digest } from '../../../oci/digest.ts';
import { ManifestStore, type StoredManifest } from '../content/manifest-store.ts';
import { noteChange, type Stores } from '../http/exchange.ts';
import type { ManifestSelector } from '../http/manifest-handlers.ts';
import { RegistryError } from '../http/registry-error.ts';
import type { RegistryLogger } from '../registry-logger.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import { BlobFetch, type ChunkSink } from './blob-fetch.ts';
import { CacheContents } from './cache-contents.ts';
import type { CacheSettings } from './cache-settings.ts';
import type { Upstream, UpstreamManifest } from './upstream.ts';
import { isDown, isPassing, upstreamFailure } from './upstream-failure.ts';

export interface CacheSurroundings {
  readonly driver: StorageDriver;
  readonly stores: Stores;
  readonly upstream: Upstream;
  readonly logger: RegistryLogger;
  /** Names of this cache are not those of another one with a longer prefix. */
  readonly isOwn: (name: string) => boolean;
  readonly now?: () => number;
}

export type HeldBlob =
  | { readonly kind: 'held'; readonly sizeBytes: number }
  /** On its way; `isFirst` for who started it. */
  | { readonly kind: 'coming'; readonly fetch: BlobFetch }
  /** Too large to be kept: only handed on. */
  | {
      readonly kind: 'passing';
      readonly sizeBytes: number;
      readonly open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
    };

export type Freshness = 'fresh' | 'stale';

const defaultTagTtlSeconds = 300;
/** How long an upstream that could not be reached is not asked again. */
const downForMs = 10_000;
const maxTagsRemembered = 10_000;
const maxSizesRemembered = 50_000;
const maxFetches = 64;
const saveEveryMs = 5 * 60 * 1000;

export class PullThroughCache implements AsyncDisposable {
  readonly settings: CacheSettings;
  readonly contents: CacheContents;
  /** Manifests and blobs asked for, by where they came from. */
  readonly answers = { held: 0, loaded: 0, stale: 0 };
  readonly #around: CacheSurroundings;
  /** Takes manifests whose layers are not here yet. */
  readonly #manifests: ManifestStore;
  readonly #now: () => number;
  readonly #ending = new AbortController();
  /** Until when a tag is believed. */
  readonly #believedUntilMs = new Map<string, number>();
  /** Blobs that manifests of a repository name, with their sizes. */
  readonly #sizes = new Map<string, number>();
  readonly #asked = new Map<string, Promise<Freshness>>();
  readonly #fetches = new Map<Digest, BlobFetch>();
  readonly #failed: (error: unknown) => void;
  #loading: Promise<void>;
  readonly #saver: NodeJS.Timeout;
  #downUntilMs = 0;
  #downBecause: unknown;

  constructor(settings: CacheSettings, around: CacheSurroundings) {
    this.settings = settings;
    this.#around = around;
    this.#now = around.now ?? (() => performance.now());
    const { driver, stores, isOwn, logger } = around;
    this.#manifests = new ManifestStore(driver, stores.blobs, { sparse: true });
    const maxBytes = settings.maxBytes ?? Number.POSITIVE_INFINITY;
    this.contents = new CacheContents(driver, stores, { prefix: settings.prefix, maxBytes, isOwn });
    const failed = (error: unknown): void => logger.error(`the cache of ${settings.upstream}`, error);
    this.#failed = failed;
    this.#loading = this.contents.load(this.#ending.signal).catch(failed);
    this.#saver = setInterval(() => void this.contents.save().catch(failed), saveEveryMs);
    this.#saver.unref();
  }

  /** After a collection: what it removed does not count any more. */
  collected(): void {
    this.#loading = this.#loading.then(() => this.contents.load(this.#ending.signal)).catch(this.#failed);
  }

  get upstreamAnswers(): boolean {
    return this.#now() >= this.#downUntilMs;
  }

  /** Sees to it that the manifest is here, if the upstream has it. @throws RegistryError */
  async manifest(name: string, selector: ManifestSelector): Promise<Freshness> {
    const { stores } = this.#around;
    const digest =
      selector.kind === 'manifest' ? selector.digest : await stores.manifests.resolveTag(name, selector.tag);
    const held = digest === undefined ? undefined : await stores.manifests.get(name, digest);
    const believed =
      selector.kind === 'manifest' || this.#now() < (this.#believedUntilMs.get(`${name}:${selector.tag}`) ?? 0);
    if (held !== undefined && believed) {
      this.#used(name, held);
      this.answers.held++;
      return 'fresh';
    }
    if (!this.upstreamAnswers) return this.#staleOr(name, held, this.#downBecause);
    const key = selector.kind === 'tag' ? `${name}:${selector.tag}` : `${name}@${selector.digest}`;
    return await this.#once(key, () => this.#ask(name, selector, held));
  }

  /** What there is of a blob; undefined when the upstream has none such. `sink`: see BlobFetch. @throws RegistryError */
  async blob(name: string, digest: Digest, fetchNow: boolean, sink?: ChunkSink): Promise<HeldBlob | undefined> {
    const { stores } = this.#around;
    const here = await stores.blobs.sizeIn(name, digest);
    if (here !== undefined) {
      this.contents.use(name, digest, here);
      this.answers.held++;
      return { kind: 'held', sizeBytes: here };
    }
    const sizeBytes = this.#sizes.get(`${name} ${digest}`) ?? (await this.#sizeThere(name, digest));
    if (sizeBytes === undefined) return undefined;
    this.#remember(name, digest, sizeBytes);
    // Another repository has it, and the upstream's says that this one does too: nothing needs to be loaded.
    if ((await stores.blobs.size(digest)) === sizeBytes && (await stores.blobs.link(name, digest))) {
      this.#kept(name, digest, sizeBytes);
      return { kind: 'held', sizeBytes };
    }
    const isKept = fetchNow && sizeBytes > 0 && sizeBytes <= (this.settings.maxBytes ?? Number.POSITIVE_INFINITY);
    const open = async (signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> =>
      await this.#asking('BLOB_UNKNOWN', () =>
        this.#around.upstream.blob(this.#there(name), { digest, sizeBytes, verify: !isKept }, signal),
      );
    if (fetchNow) this.answers.loaded++;
    if (!isKept) return { kind: 'passing', sizeBytes, open };
    return { kind: 'coming', fetch: this.#fetch({ name, digest, sizeBytes, open }, sink) };
  }

  /** The upstream's; those that are here when it is down. @throws RegistryError */
  async tags(name: string): Promise<readonly string[]> {
    const { upstream, stores } = this.#around;
    const ask = (): Promise<readonly string[]> => upstream.tags(this.#there(name), this.#ending.signal);
    return await this.#orHere(ask, () => stores.manifests.tags(name), 'NAME_UNKNOWN');
  }

  /** As `tags`. */
  async referrers(name: string, subject: Digest): Promise<readonly Descriptor[]> {
    const { upstream, stores } = this.#around;
    const ask = (): Promise<readonly Descriptor[]> =>
      upstream.referrers(this.#there(name), subject, this.#ending.signal);
    const here = async (): Promise<readonly Descriptor[]> =>
      (await stores.manifests.referrers(name, subject)).map(({ document, digest, bytes }) => ({
        mediaType: document.mediaType,
        digest,
        size: bytes.byteLength,
        ...(document.artifactType === undefined ? {} : { artifactType: document.artifactType }),
        ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
      }));
    return await this.#orHere(ask, here, 'NAME_UNKNOWN');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#saver);
    this.#ending.abort();
    await Promise.allSettled([...this.#fetches.values()].map((fetch) => fetch.stored));
    await this.#loading;
    await this.contents
      .save()
      .catch((error: unknown) => this.#around.logger.error('a cache was not noted down', error));
    this.#around.upstream.close();
  }

  async #ask(name: string, selector: ManifestSelector, held: StoredManifest | undefined): Promise<Freshness> {
    const { upstream, stores } = this.#around;
    const own = async (digest: Digest): Promise<Uint8Array | undefined> =>
      (await stores.manifests.get(name, digest))?.bytes;
    const options = { signal: this.#ending.signal, ...(held === undefined ? {} : { held: own }) };
    let found: UpstreamManifest;
    try {
      found = await upstream.manifest(this.#there(name), selector, options);
    } catch (error) {
      if (isDown(error)) this.#wentDown(error);
      if (isPassing(error)) return this.#staleOr(name, held, error);
      const failure = upstreamFailure(error, this.settings.upstream, 'MANIFEST_UNKNOWN');
      // The upstream does not have the tag any more: neither does its cache.
      if (failure instanceof RegistryError && failure.code === 'MANIFEST_UNKNOWN' && selector.kind === 'tag') {
        if (await stores.manifests.deleteTag(name, selector.tag)) noteChange(stores, name);
      }
      throw failure;
    }
    const tags = selector.kind === 'tag' ? [selector.tag] : [];
    if (held?.digest !== found.digest) {
      this.answers.loaded++;
      const stored = await this.#manifests.put(name, Buffer.from(found.bytes), {
        type: found.mediaType,
        digest: found.digest,
        tags,
      });
      noteChange(stores, name);
      this.#used(name, stored);
      await this.contents.shrink();
    } else {
      this.answers.held++;
      this.#used(name, held);
    }
    for (const tag of tags) this.#believe(`${name}:${tag}`);
    return 'fresh';
  }

  #staleOr(name: string, held: StoredManifest | undefined, error: unknown): Freshness {
    if (held === undefined) throw upstreamFailure(error, this.settings.upstream, 'MANIFEST_UNKNOWN');
    this.#used(name, held);
    this.answers.stale++;
    return 'stale';
  }

  #fetch(
    blob: {
      name: string;
      digest: Digest;
      sizeBytes: number;
      open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
    },
    sink: ChunkSink | undefined,
  ): BlobFetch {
    const under = this.#fetches.get(blob.digest);
    if (under !== undefined) {
      if (under.blob.name !== blob.name) this.#linkOnce(under, blob.name);
      return under;
    }
    if (this.#fetches.size >= maxFetches)
      throw new RegistryError('TOOMANYREQUESTS', {
        message: `${maxFetches} blobs are on their way already`,
        headers: { 'retry-after': '5' },
      });
    const { driver, stores, logger } = this.#around;
    const fetch = new BlobFetch(blob, { driver, uploads: stores.uploads }, this.#ending.signal, sink);
    this.#fetches.set(blob.digest, fetch);
    const ended = fetch.stored.then(
      async () => {
        this.#kept(blob.name, blob.digest, blob.sizeBytes);
        this.#fetches.delete(blob.digest);
        await this.contents.shrink();
      },
      (error: unknown) => {
        this.#fetches.delete(blob.digest);
        if (!this.#ending.signal.aborted) logger.error(`${blob.name}: ${blob.digest} was not cached`, error);
      },
    );
    ended.catch((error: unknown) => logger.error(`the cache of ${this.settings.upstream}`, error));
    return fetch;
  }

  /** Two repositories want the same blob: it comes for one of them. */
  #linkOnce(fetch: BlobFetch, name: string): void {
    const { digest, sizeBytes } = fetch.blob;
    const linked = fetch.stored.then(async () => {
      if (await this.#around.stores.blobs.link(name, digest)) this.#kept(name, digest, sizeBytes);
    });
    // When the fetch failed there is nothing to link, and its own end tells of that.
    linked.catch(() => undefined);
  }

  async #sizeThere(name: string, digest: Digest): Promise<number | undefined> {
    return await this.#asking('BLOB_UNKNOWN', () =>
      this.#around.upstream.blobSize(this.#there(name), digest, this.#ending.signal),
    );
  }

  /** Asks the upstream, unless it was down a moment ago. @throws RegistryError */
  async #asking<T>(unknown: 'BLOB_UNKNOWN' | 'NAME_UNKNOWN', ask: () => Promise<T>): Promise<T> {
    if (!this.upstreamAnswers) throw upstreamFailure(this.#downBecause, this.settings.upstream, unknown);
    try {
      return await ask();
    } catch (error) {
      if (isDown(error)) this.#wentDown(error);
      throw upstreamFailure(error, this.settings.upstream, unknown);
    }
  }

  async #orHere<T>(
    ask: () => Promise<readonly T[]>,
    here: () => Promise<readonly T[]>,
    unknown: 'NAME_UNKNOWN',
  ): Promise<readonly T[]> {
    try {
      return await this.#asking(unknown, ask);
    } catch (error) {
      const passing = error instanceof RegistryError && isPassing(error.cause);
      const held = passing ? await here() : [];
      if (held.length === 0) throw error;
      return held;
    }
  }

  async #once(key: string, ask: () => Promise<Freshness>): Promise<Freshness> {
    const under = this.#asked.get(key);
    if (under !== undefined) return await under;
    const mine = ask().finally(() => this.#asked.delete(key));
    this.#asked.set(key, mine);
    return await mine;
  }

  #wentDown(error: unknown): void {
    this.#downUntilMs = this.#now() + downForMs;
    this.#downBecause = error;
  }

  #believe(key: string): void {
    const seconds = this.settings.tagTtlSeconds ?? defaultTagTtlSeconds;
    setBounded(this.#believedUntilMs, key, this.#now() + seconds * 1000, maxTagsRemembered);
  }

  #used(name: string, { digest, bytes, document }: StoredManifest): void {
    this.contents.use(name, digest, bytes.byteLength);
    if (document.kind === 'manifest')
      for (const blob of [document.config, ...document.layers]) this.#remember(name, blob.digest, blob.size);
  }

  #kept(name: string, digest: Digest, sizeBytes: number): void {
    const { usage, index } = this.#around.stores;
    usage.blobAdded(name, digest, sizeBytes);
    // A config that came tells more of an image than its manifest did.
    index.invalidate(name);
    this.contents.use(name, digest, sizeBytes);
  }

  #remember(name: string, digest: Digest, sizeBytes: number): void {
    setBounded(this.#sizes, `${name} ${digest}`, sizeBytes, maxSizesRemembered);
  }

  /** The repository's name at the upstream. */
  #there(name: string): string {
    return this.settings.prefix === '' ? name : name.slice(this.settings.prefix.length + 1);
  }
}

function setBounded<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > max && !oldest.done) map.delete(oldest.value);
}
