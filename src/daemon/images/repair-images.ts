/**
 * Layers may be lost to a power cut (see snapshots/layer-store.ts) while their blobs were synced. Then they are unpacked
 * again; an image that can't be completed is forgotten, so that the next run pulls it.
 */
import { isWharfError } from '../../contract/errors.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImageRecord } from './image-record.ts';

export async function repairImages(
  parts: ImageParts,
  options: { readonly signal: AbortSignal; readonly warn: (message: string) => void },
): Promise<void> {
  const { signal, warn } = options;
  for (const image of parts.images.all()) {
    if (image.layers.every((layer) => parts.snapshots.hasLayer(layer.chainId))) continue;
    try {
      if (await unpackAgain(parts, image, signal)) continue;
      warn(`images: ${image.id} lost its layers and is forgotten; pull it again`);
      parts.images.delete(image.id);
    } catch (error) {
      signal.throwIfAborted();
      // A full disk, say: the image stays as it is, and the next start tries again.
      warn(`images: the layers of ${image.id} could not be unpacked again: ${String(error)}`);
    }
  }
}

/** Answers whether the image is whole now. @throws WharfError of a failure that is not the image's, such as a full disk */
async function unpackAgain(parts: ImageParts, image: ImageRecord, signal: AbortSignal): Promise<boolean> {
  let parent: string | undefined;
  for (const { chainId, diffId, blob } of image.layers) {
    if (!parts.snapshots.hasLayer(chainId)) {
      if ((await parts.content.info(blob.digest)) === undefined) return false;
      try {
        await parts.snapshots.applyBlob({ chainId, parent, diffId }, parts.content.path(blob.digest), { signal });
      } catch (error) {
        if (isWharfError(error, 'layer.corrupt') || isWharfError(error, 'digest.mismatch')) return false;
        throw error;
      }
    }
    parent = chainId;
  }
  return true;
}
