/** Filters of `docker images` and `docker image prune`. */
import { WharfError } from '../../contract/errors.ts';
import { familiar, familiarName, parseNamed } from '../../oci/reference.ts';

export type FilterMap = ReadonlyMap<string, readonly string[]>;

/** @throws WharfError 'request.invalid' with Docker's text for a filter that does not exist */
export function checkFilters(filters: FilterMap, known: readonly string[]): void {
  for (const name of filters.keys()) {
    if (!known.includes(name)) throw new WharfError('request.invalid', `invalid filter '${name}'`);
  }
}

/** @throws WharfError 'request.invalid' */
export function booleanFilter(filters: FilterMap, name: string): boolean | undefined {
  const values = filters.get(name);
  if (values === undefined || values.length === 0) return undefined;
  const isTrue = values.every((value) => /^(?:1|t|true)$/i.test(value));
  const isFalse = values.every((value) => /^(?:0|f|false)$/i.test(value));
  if (!isTrue && !isFalse) throw new WharfError('request.invalid', `invalid filter '${name}=[${values.join(' ')}]'`);
  return isTrue;
}

/** `key`, `key=value`: all of them must match. */
export function labelsMatch(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((text) => {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (!Object.hasOwn(labels, key)) return false;
    return equals < 0 || labels[key] === text.slice(equals + 1);
  });
}

/**
 * A point in time: seconds since the epoch, an RFC 3339 time, or a duration back from now (`24h`, `1h30m`).
 * @returns milliseconds since the epoch
 * @throws WharfError 'request.invalid'
 */
export function timeFilter(text: string, now: number): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  if (/^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(text)) {
    let back = 0;
    for (const [, amount, unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g))
      back += Number(amount) * (units[unit] ?? 0);
    return now - back;
  }
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new WharfError('request.invalid', `invalid value for the filter until: ${text}`);
  return time;
}

/** Go's path.Match on `name` and on `name:tag`, as Docker's reference filter. @param tag as docker prints it */
export function referenceMatches(pattern: string, tag: string): boolean {
  const reference = parseNamed(tag);
  const form = globForm(pattern);
  return form.test(familiar(reference)) || form.test(familiarName(reference));
}

/** `*` and `?` do not cross a slash. */
function globForm(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? '';
    const close = char === '[' ? pattern.indexOf(']', at + 2) : -1;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (close > 0) {
      const body = pattern.slice(at + 1, close).replace(/[\\\]]/g, '\\$&');
      source += `[${body}]`;
      at = close;
    } else source += char.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  }
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw new WharfError('request.invalid', `invalid reference filter ${JSON.stringify(pattern)}`);
  }
}
