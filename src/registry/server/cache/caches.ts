/** The caches of a registry: which repository belongs to which. The longest prefix of a name counts. */
import { WharfError } from '../../../contract/errors.ts';
import type { CacheUse } from '../../../contract/registry-routes.ts';
import type { Stores } from '../http/exchange.ts';
import type { RegistryLogger } from '../registry-logger.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import type { CacheSettings } from './cache-settings.ts';
import { PullThroughCache } from './pull-through-cache.ts';
import type { OpenUpstream } from './upstream.ts';

export interface CachesSurroundings {
  readonly driver: StorageDriver;
  readonly stores: Stores;
  readonly logger: RegistryLogger;
  readonly openUpstream: OpenUpstream | undefined;
}

export class Caches implements AsyncDisposable {
  /** The longest prefix first. */
  readonly #caches: readonly PullThroughCache[];

  private constructor(caches: readonly PullThroughCache[]) {
    this.#caches = caches;
  }

  /** @throws WharfError 'request.invalid' when an upstream can not be spoken to as the settings say */
  static async open(settings: readonly CacheSettings[], around: CachesSurroundings): Promise<Caches> {
    const { openUpstream, driver, stores, logger } = around;
    if (settings.length > 0 && openUpstream === undefined)
      throw new WharfError('request.invalid', 'this registry has no way to speak to another: it can be no cache');
    const sorted = [...settings].sort((a, b) => b.prefix.length - a.prefix.length);
    const caches: PullThroughCache[] = [];
    for (const own of sorted) {
      const isOwn = (name: string): boolean => sorted.find((other) => covers(other, name)) === own;
      const upstream = await openUpstream?.(own);
      if (upstream !== undefined) caches.push(new PullThroughCache(own, { driver, stores, upstream, logger, isOwn }));
    }
    return new Caches(caches);
  }

  /** Undefined for a repository of this registry's own. */
  of(name: string): PullThroughCache | undefined {
    return this.#caches.find((cache) => covers(cache.settings, name));
  }

  /** After a collection. */
  collected(): void {
    for (const cache of this.#caches) cache.collected();
  }

  report(): CacheUse[] {
    return this.#caches.map(({ settings, contents, upstreamAnswers }) => ({
      prefix: settings.prefix,
      upstream: settings.upstream,
      usedBytes: contents.bytes,
      ...(settings.maxBytes === undefined ? {} : { maxBytes: settings.maxBytes }),
      upstreamAnswers,
    }));
  }

  /** In Prometheus' text format. */
  metrics(): string {
    if (this.#caches.length === 0) return '';
    const lines = ['# TYPE wharf_registry_cache_bytes gauge'];
    for (const { settings, contents } of this.#caches)
      lines.push(`wharf_registry_cache_bytes{prefix="${settings.prefix}"} ${contents.bytes}`);
    lines.push('# TYPE wharf_registry_cache_upstream_up gauge');
    for (const { settings, upstreamAnswers } of this.#caches)
      lines.push(`wharf_registry_cache_upstream_up{prefix="${settings.prefix}"} ${upstreamAnswers ? 1 : 0}`);
    lines.push('# TYPE wharf_registry_cache_answers_total counter');
    for (const { settings, answers } of this.#caches)
      for (const [from, count] of Object.entries(answers))
        lines.push(`wharf_registry_cache_answers_total{prefix="${settings.prefix}",from="${from}"} ${count}`);
    return `${lines.join('\n')}\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cache of this.#caches) await cache[Symbol.asyncDispose]();
  }
}

function covers({ prefix }: CacheSettings, name: string): boolean {
  return prefix === '' || name.startsWith(`${prefix}/`);
}
