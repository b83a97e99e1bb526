/** Reading untrusted JSON documents field by field: each reader answers the right type or throws with the field's path. */
import { OciFormatError } from './oci-format-error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function malformed(where: string, expected: string): OciFormatError {
  return new OciFormatError('manifest.invalid', `invalid image document: ${where} must be ${expected}`);
}

/** @throws OciFormatError 'manifest.invalid' when `text` is longer than the limit, no JSON, or no object. */
export function parseJsonObject(text: string, where: string, maxChars: number): JsonObject {
  if (text.length > maxChars) throw malformed(where, `at most ${maxChars} characters long`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(where, 'valid JSON');
  }
  if (!isJsonObject(value)) throw malformed(where, 'a JSON object');
  return value;
}

export function optionalString(object: JsonObject, key: string, where: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw malformed(`${where}.${key}`, 'a string');
  return value;
}

export function requiredString(object: JsonObject, key: string, where: string): string {
  const value = optionalString(object, key, where);
  if (value === undefined || value === '') throw malformed(`${where}.${key}`, 'a string');
  return value;
}

export function objectList(object: JsonObject, key: string, where: string, max: number): readonly JsonObject[] {
  const value = object[key] ?? [];
  if (!Array.isArray(value) || !value.every(isJsonObject)) throw malformed(`${where}.${key}`, 'a list of objects');
  if (value.length > max) throw malformed(`${where}.${key}`, `at most ${max} long`);
  return value;
}

export function stringList(object: JsonObject, key: string, where: string, max: number): readonly string[] | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) {
    throw malformed(`${where}.${key}`, 'a list of strings');
  }
  if (value.length > max) throw malformed(`${where}.${key}`, `at most ${max} long`);
  return value;
}

export function stringMap(
  object: JsonObject,
  key: string,
  where: string,
  max: number,
): Readonly<Record<string, string>> | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw malformed(`${where}.${key}`, 'an object');
  const entries = Object.entries(value);
  if (entries.length > max) throw malformed(`${where}.${key}`, `at most ${max} long`);
  const strings = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  if (strings.length !== entries.length) throw malformed(`${where}.${key}`, 'an object of strings');
  return Object.fromEntries(strings);
}
