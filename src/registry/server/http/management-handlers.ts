/** The requests of `/wharf/v1`: what a page or a command needs to look after a registry (contract/registry-routes.ts). */
import type {
  CollectionReport,
  ManifestDetails,
  QuotaUse,
  RepositoryList,
  RepositorySummary,
  RetentionReport,
  SpaceUsed,
  TagList,
  TagSummary,
  UserList,
} from '../../../contract/registry-routes.ts';
import { describeManifest, describeRepository, describeTag } from '../content/repository-description.ts';
import type { StorageSpace } from '../storage/storage-space.ts';
import { answerJson, type Exchange, page, unsupported } from './exchange.ts';
import type { ManagementTarget } from './management-target.ts';
import type { ManifestSelector } from './manifest-handlers.ts';
import { RegistryError } from './registry-error.ts';

const maxPage = 100;

/** What of the server is looked after, as its parts give it. */
export interface ManagedServer {
  readonly space: StorageSpace;
  readonly quotas: () => Promise<readonly QuotaUse[]>;
  readonly caches: () => SpaceUsed['caches'];
  /** Base URL of the registry that a repository is a cache of. */
  readonly upstreamOf: (name: string) => string | undefined;
  readonly users: () => Promise<UserList>;
  readonly retain: (dryRun: boolean) => Promise<RetentionReport>;
  readonly collect: (dryRun: boolean) => Promise<CollectionReport>;
}

export async function handleManagement(
  exchange: Exchange,
  server: ManagedServer,
  target: ManagementTarget,
): Promise<void> {
  switch (target.kind) {
    case 'repositories':
      return await sendRepositories(exchange, server);
    case 'tags':
      return await sendTags(exchange, target.name);
    case 'manifest':
      return await sendManifest(exchange, target.name, target.selector);
    case 'space':
      onlyGet(exchange);
      return answerJson(exchange, await spaceUsed(exchange, server));
    case 'users':
      onlyGet(exchange);
      return answerJson(exchange, await server.users());
    case 'retention': {
      const dryRun = exchange.method === 'GET' || isDryRun(exchange, 'GET, HEAD, POST');
      waitAsLongAsItTakes(exchange);
      return answerJson(exchange, await server.retain(dryRun));
    }
    case 'gc': {
      const dryRun = isDryRun(exchange, 'POST');
      waitAsLongAsItTakes(exchange);
      return answerJson(exchange, await server.collect(dryRun));
    }
  }
}

/** A connection on which nothing moves is otherwise ended, and a large storage takes its time. */
function waitAsLongAsItTakes({ request }: Exchange): void {
  request.socket.setTimeout(0);
}

function onlyGet(exchange: Exchange): void {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
}

/** Of a POST; one that a page of another site sends is refused, for a browser would send the user's sign-in with it. */
function isDryRun(exchange: Exchange, allowed: string): boolean {
  if (exchange.method !== 'POST') throw unsupported(allowed);
  const { origin, host, 'sec-fetch-site': site } = exchange.request.headers;
  const foreign = origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host);
  if (foreign || site === 'cross-site' || site === 'same-site')
    throw new RegistryError('DENIED', { message: 'a page of another site may not ask for this' });
  const wanted = exchange.query.get('dry-run') ?? 'false';
  if (wanted !== 'true' && wanted !== 'false')
    throw new RegistryError('UNSUPPORTED', { status: 400, message: 'dry-run must be true or false' });
  return wanted === 'true';
}

async function sendRepositories(exchange: Exchange, server: ManagedServer): Promise<void> {
  onlyGet(exchange);
  const { stores } = exchange;
  const names = (await stores.index.repositories()).filter((name) => exchange.may(name, 'read'));
  const { items, headers } = page(exchange, '/wharf/v1/repositories', names, maxPage);
  const repositories: RepositorySummary[] = [];
  for (const name of items) repositories.push(await describeRepository(stores, name, server.upstreamOf(name)));
  answerJson(exchange, { total: names.length, repositories } satisfies RepositoryList, headers);
}

async function sendTags(exchange: Exchange, name: string): Promise<void> {
  onlyGet(exchange);
  const { stores } = exchange;
  if (!(await stores.manifests.exists(name))) throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  const all = await stores.manifests.tags(name);
  const { items, headers } = page(exchange, `/wharf/v1/repositories/${name}/tags`, all, maxPage);
  const tags: TagSummary[] = [];
  for (const tag of items) {
    const summary = await describeTag(stores, name, tag);
    if (summary !== undefined) tags.push(summary);
  }
  answerJson(exchange, { name, total: all.length, tags } satisfies TagList, headers);
}

async function sendManifest(exchange: Exchange, name: string, selector: ManifestSelector): Promise<void> {
  onlyGet(exchange);
  const { manifests } = exchange.stores;
  const digest = selector.kind === 'manifest' ? selector.digest : await manifests.resolveTag(name, selector.tag);
  const stored = digest === undefined ? undefined : await manifests.get(name, digest);
  if (stored === undefined) {
    const code = (await manifests.exists(name)) ? 'MANIFEST_UNKNOWN' : 'NAME_UNKNOWN';
    throw new RegistryError(code, { detail: { name } });
  }
  answerJson(exchange, (await describeManifest(exchange.stores, name, stored)) satisfies ManifestDetails);
}

async function spaceUsed(exchange: Exchange, server: ManagedServer): Promise<SpaceUsed> {
  const repositories = (await exchange.stores.index.repositories()).length;
  return { repositories, ...(await server.space.totals()), quotas: await server.quotas(), caches: server.caches() };
}
