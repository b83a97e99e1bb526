/** One request and its answer: what every handler gets. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RepositoryAction } from '../access/access-rules.ts';
import type { BlobStore } from '../content/blob-store.ts';
import type { ContentFactsReader } from '../content/content-facts.ts';
import type { ManifestStore } from '../content/manifest-store.ts';
import type { RepositoryUsage } from '../content/repository-usage.ts';
import type { SearchIndex } from '../content/search-index.ts';
import type { UploadStore } from '../content/upload-store.ts';
import type { Quotas } from '../upkeep/quotas.ts';
import { RegistryError } from './registry-error.ts';

export interface Stores {
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly manifests: ManifestStore;
  readonly index: SearchIndex;
  readonly facts: ContentFactsReader;
  readonly usage: RepositoryUsage;
}

/** After a repository got, or lost, a manifest or a tag. */
export function noteChange({ index, usage }: Stores, name: string): void {
  index.invalidate(name);
  usage.invalidate(name);
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** GET answers HEAD too; Node leaves the body out. */
  readonly method: string;
  readonly query: URLSearchParams;
  readonly stores: Stores;
  /** Whether who asks may do this too; the request itself was checked before. */
  readonly may: (repository: string, action: RepositoryAction) => boolean;
  readonly maxBlobBytes: number;
  readonly quotas?: Quotas;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export function answer(
  { response }: Pick<Exchange, 'response'>,
  status: number,
  headers: Headers = {},
  body?: Uint8Array | string,
): void {
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  const bare = status === 204 || status === 304;
  const all: Record<string, string | string[]> = bare ? {} : { 'content-length': String(length) };
  for (const [name, value] of Object.entries(headers)) all[name] = typeof value === 'string' ? value : [...value];
  response.writeHead(status, all);
  response.end(body);
}

export function answerJson(exchange: Exchange, value: unknown, headers: Headers = {}): void {
  answer(exchange, 200, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}

/** @param allowed the methods this address knows; HTTP wants them told with a 405 */
export function unsupported(allowed: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { headers: { allow: allowed } });
}

/** The body; a handler that stops reading it does not end the connection, for its answer must still go out. */
export function bodyOf({ request }: Exchange): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}

/** A small body whole. @throws RegistryError 'SIZE_INVALID' with status 413 beyond `maxBytes` */
export async function readBody(exchange: Exchange, maxBytes: number, timeoutMs: number): Promise<Buffer> {
  const { request } = exchange;
  const timer = setTimeout(() => request.destroy(), timeoutMs);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of bodyOf(exchange)) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes)
        throw new RegistryError('SIZE_INVALID', { status: 413, message: `body larger than ${maxBytes} bytes` });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

/** `n` of a paged list. @throws RegistryError 'PAGINATION_NUMBER_INVALID' */
export function pageSize(query: URLSearchParams, max: number): number {
  const text = query.get('n');
  if (text === null) return max;
  if (!/^\d{1,9}$/.test(text)) throw new RegistryError('PAGINATION_NUMBER_INVALID');
  return Math.min(Number(text), max);
}

/** The order of lists. Source: OCI distribution spec 1.1, "Listing Tags": case-insensitive alphanumeric. */
export function compareNames(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  if (x !== y) return x < y ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The page after `last`, and the Link header to the next one. `last` need not be in the list. */
export function page(
  exchange: Exchange,
  path: string,
  names: readonly string[],
  max: number,
): { items: readonly string[]; headers: Headers } {
  const size = pageSize(exchange.query, max);
  const last = exchange.query.get('last');
  const sorted = [...names].sort(compareNames);
  const rest = last === null ? sorted : sorted.filter((item) => compareNames(item, last) > 0);
  const items = rest.slice(0, size);
  const end = items.at(-1);
  if (end === undefined || items.length === rest.length) return { items, headers: {} };
  const next = new URLSearchParams({ last: end, n: String(size) });
  return { items, headers: { link: `<${path}?${next}>; rel="next"` } };
}
