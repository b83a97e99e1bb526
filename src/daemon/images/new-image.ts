/** Making an image of a config and layers that this engine puts together itself; commit, import and load share it. */
import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, sha256Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { Reference } from '../../oci/reference.ts';
import type { Lease } from '../content/content-store.ts';
import type { HeldIndex } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageLayer, type ImageRecord, pairLayers, readConfig } from './image-record.ts';

export interface NewImage {
  readonly configBytes: Buffer;
  /** Blobs that are in the content store, lowest first; their layers must be unpacked before `recordImage`. */
  readonly layers: readonly ImageLayer[];
  readonly manifest: Descriptor;
  readonly parentId: string;
  readonly names: readonly Reference[];
  /** What its tags stand for too: everything of it that is said to be here must be. */
  readonly index?: HeldIndex | undefined;
}

/** Stores bytes of our own; the lease has their digest before they can be seen. */
export async function putLeased(parts: ImageParts, bytes: Buffer, lease: Lease): Promise<Digest> {
  const digest = sha256Digest(createHash('sha256').update(bytes).digest('hex'));
  lease.add(digest);
  return parts.content.put(bytes);
}

/** Writes the manifest of an image that comes without one. */
export async function putManifest(
  parts: ImageParts,
  image: { readonly configBytes: Buffer; readonly layers: readonly Descriptor[]; readonly isDocker: boolean },
  lease: Lease,
): Promise<Descriptor> {
  const mediaType = image.isDocker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const config = {
    mediaType: image.isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
    digest: sha256Digest(createHash('sha256').update(image.configBytes).digest('hex')),
    size: image.configBytes.length,
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: image.layers }));
  return { mediaType, digest: await putLeased(parts, bytes, lease), size: bytes.length };
}

/** Pairs the config's diff IDs with the blobs and keeps both from being collected. @throws OciFormatError 'manifest.invalid' */
export function holdLayers(
  configBytes: Buffer,
  blobs: readonly Descriptor[],
  held: { readonly lease: Lease; readonly pin: { add(chainId: string): void } },
): readonly ImageLayer[] {
  const layers = pairLayers(blobs, readConfig(configBytes).document.diffIds);
  for (const layer of layers) {
    held.pin.add(layer.chainId);
    held.lease.add(layer.blob.digest);
  }
  return layers;
}

/** Makes the image known under its names. Everything it consists of must be there and held. */
export async function recordImage(parts: ImageParts, made: NewImage, lease: Lease): Promise<ImageRecord> {
  const { document, runConfig } = readConfig(made.configBytes);
  const image: ImageRecord = {
    id: await putLeased(parts, made.configBytes, lease),
    manifest: made.manifest,
    document,
    runConfig,
    layers: made.layers,
    sizeBytes: made.layers.reduce((sum, { chainId }) => sum + parts.snapshots.layerUsage(chainId).sizeBytes, 0),
    parentId: made.parentId,
    taggedAt: Date.now(),
  };
  // Without a name nothing would stand for the index.
  const index = made.names.length === 0 ? undefined : made.index;
  parts.images.put(image, made.configBytes, made.names, index);
  return image;
}
