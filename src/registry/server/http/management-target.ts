/** What a path below `/wharf/v1` asks for (contract/registry-routes.ts). */
import { isRepositoryPath, isTag } from '../../../oci/reference.ts';
import type { Asked } from '../access/access-control.ts';
import type { ManifestSelector } from './manifest-handlers.ts';
import { RegistryError } from './registry-error.ts';
import { checkedDigest } from './request-target.ts';

export type ManagementTarget =
  | { readonly kind: 'repositories' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly selector: ManifestSelector }
  | { readonly kind: 'space' }
  | { readonly kind: 'users' }
  | { readonly kind: 'retention' }
  | { readonly kind: 'gc' };

const prefix = '/wharf/v1/';

/** Undefined for another part of the registry. @throws RegistryError 'NOT_FOUND' | 'NAME_INVALID' | 'DIGEST_INVALID' | 'TAG_INVALID' */
export function parseManagementTarget(rawPath: string): ManagementTarget | undefined {
  if (!rawPath.startsWith(prefix)) return undefined;
  const path = decoded(rawPath).slice(prefix.length);
  switch (path) {
    case 'repositories':
    case 'space':
    case 'users':
    case 'retention':
    case 'gc':
      return { kind: path };
  }
  const [, name = '', tags, selector = ''] = /^repositories\/(.+)\/(?:(tags)|manifests\/([^/]+))$/.exec(path) ?? [];
  if (name === '') throw new RegistryError('NOT_FOUND');
  if (!isRepositoryPath(name)) throw new RegistryError('NAME_INVALID', { detail: { name: name.slice(0, 256) } });
  if (tags !== undefined) return { kind: 'tags', name };
  if (selector.includes(':'))
    return { kind: 'manifest', name, selector: { kind: 'manifest', digest: checkedDigest(selector) } };
  if (!isTag(selector)) throw new RegistryError('TAG_INVALID', { detail: { tag: selector.slice(0, 256) } });
  return { kind: 'manifest', name, selector: { kind: 'tag', tag: selector } };
}

/** What belongs to no one repository is an administrator's, but for the list of those that may be read. */
export function askedOfManagement(target: ManagementTarget): Asked {
  if (target.kind === 'repositories') return { isPing: false, action: 'read' };
  if ('name' in target) return { isPing: false, repository: target.name, action: 'read' };
  return { isPing: false, repository: '*', action: 'admin' };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new RegistryError('NOT_FOUND');
  }
}
