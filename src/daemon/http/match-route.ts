/** From method and path to a row of the route table. */
import { engineRoutes, type OperationName } from '../../contract/engine-routes.ts';
import { WharfError } from '../../contract/errors.ts';
import type { RouteSpec } from '../../contract/route.ts';

export interface MatchedRoute {
  readonly name: OperationName;
  readonly spec: RouteSpec;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly name: OperationName;
  readonly spec: RouteSpec;
  readonly regex: RegExp;
}

export type RouteMatcher = (method: string, path: string) => MatchedRoute | undefined;

/** Paths without parameters win over patterns; patterns are tried in the table's order, by method and first segment. */
export function createRouteMatcher(
  routes: Readonly<Partial<Record<OperationName, RouteSpec>>> = engineRoutes,
): RouteMatcher {
  const fixed = new Map<string, Pick<MatchedRoute, 'name' | 'spec'>>();
  const patterns = new Map<string, Pattern[]>();
  for (const [name, spec] of Object.entries(routes) as [OperationName, RouteSpec][]) {
    if (!spec.path.includes('{')) {
      fixed.set(`${spec.method} ${spec.path}`, { name, spec });
      continue;
    }
    const key = firstSegment(spec.method, spec.path);
    const list = patterns.get(key) ?? [];
    list.push({ name, spec, regex: patternOf(spec.path) });
    patterns.set(key, list);
  }
  return (method, path) => {
    // dockerd lists networks at both; compose and its tests ask the second.
    const exact = fixed.get(`${method} ${path === '/networks/' ? '/networks' : path}`);
    if (exact !== undefined) return { ...exact, params: {} };
    for (const { name, spec, regex } of patterns.get(firstSegment(method, path)) ?? []) {
      const found = regex.exec(path);
      if (found !== null) return { name, spec, params: decodeParams(found.groups ?? {}) };
    }
    return undefined;
  };
}

function firstSegment(method: string, path: string): string {
  const end = path.indexOf('/', 1);
  return `${method} ${end < 0 ? path : path.slice(0, end)}`;
}

/** `/images/{name:.*}/json` as an anchored expression with named groups. */
function patternOf(template: string): RegExp {
  // A container may be named by another's link to it, `web/db`, whose slash clients send as it is.
  const ofContainers = template.startsWith('/containers/{id}');
  const source = template
    .split(/(\{\w+(?::\.\*)?\})/)
    .map((part) => {
      const name = /^\{(\w+)(:\.\*)?\}$/.exec(part);
      if (name === null) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return name[2] === undefined && !ofContainers ? `(?<${name[1]}>[^/]+)` : `(?<${name[1]}>.+)`;
    })
    .join('');
  return new RegExp(`^${source}$`);
}

function decodeParams(groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(groups).map(([name, value]) => {
      try {
        return [name, decodeURIComponent(value)];
      } catch (cause) {
        throw new WharfError('request.invalid', `the path is not valid URL encoding: ${value.slice(0, 80)}`, { cause });
      }
    }),
  );
}
