/** From the name of an image to entries of a manifest list: an image of this engine, else one of its registry. */
import { raise, WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type ImageManifest, maxManifestBytes, parseManifest } from '../../oci/manifest.ts';
import { isImageConfigType, isIndexType } from '../../oci/media-types.ts';
import { choosePlatform, formatPlatform, type Platform } from '../../oci/platform.ts';
import { canonical, familiar, parseReference, type Reference } from '../../oci/reference.ts';
import type { Lease } from '../content/content-store.ts';
import { fetchConfig, fetchListed, storeManifest } from './fetch-image.ts';
import { findImage } from './find-image.ts';
import { heldImages, memberFor } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { readConfig } from './image-record.ts';
import type { ListEntry } from './manifest-list.ts';
import type { EntryChoice, ManifestAccess } from './manifest-service.ts';
import { indexNamed } from './platform-images.ts';

/** The lease holds what is brought in. @throws WharfError 'image.no-platform' and of the registry client */
export async function entriesFor(
  parts: ImageParts,
  name: string,
  choice: EntryChoice,
  access: ManifestAccess,
  lease: Lease,
): Promise<readonly ListEntry[]> {
  const local = await localEntries(parts, name, choice, lease);
  return local ?? (await registryEntries(parts, parseReference(name), choice, access, lease));
}

async function localEntries(
  parts: ImageParts,
  name: string,
  choice: EntryChoice,
  lease: Lease,
): Promise<readonly ListEntry[] | undefined> {
  const image = findImage(parts.images, name);
  if (image === undefined) return undefined;
  const index = indexNamed(parts, name, image);
  // An ID names no registry; then its first name does.
  const source = parts.images.references(image.id)[0];
  const isId = /^(?:sha256:)?[a-f0-9]{6,64}$/.test(name);
  const named = isId ? source : parseReference(name);
  if (named === undefined)
    throw new WharfError('request.invalid', `${name} has no name`, {
      hint: 'Tag it first: the name says where it goes.',
    });
  const members =
    index === undefined ? [] : choice.all ? heldImages(index) : [memberFor(index, choice.platform ?? parts.platform)];
  const found = members.flatMap((member) => member ?? []);
  if (index !== undefined && found.length > 0) {
    return found.map(({ manifest, content }) => {
      for (const { digest } of [manifest, content.config, ...content.layers]) lease.add(digest);
      const platform = manifest.platform ?? content.platform;
      return {
        manifest: plain(manifest, platform),
        source: canonical(named),
        config: content.config,
        layers: content.layers,
      };
    });
  }
  const layers = image.layers.map(({ blob }) => blob);
  for (const { digest } of [image.manifest, ...layers]) lease.add(digest);
  lease.add(image.id);
  const parsed = parseManifest((await parts.content.read(image.manifest.digest, maxManifestBytes)).toString('utf8'));
  if (parsed.kind !== 'manifest') throw new WharfError('internal', `${image.manifest.digest} is no manifest`);
  return [
    {
      manifest: plain(image.manifest, image.document.platform),
      source: canonical(named),
      config: parsed.config,
      layers,
    },
  ];
}

function plain({ mediaType, digest, size }: Descriptor, platform: Platform): Descriptor {
  return { mediaType, digest, size, platform };
}

async function registryEntries(
  parts: ImageParts,
  reference: Reference,
  choice: EntryChoice,
  { authFor, signal }: ManifestAccess,
  lease: Lease,
): Promise<readonly ListEntry[]> {
  const options = { auth: authFor(reference.domain), signal };
  const top = await parts.registry.fetchManifest(reference, options);
  const document = parseManifest(Buffer.from(top.bytes).toString('utf8'), top.descriptor.mediaType);
  const one = async (entry: Descriptor, bytes: Uint8Array, manifest: ImageManifest): Promise<ListEntry> => {
    await storeManifest(parts, entry, bytes, lease, signal);
    const config = await fetchConfig(parts, reference, { manifest, endpoint: top.endpoint }, options, lease);
    const isImage = isImageConfigType(manifest.config.mediaType);
    const platform = entry.platform ?? (isImage ? readConfig(config).document.platform : undefined);
    return {
      manifest: plain({ ...entry, size: bytes.byteLength }, platform ?? { os: 'unknown', architecture: 'unknown' }),
      source: canonical(reference),
      config: manifest.config,
      layers: manifest.layers,
    };
  };
  if (document.kind === 'manifest') return [await one(top.descriptor, top.bytes, document)];
  const entries: ListEntry[] = [];
  for (const entry of chosen(parts, reference, document.manifests, choice)) {
    const bytes = await fetchListed(parts, reference, entry, options, lease);
    const manifest = parseManifest(Buffer.from(bytes).toString('utf8'), entry.mediaType);
    if (manifest.kind !== 'manifest')
      throw new WharfError('manifest.invalid', `${familiar(reference)} is an index of indexes`, {
        hint: 'Add the inner ones by their digests.',
      });
    entries.push(await one(entry, bytes, manifest));
  }
  return entries;
}

function chosen(
  parts: ImageParts,
  reference: Reference,
  manifests: readonly Descriptor[],
  { all, platform }: EntryChoice,
): readonly Descriptor[] {
  // Attestations belong to the index they came with.
  const images = manifests.filter((entry) => entry.platform?.os !== 'unknown' && !isIndexType(entry.mediaType));
  if (all) return images;
  const wanted = platform ?? parts.platform;
  const one = choosePlatform(images, wanted);
  return [
    one ??
      raise(
        new WharfError(
          'image.no-platform',
          `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries of ${familiar(reference)}`,
          { hint: 'Name another platform, or take them all with --all.' },
        ),
      ),
  ];
}
