/**
 * Search: Docker Hub's own API for docker.io, else the endpoint of Wharf's registry, else the registry's catalogue.
 * What the fallback registries hold under Docker Hub's names is found with docker.io too.
 */
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { isJsonObject, type JsonObject } from '../../oci/json-fields.ts';
import { defaultDomain, isRepositoryPath } from '../../oci/reference.ts';
import { readDocument } from './document-body.ts';
import type { Endpoint, EndpointList } from './endpoints.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import { listCatalog } from './list-tags.ts';
import type { RegistrySearchQuery, RegistrySearchResult, RequestOptions } from './registry-client.ts';
import type { RegistrySession } from './registry-session.ts';
import { isHtml, notARegistry, refusalError } from './response-failure.ts';

const maxLimit = 100;
const maxAnswerBytes = 16 * 1024 * 1024;
const maxText = 4096;
const maxIcon = 512 * 1024;
const hubSearchUrl = 'https://index.docker.io';

export class RegistrySearch {
  readonly #session: RegistrySession;
  readonly #endpoints: EndpointList;
  readonly #hub: Endpoint;

  constructor(session: RegistrySession, endpoints: EndpointList, hubUrl = hubSearchUrl) {
    this.#hub = { kind: 'registry', host: new URL(hubUrl).host, bases: [hubUrl], insecure: false };
    this.#session = session;
    this.#endpoints = endpoints;
  }

  async search(query: RegistrySearchQuery, options: RequestOptions): Promise<readonly RegistrySearchResult[]> {
    const limit = Math.max(1, Math.min(query.limit, maxLimit));
    const asked = { ...query, limit };
    if (query.registry !== defaultDomain) {
      const endpoint = this.#endpoints.registry(query.registry);
      return await this.#searchRegistry(asked, this.#access(endpoint, options), `${query.registry}/`);
    }
    return (await this.#searchHubAndFallbacks(asked, options)).slice(0, limit);
  }

  async #searchHubAndFallbacks(
    query: RegistrySearchQuery,
    options: RequestOptions,
  ): Promise<readonly RegistrySearchResult[]> {
    const fallbacks = this.#endpoints.fallbacks();
    // Docker Hub's search knows no kinds; asking it for extensions would list images.
    const askHub = query.kind === undefined || query.kind === 'image' || fallbacks.length === 0;
    const asked = [
      ...fallbacks.map((endpoint) => this.#searchRegistry(query, this.#access(endpoint, options), '')),
      ...(askHub ? [this.#searchHub(query, options)] : []),
    ];
    const settled = await Promise.allSettled(asked);
    const byName = new Map<string, RegistrySearchResult>();
    for (const outcome of settled) {
      if (outcome.status === 'rejected') continue;
      for (const result of outcome.value) if (!byName.has(result.name)) byName.set(result.name, result);
    }
    const failed = settled.filter((outcome) => outcome.status === 'rejected');
    if (options.signal.aborted || failed.length === settled.length) throw failed.at(-1)?.reason;
    return [...byName.values()];
  }

  #access(endpoint: Endpoint, options: RequestOptions): EndpointAccess {
    const { connectMs, connectWithAlternativeMs } = this.#session.timeouts;
    const auth = this.#endpoints.authFor(endpoint, options.auth);
    return {
      endpoint,
      auth,
      signal: options.signal,
      connectMs: endpoint.kind === 'registry' ? connectMs : connectWithAlternativeMs,
    };
  }

  async #searchHub(query: RegistrySearchQuery, options: RequestOptions): Promise<readonly RegistrySearchResult[]> {
    const recent = this.#endpoints.recentFailure(this.#hub);
    if (recent !== undefined) throw recent;
    // Docker Hub's search answers nothing to an empty term; its official images are what one wants to see then.
    const parameters = new URLSearchParams({ q: query.term.trim() || 'library', n: String(query.limit) });
    const access = {
      endpoint: this.#hub,
      auth: undefined,
      signal: options.signal,
      connectMs: this.#session.timeouts.connectWithAlternativeMs,
    };
    try {
      const json = await this.#json(`/v1/search?${parameters}`, access);
      const results = Array.isArray(json.results) ? json.results.filter(isJsonObject) : [];
      return results.flatMap((entry) => hubResult(entry));
    } catch (error) {
      if (isWharfError(error, 'registry.unreachable') || isWharfError(error, 'registry.timeout'))
        this.#endpoints.remember(this.#hub, error);
      throw error;
    }
  }

  async #searchRegistry(
    query: RegistrySearchQuery,
    access: EndpointAccess,
    prefix: string,
  ): Promise<readonly RegistrySearchResult[]> {
    const parameters = new URLSearchParams({ q: query.term, n: String(query.limit) });
    if (query.kind !== undefined) parameters.set('kind', query.kind);
    if (query.platform !== undefined) parameters.set('platform', query.platform);
    try {
      const json = await this.#json(`/v2/_wharf/search?${parameters}`, access);
      const results = Array.isArray(json.results) ? json.results.filter(isJsonObject) : [];
      return results.flatMap((entry) => wharfResult(entry, query.registry, prefix)).slice(0, query.limit);
    } catch (error) {
      if (!isWharfError(error) || !isNoSuchSearch(error)) throw error;
    }
    // A catalogue tells names only, so it can not answer for kinds other than images.
    if (query.kind !== undefined && query.kind !== 'image') return [];
    const term = query.term.trim().toLowerCase();
    const names = (await listCatalog(this.#session, access)).filter(
      (name) => isRepositoryPath(name) && name.includes(term),
    );
    return names.slice(0, query.limit).map((name) => plainResult(query.registry, shownName(name, prefix)));
  }

  async #json(target: string, access: EndpointAccess): Promise<JsonObject> {
    const answer = await this.#session.request({
      ...access,
      method: 'GET',
      target,
      scopes: [],
      headers: { accept: 'application/json' },
    });
    if (answer.status !== 200) {
      const refusal = await this.#session.refusal(answer, access.signal);
      if (refusal.status === 404 || refusal.status === 400 || refusal.status === 405) {
        throw new WharfError('request.not-found', `${answer.url.host} has no search`);
      }
      throw refusalError(refusal, 'GET', answer.url);
    }
    if (isHtml(answer.response)) throw notARegistry('GET', answer.url, 'a web page (HTML)');
    const limits = { maxBytes: maxAnswerBytes, timeoutMs: this.#session.timeouts.documentMs, signal: access.signal };
    const text = (await readDocument(answer.response, answer.url, limits)).toString('utf8');
    try {
      const json: unknown = JSON.parse(text);
      if (isJsonObject(json)) return json;
    } catch {
      // Told below, as for JSON of another shape.
    }
    throw notARegistry('GET', answer.url, 'something else than search results');
  }
}

