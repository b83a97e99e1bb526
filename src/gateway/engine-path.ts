import { engineRoutes } from '../contract/engine-routes.ts';
import { WharfError } from '../contract/errors.ts';

interface KnownPath {
  readonly name: string;
  readonly method: string;
  readonly pattern: RegExp;
}

const known: readonly KnownPath[] = Object.entries(engineRoutes).map(([name, { method, path }]) => ({
  name,
  method,
  pattern: new RegExp(
    `^${path.replace(/\{\w+(:\.\*)?\}|[.$^()|[\]?+*\\]/g, (part, rest) =>
      part.startsWith('{') ? (rest === undefined ? '([^/]+)' : '(.+)') : `\\${part}`,
    )}$`,
  ),
}));

export interface EnginePath {
  /** As it may be sent on: path and query. */
  readonly path: string;
  /** Its name in the route table. */
  readonly operation: string;
  /** The image whose registry the operation talks to, when it talks to one. */
  readonly image: string | undefined;
}

/**
 * Lets through operations of the route table, each as one plain path: no way up, no second request hidden in it.
 *
 * @throws WharfError 'request.invalid' for a path no client of ours makes, 'request.not-found' for an unknown operation
 */
export function checkEnginePath(method: string, path: string): EnginePath {
  // Printable ASCII only: line breaks and spaces would end the request line, and clients percent-encode everything else.
  if (path.length > 65536 || !/^\/[!-~]*$/.test(path) || /[\\#]/.test(path)) throw refused();
  const [pathname = '', query = ''] = splitOnce(path, '?');
  const bare = pathname.replace(/^\/v1\.\d{1,3}(?=\/)/, '');
  let decoded: string;
  try {
    decoded = decodeURIComponent(bare);
  } catch {
    throw refused();
  }
  // Checked after decoding, in every way a server could read it: %2e%2e, and slashes that came encoded.
  if (decoded.split('/').some((part) => part === '.' || part === '..')) throw refused();
  if (decoded.slice(1).includes('//') || hasControl(decoded)) throw refused();
  for (const { name, method: wanted, pattern } of known) {
    if (wanted !== method && !(method === 'HEAD' && wanted === 'GET')) continue;
    const match = pattern.exec(decoded);
    if (match === null) continue;
    return { path, operation: name, image: registryImage(name, match[1], query) };
  }
  throw new WharfError('request.not-found', `the engine has no operation ${method} ${bare.slice(0, 200)}`);
}

function registryImage(operation: string, parameter: string | undefined, query: string): string | undefined {
  const value = (name: string) => new URLSearchParams(query).get(name) ?? undefined;
  switch (operation) {
    case 'ImageCreate':
      return value('fromImage');
    case 'TrustInspect':
      return value('image');
    case 'RegistryTags':
      return value('name');
    case 'RegistryRequest': {
      // Any name there will do: what is looked up is the registry's sign-in.
      const registry = value('registry');
      return registry === undefined ? undefined : `${registry}/any`;
    }
    case 'ImagePush':
    case 'DistributionInspect':
      return parameter;
    default:
      return undefined;
  }
}

function hasControl(text: string): boolean {
  return [...text].some((char) => char < ' ' || char === '\x7f' || char === '\\');
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function refused(): WharfError {
  return new WharfError('request.invalid', 'this is not a path of the Engine API');
}
