/**
 * What the registry holds, as a catalogue: one entry a repository, told from the labels of the image its tag names.
 * Facts of an image never change, so they are kept by manifest digest; which image a repository shows is kept until the next
 * push to it or deletion from it.
 */
import { isWharfError } from '../../contract/errors.ts';
import { type ImageConfigDocument, parseImageConfig } from '../../oci/manifest.ts';
import { isImageConfigType } from '../../oci/media-types.ts';
import { formatPlatform, normalisePlatform } from '../../oci/platform.ts';
import type { BlobStore } from './blob-store.ts';
import type { ManifestStore, StoredManifest } from './manifest-store.ts';

export type EntryKind = 'image' | 'extension' | 'plugin';

export interface SearchEntry {
  /** Repository, without a host. */
  readonly name: string;
  readonly kind: EntryKind;
  readonly title: string;
  readonly description: string;
  /** URL or data URI. */
  readonly icon?: string;
  readonly platforms: readonly string[];
  /** Newest first is not known of a registry; these are in the order of code units. */
  readonly tags: readonly string[];
  /** Packed bytes of one platform's image: what a pull loads. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** When the shown tag was pushed, ISO 8601. */
  readonly updatedAt?: string;
}

type ImageFacts = Pick<SearchEntry, 'kind' | 'title' | 'description' | 'icon' | 'platforms' | 'sizeBytes' | 'labels'>;

export interface SearchQuery {
  readonly words: readonly string[];
  readonly kind: EntryKind | undefined;
  readonly limit: number;
  /** Repositories that may be told of; all when it is left out. */
  readonly shown?: (name: string) => boolean;
}

const maxFacts = 4096;

export class SearchIndex {
  readonly #manifests: ManifestStore;
  readonly #blobs: BlobStore;
  readonly #facts = new Map<string, ImageFacts>();
  readonly #entries = new Map<string, SearchEntry | undefined>();
  #names: readonly string[] | undefined;

  constructor(manifests: ManifestStore, blobs: BlobStore) {
    this.#manifests = manifests;
    this.#blobs = blobs;
  }

  /** After a push to, or a deletion from, this repository. */
  invalidate(name: string): void {
    this.#entries.delete(name);
    this.#names = undefined;
  }

  async repositories(): Promise<readonly string[]> {
    this.#names ??= await this.#manifests.repositories();
    return this.#names;
  }

  async search(query: SearchQuery): Promise<readonly SearchEntry[]> {
    const matches: { readonly entry: SearchEntry; readonly rank: number }[] = [];
    for (const name of await this.repositories()) {
      if (query.shown?.(name) === false) continue;
      const entry = await this.#entry(name);
      if (entry === undefined || (query.kind !== undefined && entry.kind !== query.kind)) continue;
      const rank = rankOf(entry, query.words);
      if (rank !== undefined) matches.push({ entry, rank });
    }
    matches.sort((a, b) => a.rank - b.rank || a.entry.name.localeCompare(b.entry.name, 'en'));
    return matches.slice(0, query.limit).map((match) => match.entry);
  }

  async #entry(name: string): Promise<SearchEntry | undefined> {
    if (this.#entries.has(name)) return this.#entries.get(name);
    const entry = await this.#build(name);
    this.#entries.set(name, entry);
    return entry;
  }

  async #build(name: string): Promise<SearchEntry | undefined> {
    const tags = await this.#manifests.tags(name);
    const shown = shownTag(tags);
    const digest = shown === undefined ? undefined : await this.#manifests.resolveTag(name, shown);
    const stored = digest === undefined ? undefined : await this.#manifests.get(name, digest);
    if (shown === undefined || stored === undefined) return undefined;
    const facts = this.#facts.get(stored.digest) ?? (await this.#readFacts(name, stored));
    if (facts === undefined) return undefined;
    this.#facts.set(stored.digest, facts);
    const oldest = this.#facts.keys().next();
    if (this.#facts.size > maxFacts && !oldest.done) this.#facts.delete(oldest.value);
    const updatedAt = await this.#manifests.taggedAt(name, shown);
    const short = name.slice(name.lastIndexOf('/') + 1);
    return {
      ...facts,
      name,
      title: facts.title || short,
      tags,
      ...(updatedAt === undefined ? {} : { updatedAt: updatedAt.toISOString() }),
    };
  }