/** Registries answer an unknown path under /v2/ with 404, or take `_wharf` for a repository's invalid name. */
function isNoSuchSearch(error: WharfError): boolean {
  return error.code === 'request.not-found' || error.code === 'auth.required' || error.code === 'auth.denied';
}

function plainResult(registry: string, name: string): RegistrySearchResult {
  return {
    registry,
    name,
    kind: 'image',
    title: name,
    description: '',
    official: false,
    stars: 0,
    platforms: [],
    tags: [],
    labels: {},
  };
}

function text(value: unknown, max = maxText): string {
  return typeof value === 'string' && value.length <= max ? value : '';
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string').slice(0, 1000) : [];
}

function shownName(path: string, prefix: string): string {
  return prefix === '' ? path.replace(/^library\/(?=[^/]+$)/, '') : `${prefix}${path}`;
}

function hubResult(entry: JsonObject): readonly RegistrySearchResult[] {
  const name = text(entry.name, 255);
  if (!isRepositoryPath(name)) return [];
  return [
    {
      ...plainResult(defaultDomain, shownName(name, '')),
      description: text(entry.description),
      official: entry.is_official === true,
      stars: typeof entry.star_count === 'number' ? entry.star_count : 0,
    },
  ];
}

function wharfResult(entry: JsonObject, registry: string, prefix: string): readonly RegistrySearchResult[] {
  const path = text(entry.name, 255);
  if (!isRepositoryPath(path)) return [];
  const icon = text(entry.icon, maxIcon);
  const updatedAt = text(entry.updatedAt, 64);
  const labels = isJsonObject(entry.labels)
    ? Object.entries(entry.labels).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
    : [];
  return [
    {
      ...plainResult(registry, shownName(path, prefix)),
      kind: entry.kind === 'extension' || entry.kind === 'plugin' ? entry.kind : 'image',
      title: text(entry.title, 512) || path,
      description: text(entry.description),
      ...(/^(https?:|data:image\/)/.test(icon) ? { icon } : {}),
      // Only Docker Hub says what is official; a fallback that serves a name of the same kind does not.
      official: false,
      platforms: texts(entry.platforms),
      tags: texts(entry.tags),
      labels: Object.fromEntries(labels),
      ...(typeof entry.sizeBytes === 'number' ? { sizeBytes: entry.sizeBytes } : {}),
      ...(updatedAt === '' ? {} : { updatedAt }),
    },
  ];
}
