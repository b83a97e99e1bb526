/**
 * Where things lie. The tree is the one of the distribution project's registry, so either can serve the other's folder:
 *
 *     docker/registry/v2/
 *       blobs/sha256/ab/abcd.../data                                  the bytes, each once
 *       repositories/<name>/
 *         _manifests/revisions/sha256/<hex>/link                      the repository has this manifest
 *         _manifests/tags/<tag>/current/link                          what the tag names
 *         _layers/sha256/<hex>/link                                   the repository may use this blob
 *         _referrers/sha256/<subject hex>/sha256/<hex>/link           (ours) manifests about a subject
 *         _uploads/<id>/data, startedat                               begun and not ended
 *     tmp/                                                            files being written
 *     wharf/collection.json                                           (ours) who collects garbage, on a storage of several servers
 *
 * A link holds a digest. No name of a repository begins with "_", so the two never mix.
 */
import { type Digest, digestAlgorithm, digestHex } from '../../../oci/digest.ts';

const top = 'docker/registry/v2';

export const repositoriesRoot = `${top}/repositories`;
export const blobsRoot = `${top}/blobs`;
export const collectionLeasePath = 'wharf/collection.json';
export const conditionProbePath = 'wharf/condition-probe';

function split(digest: Digest): string {
  return `${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

export function blobFolder(digest: Digest): string {
  const hex = digestHex(digest);
  return `${blobsRoot}/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;
}

export function blobData(digest: Digest): string {
  return `${blobFolder(digest)}/data`;
}

export function repositoryFolder(name: string): string {
  return `${repositoriesRoot}/${name}`;
}

export function manifestsFolder(name: string): string {
  return `${repositoriesRoot}/${name}/_manifests`;
}

export function revisionsFolder(name: string): string {
  return `${repositoriesRoot}/${name}/_manifests/revisions`;
}

export function revisionFolder(name: string, digest: Digest): string {
  return `${revisionsFolder(name)}/${split(digest)}`;
}

export function revisionLink(name: string, digest: Digest): string {
  return `${revisionFolder(name, digest)}/link`;
}

export function tagsFolder(name: string): string {
  return `${repositoriesRoot}/${name}/_manifests/tags`;
}

export function tagFolder(name: string, tag: string): string {
  return `${tagsFolder(name)}/${tag}`;
}

export function tagLink(name: string, tag: string): string {
  return `${tagFolder(name, tag)}/current/link`;
}

export function layersFolder(name: string): string {
  return `${repositoriesRoot}/${name}/_layers`;
}

export function layerFolder(name: string, digest: Digest): string {
  return `${layersFolder(name)}/${split(digest)}`;
}

export function layerLink(name: string, digest: Digest): string {
  return `${layerFolder(name, digest)}/link`;
}

export function referrersFolder(name: string, subject: Digest): string {
  return `${repositoriesRoot}/${name}/_referrers/${split(subject)}`;
}

export function referrerFolder(name: string, subject: Digest, digest: Digest): string {
  return `${referrersFolder(name, subject)}/${split(digest)}`;
}

export function referrerLink(name: string, subject: Digest, digest: Digest): string {
  return `${referrerFolder(name, subject, digest)}/link`;
}

export function uploadsFolder(name: string): string {
  return `${repositoriesRoot}/${name}/_uploads`;
}

export function uploadFolder(name: string, id: string): string {
  return `${uploadsFolder(name)}/${id}`;
}

export function uploadData(name: string, id: string): string {
  return `${uploadFolder(name, id)}/data`;
}

export function uploadStartedAt(name: string, id: string): string {
  return `${uploadFolder(name, id)}/startedat`;
}

/** Whether it is one of `uploadData`: the only files that grow. */
export function isUploadData(path: string): boolean {
  return path.startsWith(`${repositoriesRoot}/`) && /\/_uploads\/[^/]+\/data$/.test(path);
}

/** When what a cache holds was last used; the order in which it goes. */
export function cacheUses(prefix: string): string {
  return `wharf/caches/${prefix === '' ? '_' : prefix.replaceAll('/', '+')}.json`;
}
