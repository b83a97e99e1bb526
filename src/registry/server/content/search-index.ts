/**
 * What the registry holds, as a catalogue: one entry a repository, told from what its shown tag names. Which that is is kept
 * until the next push to the repository, or deletion from it.
 */
import { type Platform, runsOn } from '../../../oci/platform.ts';
import type { ContentFactsReader } from './content-facts.ts';
import type { ManifestStore } from './manifest-store.ts';

export type EntryKind = 'image' | 'extension' | 'plugin';

export interface SearchEntry {
  /** Repository, without a host. */
  readonly name: string;
  readonly kind: EntryKind;
  readonly title: string;
  readonly description: string;
  /** URL or data URI. */
  readonly icon?: string;
  /** Empty where it does not tell, as Docker's plugins do not. */
  readonly platforms: readonly string[];
  /** Newest first is not known of a registry; these are in the order of code units. */
  readonly tags: readonly string[];
  /** Packed bytes of one platform's image: what a pull loads. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** When the shown tag was pushed, ISO 8601. */
  readonly updatedAt?: string;
}

export interface SearchQuery {
  readonly words: readonly string[];
  readonly kind: EntryKind | undefined;
  /** Only what a machine of this platform can run. */
  readonly platform?: Platform;
  readonly limit: number;
  /** Matches to leave out at the front: the pages before. */
  readonly offset?: number;
  /** Repositories that may be told of; all when it is left out. */
  readonly shown?: (name: string) => boolean;
}

export interface SearchPage {
  /** Of all pages. */
  readonly total: number;
  readonly results: readonly SearchEntry[];
}

export class SearchIndex {
  readonly #manifests: ManifestStore;
  readonly #facts: ContentFactsReader;
  readonly #entries = new Map<string, SearchEntry | undefined>();
  #names: readonly string[] | undefined;
  readonly #freshMs: number;
  #sinceMs = Date.now();

  /** @param freshMs how long what was read counts: for ever, where no other server changes this storage */
  constructor(manifests: ManifestStore, facts: ContentFactsReader, freshMs = Number.POSITIVE_INFINITY) {
    this.#manifests = manifests;
    this.#facts = facts;
    this.#freshMs = freshMs;
  }

  /** After a push to, or a deletion from, this repository. */
  invalidate(name: string): void {
    this.#entries.delete(name);
    this.#names = undefined;
  }

  async repositories(): Promise<readonly string[]> {
    if (Date.now() - this.#sinceMs > this.#freshMs) {
      this.#sinceMs = Date.now();
      this.#names = undefined;
      this.#entries.clear();
    }
    this.#names ??= await this.#manifests.repositories();
    return this.#names;
  }

  async search(query: SearchQuery): Promise<SearchPage> {
    const matches: { readonly entry: SearchEntry; readonly rank: number }[] = [];
    for (const name of await this.repositories()) {
      if (query.shown?.(name) === false) continue;
      const entry = await this.#entry(name);
      if (entry === undefined || (query.kind !== undefined && entry.kind !== query.kind)) continue;
      if (query.platform !== undefined && !fits(entry, query.platform)) continue;
      const rank = rankOf(entry, query.words);
      if (rank !== undefined) matches.push({ entry, rank });
    }
    matches.sort((a, b) => a.rank - b.rank || a.entry.name.localeCompare(b.entry.name, 'en'));
    const { offset = 0, limit } = query;
    return { total: matches.length, results: matches.slice(offset, offset + limit).map((match) => match.entry) };
  }

  async #entry(name: string): Promise<SearchEntry | undefined> {
    if (this.#entries.has(name)) return this.#entries.get(name);
    const entry = await this.#build(name);
    this.#entries.set(name, entry);
    return entry;
  }

  /** Undefined for what is for no engine: an artifact such as a chart or a signature. */
  async #build(name: string): Promise<SearchEntry | undefined> {
    const tags = await this.#manifests.tags(name);
    const shown = shownTag(tags);
    const digest = shown === undefined ? undefined : await this.#manifests.resolveTag(name, shown);
    const stored = digest === undefined ? undefined : await this.#manifests.get(name, digest);
    if (shown === undefined || stored === undefined) return undefined;
    const { kind, title, description, icon, platforms, pullBytes, labels } = await this.#facts.of(name, stored);
    if (kind === 'artifact') return undefined;
    const updatedAt = await this.#manifests.taggedAt(name, shown);
    return {
      name,
      kind,
      title: title || name.slice(name.lastIndexOf('/') + 1),
      description,
      ...(icon === undefined ? {} : { icon }),
      platforms,
      sizeBytes: pullBytes,
      labels,
      tags,
      ...(updatedAt === undefined ? {} : { updatedAt: updatedAt.toISOString() }),
    };
  }
}

/** What tells no platform may be for any. */
function fits(entry: SearchEntry, wanted: Platform): boolean {
  if (entry.platforms.length === 0) return true;
  return entry.platforms.some((text) => {
    const [os = '', architecture = '', variant = ''] = text.split('/');
    return runsOn(wanted, { os, architecture, ...(variant === '' ? {} : { variant }) });
  });
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
