/**
 * Requests through the contract's schemas, as leniently as Docker's Go decoder: null counts as absent, unknown fields are
 * ignored, field names match whatever their case. Wrong types are refused, with the path in the message.
 *
 * What comes out is built anew from the schema, so nothing unknown gets past here.
 */
import { raise, WharfError } from './errors.ts';
import { contentAfterJson, describeJsonFault } from './json-syntax.ts';
import type { AnySchema, Filters, Schema, Static } from './schema.ts';

/** @throws WharfError 'request.invalid', naming the field: "HostConfig.Memory: expected a whole number, got a string" */
export function parseValue<S extends AnySchema>(schema: S, value: unknown, path = ''): Static<S> {
  // As Go reads it: a document `null` leaves everything unset, a list empty.
  return parse(schema, value ?? (schema.type === 'array' ? [] : {}), path) as Static<S>;
}

function parse(schema: Schema, value: unknown, path: string): unknown {
  switch (schema.type) {
    case 'any':
      return value;
    case 'string':
      return parseString(schema, value, path);
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse(path, 'true or false', value);
    case 'integer':
    case 'number':
      return parseNumber(schema, value, path);
    case 'array':
      return parseArray(schema, value, path);
    case 'object':
      return parseObject(schema, value, path);
  }
}

function parseString(schema: Schema, value: unknown, path: string): string {
  if (typeof value !== 'string') return refuse(path, 'a string', value);
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    throw invalid(path, `expected one of ${schema.enum.join(', ')}, got ${JSON.stringify(value.slice(0, 80))}`);
  }
  return value;
}

/** Go reads whole numbers as int64. */
const int64Max = 2 ** 63;

