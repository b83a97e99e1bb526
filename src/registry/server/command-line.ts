/** The registry's own command line: `serve` (also when left out), `gc`, `user add`. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { WharfError } from '../../contract/errors.ts';

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
      readonly tls?: { readonly certFile: string; readonly keyFile: string };
    }
  | { readonly kind: 'gc'; readonly root: string }
  | { readonly kind: 'user-add'; readonly htpasswd: string; readonly name: string }
  | { readonly kind: 'help' };

export const registryUsage = `Usage:
  registry [serve] --listen ADDR:PORT --root DIR [--htpasswd FILE [--anonymous-read]]
                   [--tls-cert FILE --tls-key FILE] [--settings FILE] [--quiet]
                                                DIR is a folder, or s3://BUCKET/PREFIX; the keys are in
                                                AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or a file
                   [--end-with-stdin]           ends when standard input does, so with whoever started it
  registry gc --root DIR                        removes what no image uses; stop the registry first
  registry user add --htpasswd FILE NAME        adds a user or changes a password, read from standard input
`;

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
        ...(tls === undefined ? {} : { tls }),
      };
    }
    case 'gc':
      return { kind: 'gc', root: values.root ?? missing('--root DIR') };
    case 'user': {
      const [action, name] = rest;
      if (action !== 'add' || name === undefined || rest.length > 2)
        throw invalid('the user command is `user add --htpasswd FILE NAME`');
      return { kind: 'user-add', htpasswd: values.htpasswd ?? missing('--htpasswd FILE'), name };
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
        quiet: { type: 'boolean' },
        'end-with-stdin': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
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
