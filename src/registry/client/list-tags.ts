/** Lists of the distribution API, page by page: the tags of a repository, the repositories of a registry. */
import { isJsonObject } from '../../oci/json-fields.ts';
import type { Reference } from '../../oci/reference.ts';
import { readDocument } from './document-body.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import { pullRefusal } from './pull-failures.ts';
import { locationUrl, type RegistrySession, type SessionAnswer } from './registry-session.ts';
import { notARegistry, refusalError } from './response-failure.ts';

const maxPages = 100;
const maxItems = 20_000;
const maxPageBytes = 8 * 1024 * 1024;

export async function listTags(
  session: RegistrySession,
  reference: Reference,
  access: EndpointAccess,
): Promise<readonly string[]> {
  const list = {
    field: 'tags',
    target: `/v2/${reference.path}/tags/list?n=1000`,
    scopes: [`repository:${reference.path}:pull`],
  };
  return await pages(session, list, access, async (answer) => {
    const refusal = await session.refusal(answer, access.signal);
    return pullRefusal(reference, refusal, answer, Boolean(access.auth?.username || access.auth?.identitytoken));
  });
}

/** Repositories of a registry that tells them. */
export async function listCatalog(session: RegistrySession, access: EndpointAccess): Promise<readonly string[]> {
  const list = { field: 'repositories', target: '/v2/_catalog?n=1000', scopes: ['registry:catalog:*'] };
  return await pages(session, list, access, async (answer) =>
    refusalError(await session.refusal(answer, access.signal), 'GET', answer.url),
  );
}

async function pages(
  session: RegistrySession,
  list: { readonly field: string; readonly target: string; readonly scopes: readonly string[] },
  access: EndpointAccess,
  refused: (answer: SessionAnswer) => Promise<Error>,
): Promise<readonly string[]> {
  const items: string[] = [];
  let target: string | URL | undefined = list.target;
  for (let page = 0; target !== undefined && page < maxPages && items.length < maxItems; page++) {
    const answer: SessionAnswer = await session.request({ ...access, method: 'GET', target, scopes: list.scopes });
    if (answer.status !== 200) throw await refused(answer);
    const limits = { maxBytes: maxPageBytes, timeoutMs: session.timeouts.documentMs, signal: access.signal };
    items.push(
      ...readPage((await readDocument(answer.response, answer.url, limits)).toString('utf8'), list.field, answer.url),
    );
    target = nextPage(answer, access);
  }
  return items.slice(0, maxItems);
}

function readPage(text: string, field: string, url: URL): readonly string[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw notARegistry('GET', url, `something else than a list of ${field}`);
  }
  if (!isJsonObject(json)) throw notARegistry('GET', url, `something else than a list of ${field}`);
  // `null` is what Go registries send for a repository without tags.
  const list: unknown = json[field] ?? [];
  if (!Array.isArray(list)) throw notARegistry('GET', url, `something else than a list of ${field}`);
  return list.filter((item): item is string => typeof item === 'string' && item.length <= 512);
}

/** RFC 8288: `</v2/x/tags/list?last=b&n=100>; rel="next"`. */
export function nextPage(answer: SessionAnswer, access: EndpointAccess): URL | undefined {
  const header = answer.response.headers.link;
  const match = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(typeof header === 'string' ? header.slice(0, 8192) : '');
  if (match?.[1] === undefined) return undefined;
  const next = locationUrl(answer, match[1], access.endpoint);
  // A page elsewhere would not get our token, and one that repeats would never end.
  return next.origin === answer.url.origin && next.href !== answer.url.href ? next : undefined;
}