function parseNumber(schema: Schema, value: unknown, path: string): number {
  const whole = schema.type === 'integer';
  if (typeof value !== 'number') return refuse(path, whole ? 'a whole number' : 'a number', value);
  if (whole && (!Number.isInteger(value) || Math.abs(value) > int64Max)) {
    throw invalid(path, `expected a whole number, got ${value}`);
  }
  if (schema.minimum !== undefined && value < schema.minimum) throw invalid(path, `must be at least ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum) throw invalid(path, `must be at most ${schema.maximum}`);
  return value;
}

function parseArray(schema: Schema, value: unknown, path: string): unknown {
  const items = schema.items ?? { type: 'any' };
  if (typeof value === 'string' && schema.format === 'string-or-list') return [value];
  if (!Array.isArray(value)) return refuse(path, 'a list', value);
  return value.map((item: unknown, index) => parseElement(items, item, `${path}[${index}]`));
}

function parseElement(schema: Schema, value: unknown, path: string): unknown {
  if (value !== null && value !== undefined) return parse(schema, value, path);
  return schema.nullable ? null : zeroOf(schema);
}

/** What Go leaves in a slice or map for null. */
function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case 'any':
      return null;
    case 'string':
      return '';
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    case 'array':
      return [];
    case 'object':
      return {};
  }
}

function parseObject(schema: Schema, value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(path, 'an object', value);
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  if (schema.additionalProperties !== undefined) {
    const values = schema.additionalProperties;
    // fromEntries defines own properties, `__proto__` included, where an assignment would change the prototype.
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, parseElement(values, item, at(name))]),
    );
  }
  const given = foldNames(schema.properties ?? {}, value);
  const out: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const item = given.get(name);
    if (item !== undefined && item !== null) out[name] = parse(property, item, at(name));
    else if (schema.required?.includes(name)) throw invalid(at(name), 'is missing');
  }
  return out;
}

/** Given fields by the schema's names: exact matches win, then any case, as in Go's encoding/json. */
function foldNames(properties: Readonly<Record<string, Schema>>, value: object): ReadonlyMap<string, unknown> {
  const given = new Map<string, unknown>();
  const others: [string, unknown][] = [];
  for (const [name, item] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) given.set(name, item);
    else others.push([name.toLowerCase(), item]);
  }
  if (others.length === 0) return given;
  const lower = new Map(Object.keys(properties).map((name) => [name.toLowerCase(), name]));
  for (const [name, item] of others) {
    const known = lower.get(name);
    if (known !== undefined && !given.has(known)) given.set(known, item);
  }
  return given;
}

/** What is read of a query; URLSearchParams is one. */
export interface QueryParameters {
  getAll(name: string): readonly string[];
}

/**
 * Query parameters as the schema says: numbers and booleans from text, filters and JSON from JSON, lists from repetition.
 * An empty value counts as absent where a string is not wanted.
 * @throws WharfError 'request.invalid'
 */
export function parseQuery<S extends AnySchema>(schema: S, query: QueryParameters): Static<S> {
  const out: Record<string, unknown> = {};
  for (const [name, property] of Object.entries((schema as Schema).properties ?? {})) {
    const values = query.getAll(name);
    const parsed = values[0] === undefined ? undefined : parseQueryValue(property, name, values[0], values);
    if (parsed !== undefined) out[name] = parsed;
    else if ((schema as Schema).required?.includes(name)) throw invalid(`query parameter ${name}`, 'is missing');
  }
  return out as Static<S>;
}

function parseQueryValue(schema: Schema, name: string, text: string, all: readonly string[]): unknown {
  const path = `query parameter ${name}`;
  if (schema.type === 'array') return all.flatMap((value) => (value === '' ? [] : [value]));
  if (schema.type === 'string')
    return text === '' && schema.enum !== undefined ? undefined : parseString(schema, text, path);
  // Docker's httputils.BoolValue: everything but these counts as true, an empty value as false.
  if (schema.type === 'boolean') return !['', '0', 'no', 'false', 'none'].includes(text.trim().toLowerCase());
  if (text.trim() === '') return undefined;
  if (schema.type === 'integer' || schema.type === 'number') {
    return /^[+-]?\d+(\.\d+)?$/.test(text.trim())
      ? parseNumber(schema, Number(text), path)
      : refuse(path, 'a number', text);
  }
  return schema.format === 'filters' ? parseFilters(text) : parseJson(text, path);
}

/** Both `{"status":["running"]}` and the older `{"status":{"running":true}}`. dockerd says the same of all it can not read. */
function parseFilters(text: string): Filters {
  const hint = 'Filters are a JSON object of lists: {"status":["running"]}.';
  const refused = () => new WharfError('request.invalid', 'invalid filter', { hint });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused();
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw refused();
  return Object.fromEntries(
    Object.entries(value).map(([name, given]: [string, unknown]) => {
      if (Array.isArray(given))
        return [name, given.map((item) => (typeof item === 'string' ? item : raise(refused())))];
      if (typeof given !== 'object' || given === null) throw refused();
      return [name, Object.entries(given).flatMap(([item, wanted]) => (wanted === true ? [item] : []))];
    }),
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WharfError('request.invalid', `${path}: not JSON: ${text.slice(0, 80)}`, { cause });
  }
}

/** Reads a JSON request body. @throws WharfError 'request.malformed-json' */
export function parseJsonBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = text.trim() === '' ? 'got EOF while reading request body' : describeJsonFault(text);
    // One document was whole and something comes after it: dockerd says this without the prefix.
    const message = why === contentAfterJson ? why : `invalid JSON: ${why}`;
    throw new WharfError('request.malformed-json', message, { cause });
  }
}

function refuse(path: string, wanted: string, value: unknown): never {
  throw invalid(path, `expected ${wanted}, got ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return `the string ${JSON.stringify(value.slice(0, 80))}`;
    case 'number':
      return `the number ${value}`;
    case 'boolean':
      return String(value);
    default:
      return 'an object';
  }
}

function invalid(path: string, why: string): WharfError {
  return new WharfError('request.invalid', path === '' ? `the request body: ${why}` : `${path}: ${why}`);
}
