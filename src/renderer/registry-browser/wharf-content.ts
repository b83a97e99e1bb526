/** What Wharf's own registry tells in one answer instead of many; see contract/registry-routes.ts. */
import { parseValue } from '../../contract/parse.ts';
import {
  RepositoryList,
  type RepositorySummary,
  SpaceUsed,
  TagList,
  type TagSummary,
  UserList,
} from '../../contract/registry-routes.ts';
import type { AnySchema, Static } from '../../contract/schema.ts';
import { type RegistryConnection, type RegistryRequest, refusalOf } from './registry-connection.ts';

const pageSize = 1000;
const maxPages = 20;

/** Undefined for registries that are not Wharf's. */
export async function wharfRepositories(
  connection: RegistryConnection,
  signal: AbortSignal,
): Promise<readonly RepositorySummary[] | undefined> {
  const found: RepositorySummary[] = [];
  for (let page = 0; page < maxPages; page++) {
    const last = found.at(-1)?.name;
    const path = `/wharf/v1/repositories?${pageQuery(last)}`;
    const list = await askIfKnown(connection, path, RepositoryList, signal);
    if (list === undefined) return undefined;
    found.push(...list.repositories);
    if (found.length >= list.total || list.repositories.length === 0) break;
  }
  return found;
}

/** Undefined for registries that are not Wharf's. */
export async function wharfTags(
  connection: RegistryConnection,
  name: string,
  signal: AbortSignal,
): Promise<readonly TagSummary[] | undefined> {
  const found: TagSummary[] = [];
  for (let page = 0; page < maxPages; page++) {
    const path = `/wharf/v1/repositories/${name}/tags?${pageQuery(found.at(-1)?.tag)}`;
    const list = await askIfKnown(connection, path, TagList, signal);
    if (list === undefined) return undefined;
    found.push(...list.tags);
    if (found.length >= list.total || list.tags.length === 0) break;
  }
  return found;
}

export async function wharfSpace(connection: RegistryConnection, signal?: AbortSignal): Promise<SpaceUsed> {
  return await askWharf(connection, { method: 'GET', path: '/wharf/v1/space' }, SpaceUsed, signal);
}

export async function wharfUsers(connection: RegistryConnection, signal?: AbortSignal): Promise<UserList> {
  return await askWharf(connection, { method: 'GET', path: '/wharf/v1/users' }, UserList, signal);
}

/** @throws WharfError what the registry's refusal means, 'request.invalid' for an answer of another shape */
export async function askWharf<S extends AnySchema>(
  connection: RegistryConnection,
  request: RegistryRequest,
  shape: S,
  signal?: AbortSignal,
): Promise<Static<S>> {
  const answer = await connection.request(request, signal);
  if (answer.status !== 200) throw refusalOf(answer, `${request.method} ${request.path}`);
  return parseValue(shape, JSON.parse(answer.text));
}

async function askIfKnown<S extends AnySchema>(
  connection: RegistryConnection,
  path: string,
  shape: S,
  signal: AbortSignal,
): Promise<Static<S> | undefined> {
  const answer = await connection.request({ method: 'GET', path }, signal);
  if (answer.status !== 200) return undefined;
  try {
    return parseValue(shape, JSON.parse(answer.text));
  } catch {
    // Some web server that answers everything with its own page: no registry of ours.
    return undefined;
  }
}

function pageQuery(last: string | undefined): string {
  return String(new URLSearchParams({ n: String(pageSize), ...(last === undefined ? {} : { last }) }));
}
