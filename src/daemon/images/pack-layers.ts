/**
 * Packing the layers of an image for its push. What came by `load`, `import` or `commit` may lie here unpacked, and would
 * travel so; dockerd packs with gzip too. The packed blob then takes the place of the other in the image: a second push finds
 * everything in the registry, and the image takes less room.
 *
 * An image some registry knows by a digest stays as it is: its manifest must come out byte for byte as it went in. So does
 * one that is part of a held index, which names its manifest.
 */
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isJsonObject } from '../../oci/json-fields.ts';
import { maxConfigBytes, maxManifestBytes } from '../../oci/manifest.ts';
import { layerCompression, mediaTypes } from '../../oci/media-types.ts';
import type { Lease } from '../content/content-store.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageLayer, type ImageRecord, pairLayers } from './image-record.ts';
import { putLeased } from './new-image.ts';

/** A third faster than zlib's usual 6, for a few per cent more bytes. */
const gzipLevel = 4;

export function needsPacking(parts: ImageParts, image: ImageRecord): boolean {
  if (parts.images.names(image.id).digests.length > 0 || parts.images.indexesWith(image.id).length > 0) return false;
  return image.layers.some(isUnpacked);
}

function isUnpacked({ blob }: ImageLayer): boolean {
  return layerCompression(blob.mediaType) === 'none';
}

/**
 * The layer's blob as it travels; the lease holds it.
 * @param onBytes of the unpacked layer, so far
 */
export async function packedBlob(
  parts: ImageParts,
  layer: ImageLayer,
  options: { readonly lease: Lease; readonly signal: AbortSignal; readonly onBytes: (read: number) => void },
): Promise<Descriptor> {
  const { content } = parts;
  const { lease, signal, onBytes } = options;
  if (!isUnpacked(layer)) return layer.blob;
  const isDocker = layer.blob.mediaType === mediaTypes.dockerLayer;
  const mediaType = isDocker ? mediaTypes.dockerLayerGzip : mediaTypes.ociLayerGzip;
  const twin = await packedTwin(parts, layer.diffId, lease);
  if (twin !== undefined) return { ...twin, mediaType };
  const source = content.open(layer.blob.digest);
  let read = 0;
  source.on('data', (chunk) => {
    read += chunk.length;
    onBytes(read);
  });
  const gzip = createGzip({ level: gzipLevel });
  const piping = pipeline(source, gzip, { signal });
  // The reader of `gzip` fails with the same error.
  piping.catch(() => undefined);
  const { digest, sizeBytes } = await content.putStream(gzip, { signal, lease });
  return { mediaType, digest, size: sizeBytes };
}

/** The same layer, packed already for another image. */
async function packedTwin(parts: ImageParts, diffId: Digest, lease: Lease): Promise<Descriptor | undefined> {
  for (const image of parts.images.all()) {
    for (const { blob, diffId: other } of image.layers) {
      if (other !== diffId || layerCompression(blob.mediaType) !== 'gzip') continue;
      lease.add(blob.digest);
      const held = await parts.content.info(blob.digest);
      if (held !== undefined) return { mediaType: blob.mediaType, digest: blob.digest, size: held.sizeBytes };
    }
  }
  return undefined;
}

/** Writes the manifest anew with these layers (lowest first), and makes them the image's own. Answers the image as it is then. */
export async function adoptPacked(
  parts: ImageParts,
  image: ImageRecord,
  blobs: readonly Descriptor[],
  lease: Lease,
): Promise<ImageRecord> {
  const { content, images } = parts;
  const manifest: unknown = JSON.parse((await content.read(image.manifest.digest, maxManifestBytes)).toString('utf8'));
  if (!isJsonObject(manifest)) throw new WharfError('internal', `the manifest ${image.manifest.digest} is no object`);
  const bytes = Buffer.from(JSON.stringify({ ...manifest, layers: blobs }));
  const digest = await putLeased(parts, bytes, lease);
  const layers = pairLayers(
    blobs,
    image.layers.map(({ diffId }) => diffId),
  );
  const packed = { ...image, layers, manifest: { ...image.manifest, digest, size: bytes.length } };
  // Whoever removed the image meanwhile meant it: the push goes on with what the lease holds.
  const known = images.get(image.id);
  if (known !== undefined) {
    const configBytes = await content.read(image.id, maxConfigBytes);
    images.put({ ...packed, parentId: known.parentId, taggedAt: known.taggedAt }, configBytes, []);
  }
  return packed;
}
