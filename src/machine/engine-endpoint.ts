import path from 'node:path';
import { WharfError } from '../contract/errors.ts';
import { readContexts } from './contexts.ts';
import { defaultEngineHost } from './default-engine-host.ts';
import { wharfHome } from './wharf-home.ts';

/** Where an engine listens. TCP is plain unless `tls` is given. */
export type EngineEndpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls: EngineTls | undefined };

/** Paths of PEM files, as docker's DOCKER_CERT_PATH folder names them. */
export interface EngineTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads what -H takes: `unix:///path`, `tcp://host:port`, or a bare absolute path.
 *
 * @throws WharfError 'request.invalid' for an unknown form, 'host.unsupported' for forms of other systems
 */
export function parseEngineHost(text: string, tlsFolder?: string): EngineEndpoint {
  const bare = text.trim();
  if (bare.startsWith('/')) return { kind: 'unix', path: path.normalize(bare) };
  const match = /^([a-z]+):\/\/(.*)$/.exec(bare);
  const scheme = match?.[1];
  const rest = match?.[2] ?? '';
  if (scheme === 'unix' && rest.startsWith('/')) return { kind: 'unix', path: path.normalize(rest) };
  if (scheme === 'tcp' || scheme === 'http' || scheme === 'https') return parseTcp(bare, scheme, tlsFolder);
  if (scheme === 'npipe' || scheme === 'ssh') {
    throw new WharfError(
      'host.unsupported',
      `engine addresses of the form ${scheme}:// are not supported yet: ${bare}`,
      {
        hint: 'Use unix:///path/to.sock or tcp://host:port.',
      },
    );
  }
  throw new WharfError('request.invalid', `not an engine address: ${bare}`, {
    hint: 'Use unix:///path/to.sock or tcp://host:port.',
  });
}

function parseTcp(text: string, scheme: string, tlsFolder: string | undefined): EngineEndpoint {
  const url = URL.parse(text.replace(/^[a-z]+:/, 'http:'));
  if (url === null || url.hostname === '' || url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new WharfError('request.invalid', `not an engine address: ${text}`, {
      hint: 'Use tcp://host:port, without a path.',
    });
  }
  const secure = scheme === 'https' || tlsFolder !== undefined;
  const port = url.port === '' ? (/:80$/.test(text) ? 80 : secure ? 2376 : 2375) : Number(url.port);
  const folder = tlsFolder ?? path.join(wharfHome(), 'tls');
  const tls = secure
    ? { ca: path.join(folder, 'ca.pem'), cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') }
    : undefined;
  return { kind: 'tcp', host: url.hostname.replace(/^\[|\]$/g, ''), port, tls };
}

export function formatEngineHost(endpoint: EngineEndpoint): string {
  if (endpoint.kind === 'unix') return `unix://${endpoint.path}`;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `tcp://${host}:${endpoint.port}`;
}

export interface EndpointChoice {
  readonly endpoint: EngineEndpoint;
  /** Who chose it, for messages. */
  readonly from: 'flag' | 'environment' | 'context' | 'default';
  /** Name of the context, when one chose it. */
  readonly context: string | undefined;
}

/** -H/--host, then $WHARF_HOST, then the current context in $WHARF_HOME, then the default socket. */
export async function resolveEngineEndpoint(
  options: { readonly flag?: string; readonly context?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<EndpointChoice> {
  const env = options.env ?? process.env;
  const tlsFolder = env.WHARF_CERT_PATH === '' ? undefined : env.WHARF_CERT_PATH;
  if (options.flag !== undefined && options.flag !== '') {
    return { endpoint: parseEngineHost(options.flag, tlsFolder), from: 'flag', context: undefined };
  }
  const fromEnv = env.WHARF_HOST;
  if (options.context === undefined && fromEnv !== undefined && fromEnv !== '') {
    return { endpoint: parseEngineHost(fromEnv, tlsFolder), from: 'environment', context: undefined };
  }
  const contexts = await readContexts(wharfHome(env));
  const name = options.context ?? contexts.current;
  if (name === 'default') {
    return { endpoint: parseEngineHost(defaultEngineHost(env)), from: 'default', context: undefined };
  }
  const context = contexts.contexts[name];
  if (context === undefined) {
    throw new WharfError('request.not-found', `context not found: ${name}`, {
      hint: 'List contexts with `wharf context ls`.',
    });
  }
  return { endpoint: parseEngineHost(context.host, context.tlsFolder), from: 'context', context: name };
}
