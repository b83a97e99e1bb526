/** Command lines as Go's pflag reads them, for dockerd's users write them so: `-Dl debug`, `--tls=false`, `-H=unix:///a`. */
import { WharfError } from '../../contract/errors.ts';
import { daemonFlags, type FlagName, flagRows } from '../daemon-flags.ts';
import type { DaemonFlag } from './daemon-flag.ts';
import {
  type Given,
  isRecord,
  mapEntry,
  numberOf,
  type RefuseValue,
  type Settings,
  switchOf,
} from './setting-values.ts';

const byShort = new Map(flagRows.flatMap(([name, flag]) => (flag.short === undefined ? [] : [[flag.short, name]])));

/** @throws WharfError 'request.invalid' for unknown flags, missing and impossible values, and anything that is no flag */
export function parseFlags(argv: readonly string[]): Settings {
  const settings = new Map<FlagName, Given>();
  const rest = [...argv];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg.startsWith('--') && arg.length > 2) readLong(settings, arg, rest);
    else if (arg.startsWith('-') && arg.length > 1 && arg !== '--') readShort(settings, arg, rest);
    else if (arg !== '--' || rest.length > 0)
      throw usage(`"wharfd" accepts no arguments: ${arg === '--' ? rest[0] : arg}`);
  }
  return settings;
}

function readLong(settings: Map<FlagName, Given>, arg: string, rest: string[]): void {
  const [, written = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
  const negated = value === undefined && !isFlagName(written) ? switchNamed(written.replace(/^no-/, '')) : undefined;
  if (negated !== undefined) settings.set(negated, false);
  else if (!isFlagName(written)) throw usage(`unknown flag: --${written}`);
  else if (value !== undefined) put(settings, written, value);
  else if (isSwitch(written)) settings.set(written, true);
  else put(settings, written, rest.shift() ?? raiseMissing(`--${written}`));
}

function raiseMissing(flag: string): never {
  throw usage(`flag needs an argument: ${flag}`);
}

/** `-D`, `-Dl debug`, `-ldebug`, `-H=unix:///a`: switches may be joined, the last one may take the rest as its value. */
function readShort(settings: Map<FlagName, Given>, arg: string, rest: string[]): void {
  for (let at = 1; at < arg.length; at += 1) {
    const letter = arg.charAt(at);
    const name = byShort.get(letter);
    if (name === undefined) throw usage(`unknown shorthand flag: '${letter}' in ${arg}`);
    if (isSwitch(name) && arg.charAt(at + 1) !== '=') {
      settings.set(name, true);
      continue;
    }
    const value = arg.slice(at + 1).replace(/^=/, '');
    put(settings, name, value !== '' ? value : (rest.shift() ?? raiseMissing(`'${letter}' in ${arg}`)));
    return;
  }
}

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(daemonFlags, name);
}

function isSwitch(name: FlagName): boolean {
  return daemonFlags[name].kind === 'switch';
}

/** Wharf's own way of saying no: `--no-live-restore`. */
function switchNamed(name: string): FlagName | undefined {
  return isFlagName(name) && isSwitch(name) ? name : undefined;
}

function put(settings: Map<FlagName, Given>, name: FlagName, text: string): void {
  const flag: DaemonFlag = daemonFlags[name];
  const shown = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`;
  const refuse = (wanted: string) => usage(`invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${wanted}`);
  settings.set(name, settingOf(flag.kind, text, settings.get(name), refuse));
}

function settingOf(kind: DaemonFlag['kind'], text: string, before: Given | undefined, refuse: RefuseValue): Given {
  switch (kind) {
    case 'text':
    case 'bytes':
      return text;
    case 'switch':
      return switchOf(text, refuse);
    case 'number':
      return numberOf(text, refuse);
    case 'list':
    case 'json':
      return [...(Array.isArray(before) ? before : []), text];
    case 'map':
      return { ...(isRecord(before) ? before : {}), ...mapEntry(text, refuse) };
  }
}

function usage(message: string): WharfError {
  return new WharfError('request.invalid', message, { hint: 'See `wharfd --help`.' });
}