  /** Undefined for what is no image: an artifact such as a chart or a signature is not for running. */
  async #readFacts(name: string, stored: StoredManifest): Promise<ImageFacts | undefined> {
    const images = await this.#images(name, stored);
    const first = images[0];
    if (first === undefined) return undefined;
    const labels = { ...first.config.labels, ...stored.document.annotations };
    const icon = labels['io.wharf.icon'] ?? labels['com.docker.desktop.extension.icon'];
    return {
      kind: kindOf(labels),
      title: labels['org.opencontainers.image.title'] ?? '',
      description: labels['org.opencontainers.image.description'] ?? '',
      ...(icon === undefined ? {} : { icon }),
      platforms: [...new Set(images.map((image) => formatPlatform(normalisePlatform(image.config.platform))))],
      sizeBytes: first.sizeBytes,
      labels,
    };
  }

  async #images(
    name: string,
    stored: StoredManifest,
  ): Promise<readonly { config: ImageConfigDocument; sizeBytes: number }[]> {
    const { document } = stored;
    if (document.kind === 'index') {
      const nested = [];
      for (const entry of document.manifests) {
        const child = await this.#manifests.get(name, entry.digest);
        // An index of indexes is legal; one level is what anything makes, and bounds the work.
        if (child?.document.kind === 'manifest') nested.push(...(await this.#images(name, child)));
      }
      return nested;
    }
    if (!isImageConfigType(document.config.mediaType)) return [];
    const bytes = await this.#blobs.read(document.config.digest);
    const config = bytes === undefined ? undefined : readConfig(bytes);
    // Attestations of a build lie beside images, as images of the platform unknown/unknown.
    if (config === undefined || config.platform.os === 'unknown') return [];
    const sizeBytes = [document.config, ...document.layers].reduce(
      (sum, blob) => sum + blob.size,
      stored.bytes.byteLength,
    );
    return [{ config, sizeBytes }];
  }
}

function readConfig(bytes: Buffer): ImageConfigDocument | undefined {
  try {
    return parseImageConfig(bytes.toString('utf8'));
  } catch (error) {
    // One broken image must not hide all others from the search.
    if (isWharfError(error)) return undefined;
    throw error;
  }
}

function kindOf(labels: Readonly<Record<string, string>>): EntryKind {
  const told = labels['io.wharf.kind'];
  if (told === 'extension' || told === 'plugin' || told === 'image') return told;
  return labels['com.docker.desktop.extension.api.version'] === undefined ? 'image' : 'extension';
}

/** `latest`, else the highest version, else the last name. */
export function shownTag(tags: readonly string[]): string | undefined {
  if (tags.includes('latest')) return 'latest';
  const versions = tags.filter((tag) => /^v?\d+(\.\d+)*$/.test(tag));
  const order = new Intl.Collator('en', { numeric: true });
  return [...(versions.length > 0 ? versions : tags)]
    .sort((a, b) => order.compare(a.replace(/^v/, ''), b.replace(/^v/, '')))
    .at(-1);
}

/** Smaller is better; undefined when a word is nowhere. */
function rankOf(entry: SearchEntry, words: readonly string[]): number | undefined {
  const name = entry.name.toLowerCase();
  const short = name.slice(name.lastIndexOf('/') + 1);
  const title = entry.title.toLowerCase();
  const rest =
    `${entry.description} ${entry.labels['org.opencontainers.image.vendor'] ?? ''} ${entry.kind}`.toLowerCase();
  let rank = 0;
  for (const word of words) {
    if (short === word || name === word) rank += 0;
    else if (short.startsWith(word) || title.startsWith(word)) rank += 1;
    else if (name.includes(word) || title.includes(word)) rank += 2;
    else if (rest.includes(word)) rank += 3;
    else return undefined;
  }
  return rank;
}
