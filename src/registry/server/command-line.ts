/** The registry's own command line: `serve` (also when left out), `gc`, `retention`, `user add|rm|ls`. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { WharfError } from '../../contract/errors.ts';
import { type CacheSettings, readBaseUrl, upstreamPassword, upstreamUser } from './cache/cache-settings.ts';
import { passwordVariable, type ServingRegistry } from './upkeep/maintenance-command.ts';

export type RegistryCommand =
  | {
      readonly kind: 'serve';
      readonly address: string;
      readonly port: number;
      readonly root: string;
      readonly htpasswd?: string;
      readonly anonymousRead: boolean;
      readonly quiet: boolean;
      readonly endWithStdin: boolean;
      readonly settings?: string;
      /** All of it is a cache of that registry. */
      readonly cache?: CacheSettings;
      readonly tls?: { readonly certFile: string; readonly keyFile: string };
    }
  | { readonly kind: 'gc'; readonly of: Maintained; readonly dryRun: boolean }
  | { readonly kind: 'retention'; readonly of: Maintained; readonly dryRun: boolean }
  | { readonly kind: 'user-add' | 'user-rm'; readonly htpasswd: string; readonly name: string }
  | { readonly kind: 'user-ls'; readonly htpasswd: string }
  | { readonly kind: 'help' };

/** The folder of a registry that does not serve now, or one that does. */
export type Maintained =
  | { readonly kind: 'stopped'; readonly root: string; readonly settings?: string }
  | ({ readonly kind: 'serving' } & ServingRegistry);

export const registryUsage = `Usage:
  registry [serve] --listen ADDR:PORT --root DIR [--htpasswd FILE [--anonymous-read]]
                   [--tls-cert FILE --tls-key FILE] [--settings FILE] [--quiet]
                                                DIR is a folder, or s3://BUCKET/PREFIX; the keys are in
                                                AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or a file
                   [--end-with-stdin]           ends when standard input does, so with whoever started it
                   [--upstream URL]             is a cache of that registry, and takes no pushes
                   [--upstream-credentials FILE] JSON: {"username", "password"}; or by the environment:
                                                ${upstreamUser}, ${upstreamPassword}
                   [--tag-ttl SECONDS]          asks the upstream what a tag names after that long (300)
                   [--cache-size SIZE]          lets go what was used longest ago; as 50g
  registry gc --root DIR [--dry-run]            removes what no image uses; stop the registry first
  registry gc --server URL [--user NAME] [--dry-run]
                                                has a registry that serves do it; the password is in
                                                ${passwordVariable}
  registry retention --root DIR --settings FILE [--dry-run]
  registry retention --server URL [--user NAME] [--dry-run]
                                                removes what the settings' rules do not keep
  registry user add --htpasswd FILE NAME        adds a user or changes a password, read from standard input
  registry user rm --htpasswd FILE NAME         takes a user out
  registry user ls --htpasswd FILE              names the users
`;

type Values = ReturnType<typeof parsed>['values'];

const defaultListen = '127.0.0.1:5055';

