/** From flags and the configuration file to what the daemon runs with. Pure but for reading that file. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WharfError } from '../contract/errors.ts';
import { type DaemonFlag, daemonFlags, type FlagName } from './daemon-flags.ts';
import { type LogLevel, logLevels } from './logger.ts';

export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export interface DaemonOptions {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly hosts: readonly ListenAddress[];
  readonly pidfile: string;
  /** undefined: `wharf` when there is such a group, else root's. */
  readonly group: string | undefined;
  readonly registryMirrors: readonly string[];
  readonly registryFallbacks: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly runtime: 'crun' | 'runc' | undefined;
  readonly storageDriver: 'overlay' | 'copy' | undefined;
  readonly liveRestore: boolean;
  readonly logLevel: LogLevel;
}

export type DaemonCommand =
  | { readonly kind: 'run'; readonly options: DaemonOptions }
  | { readonly kind: 'validate' }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' };

type Given = string | boolean | readonly string[];
type Settings = ReadonlyMap<FlagName, Given>;

const defaultConfigFile = '/etc/wharf/daemon.json';

/**
 * @param argv without the program's name
 * @throws WharfError 'request.invalid' for unknown flags, values that make no sense, and conflicts of flags with the file
 */
export function readDaemonCommand(argv: readonly string[]): DaemonCommand {
  const flags = parseFlags(argv);
  if (flags.get('help') === true) return { kind: 'help' };
  if (flags.get('version') === true) return { kind: 'version' };
  const options = daemonOptions(mergeFile(flags));
  return flags.get('validate') === true ? { kind: 'validate' } : { kind: 'run', options };
}

function parseFlags(argv: readonly string[]): Map<FlagName, Given> {
  const options = Object.fromEntries(
    Object.entries(daemonFlags).map(([name, flag]: [string, DaemonFlag]) => [
      name,
      {
        type: flag.kind === 'switch' ? 'boolean' : 'string',
        multiple: flag.kind === 'list',
        ...(flag.short === undefined ? {} : { short: flag.short }),
      } as const,
    ]),
  );
  try {
    const { values } = parseArgs({
      args: argv.map(switchValue),
      options,
      allowNegative: true,
      allowPositionals: false,
    });
    return new Map(Object.entries(values) as [FlagName, Given][]);
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : String(cause);
    throw new WharfError('request.invalid', why, { cause, hint: 'See `wharfd --help`.' });
  }
}

/** Go's flags write switches with values, `--live-restore=false`; Node's parser knows `--no-live-restore`. */
function switchValue(arg: string): string {
  const found = /^--([a-z-]+)=(true|false)$/.exec(arg);
  const flag: DaemonFlag | undefined = found?.[1] === undefined ? undefined : daemonFlags[found[1] as FlagName];
  if (flag?.kind !== 'switch') return arg;
  return found?.[2] === 'true' ? `--${found[1]}` : `--no-${found?.[1]}`;
}

/** Adds what the file says. A directive in both places is a conflict, as in dockerd: nobody could tell which one counts. */
function mergeFile(flags: Settings): Settings {
  const given = flags.get('config-file');
  const path = typeof given === 'string' ? given : defaultConfigFile;
  if (given === undefined && !existsSync(path)) return flags;
  const refuse = (why: string, cause?: unknown) =>
    new WharfError('request.invalid', `unable to configure the Wharf daemon with file ${path}: ${why}`, {
      cause,
      hint: '',
    });
  const file = readConfigFile(path, refuse);
  const byKey = new Map(
    Object.entries(daemonFlags).flatMap(([name, flag]: [string, DaemonFlag]) =>
      flag.key === undefined ? [] : [[flag.key, { name: name as FlagName, flag }]],
    ),
  );
  const unknown = Object.keys(file).filter((key) => !byKey.has(key));
  if (unknown.length > 0)
    throw refuse(`the following directives don't match any configuration option: ${unknown.join(', ')}`);
  const merged = new Map(flags);
  const conflicts: string[] = [];
  for (const [key, value] of Object.entries(file)) {
    const entry = byKey.get(key);
    if (entry === undefined) continue;
    const fromFile = fileValue(entry.flag, key, value, refuse);
    const fromFlag = flags.get(entry.name);
    if (fromFlag === undefined) merged.set(entry.name, fromFile);
    else conflicts.push(`${key}: (from flag: ${shown(fromFlag)}, from file: ${shown(fromFile)})`);
  }
  if (conflicts.length === 0) return merged;
  throw refuse(
    `the following directives are specified both as a flag and in the configuration file: ${conflicts.join(', ')}`,
  );
}

