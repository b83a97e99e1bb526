/** Fetches a manifest and believes it only after its digest matched. */
import { createHash } from 'node:crypto';
import { isWharfError } from '../../contract/errors.ts';
import { type Digest, digestAlgorithm, digestHex, isDigest, sha256Digest } from '../../oci/digest.ts';
import { maxManifestBytes, parseManifest } from '../../oci/manifest.ts';
import { manifestMediaTypes } from '../../oci/media-types.ts';
import { manifestSelector, type Reference } from '../../oci/reference.ts';
import { discard, readDocument } from './document-body.ts';
import type { Endpoint } from './endpoints.ts';
import { digestMismatch, pullRefusal } from './pull-failures.ts';
import type { FetchedManifest, FetchManifestOptions, RegistryAuth } from './registry-client.ts';
import type { RegistrySession, SessionAnswer } from './registry-session.ts';
import { isHtml, notARegistry } from './response-failure.ts';

export interface EndpointAccess {
  readonly endpoint: Endpoint;
  readonly auth: RegistryAuth | undefined;
  readonly connectMs: number;
  readonly signal: AbortSignal;
}

const maxTries = 3;

export async function fetchManifest(
  session: RegistrySession,
  reference: Reference,
  access: EndpointAccess,
  held?: FetchManifestOptions['held'],
): Promise<FetchedManifest> {
  const known = held === undefined ? undefined : await heldManifest(session, reference, access, held);
  if (known !== undefined) return known;
  for (let tries = 1; ; tries++) {
    const answer = await session.request({ ...access, ...manifestRequest(reference), method: 'GET' });
    if (answer.status !== 200) {
      const refusal = await session.refusal(answer, access.signal);
      throw pullRefusal(reference, refusal, answer, Boolean(access.auth?.username || access.auth?.identitytoken));
    }
    if (isHtml(answer.response)) throw notARegistry('GET', answer.url, 'a web page (HTML)');
    try {
      const limits = { maxBytes: maxManifestBytes, timeoutMs: session.timeouts.documentMs, signal: access.signal };
      return verify(reference, answer, await readDocument(answer.response, answer.url, limits));
    } catch (error) {
      // A connection cut in the middle of so small a document is asked again, whole.
      if (!isWharfError(error, 'registry.failed') || tries >= maxTries) throw error;
    }
  }
}

function manifestRequest(reference: Reference) {
  return {
    target: `/v2/${reference.path}/manifests/${manifestSelector(reference)}`,
    scopes: [`repository:${reference.path}:pull`],
    headers: { accept: manifestMediaTypes.join(', ') },
  };
}

/** What the caller has of what the registry says the name stands for. Whatever is odd about the answer, the GET tells. */
async function heldManifest(
  session: RegistrySession,
  reference: Reference,
  access: EndpointAccess,
  held: NonNullable<FetchManifestOptions['held']>,
): Promise<FetchedManifest | undefined> {
  const answer = await session.request({ ...access, ...manifestRequest(reference), method: 'HEAD' });
  discard(answer.response);
  const digest = answer.response.headers['docker-content-digest'];
  if (answer.status !== 200 || typeof digest !== 'string' || !isDigest(digest)) return undefined;
  if (reference.digest !== undefined && reference.digest !== digest) return undefined;
  const bytes = await held(digest);
  if (bytes === undefined || digestLike(digest, bytes) !== digest) return undefined;
  const { mediaType } = parseManifest(Buffer.from(bytes).toString('utf8'), answer.response.headers['content-type']);
  return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes, endpoint: answer.base };
}

function verify(reference: Reference, answer: SessionAnswer, bytes: Buffer): FetchedManifest {
  const computed = sha256Digest(createHash('sha256').update(bytes).digest('hex'));
  const announced = answer.response.headers['docker-content-digest'];
  const expected = reference.digest ?? (typeof announced === 'string' && isDigest(announced) ? announced : undefined);
  if (expected !== undefined && digestLike(expected, bytes) !== expected) {
    throw digestMismatch(`the manifest announced as ${expected}`, computed, answer.url);
  }
  let mediaType: string;
  try {
    mediaType = parseManifest(bytes.toString('utf8'), answer.response.headers['content-type']).mediaType;
  } catch (error) {
    // Bytes no digest vouches for and that are no manifest: most likely not a registry at all.
    if (expected === undefined && isWharfError(error, 'manifest.invalid'))
      throw notARegistry('GET', answer.url, 'no image manifest');
    throw error;
  }
  return {
    descriptor: { mediaType, digest: reference.digest ?? computed, size: bytes.byteLength },
    bytes,
    endpoint: answer.base,
  };
}

/** The digest of `bytes` by the algorithm of `model`. */
export function digestLike(model: Digest, bytes: Uint8Array): string {
  const algorithm = digestAlgorithm(model);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** @throws WharfError 'digest.mismatch' */
export function checkDigest(digest: Digest, hex: string, url: URL): void {
  if (digestHex(digest) !== hex) throw digestMismatch(`the blob ${digest}`, `${digestAlgorithm(digest)}:${hex}`, url);
}
