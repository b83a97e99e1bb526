/**
 * What deleting an image means, told before it is done.
 *
 *     tag ──► index ──► manifest ──► config, layers
 *                          ▲
 *                          └── referrers: signatures, attestations
 *
 * A tag that shares its manifest with other tags loses the name only. The last tag takes along its manifest, the manifests of
 * an index nobody else lists, and what refers to them; the bytes nothing of the repository needs then are what is freed.
 * Other repositories of the registry may share them, so it is the most that can come free, at the next collection.
 */
import type { ManifestDocument } from '../../oci/manifest.ts';

/** One manifest of the repository, as far as the plan needs it. */
export interface PlannedManifest {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly document: ManifestDocument;
  /** Digests of manifests about this one. */
  readonly referrers: readonly string[];
}

export interface RepositoryPicture {
  readonly tags: ReadonlyMap<string, string>;
  readonly manifests: ReadonlyMap<string, PlannedManifest>;
}

export interface DeletionPlan {
  /** In the order they go: tags and indexes before what they list. */
  readonly references: readonly string[];
  readonly tags: readonly string[];
  readonly freedBytes: number;
  /** How many manifests go, among them what refers to the image. */
  readonly manifestCount: number;
}

/** @param reference a tag, or the digest of a manifest, which goes with all its tags */
export function planDeletion(picture: RepositoryPicture, reference: string): DeletionPlan {
  const isDigest = reference.includes(':');
  const digest = isDigest ? reference : (picture.tags.get(reference) ?? '');
  const tagged = [...picture.tags].filter(([, target]) => target === digest).map(([tag]) => tag);
  if (!isDigest && tagged.length > 1)
    return { references: [reference], tags: [reference], freedBytes: 0, manifestCount: 0 };
  const gone = [...closure(picture, [digest])];
  const rest = new Map([...picture.tags].filter(([, target]) => target !== digest));
  const kept = closure(picture, [...rest.values()]);
  const references = gone.filter((each) => !kept.has(each));
  const needed = blobsOf(picture, kept);
  const freed = [...blobsOf(picture, references)].filter(([blob]) => !needed.has(blob));
  const freedBytes = freed.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0);
  return { references, tags: tagged, freedBytes, manifestCount: references.length };
}

/** The whole repository: every name, every manifest. */
export function planRepositoryDeletion(picture: RepositoryPicture): DeletionPlan {
  const references = [...closure(picture, picture.tags.values())];
  const freedBytes = [...blobsOf(picture, references).values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  return { references, tags: [...picture.tags.keys()], freedBytes, manifestCount: references.length };
}

/** These manifests, what they list, and what refers to any of it. */
function closure(picture: RepositoryPicture, roots: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (digest: string): void => {
    if (digest === '' || found.has(digest)) return;
    found.add(digest);
    const manifest = picture.manifests.get(digest);
    if (manifest === undefined) return;
    if (manifest.document.kind === 'index') for (const entry of manifest.document.manifests) visit(entry.digest);
    for (const referrer of manifest.referrers) visit(referrer);
  };
  for (const root of roots) visit(root);
  return found;
}

/** Every blob these manifests need, their own bytes included, with its size. */
export function blobsOf(picture: RepositoryPicture, digests: Iterable<string>): ReadonlyMap<string, number> {
  const blobs = new Map<string, number>();
  for (const digest of digests) {
    const manifest = picture.manifests.get(digest);
    if (manifest === undefined) continue;
    blobs.set(digest, manifest.sizeBytes);
    if (manifest.document.kind === 'index') continue;
    for (const blob of [manifest.document.config, ...manifest.document.layers]) blobs.set(blob.digest, blob.size);
  }
  return blobs;
}
