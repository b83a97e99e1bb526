/** What `image verify` looks at: every blob and unpacked layer of the images it is asked about, each once. */
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { canonicalName, familiar, parseNamed } from '../../oci/reference.ts';
import { getImage } from './find-image.ts';
import { type HeldIndex, isHeld } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageLayer, type ImageRecord, shortId } from './image-record.ts';
import type { ManifestList } from './manifest-list.ts';
import { indexNamed } from './platform-images.ts';

export interface PlannedBlob {
  readonly digest: Digest;
  /** Bytes it must have; undefined where nothing says it. */
  readonly size: number | undefined;
  readonly kind: 'index' | 'manifest' | 'config' | 'layer';
  readonly mediaType: string;
  /** The image it is told of: a name, or a short ID. */
  readonly image: string;
  /** Repositories (canonical names) that may have it. */
  readonly repositories: readonly string[];
}

export interface PlannedLayer {
  readonly layer: ImageLayer;
  readonly parent: string | undefined;
  readonly image: string;
}

export interface VerifyPlan {
  readonly blobs: readonly PlannedBlob[];
  /** Lower ones before those that stand on them. */
  readonly layers: readonly PlannedLayer[];
}

/** No names: all images. @throws WharfError 'image.not-found' | 'image.ambiguous' */
export function planVerify(parts: ImageParts, names: readonly string[]): VerifyPlan {
  const plan = new Plan(parts);
  if (names.length === 0) {
    for (const image of parts.images.all()) plan.image(image, parts.images.indexesOf(image.id));
    for (const list of parts.lists.all()) plan.list(list);
    return plan.result();
  }
  for (const name of names) {
    const image = getImage(parts.images, name);
    const index = indexNamed(parts, name, image);
    plan.image(image, index === undefined ? [] : [index]);
  }
  return plan.result();
}

type AddBlob = (kind: PlannedBlob['kind'], blob: Descriptor) => void;

class Plan {
  readonly #parts: ImageParts;
  readonly #blobs = new Map<Digest, PlannedBlob>();
  readonly #layers = new Map<string, PlannedLayer>();

  constructor(parts: ImageParts) {
    this.#parts = parts;
  }

  result(): VerifyPlan {
    return { blobs: [...this.#blobs.values()], layers: [...this.#layers.values()] };
  }

  image(image: ImageRecord, indexes: readonly HeldIndex[]): void {
    const { images } = this.#parts;
    const { tags, digests } = images.names(image.id);
    const shown = tags[0] ?? digests[0] ?? shortId(image.id);
    const repositories = [...new Set(images.references(image.id).map(canonicalName))];
    const add = this.#adder(shown, repositories);
    add('manifest', image.manifest);
    add('config', { mediaType: '', digest: image.id, size: images.configBytes(image.id)?.length ?? 0 });
    for (const { blob } of image.layers) add('layer', blob);
    // The index a name by digest means, kept though only one of its images is.
    for (const { digest } of images.references(image.id)) {
      if (digest === undefined || this.#blobs.has(digest)) continue;
      this.#add({ digest, size: undefined, kind: 'index', mediaType: '', image: shown, repositories });
    }
    for (const index of indexes) this.#index(index, add);
    let parent: string | undefined;
    for (const layer of image.layers) {
      if (!this.#layers.has(layer.chainId)) this.#layers.set(layer.chainId, { layer, parent, image: shown });
      parent = layer.chainId;
    }
  }

  /** Layers of its images need not be here. */
  list({ name, entries }: ManifestList): void {
    for (const { manifest, config, source } of entries) {
      const add = this.#adder(familiar(parseNamed(name)), [canonicalName(parseNamed(source))]);
      add('manifest', manifest);
      add('config', config);
    }
  }

  #index({ descriptor, nested, members }: HeldIndex, add: AddBlob): void {
    for (const each of [descriptor, ...nested]) add('index', each);
    for (const { manifest, content } of members.filter(isHeld)) {
      add('manifest', manifest);
      add('config', content.config);
      for (const layer of content.layers) add('layer', layer);
    }
  }

  #adder(image: string, repositories: readonly string[]): AddBlob {
    return (kind, { digest, size, mediaType }) => this.#add({ digest, size, kind, mediaType, image, repositories });
  }

  #add(blob: PlannedBlob): void {
    const known = this.#blobs.get(blob.digest);
    // A size that a manifest says beats none.
    if (known === undefined || known.size === undefined) this.#blobs.set(blob.digest, blob);
  }
}
