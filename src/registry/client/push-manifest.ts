/** Pushes a manifest or index; the last step of a push, which makes the image visible. */
import { createHash } from 'node:crypto';
import { WharfError } from '../../contract/errors.ts';
import { sha256Digest } from '../../oci/digest.ts';
import { manifestSelector, type Reference } from '../../oci/reference.ts';
import { discard } from './document-body.ts';
import type { EndpointAccess } from './fetch-manifest.ts';
import { pushScopes } from './push-blob.ts';
import { pushRefusal } from './push-refusal.ts';
import type { RegistrySession } from './registry-session.ts';

export async function pushManifest(
  session: RegistrySession,
  reference: Reference,
  mediaType: string,
  bytes: Uint8Array,
  access: EndpointAccess,
): Promise<string> {
  const digest = sha256Digest(createHash('sha256').update(bytes).digest('hex'));
  const answer = await session.request({
    ...access,
    method: 'PUT',
    target: `/v2/${reference.path}/manifests/${manifestSelector(reference)}`,
    scopes: pushScopes(reference),
    headers: { 'content-type': mediaType },
    body: () => bytes,
  });
  if (answer.status < 200 || answer.status > 204) throw await pushRefusal(session, reference, answer, access, 'PUT');
  discard(answer.response);
  const stored = answer.response.headers['docker-content-digest'];
  if (typeof stored === 'string' && stored.startsWith('sha256:') && stored !== digest) {
    throw new WharfError(
      'digest.mismatch',
      `push ${reference.path}: the registry stored ${stored} instead of ${digest}`,
    );
  }
  return digest;
}
