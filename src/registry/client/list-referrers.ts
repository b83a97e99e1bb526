/** What refers to a manifest: signatures, attestations, bills of materials. Source: OCI distribution spec 1.1, "Listing Referrers". */
import { isWharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { maxManifestBytes, parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { type Reference, withTag } from '../../oci/reference.ts';
import { referrersTag } from '../../oci/signature-artifacts.ts';
import { discard, readDocument } from './document-body.ts';
import { type EndpointAccess, fetchManifest } from './fetch-manifest.ts';
import { nextPage } from './list-tags.ts';
import { pullRefusal } from './pull-failures.ts';
import type { RegistrySession, SessionAnswer } from './registry-session.ts';
import { isHtml } from './response-failure.ts';

const maxPages = 20;
const maxReferrers = 1000;

/** None when nothing refers to it. A registry without the API is asked for the tag that stands in for it. */
export async function listReferrers(
  session: RegistrySession,
  reference: Reference,
  subject: Digest,
  access: EndpointAccess,
): Promise<readonly Descriptor[]> {
  const found: Descriptor[] = [];
  let target: string | URL | undefined = `/v2/${reference.path}/referrers/${subject}`;
  for (let page = 0; target !== undefined && page < maxPages && found.length < maxReferrers; page++) {
    const answer: SessionAnswer = await session.request({
      ...access,
      method: 'GET',
      target,
      scopes: [`repository:${reference.path}:pull`],
      headers: { accept: mediaTypes.ociIndex },
    });
    if (page === 0 && lacksApi(answer)) {
      discard(answer.response);
      return await byTag(session, reference, subject, access);
    }
    if (answer.status !== 200) {
      const refusal = await session.refusal(answer, access.signal);
      throw pullRefusal(reference, refusal, answer, Boolean(access.auth?.username || access.auth?.identitytoken));
    }
    const limits = { maxBytes: maxManifestBytes, timeoutMs: session.timeouts.documentMs, signal: access.signal };
    found.push(...entries(await readDocument(answer.response, answer.url, limits)));
    target = nextPage(answer, access);
  }
  return found.slice(0, maxReferrers);
}

/** Registries older than the API say 404, and others whatever they say of addresses they do not know, web pages included. */
function lacksApi({ status, response }: SessionAnswer): boolean {
  if (status === 200) return isHtml(response);
  return status >= 400 && status < 500 && status !== 401 && status !== 403 && status !== 429;
}

async function byTag(
  session: RegistrySession,
  reference: Reference,
  subject: Digest,
  access: EndpointAccess,
): Promise<readonly Descriptor[]> {
  try {
    const { bytes } = await fetchManifest(session, withTag(reference, referrersTag(subject)), access);
    return entries(bytes);
  } catch (error) {
    if (isWharfError(error, 'manifest.unknown')) return [];
    throw error;
  }
}

function entries(bytes: Uint8Array): readonly Descriptor[] {
  const document = parseManifest(Buffer.from(bytes).toString('utf8'), mediaTypes.ociIndex);
  return document.kind === 'index' ? document.manifests : [];
}
