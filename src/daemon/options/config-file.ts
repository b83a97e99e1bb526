/** The configuration file, daemon.json, and what it adds to the flags. */
import { existsSync, readFileSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { daemonFlags, type FlagName, flagRows } from '../daemon-flags.ts';
import type { DaemonFlag } from './daemon-flag.ts';
import { usualFolders } from './rootless-options.ts';
import { type Given, isRecord, type Settings, shown } from './setting-values.ts';

const byKey = new Map(flagRows.flatMap(([name, flag]) => (flag.key === undefined ? [] : [[flag.key, name]])));
/** Two keys of dockerd whose values are the settings themselves, grouped; and one that was given a list later. */
const groupedKeys = ['proxies'];
const olderKeys: Readonly<Record<string, string>> = { 'host-gateway-ip': 'host-gateway-ips' };
/** In both places, dockerd takes both. */
const mergedKeys = ['runtimes'];
/** dockerd takes this one and does nothing with it. */
const forgottenKeys = ['deprecated-key-path'];

type Refuse = (why: string, cause?: unknown) => WharfError;

/** The file that counts, whether it is there or not. */
export function configFilePath(flags: Settings): string {
  const given = flags.get('config-file');
  return typeof given === 'string' ? given : usualFolders(flags).configFile;
}

/**
 * Adds what the file says. A directive in both places is a conflict, as in dockerd: nobody could tell which one counts.
 * @throws WharfError 'request.invalid' in dockerd's words
 */
export function mergeFile(flags: Settings): Settings {
  const path = configFilePath(flags);
  if (!flags.has('config-file') && !existsSync(path)) return flags;
  const refuse: Refuse = (why, cause) =>
    new WharfError('request.invalid', `unable to configure the Wharf daemon with file ${path}: ${why}`, {
      cause,
      hint: '',
    });
  const file = grouped(readConfigFile(path, refuse), refuse);
  const unknown = Object.keys(file).filter((key) => !byKey.has(key));
  if (unknown.length > 0)
    throw refuse(`the following directives don't match any configuration option: ${unknown.join(', ')}`);
  const merged = new Map(flags);
  const conflicts: string[] = [];
  for (const [key, value] of Object.entries(file)) {
    const name = byKey.get(key);
    if (name === undefined || value === null) continue;
    const fromFile = fileValue(daemonFlags[name], key, value, refuse);
    const fromFlag = flags.get(name);
    if (fromFlag === undefined) merged.set(name, fromFile);
    else if (mergedKeys.includes(key)) merged.set(name, both(fromFlag, fromFile));
    else conflicts.push(`${key}: (from flag: ${masked(name, fromFlag)}, from file: ${masked(name, fromFile)})`);
  }
  if (conflicts.length === 0) return merged;
  throw refuse(
    `the following directives are specified both as a flag and in the configuration file: ${conflicts.join(', ')}`,
  );
}

/** Flags first, as texts; the reader of the setting knows both forms. */
function both(fromFlag: Given, fromFile: Given): Given {
  return [...(Array.isArray(fromFlag) ? fromFlag : [fromFlag]), fromFile];
}

/** A proxy's URL may hold a password. */
function masked(name: FlagName, value: Given): string {
  return name === 'http-proxy' || name === 'https-proxy'
    ? String(value).replace(/\/\/[^/@]*@/, '//xxxxx:xxxxx@')
    : shown(value);
}

function readConfigFile(path: string, refuse: Refuse): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .trim();
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw refuse(missing ? `open ${path}: no such file or directory` : String(cause), cause);
  }
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`invalid JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (isRecord(value)) return value;
  throw refuse('invalid JSON: the file must hold one object');
}

function grouped(file: Readonly<Record<string, unknown>>, refuse: Refuse): Readonly<Record<string, unknown>> {
  const flat: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(file)) {
    const newer = olderKeys[key];
    if (forgottenKeys.includes(key)) continue;
    if (groupedKeys.includes(key)) {
      if (!isRecord(value)) throw refuse(`invalid value for ${key}: expected an object`);
      Object.assign(flat, value);
    } else if (newer === undefined) flat[key] = value;
    else if (file[newer] !== undefined)
      throw refuse(`${key} and ${newer} must not both be specified in the config file`);
    else flat[newer] = [value];
  }
  return flat;
}

const wantedOf: Readonly<Record<DaemonFlag['kind'], string>> = {
  text: 'a string',
  switch: 'true or false',
  number: 'a whole number',
  bytes: 'a number of bytes, or a string such as "64m"',
  list: 'a list of strings',
  map: 'an object',
  json: 'a list or an object',
};

function fileValue(flag: DaemonFlag, key: string, value: unknown, refuse: Refuse): Given {
  const wrong = () => refuse(`invalid value for ${key}: expected ${wantedOf[flag.kind]}`);
  switch (flag.kind) {
    case 'text':
      if (typeof value === 'string') return value;
      break;
    case 'switch':
      if (typeof value === 'boolean') return value;
      break;
    case 'number':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      break;
    case 'bytes':
      if (typeof value === 'string' || typeof value === 'number') return value;
      break;
    case 'list':
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
      break;
    case 'map': {
      const wanted = key === 'features' ? 'boolean' : 'string';
      if (!isRecord(value)) break;
      for (const [name, item] of Object.entries(value)) {
        if (typeof item !== wanted) throw refuse(`invalid value for ${key}.${name}: expected a ${wanted}`);
      }
      return value;
    }
    case 'json':
      if (isRecord(value) || Array.isArray(value)) return value;
      break;
  }
  throw wrong();
}
