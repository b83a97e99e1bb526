import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { maxConfigBytes } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { formatPlatform, type Platform, runsOn } from '../../oci/platform.ts';
import { familiar } from '../../oci/reference.ts';
import type { Lease } from '../content/content-store.ts';
import { detectPacking, type Packing } from '../snapshots/decompress.ts';
import { type ArchiveFile, readArchive } from './archive-files.ts';
import { type ArchivedImage, archivedImages } from './archive-images.ts';
import type { ArchivedIndex } from './archived-index.ts';
import type { HeldIndex } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageLayer, readConfig } from './image-record.ts';
import type { LoadOptions } from './image-service.ts';
import { holdLayers, putLeased, putManifest, recordImage } from './new-image.ts';
import { LayerProgress } from './progress-lines.ts';

interface Held {
  readonly lease: Lease;
  readonly pin: { add(chainId: string): void };
}

const layerTypes: Readonly<Record<Packing, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

/**
 * One image after the other: the first that makes no sense ends it, and those before it stay.
 * @throws WharfError 'request.invalid' | 'layer.corrupt' | 'digest.mismatch' | 'image.no-platform' | 'disk.full'
 */
export async function loadImages(parts: ImageParts, archive: Readable, options: LoadOptions): Promise<void> {
  try {
    await load(parts, archive, options);
  } finally {
    // Files of the archive that no image wanted, and what a failure left.
    await parts.garbage.collect();
  }
}

async function load(parts: ImageParts, archive: Readable, options: LoadOptions): Promise<void> {
  parts.snapshots.pool.warm();
  using lease = parts.content.lease();
  using pin = parts.pins.open();
  const files = await readArchive(archive, { content: parts.content, lease, signal: options.signal });
  const images = archivedImages(files, { asked: options.platform, host: parts.platform });
  for (const image of images) await loadOne(parts, image, { lease, pin }, options);
}

async function loadOne(parts: ImageParts, archived: ArchivedImage, held: Held, options: LoadOptions): Promise<void> {
  const configBytes = smallFile(archived.config);
  const { document } = readConfig(configBytes);
  checkPlatform(document.platform, options.platform);
  const descriptors = archived.manifest?.parsed.layers ?? (await layerDescriptors(parts, archived.layers, held.lease));
  for (const { bytes } of archived.layers) if (bytes !== undefined) await putLeased(parts, bytes, held.lease);
  const layers = holdLayers(configBytes, descriptors, held);
  await unpackLayers(parts, layers, options);
  const manifest =
    archived.manifest === undefined
      ? await putManifest(parts, { configBytes, layers: descriptors, isDocker: false }, held.lease)
      : await keepManifest(parts, archived.manifest, held.lease);
  options.signal.throwIfAborted();
  const parentId = parts.images.get(archived.config.digest)?.parentId ?? '';
  tellRenamed(parts, archived, options);
  const index = await keepIndex(parts, archived.index, held.lease);
  const image = await recordImage(
    parts,
    { configBytes, layers, manifest, parentId, names: archived.names, index },
    held.lease,
  );
  parts.events.publish('image', 'load', image.id, { ...image.document.labels, name: image.id });
  if (archived.names.length === 0) options.onProgress({ stream: `Loaded image ID: ${image.id}\n` });
  for (const name of archived.names) options.onProgress({ stream: `Loaded image: ${familiar(name)}\n` });
}

/** A name that stood for another image is taken from it; docker says so. */
function tellRenamed(parts: ImageParts, { names, config }: ArchivedImage, options: LoadOptions): void {
  for (const name of names) {
    const old = parts.images.resolve(name);
    if (old === undefined || old === config.digest) continue;
    const message = `The image ${familiar(name)} already exists, renaming the old one with ID ${old} to empty string\n`;
    options.onProgress({ stream: message });
  }
}

function checkPlatform(actual: Platform, asked: Platform | undefined): void {
  if (asked === undefined || runsOn(asked, actual)) return;
  throw new WharfError('image.no-platform', `the archive holds no image for ${formatPlatform(asked)}`, {
    hint: `It is made for ${formatPlatform(actual)}.`,
  });
}

function smallFile({ bytes }: ArchiveFile): Buffer {
  if (bytes === undefined || bytes.length > maxConfigBytes)
    throw new WharfError('request.invalid', 'an image config of the archive is too large');
  return bytes;
}

/** Of an archive without manifests: how a layer is packed is read from its first bytes. */
async function layerDescriptors(
  parts: ImageParts,
  layers: readonly ArchiveFile[],
  lease: Lease,
): Promise<readonly Descriptor[]> {
  const descriptors: Descriptor[] = [];
  for (const { digest, size, bytes } of layers) {
    lease.add(digest);
    const head = bytes ?? (await firstBytes(parts.content.path(digest)));
    descriptors.push({ mediaType: layerTypes[detectPacking(head)], digest, size });
  }
  return descriptors;
}

async function firstBytes(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
  return buffer.subarray(0, bytesRead);
}

async function keepManifest(
  parts: ImageParts,
  { descriptor, bytes }: NonNullable<ArchivedImage['manifest']>,
  lease: Lease,
): Promise<Descriptor> {
  await putLeased(parts, bytes, lease);
  return { mediaType: descriptor.mediaType, digest: descriptor.digest, size: bytes.length };
}

/** The other images of its index stay packed until one of them runs. */
async function keepIndex(
  parts: ImageParts,
  index: ArchivedIndex | undefined,
  lease: Lease,
): Promise<HeldIndex | undefined> {
  for (const { digest, bytes } of index?.files ?? []) {
    lease.add(digest);
    if (bytes !== undefined) await putLeased(parts, bytes, lease);
  }
  return index?.held;
}

async function unpackLayers(
  parts: ImageParts,
  layers: readonly ImageLayer[],
  options: Pick<LoadOptions, 'quiet' | 'signal' | 'onProgress'>,
): Promise<void> {
  let parent: string | undefined;
  for (const { chainId, diffId, blob } of layers) {
    const progress = new LayerProgress(diffId, options.quiet ? () => undefined : options.onProgress);
    const path = parts.content.path(blob.digest);
    const isNew = !parts.snapshots.hasLayer(chainId);
    // Also where the layer is there: that this blob is the same layer must be made sure of.
    await parts.snapshots.applyBlob({ chainId, parent, diffId }, path, {
      signal: options.signal,
      onBytes: (bytes) => progress.move('Loading layer', Math.min(bytes, blob.size), blob.size),
    });
    if (isNew) progress.move('Loading layer', blob.size, blob.size);
    parent = chainId;
  }
}
