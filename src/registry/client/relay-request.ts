/**
 * A request of a page that browses a registry, sent on with the engine's own way of reaching it: certificates, proxies,
 * sign-in, mirrors left out. Reads of the distribution API, deletions, and what Wharf's own registry has beside it.
 */
import { WharfError } from '../../contract/errors.ts';
import { readDocument } from './document-body.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import type { RegistrySession } from './registry-session.ts';

export interface RelayedRequest {
  readonly method: 'GET' | 'HEAD' | 'DELETE' | 'POST' | 'PUT';
  /** `/v2/...` or `/wharf/v1/...`, with its query. */
  readonly path: string;
  readonly accept?: string;
  /** JSON text; for `/wharf/v1/...` only. */
  readonly body?: string;
}

export interface RelayedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const maxAnswerBytes = 16 * 1024 * 1024;
const answerHeaders = [
  'content-type',
  'docker-content-digest',
  'link',
  'oci-filters-applied',
  'retry-after',
  'warning',
];

export async function relayRequest(
  session: RegistrySession,
  request: RelayedRequest,
  access: EndpointAccess,
): Promise<RelayedAnswer> {
  const { method, path, accept, body } = request;
  const target = checkedPath(method, path);
  const answer = await session.request({
    ...access,
    method,
    target,
    scopes: scopesOf(method, target),
    headers: {
      accept: accept ?? 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: () => Buffer.from(body) }),
  });
  const limits = { maxBytes: maxAnswerBytes, timeoutMs: session.timeouts.documentMs, signal: access.signal };
  const text = (await readDocument(answer.response, answer.url, limits)).toString('utf8');
  const headers = answerHeaders.flatMap((name) => {
    const value = answer.response.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return { status: answer.status, headers: Object.fromEntries(headers), body: text };
}

/** @throws WharfError 'request.invalid' for what is no plain path of the two APIs, or would push */
function checkedPath(method: string, path: string): string {
  const plain = /^\/(v2|wharf\/v1)\/[!-~]*$/.test(path) && path.length <= 8192 && !/[\\#]/.test(path);
  const pathname = path.split('?', 1)[0] ?? '';
  const climbs = pathname.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part)) || /%2f|%5c/i.test(pathname);
  if (!plain || climbs) throw new WharfError('request.invalid', 'this is no path of a registry');
  if ((method === 'POST' || method === 'PUT') && !path.startsWith('/wharf/v1/'))
    throw new WharfError('request.invalid', 'images are pushed by the engine itself', { hint: 'Use ImagePush.' });
  return path;
}

/** Source: the distribution project's token specification. */
function scopesOf(method: string, path: string): readonly string[] {
  if (path.startsWith('/v2/_catalog')) return ['registry:catalog:*'];
  const name = /^\/v2\/(.+)\/(?:tags\/list|manifests\/|blobs\/|referrers\/)/.exec(path)?.[1];
  if (name === undefined) return [];
  return [`repository:${name}:${method === 'DELETE' ? 'delete,pull' : 'pull'}`];
}
