/** Search over all registries at once, for Wharf's registry page and `wharf search`: merged, and the best first. */
import type { RegistryFailure, RegistryInfo, RegistrySearchResponse } from '../../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../../contract/errors.ts';
import { type Platform, parsePlatform, runsOn } from '../../../oci/platform.ts';
import type { RegistryAuth, RegistryClient, RegistrySearchResult } from '../../../registry/client/registry-client.ts';
import { rankResults } from './rank-results.ts';

const limitMax = 100;
const limitDefault = 25;
const registriesMax = 50;

export interface MergedSearchQuery {
  readonly term: string;
  readonly kind?: 'image' | 'extension' | 'plugin' | undefined;
  /** `os/architecture[/variant]`. */
  readonly platform?: string | undefined;
  /** Only this one. */
  readonly registry?: string | undefined;
  /** Beside those the engine knows. */
  readonly also?: readonly string[];
  /** Most results of each registry. */
  readonly limit?: number | undefined;
}

export interface MergedSearchAccess {
  /** Sign-ins by registry. */
  readonly config?: ReadonlyMap<string, RegistryAuth>;
  readonly signal: AbortSignal;
}

/** A registry that has not answered by then is reported as failed; the page shows what the others have. */
const mergedSearchTimeoutMs = 8_000;

/**
 * Asks all registries at once. One that fails does not hide what the others found: it is listed in `failures`.
 * Mirrors hold Docker Hub's content and are not asked; fallbacks answer with Docker Hub, under its names.
 *
 * @throws WharfError 'request.invalid' for a platform that is none
 */
export async function mergedSearch(
  client: RegistryClient,
  registries: readonly RegistryInfo[],
  query: MergedSearchQuery,
  { config, signal }: MergedSearchAccess,
): Promise<RegistrySearchResponse> {
  const { term, kind, limit } = query;
  const platform = query.platform ? parsePlatform(query.platform, anyMachine) : undefined;
  const names = askedRegistries(registries, query);
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(mergedSearchTimeoutMs)]);
  const asked = { term, kind, platform: query.platform || undefined, limit: Math.min(limit || limitDefault, limitMax) };
  const answers = await Promise.allSettled(
    names.map((registry) => {
      const auth = config?.get(registry);
      return client.search({ ...asked, registry }, { signal: bounded, ...(auth === undefined ? {} : { auth }) });
    }),
  );
  signal.throwIfAborted();
  const results: RegistrySearchResult[] = [];
  const failures: RegistryFailure[] = [];
  answers.forEach((answer, index) => {
    if (answer.status === 'fulfilled') results.push(...answer.value);
    else failures.push(failureOf(names[index] ?? '', answer.reason));
  });
  const fitting = platform === undefined ? results : results.filter((result) => mayRunOn(result, platform));
  return { results: rankResults(withoutRepeats(fitting), term, platform !== undefined), failures };
}

/** What a platform leaves out is filled in from here; asked for are whole platforms, mostly. */
const anyMachine: Platform = { os: 'linux', architecture: 'amd64' };

function askedRegistries(registries: readonly RegistryInfo[], query: MergedSearchQuery): readonly string[] {
  if (query.registry) return [query.registry];
  const known = registries.filter(({ role }) => role === 'registry').map(({ name }) => name);
  const names = [...new Set([...known, ...(query.also ?? [])])];
  if (names.length > registriesMax)
    throw new WharfError('request.invalid', `more than ${registriesMax} registries to search`);
  return names;
}

/** Docker Hub and plain catalogues tell no platform: then it may be for any. */
function mayRunOn({ platforms }: RegistrySearchResult, wanted: Platform): boolean {
  return platforms.length === 0 || platforms.some((text) => runsOn(wanted, parsedOr(text)));
}

function parsedOr(text: string): Platform {
  try {
    return parsePlatform(text, anyMachine);
  } catch {
    // A registry may send anything; what is no platform fits none.
    return { os: '', architecture: '' };
  }
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
