/** What a request's path asks for. Source: OCI distribution spec, "Endpoints". */
import { type Digest, isDigest } from '../../../oci/digest.ts';
import { isRepositoryPath, isTag } from '../../../oci/reference.ts';
import { RegistryError } from './registry-error.ts';

export type RequestTarget =
  | { readonly kind: 'version' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'search' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'manifest'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'tag'; readonly name: string; readonly tag: string }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly name: string }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string };

/** @throws RegistryError 'NAME_INVALID' | 'DIGEST_INVALID' | 'TAG_INVALID' | 'MANIFEST_UNKNOWN' | 'NOT_FOUND' */
export function parseTarget(rawPath: string, method = 'PUT'): RequestTarget {
  const path = decoded(rawPath);
  if (path === '/v2' || path === '/v2/') return { kind: 'version' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  if (path === '/v2/_wharf/search') return { kind: 'search' };
  const match =
    /^\/v2\/(.+)\/(?:(tags)\/list|(blobs\/uploads)\/?([^/]*)|(manifests|blobs|referrers)\/([^/]+))$/.exec(path) ??
    undefined;
  if (match === undefined) throw new RegistryError('NOT_FOUND');
  const [, name = '', tags, uploads, id = '', kind, selector = ''] = match;
  if (!isRepositoryPath(name)) throw new RegistryError('NAME_INVALID', { detail: { name: name.slice(0, 256) } });
  if (tags !== undefined) return { kind: 'tags', name };
  if (uploads !== undefined) return id === '' ? { kind: 'uploads', name } : { kind: 'upload', name, id };
  if (kind === 'blobs') return { kind: 'blob', name, digest: checkedDigest(selector) };
  if (kind === 'referrers') return { kind: 'referrers', name, digest: checkedDigest(selector) };
  if (selector.includes(':')) return { kind: 'manifest', name, digest: checkedDigest(selector) };
  // What can be no tag is not there; only who wants to make it is told of its form (the specification's suite asks both).
  if (!isTag(selector))
    throw new RegistryError(/^(GET|HEAD)$/.test(method) ? 'MANIFEST_UNKNOWN' : 'TAG_INVALID', {
      detail: { tag: selector.slice(0, 256) },
    });
  return { kind: 'tag', name, tag: selector };
}

/** @throws RegistryError 'DIGEST_INVALID' */
export function checkedDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError('DIGEST_INVALID', { message: 'invalid digest', detail: { digest: text.slice(0, 256) } });
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new RegistryError('NOT_FOUND');
  }
}
