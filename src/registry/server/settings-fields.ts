/** Reads the settings file field by field: the right type, or an error that names the field. */
import { WharfError } from '../../contract/errors.ts';
import { isJsonObject, type JsonObject } from '../../oci/json-fields.ts';

export function object(json: unknown, where: string, known: readonly string[]): JsonObject {
  if (!isJsonObject(json)) throw bad(where, 'an object');
  const stranger = Object.keys(json).find((key) => !known.includes(key));
  if (stranger !== undefined) throw bad(where, `made of ${known.join(', ')}; ${JSON.stringify(stranger)} is unknown`);
  return json;
}

export function list(json: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(json)) throw bad(where, 'a list');
  return json;
}

export function strings(json: unknown, where: string): readonly string[] {
  const items = list(json, where);
  const texts = items.filter((item): item is string => typeof item === 'string' && item !== '');
  if (texts.length !== items.length || texts.length === 0) throw bad(where, 'a list of strings');
  return texts;
}

export function text(json: unknown, where: string, what = 'a text'): string {
  if (typeof json !== 'string' || json === '') throw bad(where, what);
  return json;
}

export function flag(json: unknown, where: string): boolean {
  if (typeof json !== 'boolean') throw bad(where, 'true or false');
  return json;
}

export function positive(json: unknown, where: string, max: number): number {
  if (typeof json !== 'number' || !(json > 0) || json > max) throw bad(where, `a number above 0, at most ${max}`);
  return json;
}

/** 0 is one too. */
export function count(json: unknown, where: string, max: number): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json) || json < 0 || json > max)
    throw bad(where, `a whole number, at most ${max}`);
  return json;
}

/** Reads each field that is there with its reader; those that are not are left out. */
export function fields<T extends object>(
  json: JsonObject,
  readers: { readonly [K in keyof T]-?: (value: unknown) => Exclude<T[K], undefined> },
): Partial<T> {
  const read: Partial<T> = {};
  for (const key in readers) if (json[key] !== undefined) read[key] = readers[key](json[key]);
  return read;
}

export function bad(where: string, what: string): WharfError {
  return new WharfError('request.invalid', `the settings file: ${where} must be ${what}`);
}
