/** Lists: tags, repositories, and Wharf's search over what is held. */
import { answerJson, type Exchange, page, pageSize, unsupported } from './exchange.ts';
import { RegistryError } from './registry-error.ts';
import type { EntryKind } from './search-index.ts';

const maxPage = 1000;
const maxResults = 500;

export async function handleTags(exchange: Exchange, name: string): Promise<void> {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
  const { manifests } = exchange.stores;
  if (!(await manifests.exists(name))) throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  const { items, headers } = page(exchange, `/v2/${name}/tags/list`, await manifests.tags(name), maxPage);
  answerJson(exchange, { name, tags: items }, headers);
}

export async function handleCatalog(exchange: Exchange): Promise<void> {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
  const names = (await exchange.stores.index.repositories()).filter((name) => exchange.may(name, 'read'));
  const { items, headers } = page(exchange, '/v2/_catalog', names, maxPage);
  answerJson(exchange, { repositories: items }, headers);
}

/** `GET /v2/_wharf/search?q=words&kind=image|extension|plugin&n=25` */
export async function handleSearch(exchange: Exchange): Promise<void> {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
  const words = (exchange.query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, 16);
  const limit = pageSize(exchange.query, maxResults);
  const shown = (name: string): boolean => exchange.may(name, 'read');
  const query = { words, kind: wantedKind(exchange), limit, shown };
  answerJson(exchange, { results: await exchange.stores.index.search(query) });
}

function wantedKind({ query }: Exchange): EntryKind | undefined {
  const kind = query.get('kind') || undefined;
  if (kind === undefined || kind === 'image' || kind === 'extension' || kind === 'plugin') return kind;
  throw new RegistryError('UNSUPPORTED', { status: 400, message: 'kind must be image, extension or plugin' });
}
