/** What a request asks for: version, route, parameters, query. No body yet. */
import { parseQuery } from '../../contract/parse.ts';
import { compareVersions, splitVersion } from './api-version.ts';
import type { MatchedRoute, RouteMatcher } from './match-route.ts';

export interface ResolvedRequest extends MatchedRoute {
  readonly apiVersion: string;
  readonly query: unknown;
}

/**
 * undefined: there is no such page, or not yet in the version asked for.
 * @throws WharfError 'request.invalid' for a version out of range or a query of wrong types
 */
export function resolveRequest(match: RouteMatcher, method: string, url: string): ResolvedRequest | undefined {
  const mark = url.indexOf('?');
  const { version, path } = splitVersion(mark < 0 ? url : url.slice(0, mark));
  const matched = match(method, path);
  if (matched === undefined || compareVersions(matched.spec.since, version) > 0) return undefined;
  const text = mark < 0 ? '' : url.slice(mark + 1);
  const query = matched.spec.query === undefined ? {} : parseQuery(matched.spec.query, new URLSearchParams(text));
  return { ...matched, apiVersion: version, query };
}
