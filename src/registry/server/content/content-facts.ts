/**
 * What a manifest stands for: an image, an extension, a plugin or another artifact, told from labels, annotations and types.
 * Facts never change, so they are kept by digest; but only when all they were read from was there.
 */

import { isWharfError } from '../../../contract/errors.ts';
import type { ContentKind } from '../../../contract/registry-routes.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Digest } from '../../../oci/digest.ts';
import {
  type ImageConfigDocument,
  type ImageManifest,
  type ManifestDocument,
  parseImageConfig,
} from '../../../oci/manifest.ts';
import { isImageConfigType } from '../../../oci/media-types.ts';
import { formatPlatform, normalisePlatform } from '../../../oci/platform.ts';
import type { BlobStore } from './blob-store.ts';
import type { ManifestStore, StoredManifest } from './manifest-store.ts';

export interface ContentFacts {
  readonly kind: ContentKind;
  readonly title: string;
  readonly description: string;
  /** URL or data URI. */
  readonly icon?: string;
  readonly platforms: readonly string[];
  /** Packed bytes of one platform's image, or of the artifact: what a pull loads. */
  readonly pullBytes: number;
  /** Of everything it needs, each blob once. */
  readonly sizeBytes: number;
  readonly createdAt?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One platform of an image. */
export interface ImagePart {
  readonly digest: Digest;
  readonly manifest: ImageManifest;
  readonly manifestBytes: number;
  readonly config: ImageConfigDocument;
}

/** Docker's own managed plugins; ours say it by label, annotation or artifact type. */
const dockerPluginType = 'application/vnd.docker.plugin.v1+json';
const artifactKinds = /^application\/vnd\.wharf\.(extension|plugin)\./;
const maxFacts = 4096;

export class ContentFactsReader {
  readonly #manifests: ManifestStore;
  readonly #blobs: BlobStore;
  readonly #facts = new Map<Digest, ContentFacts>();

  constructor(manifests: ManifestStore, blobs: BlobStore) {
    this.#manifests = manifests;
    this.#blobs = blobs;
  }

  async of(name: string, stored: StoredManifest): Promise<ContentFacts> {
    const known = this.#facts.get(stored.digest);
    if (known !== undefined) return known;
    const { parts, sizes, complete } = await this.read(name, stored);
    const facts = factsOf(stored, parts, sizes, complete);
    if (!complete) return facts;
    this.#facts.set(stored.digest, facts);
    const oldest = this.#facts.keys().next();
    if (this.#facts.size > maxFacts && !oldest.done) this.#facts.delete(oldest.value);
    return facts;
  }

  /** Its images, one a platform, and the sizes of all it needs; not complete when some of it is not here. */
  async read(
    name: string,
    stored: StoredManifest,
  ): Promise<{ parts: readonly ImagePart[]; sizes: ReadonlyMap<Digest, number>; complete: boolean }> {
    const parts: ImagePart[] = [];
    const sizes = new Map<Digest, number>([[stored.digest, stored.bytes.byteLength]]);
    const { document } = stored;
    if (document.kind === 'manifest') {
      const complete = await this.#readManifest(stored.digest, stored.bytes.byteLength, document, parts, sizes);
      return { parts, sizes, complete };
    }
    let complete = true;
    for (const entry of document.manifests) {
      sizes.set(entry.digest, entry.size);
      const child = await this.#manifests.get(name, entry.digest);
      // An index of indexes is legal; one level is what anything makes, and bounds the work.
      if (child?.document.kind !== 'manifest') complete &&= child !== undefined;
      else if (!(await this.#readManifest(child.digest, child.bytes.byteLength, child.document, parts, sizes)))
        complete = false;
    }
    return { parts, sizes, complete };
  }

  /** Whether all of it was there. */
  async #readManifest(
    digest: Digest,
    manifestBytes: number,
    manifest: ImageManifest,
    parts: ImagePart[],
    sizes: Map<Digest, number>,
  ): Promise<boolean> {
    for (const blob of [manifest.config, ...manifest.layers]) sizes.set(blob.digest, blob.size);
    if (!isImageConfigType(manifest.config.mediaType)) return true;
    const bytes = await this.#blobs.read(manifest.config.digest);
    if (bytes === undefined) return false;
    const config = readConfig(bytes);
    // Attestations of a build lie beside images, as images of the platform unknown/unknown.
    if (config !== undefined && config.platform.os !== 'unknown')
      parts.push({ digest, manifest, manifestBytes, config });
    return true;
  }
}

function factsOf(
  { document }: StoredManifest,
  parts: readonly ImagePart[],
  sizes: ReadonlyMap<Digest, number>,
  complete: boolean,
): ContentFacts {
  const [first] = parts;
  const labels = { ...first?.config.labels, ...document.annotations };
  const icon = labels['io.wharf.icon'] ?? labels['com.docker.desktop.extension.icon'];
  const createdAt = first?.config.created ?? labels['org.opencontainers.image.created'];
  const sizeBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return {
    // What is not all here, as in a cache that was asked for the manifest only, is what it looks like.
    kind: kindOf(document, labels, first !== undefined || (!complete && looksLikeImage(document))),
    title: labels['org.opencontainers.image.title'] ?? '',
    description: labels['org.opencontainers.image.description'] ?? '',
    ...(icon === undefined ? {} : { icon }),
    platforms: [...new Set(parts.map(platformOf))],
    pullBytes: first === undefined ? sizeBytes : bytesOf(first),
    sizeBytes,
    ...(createdAt === undefined || createdAt === '' ? {} : { createdAt }),
    labels,
  };
}

function looksLikeImage(document: ManifestDocument): boolean {
  if (document.artifactType !== undefined) return false;
  return document.kind === 'index' || isImageConfigType(document.config.mediaType);
}

export function platformOf(part: ImagePart): string {
  return formatPlatform(normalisePlatform(part.config.platform));
}

/** Manifest, config and layers. */
export function bytesOf({ manifest, manifestBytes }: ImagePart): number {
  const blobs: readonly Descriptor[] = [manifest.config, ...manifest.layers];
  return blobs.reduce((sum, blob) => sum + blob.size, manifestBytes);
}

/** By word of the maker first, then by type. */
export function kindOf(
  document: ManifestDocument,
  labels: Readonly<Record<string, string>>,
  isImage: boolean,
): ContentKind {
  const told = labels['io.wharf.kind'];
  if (told === 'extension' || told === 'plugin') return told;
  if (told === 'image' && isImage) return 'image';
  const type = artifactTypeOf(document);
  const byType = artifactKinds.exec(type)?.[1];
  if (byType === 'extension' || byType === 'plugin') return byType;
  if (type === dockerPluginType) return 'plugin';
  if (!isImage) return 'artifact';
  return labels['com.docker.desktop.extension.api.version'] === undefined ? 'image' : 'extension';
}

/** OCI image spec, "artifactType": the config's type stands in for it. Empty for an index that tells none. */
export function artifactTypeOf(document: ManifestDocument): string {
  return document.artifactType ?? (document.kind === 'manifest' ? document.config.mediaType : '');
}

function readConfig(bytes: Buffer): ImageConfigDocument | undefined {
  try {
    return parseImageConfig(bytes.toString('utf8'));
  } catch (error) {
    // One broken image must not hide all others from a list.
    if (isWharfError(error)) return undefined;
    throw error;
  }
}
