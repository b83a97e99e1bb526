import { TemplateError } from './template-error.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** What Go's templates and docker's formatter offer. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => goJson(value),
  join: (list, separator) => asList(list).map(goPrint).join(text(separator)),
  split: (value, separator) => text(value).split(text(separator)),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  title: (value) => text(value).replace(/(^|\s)\S/g, (start) => start.toUpperCase()),
  pad: (value, before, after) => padded(text(value), integer(before), integer(after)),
  truncate: (value, length) => [...text(value)].slice(0, integer(length)).join(''),
  trim: (value) => text(value).trim(),
  println: (...values) => `${values.map(goPrint).join(' ')}\n`,
  print: (...values) => values.map(goPrint).join(''),
  printf: (format, ...values) => goFormat(text(format), values),
  len: (value) => length(value),
  index: (value, ...keys) => keys.reduce((inner, key) => at(inner, key), value),
  slice: (value, from, to) => slice(value, from, to),
  not: (value) => !truthy(value),
  eq: (first, ...others) => others.some((other) => first === other),
  ne: (first, second) => first !== second,
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
  html: (value) => text(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  urlquery: (value) => encodeURIComponent(text(value)),
};

/** JSON as docker's `json` function writes it: fields in the order given, no HTML escapes. */
export function goJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'function' ? undefined : inner)) ?? 'null';
}

/** Go's idea of truth: empty texts, lists and maps, zero and nil are false. */
export function truthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}

/** Go's default formatting (%v) of values that came from JSON. */
export function goPrint(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(inner).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, element]) => `${key}:${inner(element)}`).join(' ')}]`;
  }
  return String(value);
}

function inner(value: unknown): string {
  return value === undefined || value === null ? '<nil>' : goPrint(value);
}

function goFormat(format: string, values: readonly unknown[]): string {
  let next = 0;
  return format.replace(
    /%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_all, flags: string, width?: string, precision?: string, verb?: string) => {
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const body = formatVerb(verb ?? 'v', values[next], precision);
      next += 1;
      const size = Number(width ?? 0);
      if (flags.includes('-')) return body.padEnd(size);
      return flags.includes('0') ? body.padStart(size, '0') : body.padStart(size);
    },
  );
}

function formatVerb(verb: string, value: unknown, precision: string | undefined): string {
  if (verb === 'q') return JSON.stringify(goPrint(value));
  if (verb === 'x' && typeof value === 'number') return value.toString(16);
  if (verb === 'f' && typeof value === 'number') return value.toFixed(precision === undefined ? 6 : Number(precision));
  const shown = goPrint(value);
  return verb === 's' && precision !== undefined ? [...shown].slice(0, Number(precision)).join('') : shown;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`wrong type for value; expected string; got ${typeName(value)}`);
}

function integer(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new TemplateError(`wrong type for value; expected int; got ${typeName(value)}`);
}

function asList(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new TemplateError(`wrong type for value; expected []string; got ${typeName(value)}`);
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return '[]interface {}';
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value;
}

function length(value: unknown): number {
  if (typeof value === 'string') return new TextEncoder().encode(value).length;
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new TemplateError(`error calling len: len of ${typeName(value)}`);
}

function at(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const index = integer(key);
    if (index < 0 || index >= value.length)
      throw new TemplateError(`error calling index: index out of range: ${index}`);
    const element: unknown = value[index];
    return element;
  }
  if (typeof value === 'object' && value !== null) return Object.getOwnPropertyDescriptor(value, text(key))?.value;
  if (typeof value === 'string') return value.charCodeAt(integer(key));
  throw new TemplateError(`error calling index: can't index item of type ${typeName(value)}`);
}

function slice(value: unknown, from: unknown, to: unknown): unknown {
  const start = from === undefined ? 0 : integer(from);
  const end = to === undefined ? undefined : integer(to);
  if (typeof value === 'string') return value.slice(start, end);
  if (Array.isArray(value)) return value.slice(start, end);
  throw new TemplateError(`error calling slice: can't slice item of type ${typeName(value)}`);
}

function compare(first: unknown, second: unknown): number {
  if (typeof first === 'number' && typeof second === 'number') return first - second;
  if (typeof first === 'string' && typeof second === 'string') return first < second ? -1 : first > second ? 1 : 0;
  throw new TemplateError('incompatible types for comparison');
}

function padded(value: string, before: number, after: number): string {
  return value === '' ? value : ' '.repeat(before) + value + ' '.repeat(after);
}
