/**
 * Pushing an index with all its images: every blob the registry lacks, then the manifests by their digests, then the
 * indexes inside, and the index itself under the tag, which makes it visible. All byte for byte as they came.
 */
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { maxManifestBytes } from '../../oci/manifest.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { canonicalName, familiar, familiarName, type Reference, withDigest } from '../../oci/reference.ts';
import { blobsOfIndex, type HeldIndex, isHeld } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import type { PushOptions } from './image-service.ts';
import { LayerProgress } from './progress-lines.ts';
import { pushLayer, sizeOf } from './push-layer.ts';
import { Semaphore } from './semaphore.ts';
import { sideBySide } from './side-by-side.ts';

/** A registry refuses an index while a manifest it lists is not there. */
export function isWhole(index: HeldIndex): boolean {
  return index.members.every(isHeld);
}

export function missingPlatforms(index: HeldIndex): string {
  const missing = index.members.filter((member) => !isHeld(member));
  return missing
    .map(({ manifest }) => (manifest.platform === undefined ? manifest.digest : formatPlatform(manifest.platform)))
    .join(', ');
}

export async function pushIndex(
  parts: ImageParts,
  reference: Reference,
  index: HeldIndex,
  options: PushOptions,
): Promise<void> {
  const { content, images, registry, events } = parts;
  const { auth, signal } = options;
  using lease = content.lease();
  for (const digest of blobsOfIndex(index)) lease.add(digest);
  await pushBlobs(parts, reference, index, options);
  const byDigest = [...index.members.map(({ manifest }) => manifest), ...index.nested];
  for (const { digest, mediaType } of byDigest) {
    const bytes = await content.read(digest, maxManifestBytes);
    await registry.pushManifest(withDigest(reference, digest), mediaType, bytes, { auth, signal });
  }
  const { digest, mediaType } = index.descriptor;
  const bytes = await content.read(digest, maxManifestBytes);
  await registry.pushManifest(reference, mediaType, bytes, { auth, signal });
  images.addOrigins(canonicalName(reference), blobsOfIndex(index));
  const id = images.resolve(reference);
  if (id !== undefined) images.name(withDigest(reference, digest), id);
  const tag = reference.tag ?? 'latest';
  options.onProgress({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
  options.onProgress({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: bytes.length } });
  const labels = id === undefined ? {} : images.get(id)?.document.labels;
  events.publish('image', 'push', familiar(reference), { ...labels, name: familiarName(reference) });
}

/** Configs travel without a line of their own, as those of single images. */
async function pushBlobs(
  parts: ImageParts,
  reference: Reference,
  index: HeldIndex,
  options: PushOptions,
): Promise<void> {
  const slots = new Semaphore(parts.maxUploadsAtOnce);
  const layers = new Map<string, Descriptor>();
  const configs = new Map<string, Descriptor>();
  for (const { content } of index.members.filter(isHeld)) {
    configs.set(content.config.digest, content.config);
    for (const layer of content.layers) layers.set(layer.digest, layer);
  }
  const plans = [
    ...[...layers.values()].map((blob) => ({ blob, progress: new LayerProgress(blob.digest, options.onProgress) })),
    ...[...configs.values()].map((blob) => ({ blob, progress: new LayerProgress(blob.digest, () => undefined) })),
  ];
  for (const { progress } of plans) progress.say('Preparing');
  await sideBySide(options.signal, (signal) =>
    plans.map(async ({ blob, progress }) => {
      if (slots.isFull) progress.say('Waiting');
      using _slot = await slots.take(signal);
      // The size that is here, whatever the manifest says.
      const size = await sizeOf(parts, blob.digest);
      if (size !== blob.size)
        throw new WharfError('size.mismatch', `blob ${blob.digest} has ${size} bytes, and ${blob.size} were announced`);
      await pushLayer(parts, reference, blob, progress, { ...options, signal });
    }),
  );
}
