/** Asks for a blob's size without loading it. */
import type { Digest } from '../../oci/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import { discard } from './document-body.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import { pullRefusal } from './pull-failures.ts';
import type { RegistrySession } from './registry-session.ts';
import { isHtml, notARegistry } from './response-failure.ts';

/** Undefined when the repository has no such blob, or the registry does not tell sizes. */
export async function blobSize(
  session: RegistrySession,
  reference: Reference,
  digest: Digest,
  access: EndpointAccess,
): Promise<number | undefined> {
  const answer = await session.request({
    ...access,
    method: 'HEAD',
    target: `/v2/${reference.path}/blobs/${digest}`,
    scopes: [`repository:${reference.path}:pull`],
  });
  if (answer.status !== 200 && answer.status !== 404) {
    const refusal = await session.refusal(answer, access.signal);
    throw pullRefusal(reference, refusal, answer, Boolean(access.auth?.username || access.auth?.identitytoken));
  }
  discard(answer.response);
  if (answer.status === 404) return undefined;
  if (isHtml(answer.response)) throw notARegistry('HEAD', answer.url, 'a web page (HTML)');
  const length = Number(answer.response.headers['content-length'] ?? Number.NaN);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}
