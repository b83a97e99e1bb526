/** Manifests by digest or tag: GET, HEAD, PUT, DELETE; and the list of those that refer to one. */
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Digest } from '../../../oci/digest.ts';
import { maxManifestBytes } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { isTag } from '../../../oci/reference.ts';
import { artifactTypeOf } from '../content/content-facts.ts';
import type { StoredManifest } from '../content/manifest-store.ts';
import { holdsAlready } from './conditional-request.ts';
import { answer, answerJson, type Exchange, noteChange, readBody, unsupported } from './exchange.ts';
import { RegistryError } from './registry-error.ts';

const bodyTimeoutMs = 60_000;
const maxTagsAtOnce = 64;

export type ManifestSelector =
  | { readonly kind: 'manifest'; readonly digest: Digest }
  | { readonly kind: 'tag'; readonly tag: string };

export async function handleManifest(exchange: Exchange, name: string, selector: ManifestSelector): Promise<void> {
  switch (exchange.method) {
    case 'GET':
      return await send(exchange, name, selector);
    case 'PUT':
      return await put(exchange, name, selector);
    case 'DELETE':
      return await remove(exchange, name, selector);
    default:
      throw unsupported('GET, HEAD, PUT, DELETE');
  }
}

async function send(exchange: Exchange, name: string, selector: ManifestSelector): Promise<void> {
  const { manifests } = exchange.stores;
  const digest = selector.kind === 'manifest' ? selector.digest : await manifests.resolveTag(name, selector.tag);
  const stored = digest === undefined ? undefined : await manifests.get(name, digest);
  if (stored === undefined) throw await unknown(exchange, name, selector);
  const headers = { 'docker-content-digest': stored.digest, etag: `"${stored.digest}"` };
  if (holdsAlready(exchange.request, headers.etag)) return answer(exchange, 304, headers);
  answer(exchange, 200, { ...headers, 'content-type': stored.document.mediaType }, stored.bytes);
}

async function unknown(exchange: Exchange, name: string, selector: ManifestSelector): Promise<RegistryError> {
  if (!(await exchange.stores.manifests.exists(name))) return new RegistryError('NAME_UNKNOWN', { detail: { name } });
  const detail = selector.kind === 'tag' ? { name, tag: selector.tag } : { name, digest: selector.digest };
  return new RegistryError('MANIFEST_UNKNOWN', { detail });
}

async function put(exchange: Exchange, name: string, selector: ManifestSelector): Promise<void> {
  const bytes = await readBody(exchange, maxManifestBytes, bodyTimeoutMs);
  const type = exchange.request.headers['content-type'];
  const tags = selector.kind === 'tag' ? [selector.tag] : wantedTags(exchange.query);
  const digest = selector.kind === 'manifest' ? selector.digest : undefined;
  const store = async (): Promise<StoredManifest> => {
    const done = await exchange.stores.manifests.put(name, bytes, { type, digest, tags });
    noteChange(exchange.stores, name);
    return done;
  };
  const { quotas } = exchange;
  const stored = await (quotas === undefined ? store() : quotas.manifest(name, tags, bytes.byteLength, store));
  const subject = stored.document.subject;
  answer(exchange, 201, {
    location: `/v2/${name}/manifests/${stored.digest}`,
    'docker-content-digest': stored.digest,
    ...(subject === undefined ? {} : { 'oci-subject': subject.digest }),
    ...(selector.kind === 'manifest' && tags.length > 0 ? { 'oci-tag': tags } : {}),
  });
}

/** `?tag=a&tag=b` of a push by digest: it is tagged at once. @throws RegistryError 'TAG_INVALID' */
function wantedTags(query: URLSearchParams): readonly string[] {
  const tags = [...new Set(query.getAll('tag'))];
  if (tags.length > maxTagsAtOnce)
    throw new RegistryError('TAG_INVALID', { status: 414, message: `more than ${maxTagsAtOnce} tags in one request` });
  for (const tag of tags)
    if (!isTag(tag)) throw new RegistryError('TAG_INVALID', { detail: { tag: tag.slice(0, 256) } });
  return tags;
}

async function remove(exchange: Exchange, name: string, selector: ManifestSelector): Promise<void> {
  const { manifests } = exchange.stores;
  const gone =
    selector.kind === 'manifest'
      ? await manifests.delete(name, selector.digest)
      : await manifests.deleteTag(name, selector.tag);
  if (!gone) throw await unknown(exchange, name, selector);
  noteChange(exchange.stores, name);
  answer(exchange, 202);
}

export async function handleReferrers(exchange: Exchange, name: string, subject: Digest): Promise<void> {
  if (exchange.method !== 'GET') throw unsupported('GET, HEAD');
  sendReferrers(exchange, (await exchange.stores.manifests.referrers(name, subject)).map(referrerDescriptor));
}

export function sendReferrers(exchange: Exchange, all: readonly Descriptor[]): void {
  const wanted = exchange.query.get('artifactType');
  const manifests = wanted === null ? all : all.filter((entry) => entry.artifactType === wanted);
  const headers: Record<string, string> = { 'content-type': mediaTypes.ociIndex };
  if (wanted !== null) headers['oci-filters-applied'] = 'artifactType';
  answerJson(exchange, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, headers);
}

function referrerDescriptor({ document, digest, bytes }: StoredManifest): Descriptor {
  const artifactType = artifactTypeOf(document);
  return {
    mediaType: document.mediaType,
    digest,
    size: bytes.byteLength,
    ...(artifactType === '' ? {} : { artifactType }),
    ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
  };
}
