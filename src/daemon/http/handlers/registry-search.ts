/** Search in one registry, in Docker's shape. */
import type { ImageSearchItem } from '../../../contract/engine-types.ts';
import { WharfError } from '../../../contract/errors.ts';
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
