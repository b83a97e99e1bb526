/** Values of settings before they mean anything: what a flag or a key of the file holds. */
import type { WharfError } from '../../contract/errors.ts';
import type { FlagName } from '../daemon-flags.ts';

/** `json` settings are as the file has them, or a list of texts when they come from flags. */
export type Given = string | boolean | number | readonly unknown[] | Readonly<Record<string, unknown>>;
export type Settings = ReadonlyMap<FlagName, Given>;
/** Makes the error for a value, from what would have been right. */
export type RefuseValue = (wanted: string) => WharfError;

/** Go's strconv.ParseBool. */
export function switchOf(text: string, refuse: RefuseValue): boolean {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  throw refuse('expected true or false');
}

export function numberOf(text: string, refuse: RefuseValue): number {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) throw refuse('expected a whole number');
  return value;
}

export function mapEntry(text: string, refuse: RefuseValue): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at <= 0) throw refuse('expected key=value');
  return { [text.slice(0, at)]: text.slice(at + 1) };
}

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };

/** `64m`, `64MiB`, `1.5g`, plain bytes: as docker's units.RAMInBytes. */
export function bytesOf(value: Given, refuse: RefuseValue): number {
  const found = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(String(value));
  const factor = units[found?.[2]?.toLowerCase() ?? ''];
  if (found === null || factor === undefined) throw refuse('expected a size such as 64m');
  return Math.trunc(Number(found[1]) * factor);
}

/** How Go prints it in dockerd's message about a conflict. */
export function shown(value: Given): string {
  if (Array.isArray(value))
    return `[${value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(' ')}]`;
  if (typeof value === 'object') {
    return `map[${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${key}:${typeof item === 'object' ? JSON.stringify(item) : String(item)}`)
      .join(' ')}]`;
  }
  return String(value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
