/** Lists: tags, repositories, and Wharf's search over what is held. */
import { isWharfError } from '../../../contract/errors.ts';
import { type Platform, parsePlatform } from '../../../oci/platform.ts';
import type { EntryKind } from '../content/search-index.ts';
import { answerJson, type Exchange, page, pageSize, unsupported } from './exchange.ts';
import { RegistryError } from './registry-error.ts';

const maxPage = 1000;
const maxResults = 500;

export async function handleTags(exchange: Exchange, name: string): Promise<void> {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
  const { manifests } = exchange.stores;
  if (!(await manifests.exists(name))) throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  sendTags(exchange, name, await manifests.tags(name));
}

export function sendTags(exchange: Exchange, name: string, tags: readonly string[]): void {
  const { items, headers } = page(exchange, `/v2/${name}/tags/list`, tags, maxPage);
  answerJson(exchange, { name, tags: items }, headers);
}

export async function handleCatalog(exchange: Exchange): Promise<void> {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
  const names = (await exchange.stores.index.repositories()).filter((name) => exchange.may(name, 'read'));
  const { items, headers } = page(exchange, '/v2/_catalog', names, maxPage);
  answerJson(exchange, { repositories: items }, headers);
}

/**
 * `GET /v2/_wharf/search?q=words&kind=image|extension|plugin&platform=linux/arm64&n=25&offset=0`: the best first, with how many
 * there are in all, and a Link to the next page.
 */
export async function handleSearch(exchange: Exchange): Promise<void> {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
  const words = (exchange.query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, 16);
  const limit = pageSize(exchange.query, maxResults);
  const offset = firstResult(exchange.query);
  const platform = wantedPlatform(exchange.query);
  const shown = (name: string): boolean => exchange.may(name, 'read');
  const query = { words, kind: wantedKind(exchange), limit, offset, shown };
  const found = await exchange.stores.index.search(platform === undefined ? query : { ...query, platform });
  const end = offset + found.results.length;
  const isLast = found.results.length === 0 || end >= found.total;
  const next = new URLSearchParams([...exchange.query].filter(([key]) => key !== 'offset'));
  next.set('offset', String(end));
  answerJson(exchange, found, isLast ? {} : { link: `</v2/_wharf/search?${next}>; rel="next"` });
}

/** @throws RegistryError 'PAGINATION_NUMBER_INVALID' */
function firstResult(query: URLSearchParams): number {
  const text = query.get('offset') ?? '0';
  if (!/^\d{1,9}$/.test(text)) throw new RegistryError('PAGINATION_NUMBER_INVALID');
  return Number(text);
}

function wantedPlatform(query: URLSearchParams): Platform | undefined {
  const text = query.get('platform') || undefined;
  if (text === undefined) return undefined;
  try {
    return parsePlatform(text, { os: 'linux', architecture: 'amd64' });
  } catch (error) {
    if (!isWharfError(error)) throw error;
    throw new RegistryError('UNSUPPORTED', { status: 400, message: 'platform must be os/architecture[/variant]' });
  }
}

function wantedKind({ query }: Exchange): EntryKind | undefined {
  const kind = query.get('kind') || undefined;
  if (kind === undefined || kind === 'image' || kind === 'extension' || kind === 'plugin') return kind;
  throw new RegistryError('UNSUPPORTED', { status: 400, message: 'kind must be image, extension or plugin' });
}
