/**
 * How much repositories may hold.
 *
 *     used (as stored, each blob once)  +  reserved (uploads under way)  +  what is asked for  <=  max
 *
 * 1. A quota counts the repositories it matches together, or with `each` one by one. Every quota that matches must have room.
 * 2. An upload reserves what it announces before a byte is taken, and what it does not announce as it comes.
 * 3. What is used is added up now and then, and always before something is refused: so a refusal is never a stale figure's.
 * 4. Other servers on the same storage do not see each other's reservations; they may go over by what is under way.
 */
import type { QuotaUse } from '../../../contract/registry-routes.ts';
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryContent, RepositoryUsage } from '../content/repository-usage.ts';
import { RegistryError } from '../http/registry-error.ts';
import { matchesRepository } from './repository-pattern.ts';

export interface QuotaRule {
  readonly repositories: readonly string[];
  /** Each repository for itself, rather than all together. */
  readonly each: boolean;
  readonly maxBytes?: number;
  readonly maxRepositories?: number;
  readonly maxTags?: number;
}

export interface QuotaSources {
  readonly usage: RepositoryUsage;
  /** Names of all repositories, also of those that have blobs only. */
  readonly repositories: () => Promise<readonly string[]>;
  /** Names of those that have a manifest. */
  readonly withManifests: () => Promise<readonly string[]>;
  /** Those that are caches of others: they have a bound of their own. */
  readonly isCache: (name: string) => boolean;
}

interface Used {
  readonly digests: ReadonlySet<Digest>;
  readonly tags: number;
  readonly repositories: number;
  /** Counted anew when it is older than a while. */
  atMs: number;
  /** `digests`' bytes, and what came since. */
  bytes: number;
}

interface Reservation {
  readonly name: string;
  bytes: number;
  movedAtMs: number;
}

const freshMs = 60_000;
/** An upload that nobody goes on with for so long counts no more; when somebody does, it does again. */
const abandonedMs = 60 * 60 * 1000;
const maxUploads = 10_000;
const maxKnown = 4096;
const maxReported = 1000;

export class Quotas {
  readonly #rules: readonly QuotaRule[];
  readonly #sources: QuotaSources;
  readonly #used = new Map<string, Used>();
  readonly #reserved = new Map<string, Reservation>();
  /** All repositories, as a while ago, and those admitted since. */
  #named: { readonly names: Set<string>; readonly atMs: number } | undefined;
  #manifests: Promise<unknown> = Promise.resolve();

  constructor(rules: readonly QuotaRule[], sources: QuotaSources) {
    this.#rules = rules;
    this.#sources = sources;
  }

