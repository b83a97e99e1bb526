/** Settings by name, with the errors that dockerd has for values that make no sense. */
import { WharfError } from '../../contract/errors.ts';
import { daemonFlags, type FlagName } from '../daemon-flags.ts';
import type { DaemonFlag } from './daemon-flag.ts';
import { type Given, isRecord, type Settings } from './setting-values.ts';

export interface SettingReader {
  text(name: FlagName): string | undefined;
  /** Texts of a list, none when it was not given. */
  list(name: FlagName): readonly string[];
  switch(name: FlagName, otherwise: boolean): boolean;
  number(name: FlagName): number | undefined;
  given(name: FlagName): Given | undefined;
  textMap(name: FlagName): Readonly<Record<string, string>>;
  /** The items of a `json` setting: what flags say one by one, and what the file says. */
  items(name: FlagName): readonly unknown[];
  oneOf<const V extends string>(name: FlagName, known: readonly V[]): V | undefined;
}

export function readerOf(settings: Settings): SettingReader {
  const text = (name: FlagName) => {
    const value = settings.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return {
    text,
    list(name) {
      const value = settings.get(name);
      return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    },
    switch(name, otherwise) {
      const value = settings.get(name);
      return typeof value === 'boolean' ? value : otherwise;
    },
    number(name) {
      const value = settings.get(name);
      return typeof value === 'number' ? value : undefined;
    },
    given: (name) => settings.get(name),
    textMap(name) {
      const value = settings.get(name);
      return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)])) : {};
    },
    items(name) {
      const value = settings.get(name);
      if (value === undefined) return [];
      return Array.isArray(value) ? value : [value];
    },
    oneOf(name, known) {
      const value = text(name);
      if (value === undefined) return undefined;
      return known.find((candidate) => candidate === value) ?? refuseValue(name, value, `one of ${known.join(', ')}`);
    },
  };
}

/** What stands in both messages: the flag, or the key of a setting that has no flag in the help. */
export function refuseValue(flag: FlagName, value: string, wanted: string): never {
  throw new WharfError('request.invalid', `invalid value for --${flag}: ${JSON.stringify(value)}: expected ${wanted}`, {
    hint: '',
  });
}

/** In dockerd's words where it has some. */
export function refuse(message: string, hint = ''): never {
  throw new WharfError('request.invalid', message, { hint });
}

/** @throws WharfError 'request.invalid' for settings of parts that Wharf does not have, unless they say no */
export function refuseAbsent(settings: Settings): void {
  for (const [name, value] of settings) {
    const { refused, key }: DaemonFlag = daemonFlags[name];
    if (refused === undefined || saysNo(value)) continue;
    refuse(
      `--${name} (${key ?? name}) can not be honoured: ${refused}`,
      `Remove ${key ?? name} from the configuration.`,
    );
  }
}

function saysNo(value: Given): boolean {
  if (typeof value === 'object') return Object.keys(value).length === 0;
  return value === false || value === '' || value === 0;
}
