/** Search in registries: one in Docker's shape, and all of them merged for Wharf's registry page. */
import type {
  ImageSearchItem,
  RegistryFailure,
  RegistryInfo,
  RegistrySearchResponse,
} from '../../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../../contract/errors.ts';
import type { Filters } from '../../../contract/schema.ts';
import type { RegistryAuth, RegistryClient, RegistrySearchResult } from '../../../registry/client/registry-client.ts';

interface SearchAccess {
  readonly auth?: RegistryAuth;
  readonly signal: AbortSignal;
}

const limitMax = 100;
const limitDefault = 25;

/**
 * `docker search [registry/]term`.
 * @throws WharfError 'request.invalid' for a limit out of Docker's range; as `RegistryClient.search`
 */
export async function dockerSearch(
  registry: RegistryClient,
  query: { readonly term: string; readonly limit?: number; readonly filters?: Filters },
  access: SearchAccess,
): Promise<readonly ImageSearchItem[]> {
  const limit = query.limit || limitDefault;
  if (limit < 1 || limit > limitMax) {
    throw new WharfError('request.invalid', `limit ${limit} is outside the range of [1, ${limitMax}]`);
  }
  const { registry: where, term } = splitTerm(query.term);
  const found = await registry.search({ registry: where, term, limit }, access);
  return found
    .filter((result) => passes(result, query.filters ?? {}))
    .map((result) => ({
      name: result.name,
      description: result.description,
      is_official: result.official,
      is_automated: false,
      star_count: result.stars,
    }));
}

/** The first part names a registry when it looks like a host, by the same rule as in image names. */
export function splitTerm(term: string): { readonly registry: string; readonly term: string } {
  const slash = term.indexOf('/');
  const host = slash < 0 ? '' : term.slice(0, slash);
  if (host === '' || (!/[.:]/.test(host) && host !== 'localhost')) return { registry: 'docker.io', term };
  return { registry: host, term: term.slice(slash + 1) };
}

function passes(result: RegistrySearchResult, filters: Filters): boolean {
  const official = filters['is-official']?.[0];
  if (official !== undefined && result.official !== (official === 'true' || official === '1')) return false;
  const automated = filters['is-automated']?.[0];
  if (automated === 'true' || automated === '1') return false;
  return result.stars >= Number(filters.stars?.[0] ?? 0);
}

export interface MergedSearchQuery {
  readonly term: string;
  readonly kind?: 'image' | 'extension' | 'plugin';
  readonly registry?: string;
  readonly limit?: number;
}

/** A registry that has not answered by then is reported as failed; the page shows what the others have. */
const mergedSearchTimeoutMs = 8_000;

/**
 * Asks all registries at once. One that fails does not hide what the others found: it is listed in `failures`.
 * Mirrors hold Docker Hub's content and are not asked; fallbacks answer with Docker Hub, under its names.
 */
export async function mergedSearch(
  client: RegistryClient,
  registries: readonly RegistryInfo[],
  query: MergedSearchQuery,
  signal: AbortSignal,
): Promise<RegistrySearchResponse> {
  const { term, kind, limit = limitDefault } = query;
  const names = query.registry
    ? [query.registry]
    : [...new Set(registries.filter(({ role }) => role === 'registry').map(({ name }) => name))];
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(mergedSearchTimeoutMs)]);
  const answers = await Promise.allSettled(
    names.map((registry) =>
      client.search({ registry, term, kind, limit: Math.min(limit || limitDefault, limitMax) }, { signal: bounded }),
    ),
  );
  signal.throwIfAborted();
  const results: RegistrySearchResult[] = [];
  const failures: RegistryFailure[] = [];
  answers.forEach((answer, index) => {
    if (answer.status === 'fulfilled') results.push(...answer.value);
    else failures.push(failureOf(names[index] ?? '', answer.reason));
  });
  return { results: withoutRepeats(results), failures };
}

function failureOf(registry: string, reason: unknown): RegistryFailure {
  if (isWharfError(reason)) return { registry, code: reason.code, message: reason.message, hint: reason.hint };
  if (reason instanceof DOMException) {
    return {
      registry,
      code: 'registry.timeout',
      message: `${registry} did not answer in ${mergedSearchTimeoutMs / 1000} seconds`,
    };
  }
  return { registry, code: 'internal', message: reason instanceof Error ? reason.message : String(reason) };
}

function withoutRepeats(results: readonly RegistrySearchResult[]): readonly RegistrySearchResult[] {
  const seen = new Set<string>();
  return results.filter(({ registry, name }) => {
    const key = `${registry} ${name}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