  /**
   * Lets an upload go on, with what it announces; `take` gets the source to read, which ends with an error where the room does.
   * @param hasBytes of the upload so far
   * @throws RegistryError 'DENIED' before a byte is taken, when what is announced does not fit
   */
  async upload<T>(
    { name, id, hasBytes }: { readonly name: string; readonly id: string; readonly hasBytes: number },
    announcedBytes: number | undefined,
    source: AsyncIterable<Uint8Array>,
    take: (source: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const rules = this.#of(name);
    if (rules.length === 0) return await take(source);
    if (this.#reserved.size >= maxUploads && !this.#reserved.has(id))
      throw new RegistryError('TOOMANYREQUESTS', { message: 'too many uploads are under way' });
    await this.#admitRepository(name, rules);
    const reservation = { name, bytes: hasBytes, movedAtMs: Date.now() };
    this.#reserved.set(id, reservation);
    await this.#admitBytes(name, rules, announcedBytes ?? 0);
    reservation.bytes += announcedBytes ?? 0;
    if (announcedBytes !== undefined) return await take(source);
    return await take(this.#metered(source, rules, reservation));
  }

  /** After a chunk, however it ended: what the upload has on the disk. */
  uploadHas(id: string, bytes: number): void {
    const reservation = this.#reserved.get(id);
    if (reservation === undefined) return;
    reservation.bytes = bytes;
    reservation.movedAtMs = Date.now();
  }

  /** The upload became a blob, or is gone. */
  uploadEnded(id: string, isBlob: boolean): void {
    const reservation = this.#reserved.get(id);
    this.#reserved.delete(id);
    if (reservation === undefined || !isBlob) return;
    for (const rule of this.#of(reservation.name)) {
      const used = this.#used.get(this.#key(rule, reservation.name));
      if (used !== undefined) used.bytes += reservation.bytes;
    }
  }

  /** After uploads expired. */
  async forgetUploads(isThere: (name: string, id: string) => Promise<boolean>): Promise<void> {
    for (const [id, { name }] of this.#reserved) if (!(await isThere(name, id))) this.#reserved.delete(id);
  }

  /** @throws RegistryError 'DENIED' when a blob of another repository does not fit into this one */
  async admitMount(name: string, digest: Digest, sizeBytes: number): Promise<void> {
    const rules = this.#of(name);
    if (rules.length === 0) return;
    await this.#admitRepository(name, rules);
    // Those that count the blob already do not grow by it; what came since they were counted shows at the second look.
    if (this.#withoutRoom(name, await this.#without(digest, name, rules), sizeBytes) === undefined) return;
    for (const rule of rules) await this.#count(rule, name);
    await this.#admitBytes(name, await this.#without(digest, name, rules), sizeBytes);
  }

  async #without(digest: Digest, name: string, rules: readonly QuotaRule[]): Promise<readonly QuotaRule[]> {
    const growing: QuotaRule[] = [];
    for (const rule of rules) if (!(await this.#usedBy(rule, name)).digests.has(digest)) growing.push(rule);
    return growing;
  }

  /** Stores a manifest with `put`, one at a time, so that two do not both take the last place. @throws RegistryError 'DENIED' */
  async manifest<T>(name: string, tags: readonly string[], sizeBytes: number, put: () => Promise<T>): Promise<T> {
    const rules = this.#of(name);
    if (rules.length === 0) return await put();
    const admitted = this.#manifests.then(async () => {
      // Two new ones may have brought their blobs at once; with its manifest, one at a time, a repository begins to count.
      await this.#admitRepository(name, rules, this.#sources.withManifests);
      await this.#admitTags(name, rules, tags);
      await this.#admitBytes(name, rules, sizeBytes);
      const stored = await put();
      for (const rule of rules) {
        const used = this.#used.get(this.#key(rule, name));
        if (used !== undefined) used.atMs = Number.NEGATIVE_INFINITY;
      }
      return stored;
    });
    this.#manifests = admitted.catch(() => undefined);
    return await admitted;
  }

  async report(): Promise<readonly QuotaUse[]> {
    const rows: QuotaUse[] = [];
    for (const rule of this.#rules) {
      const names = rule.each ? (await this.#names(rule)).slice(0, maxReported) : [''];
      for (const name of names) {
        const used = await this.#count(rule, name);
        const { maxBytes, maxRepositories, maxTags } = rule;
        rows.push({
          repositories: rule.repositories,
          ...(rule.each ? { repository: name } : {}),
          usedBytes: used.bytes,
          ...(maxBytes === undefined ? {} : { maxBytes }),
          usedRepositories: used.repositories,
          ...(maxRepositories === undefined ? {} : { maxRepositories }),
          usedTags: used.tags,
          ...(maxTags === undefined ? {} : { maxTags }),
        });
      }
    }
    return rows;
  }

  async *#metered(
    source: AsyncIterable<Uint8Array>,
    rules: readonly QuotaRule[],
    reservation: Reservation,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      for (const rule of rules)
        if (!this.#used.has(this.#key(rule, reservation.name))) await this.#count(rule, reservation.name);
      const full = this.#withoutRoom(reservation.name, rules, chunk.byteLength);
      if (full !== undefined) throw await this.#overBytes(full, reservation.name);
      reservation.bytes += chunk.byteLength;
      reservation.movedAtMs = Date.now();
      yield chunk;
    }
  }

  async #admitBytes(name: string, rules: readonly QuotaRule[], bytes: number): Promise<void> {
    for (const rule of rules) await this.#usedBy(rule, name);
    if (this.#withoutRoom(name, rules, bytes) === undefined) return;
    for (const rule of rules) await this.#count(rule, name);
    const full = this.#withoutRoom(name, rules, bytes);
    if (full !== undefined) throw await this.#overBytes(full, name);
  }

  /** The first quota these bytes do not fit into, by the figures at hand. */
  #withoutRoom(name: string, rules: readonly QuotaRule[], bytes: number): QuotaRule | undefined {
    return rules.find((rule) => {
      if (rule.maxBytes === undefined) return false;
      const used = this.#used.get(this.#key(rule, name))?.bytes ?? 0;
      return used + this.#reservedOf(rule, name) + bytes > rule.maxBytes;
    });
  }

  #reservedOf(rule: QuotaRule, name: string): number {
    let bytes = 0;
    const sinceMs = Date.now() - abandonedMs;
    for (const other of this.#reserved.values())
      if (other.movedAtMs >= sinceMs && (rule.each ? other.name === name : this.#matches(rule, other.name)))
        bytes += other.bytes;
    return bytes;
  }

  async #admitRepository(
    name: string,
    rules: readonly QuotaRule[],
    list?: () => Promise<readonly string[]>,
  ): Promise<void> {
    const content = await this.#sources.usage.of(name);
    // One that counts already is no new one; the others are few, and worth a look at all there are.
    const isNew = list === undefined ? content.sizes.size === 0 : content.manifests === 0;
    if (isNew) await this.#admitNew(name, rules, list ?? this.#sources.repositories);
    this.#named?.names.add(name);
  }

  async #admitNew(name: string, rules: readonly QuotaRule[], list: () => Promise<readonly string[]>): Promise<void> {
    for (const rule of rules) {
      if (rule.maxRepositories === undefined || rule.each) continue;
      const names = (await list()).filter((other) => this.#matches(rule, other));
      if (names.includes(name) || names.length < rule.maxRepositories) continue;
      throw over(rule, name, `${rule.maxRepositories} repositories, which there are`, 'maxRepositories');
    }
  }

  async #admitTags(name: string, rules: readonly QuotaRule[], tags: readonly string[]): Promise<void> {
    const there = (await this.#sources.usage.of(name)).tags;
    const added = tags.filter((tag) => !there.has(tag)).length;
    if (added === 0) return;
    for (const rule of rules) {
      if (rule.maxTags === undefined || (await this.#usedBy(rule, name)).tags + added <= rule.maxTags) continue;
      if ((await this.#count(rule, name)).tags + added > rule.maxTags)
        throw over(rule, name, `${rule.maxTags} tags, which there are`, 'maxTags');
    }
  }

  async #overBytes(rule: QuotaRule, name: string): Promise<RegistryError> {
    const used = (await this.#usedBy(rule, name)).bytes;
    const coming = this.#reservedOf(rule, name);
    const under = coming === 0 ? '' : `, ${coming} more by uploads under way`;
    return over(rule, name, `${rule.maxBytes} bytes, and ${used} are used${under}`, 'maxBytes');
  }

  #of(name: string): readonly QuotaRule[] {
    return this.#rules.filter((rule) => this.#matches(rule, name));
  }

  #matches(rule: QuotaRule, name: string): boolean {
    return !this.#sources.isCache(name) && rule.repositories.some((pattern) => matchesRepository(pattern, name));
  }

  #key(rule: QuotaRule, name: string): string {
    return `${this.#rules.indexOf(rule)} ${rule.each ? name : ''}`;
  }

  async #names(rule: QuotaRule): Promise<readonly string[]> {
    if (this.#named === undefined || Date.now() - this.#named.atMs > freshMs)
      this.#named = { names: new Set(await this.#sources.repositories()), atMs: Date.now() };
    return [...this.#named.names].filter((name) => this.#matches(rule, name));
  }

  async #usedBy(rule: QuotaRule, name: string): Promise<Used> {
    const used = this.#used.get(this.#key(rule, name));
    return used !== undefined && Date.now() - used.atMs < freshMs ? used : await this.#count(rule, name);
  }

  async #count(rule: QuotaRule, name: string): Promise<Used> {
    const atMs = Date.now();
    const names = rule.each ? [name] : await this.#names(rule);
    const digests = new Set<Digest>();
    let bytes = 0;
    let tags = 0;
    for (const each of names) {
      const content: RepositoryContent = await this.#sources.usage.of(each);
      tags += content.tags.size;
      for (const [digest, sizeBytes] of content.sizes) {
        if (digests.has(digest)) continue;
        digests.add(digest);
        bytes += sizeBytes;
      }
    }
    const used = { digests, tags, bytes, repositories: names.length, atMs };
    const key = this.#key(rule, name);
    this.#used.delete(key);
    this.#used.set(key, used);
    const oldest = this.#used.keys().next();
    if (this.#used.size > maxKnown && !oldest.done) this.#used.delete(oldest.value);
    return used;
  }
}

function over(rule: QuotaRule, name: string, what: string, quota: string): RegistryError {
  const whose = rule.each ? name : `repositories ${rule.repositories.join(', ')}`;
  const message = `quota exceeded: ${whose} may hold ${what}; delete what is not needed, or ask the registry's administrator`;
  return new RegistryError('DENIED', { message, detail: { repository: name, quota } });
}
