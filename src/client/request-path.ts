/** From an operation's route, parameters and query to the path on the wire. */
import type { Filters } from '../contract/schema.ts';

/** Puts parameters into `/images/{name:.*}/json`. Rest parameters keep their slashes, colons and at signs. */
export function fillPath(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)(:\.\*)?\}/g, (_all, name: string, rest: string | undefined) => {
    const value = encodeURIComponent(params[name] ?? '');
    return rest === undefined ? value : value.replace(/%2F/g, '/').replace(/%3A/g, ':').replace(/%40/g, '@');
  });
}

type QueryValue = string | number | boolean | readonly string[] | Filters | undefined;

/** `?all=1&filters={...}`; lists repeat their name, maps are sent as JSON, what is undefined is left out. */
export function queryText(query: Readonly<Record<string, unknown>> | undefined): string {
  if (query === undefined) return '';
  const parts: string[] = [];
  const add = (name: string, value: string) => parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  for (const [name, value] of Object.entries(query) as [string, QueryValue][]) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) for (const item of value) add(name, String(item));
    else if (typeof value === 'object') add(name, JSON.stringify(value));
    else if (typeof value === 'boolean') add(name, value ? '1' : '0');
    else add(name, String(value));
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
