/** From what a user typed to a local image. */
import { raise, WharfError } from '../../contract/errors.ts';
import { isDigest } from '../../oci/digest.ts';
import { parseReference, type Reference } from '../../oci/reference.ts';
import type { ImageDatabase } from './image-database.ts';
import { type ImageRecord, topLayer } from './image-record.ts';
import type { LocalImage } from './image-service.ts';

const idPrefix = /^(?:sha256:)?([a-f0-9]{1,64})$/;

/**
 * By full ID, by name (tag or digest), then by a unique prefix of an ID: Docker's order.
 * @throws WharfError 'image.ambiguous'
 */
export function findImage(images: ImageDatabase, nameOrId: string): ImageRecord | undefined {
  const full = /^[a-f0-9]{64}$/.test(nameOrId) ? `sha256:${nameOrId}` : nameOrId;
  if (isDigest(full)) {
    const image = images.get(full);
    if (image !== undefined) return image;
  }
  const reference = tryParse(nameOrId);
  const named = reference === undefined ? undefined : images.resolve(reference);
  if (named !== undefined) return images.get(named);
  const prefix = idPrefix.exec(nameOrId)?.[1];
  if (prefix === undefined) return undefined;
  const matches = images.all().filter((image) => image.id.startsWith(`sha256:${prefix}`));
  if (matches.length > 1) throw new WharfError('image.ambiguous', `ambiguous image ID prefix: ${nameOrId}`);
  return matches[0];
}

/** @throws WharfError 'image.not-found' | 'image.ambiguous' */
export function getImage(images: ImageDatabase, nameOrId: string): ImageRecord {
  return findImage(images, nameOrId) ?? raise(noSuchImage(nameOrId));
}

export function noSuchImage(nameOrId: string): WharfError {
  const shown =
    nameOrId.includes('@') || nameOrId.includes(':') || idPrefix.test(nameOrId) ? nameOrId : `${nameOrId}:latest`;
  return new WharfError('image.not-found', `No such image: ${shown}`);
}

/** Whether `nameOrId` was read as (part of) this image's ID and not as a name. */
export function isIdOf(image: ImageRecord, nameOrId: string): boolean {
  const prefix = idPrefix.exec(nameOrId)?.[1];
  return prefix !== undefined && image.id.startsWith(`sha256:${prefix}`);
}

function tryParse(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    // Not a name; it may be an ID.
    return undefined;
  }
}

export function toLocalImage(images: ImageDatabase, image: ImageRecord): LocalImage {
  const { tags, digests } = images.names(image.id);
  return {
    id: image.id,
    platform: image.document.platform,
    config: image.runConfig,
    topLayer: topLayer(image),
    repoTags: tags,
    repoDigests: digests,
  };
}

/** Every image below this one by its parent, each once. */
export function descendantsOf(images: ImageDatabase, imageId: string): readonly string[] {
  const all = images.all();
  const found = new Set<string>([imageId]);
  // A set goes on over what is added while it is read.
  for (const parent of found) for (const image of all) if (image.parentId === parent) found.add(image.id);
  found.delete(imageId);
  return [...found];
}