/** @throws WharfError 'request.invalid' */
export function parseRegistryArguments(argv: readonly string[]): RegistryCommand {
  const { values, positionals } = parsed(argv);
  if (values.help) return { kind: 'help' };
  const [verb = 'serve', ...rest] = positionals;
  switch (verb) {
    case 'serve': {
      if (rest.length > 0) throw invalid(`unknown argument ${JSON.stringify(rest[0])}`);
      const tls = tlsFiles(values['tls-cert'], values['tls-key']);
      if (values['anonymous-read'] && values.htpasswd === undefined) throw invalid('--anonymous-read needs --htpasswd');
      return {
        kind: 'serve',
        ...listenAddress(values.listen ?? defaultListen),
        // The settings may say that it is in a bucket.
        root: values.root ?? (values.settings === undefined ? missing('--root DIR') : ''),
        ...(values.htpasswd === undefined ? {} : { htpasswd: values.htpasswd }),
        anonymousRead: values['anonymous-read'] ?? false,
        quiet: values.quiet ?? false,
        endWithStdin: values['end-with-stdin'] ?? false,
        ...(values.settings === undefined ? {} : { settings: values.settings }),
        ...cacheOf(values),
        ...(tls === undefined ? {} : { tls }),
      };
    }
    case 'gc':
    case 'retention':
      if (rest.length > 0) throw invalid(`unknown argument ${JSON.stringify(rest[0])}`);
      return { kind: verb, of: maintained(values, verb === 'retention'), dryRun: values['dry-run'] ?? false };
    case 'user': {
      const [action, name] = rest;
      const htpasswd = values.htpasswd ?? missing('--htpasswd FILE');
      if (action === 'ls' && rest.length === 1) return { kind: 'user-ls', htpasswd };
      if ((action !== 'add' && action !== 'rm') || name === undefined || rest.length > 2)
        throw invalid('the user commands are `user add|rm --htpasswd FILE NAME` and `user ls --htpasswd FILE`');
      return { kind: `user-${action}`, htpasswd, name };
    }
    default:
      throw invalid(`unknown command ${JSON.stringify(verb)}`);
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        listen: { type: 'string' },
        root: { type: 'string' },
        htpasswd: { type: 'string' },
        'anonymous-read': { type: 'boolean' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        settings: { type: 'string' },
        upstream: { type: 'string' },
        'upstream-credentials': { type: 'string' },
        'tag-ttl': { type: 'string' },
        'cache-size': { type: 'string' },
        server: { type: 'string' },
        user: { type: 'string' },
        'dry-run': { type: 'boolean' },
        quiet: { type: 'boolean' },
        'end-with-stdin': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

/** What `gc` and `retention` are to work on. */
function maintained(values: Values, needsSettings: boolean): Maintained {
  const { root, server, user, settings } = values;
  if (server !== undefined) {
    if (root !== undefined || settings !== undefined) throw invalid('--server takes neither --root nor --settings');
    const url = URL.canParse(server) ? new URL(server) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.password !== '')
      throw invalid('--server takes the URL of a registry, without a password');
    return { kind: 'serving', url: server, ...(user === undefined ? {} : { user }) };
  }
  if (user !== undefined) throw invalid('--user goes with --server');
  if (needsSettings && settings === undefined) missing('--settings FILE');
  return {
    kind: 'stopped',
    root: root ?? missing('--root DIR, or --server URL'),
    ...(settings === undefined ? {} : { settings }),
  };
}

function cacheOf(values: Values): { readonly cache?: CacheSettings } {
  const { upstream, 'upstream-credentials': credentialsFile, 'tag-ttl': ttl, 'cache-size': size } = values;
  if (upstream === undefined) {
    const other = [credentialsFile, ttl, size].some((value) => value !== undefined);
    if (other) throw invalid('--upstream-credentials, --tag-ttl and --cache-size go with --upstream');
    return {};
  }
  const read = readBaseUrl(upstream);
  if ('fault' in read) throw invalid(`--upstream must be ${read.fault}`);
  if (ttl !== undefined && !/^\d{1,9}$/.test(ttl)) throw invalid('--tag-ttl takes seconds');
  return {
    cache: {
      prefix: '',
      upstream: read.url,
      ...(credentialsFile === undefined ? {} : { credentialsFile }),
      ...(ttl === undefined ? {} : { tagTtlSeconds: Number(ttl) }),
      ...(size === undefined ? {} : { maxBytes: bytesOf(size) }),
    },
  };
}

/** `500m`, `50g`, or bytes. */
function bytesOf(size: string): number {
  const match = /^(\d{1,12})([kmgt]?)b?$/i.exec(size);
  const bytes =
    Number(match?.[1] ?? Number.NaN) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(match?.[2]?.toLowerCase() ?? '');
  if (!(bytes > 0) || bytes > 2 ** 50) throw invalid(`--cache-size takes a size as 50g, not ${JSON.stringify(size)}`);
  return bytes;
}

/** `127.0.0.1:5055`, `[::1]:5055`, `:5055` (every address). */
function listenAddress(text: string): { address: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || port > 65_535) throw invalid(`--listen takes ADDR:PORT, not ${JSON.stringify(text)}`);
  return { address: match[1] ?? (match[2] || '0.0.0.0'), port };
}

function tlsFiles(
  certFile: string | undefined,
  keyFile: string | undefined,
): { certFile: string; keyFile: string } | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) throw invalid('--tls-cert and --tls-key go together');
  return { certFile, keyFile };
}

export async function readTls(files: { certFile: string; keyFile: string }): Promise<{ cert: Buffer; key: Buffer }> {
  return { cert: await readFile(files.certFile), key: await readFile(files.keyFile) };
}

function missing(what: string): never {
  throw invalid(`${what} is missing`);
}

function invalid(message: string): WharfError {
  return new WharfError('request.invalid', message, { hint: 'See `--help`.' });
}
