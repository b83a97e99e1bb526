/**
 * Pushing an image: layers the registry lacks, the config, then the manifest byte for byte as it was pulled or made. A tag
 * that stands for a held index is pushed with all of it (push-index.ts).
 */
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { maxManifestBytes } from '../../oci/manifest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { canonicalName, familiar, familiarName, parseNamed, type Reference, withDigest } from '../../oci/reference.ts';
import type { Lease } from '../content/content-store.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImageRecord } from './image-record.ts';
import type { PushOptions } from './image-service.ts';
import { isPartOfIndex } from './list-images.ts';
import { adoptPacked, needsPacking, packedBlob } from './pack-layers.ts';
import { getPlatformImage } from './platform-images.ts';
import { LayerProgress } from './progress-lines.ts';
import { isWhole, missingPlatforms, pushIndex } from './push-index.ts';
import { pushLayer, sizeOf } from './push-layer.ts';
import { Semaphore } from './semaphore.ts';
import { sideBySide } from './side-by-side.ts';

/**
 * One tag, or with none written all tags of the repository.
 * @throws WharfError 'image.not-found' after the first line, 'image.no-platform' before it; and of the registry client
 */
export async function pushImage(parts: ImageParts, text: string, options: PushOptions): Promise<void> {
  const reference = parseNamed(text);
  if (reference.digest !== undefined) throw new WharfError('request.invalid', 'cannot push a digest reference');
  const repository = parts.images.tagsOf(canonicalName(reference));
  const tags = repository.filter(([tag]) => reference.tag === undefined || tag.tag === reference.tag);
  if (tags.length === 0) {
    // Docker says it in the stream, and its clients look for it there.
    options.onProgress({ status: `The push refers to repository [${canonicalName(reference)}]` });
    const name = familiarName(reference);
    throw new WharfError(
      'image.not-found',
      repository.length === 0
        ? `An image does not exist locally with the tag: ${name}`
        : `tag does not exist: ${familiar(reference)}`,
    );
  }
  for (const [tag] of tags) await getPlatformImage(parts, familiar(tag), options.platform);
  options.onProgress({ status: `The push refers to repository [${canonicalName(reference)}]` });
  for (const [tag, id] of tags) {
    if (parts.images.get(id) === undefined) continue;
    const index = parts.images.indexOf(tag);
    if (index !== undefined && options.platform === undefined && isWhole(index)) {
      await pushIndex(parts, tag, index, options);
      continue;
    }
    const image = await getPlatformImage(parts, familiar(tag), options.platform);
    if (index !== undefined && options.platform === undefined) {
      const status = `The index is not here in full (${missingPlatforms(index)}): pushing ${formatPlatform(image.document.platform)} alone`;
      options.onProgress({ status });
    }
    const packing = needsPacking(parts, image);
    try {
      await pushTag(parts, tag, image, packing, options);
    } finally {
      // The unpacked layers nobody needs any more; or, after a failure, what was packed for nothing.
      if (packing) await parts.garbage.collect();
    }
  }
}

async function pushTag(
  parts: ImageParts,
  reference: Reference,
  stored: ImageRecord,
  packing: boolean,
  options: PushOptions,
): Promise<void> {
  const { content, images, registry, events } = parts;
  const { auth, signal } = options;
  // Keeps the blobs when the image is removed meanwhile.
  using lease = content.lease();
  for (const digest of [stored.id, stored.manifest.digest, ...stored.layers.map((layer) => layer.blob.digest)])
    lease.add(digest);
  const blobs = await pushLayers(parts, reference, stored, { lease, packing }, options);
  signal.throwIfAborted();
  const image = packing ? await adoptPacked(parts, stored, blobs, lease) : stored;
  const config = { mediaType: 'application/octet-stream', digest: image.id, size: await sizeOf(parts, image.id) };
  await registry.pushBlob(reference, config, () => content.open(image.id), { auth, signal });
  const bytes = await content.read(image.manifest.digest, maxManifestBytes);
  await registry.pushManifest(reference, image.manifest.mediaType, bytes, { auth, signal });
  images.addOrigins(canonicalName(reference), [image.id, ...image.layers.map((layer) => layer.blob.digest)]);
  // A platform of a held index needs no name of its own for having been pushed.
  if (images.get(image.id) !== undefined && !isPartOfIndex(parts, image))
    images.name(withDigest(reference, image.manifest.digest), image.id);
  const tag = reference.tag ?? 'latest';
  options.onProgress({ status: `${tag}: digest: ${image.manifest.digest} size: ${bytes.length}` });
  options.onProgress({ progressDetail: {}, aux: { Tag: tag, Digest: image.manifest.digest, Size: bytes.length } });
  events.publish('image', 'push', familiar(reference), { ...image.document.labels, name: familiarName(reference) });
}

/** @returns the blobs as they went, lowest first */
async function pushLayers(
  parts: ImageParts,
  reference: Reference,
  image: ImageRecord,
  { lease, packing }: { readonly lease: Lease; readonly packing: boolean },
  options: PushOptions,
): Promise<readonly Descriptor[]> {
  const slots = new Semaphore(parts.maxUploadsAtOnce);
  // Uppermost first, as docker shows them.
  const plans = image.layers
    .toReversed()
    .map((layer) => ({ layer, progress: new LayerProgress(layer.diffId, options.onProgress) }));
  for (const { progress } of plans) progress.say('Preparing');
  const uploads = await sideBySide(options.signal, (signal) =>
    plans.map(async ({ layer, progress }) => {
      if (slots.isFull) progress.say('Waiting');
      using _slot = await slots.take(signal);
      const { size } = layer.blob;
      const onBytes = (read: number) => progress.move('Preparing', read, size);
      const blob = packing ? await packedBlob(parts, layer, { lease, signal, onBytes }) : layer.blob;
      await pushLayer(parts, reference, blob, progress, { ...options, signal });
      return blob;
    }),
  );
  return uploads.toReversed();
}
