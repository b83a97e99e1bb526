/** The shape of a JSON value, for comparing two engines: names and kinds of fields, none of their values. */
import { isObject, type Json } from './check-value.ts';

/** `path: kind` for every value in it; list items and the fields of `openMaps` count as one. */
export function shapeOf(value: Json, openMaps: RegExp, at = ''): ReadonlySet<string> {
  const lines = new Set<string>();
  collect(value, openMaps, at, lines);
  return lines;
}

function collect(value: Json, openMaps: RegExp, at: string, lines: Set<string>): void {
  lines.add(`${at === '' ? '(body)' : at}: ${kindOf(value)}`);
  if (Array.isArray(value)) for (const item of value) collect(item, openMaps, `${at}[]`, lines);
  else if (isObject(value))
    for (const [name, field] of Object.entries(value))
      collect(field, openMaps, openMaps.test(at) ? `${at}.*` : `${at}.${name}`, lines);
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'empty array' : 'array';
  if (isObject(value)) return Object.keys(value).length === 0 ? 'empty object' : 'object';
  return typeof value;
}
