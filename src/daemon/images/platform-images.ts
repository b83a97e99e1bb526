/** Which image of a name is meant when a platform is asked for, and unpacking it when it is to run here. */
import { raise, WharfError } from '../../contract/errors.ts';
import { maxConfigBytes } from '../../oci/manifest.ts';
import { formatPlatform, type Platform, runsOn } from '../../oci/platform.ts';
import { familiar, parseNamed, parseReference } from '../../oci/reference.ts';
import { getImage } from './find-image.ts';
import { type HeldIndex, type HeldMember, heldImages, memberFor } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { type ImageLayer, type ImageRecord, pairLayers, readConfig } from './image-record.ts';

/** The held index this name (or ID) stands for. */
export function indexNamed(parts: ImageParts, nameOrId: string, image: ImageRecord): HeldIndex | undefined {
  try {
    const reference = parseReference(nameOrId);
    if (parts.images.resolve(reference) === image.id) return parts.images.indexOf(reference);
  } catch {
    // No name, so it is an ID.
  }
  return parts.images.indexesOf(image.id)[0];
}

/**
 * As `getImage`, of this platform.
 * @throws WharfError 'image.not-found' | 'image.ambiguous'; 'image.no-platform' in dockerd's words
 */
export async function getPlatformImage(
  parts: ImageParts,
  nameOrId: string,
  platform: Platform | undefined,
): Promise<ImageRecord> {
  const image = getImage(parts.images, nameOrId);
  if (platform === undefined) return image;
  const index = indexNamed(parts, nameOrId, image);
  const member = index === undefined ? undefined : memberFor(index, platform);
  if (member !== undefined && member.content.config.digest !== image.id) return await recordOf(parts, member);
  if (!runsOn(platform, image.document.platform)) throw otherPlatform(nameOrId, image, platform);
  return image;
}

export function otherPlatform(nameOrId: string, image: ImageRecord, platform: Platform): WharfError {
  const has = formatPlatform(image.document.platform);
  return new WharfError(
    'image.no-platform',
    `image with reference ${shownName(nameOrId)} was found but its platform (${has}) does not match the specified platform (${formatPlatform(platform)})`,
    { hint: 'Pull it with --platform, or with --all-platforms to have them all.' },
  );
}

function shownName(nameOrId: string): string {
  // dockerd shortens only what is written in full.
  return /^docker\.io\//.test(nameOrId) ? familiar(parseNamed(nameOrId)) : nameOrId;
}

/** The image of a member: its record, or what its blobs say as long as it has none. */
export async function recordOf(parts: ImageParts, member: HeldMember): Promise<ImageRecord> {
  const { manifest, content } = member;
  const known = parts.images.get(content.config.digest);
  if (known !== undefined) return known;
  const { document, runConfig } = readConfig(await parts.content.read(content.config.digest, maxConfigBytes));
  const layers = pairLayers(content.layers, document.diffIds);
  return {
    id: content.config.digest,
    manifest: { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size },
    document,
    runConfig,
    layers,
    sizeBytes: layers.reduce((sum, layer) => sum + layerSize(parts, layer), 0),
    parentId: '',
    taggedAt: 0,
  };
}

/** Unpacked; as it is packed for a layer that is not unpacked (yet). */
export function layerSize({ snapshots }: ImageParts, { chainId, blob }: ImageLayer): number {
  return snapshots.hasLayer(chainId) ? snapshots.layerUsage(chainId).sizeBytes : blob.size;
}

export function isUnpacked({ snapshots }: ImageParts, image: ImageRecord): boolean {
  return image.layers.every(({ chainId }) => snapshots.hasLayer(chainId));
}

/** The held image of this platform, ready to run: its layers are unpacked now if they never were. */
export async function unpackPlatform(
  parts: ImageParts,
  nameOrId: string,
  platform: Platform,
  options: { readonly signal: AbortSignal },
): Promise<ImageRecord> {
  const image = await getPlatformImage(parts, nameOrId, platform);
  if (parts.images.get(image.id) !== undefined && isUnpacked(parts, image)) return image;
  const index = parts.images.indexesWith(image.id)[0] ?? raise(otherPlatform(nameOrId, image, platform));
  const member = heldImages(index).find(({ content }) => content.config.digest === image.id);
  if (member === undefined) throw otherPlatform(nameOrId, image, platform);
  return await unpackMember(parts, member, options);
}

/** Layers that are here already are taken as they are. The record comes last: until then pins keep the layers. */
export async function unpackMember(
  parts: ImageParts,
  member: HeldMember,
  { signal }: { readonly signal: AbortSignal },
): Promise<ImageRecord> {
  const { content, snapshots, images } = parts;
  using lease = content.lease();
  using pin = parts.pins.open();
  const image = await recordOf(parts, member);
  for (const { chainId, blob } of image.layers) {
    pin.add(chainId);
    lease.add(blob.digest);
  }
  let parent: string | undefined;
  for (const { chainId, diffId, blob } of image.layers) {
    await snapshots.applyBlob({ chainId, parent, diffId }, content.path(blob.digest), { signal });
    parent = chainId;
  }
  const unpacked = {
    ...image,
    sizeBytes: image.layers.reduce((sum, layer) => sum + layerSize(parts, layer), 0),
    taggedAt: Date.now(),
  };
  images.put(unpacked, await content.read(image.id, maxConfigBytes), []);
  return unpacked;
}