type Refuse = (why: string, cause?: unknown) => WharfError;

function readConfigFile(path: string, refuse: Refuse): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
  throw refuse('the file must hold one JSON object');
}

function fileValue(flag: DaemonFlag, key: string, value: unknown, refuse: Refuse): Given {
  if (flag.kind === 'text' && typeof value === 'string') return value;
  if (flag.kind === 'switch' && typeof value === 'boolean') return value;
  if (flag.kind === 'list' && Array.isArray(value)) {
    return value.map((item: unknown) => {
      if (typeof item === 'string') return item;
      throw refuse(`${key}: expected a list of strings`);
    });
  }
  const wanted = { text: 'a string', switch: 'true or false', list: 'a list' } as const;
  throw refuse(`${key}: expected ${wanted[flag.kind]}`);
}

function shown(value: Given): string {
  return typeof value === 'object' ? `[${value.join(' ')}]` : String(value);
}

function daemonOptions(settings: Settings): DaemonOptions {
  const text = (name: FlagName) => {
    const value = settings.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const list = (name: FlagName) => {
    const value = settings.get(name);
    return typeof value === 'object' ? value : [];
  };
  const execRoot = resolve(text('exec-root') ?? '/run/wharf');
  const hosts = list('host');
  const storage = oneOf(
    'storage-driver',
    text('storage-driver')
      ?.replace(/^overlay(2|fs)$/, 'overlay')
      .replace(/^vfs$/, 'copy'),
    ['overlay', 'copy'],
  );
  return {
    dataRoot: resolve(text('data-root') ?? '/var/lib/wharf'),
    execRoot,
    hosts: hosts.length > 0 ? hosts.map(parseListenAddress) : [{ kind: 'unix', path: `${execRoot}/wharf.sock` }],
    pidfile: resolve(text('pidfile') ?? `${execRoot}/wharfd.pid`),
    group: text('group'),
    registryMirrors: list('registry-mirror').map((url) => registryUrl('registry-mirror', url)),
    registryFallbacks: list('registry-fallback').map((url) => registryUrl('registry-fallback', url)),
    insecureRegistries: list('insecure-registry'),
    runtime: oneOf('default-runtime', text('default-runtime'), ['crun', 'runc']),
    storageDriver: storage,
    liveRestore: settings.get('live-restore') !== false,
    logLevel: settings.get('debug') === true ? 'debug' : (oneOf('log-level', text('log-level'), logLevels) ?? 'info'),
  };
}

function oneOf<const V extends string>(flag: FlagName, value: string | undefined, known: readonly V[]): V | undefined {
  if (value === undefined) return undefined;
  const found = known.find((candidate) => candidate === value);
  return found ?? refuseValue(flag, value, `one of ${known.join(', ')}`);
}

/** @throws WharfError 'request.invalid' */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix://') && text.length > 'unix://'.length)
    return { kind: 'unix', path: resolve(text.slice('unix://'.length)) };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[\w.-]*)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(tcp?.[2] ?? 2375);
  if (tcp === null || port > 65_535) return refuseValue('host', text, 'unix:///path or tcp://address:port');
  return { kind: 'tcp', host: (tcp[1] || '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

function registryUrl(flag: FlagName, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '') {
    return refuseValue(flag, text.replace(/\/\/[^/@]*@/, '//'), 'an http or https URL without user and query');
  }
  return text.replace(/\/+$/, '');
}

function refuseValue(flag: FlagName, value: string, wanted: string): never {
  throw new WharfError('request.invalid', `invalid value for --${flag}: ${JSON.stringify(value)}: expected ${wanted}`, {
    hint: '',
  });
}
