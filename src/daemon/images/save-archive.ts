/**
 * `docker save`: an archive that is an OCI image layout and a docker archive at once. Blobs go in as they were pulled,
 * packed layers included, so nothing is packed anew and manifests keep their digests.
 *
 *     blobs/sha256/<hex>...  index.json  manifest.json  oci-layout  repositories
 *
 * A tag that stands for a held index is saved with the index and all its images that are here; manifest.json, which knows
 * no platforms, has this machine's.
 */
import { Readable } from 'node:stream';
import { raise, WharfError } from '../../contract/errors.ts';
import { type Digest, digestAlgorithm, digestHex } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { formatPlatform, type Platform, runsOn } from '../../oci/platform.ts';
import { canonical, canonicalName, familiar, familiarName, parseNamed, type Reference } from '../../oci/reference.ts';
import { encodeTarHeader, paddingAfter, tarTrailer } from '../snapshots/tar-header.ts';
import { getImage, isIdOf } from './find-image.ts';
import { blobsOfIndex, type HeldIndex, memberFor } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImageRecord } from './image-record.ts';
import { indexNamed, recordOf } from './platform-images.ts';

interface Saved {
  readonly image: ImageRecord;
  /** With what of it is to be saved. */
  readonly index: HeldIndex | undefined;
  /** With tags, sorted. */
  readonly names: readonly Reference[];
}

/**
 * A name without a tag stands for all tags of its repository; an ID for the image without names.
 * @throws WharfError 'image.not-found' | 'image.ambiguous' | 'image.no-platform', before the first byte
 */
export async function saveImages(
  parts: ImageParts,
  names: readonly string[],
  options: { readonly platforms?: readonly Platform[]; readonly signal: AbortSignal },
): Promise<Readable> {
  const named = namedImages(parts, names);
  const saved = await Promise.all(named.map((each) => ofPlatforms(parts, each, options.platforms ?? [])));
  const blobs = await blobsOf(parts, saved);
  // Held until the archive is out: an image removed meanwhile is still saved whole.
  const lease = parts.content.lease();
  for (const { digest } of blobs) lease.add(digest);
  for (const { image } of saved)
    parts.events.publish('image', 'save', image.id, { ...image.document.labels, name: image.id });
  const stream = Readable.from(archive(parts, saved, blobs, options.signal), { objectMode: false });
  stream.once('close', () => lease[Symbol.dispose]());
  return stream;
}

function namedImages(parts: ImageParts, names: readonly string[]): readonly Saved[] {
  // An image may be named as itself and as part of an index: those are two.
  const byTarget = new Map<Digest, Saved & { readonly found: Map<string, Reference> }>();
  const add = (image: ImageRecord, index: HeldIndex | undefined, references: readonly Reference[]) => {
    const target = index?.descriptor.digest ?? image.id;
    const entry = byTarget.get(target) ?? { image, index, names: [], found: new Map<string, Reference>() };
    for (const reference of references) entry.found.set(familiar(reference), reference);
    byTarget.set(target, entry);
  };
  for (const name of names) {
    const tags = taggedImages(parts, name);
    for (const [reference, id] of tags) {
      const image = parts.images.get(id);
      if (image !== undefined) add(image, parts.images.indexOf(reference), [reference]);
    }
    if (tags.length > 0) continue;
    const image = getImage(parts.images, name);
    add(image, indexNamed(parts, name, image), []);
  }
  return [...byTarget.values()].map(({ image, index, found }) => ({
    image,
    index,
    names: [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference),
  }));
}

/** None when it is an ID or a digest. */
function taggedImages(parts: ImageParts, name: string): readonly (readonly [Reference, Digest])[] {
  if (/^sha256:/.test(name) || /^[a-f0-9]{64}$/.test(name)) return [];
  const reference = parseNamed(name);
  if (reference.digest !== undefined) return [];
  const tags = parts.images
    .tagsOf(canonicalName(reference))
    .filter(([tag]) => reference.tag === undefined || tag.tag === reference.tag);
  if (tags.length > 0) return tags;
  const image = getImage(parts.images, name);
  return isIdOf(image, name) ? [] : [[reference, image.id]];
}

/** One platform makes an archive of that image alone; several, where there is an index, one with fewer of its images. */
async function ofPlatforms(parts: ImageParts, saved: Saved, platforms: readonly Platform[]): Promise<Saved> {
  const { image, index, names } = saved;
  const [first, ...others] = platforms;
  if (first === undefined) return saved;
  if (index === undefined) {
    // dockerd's words: an image of one platform has no others to choose from.
    if (others.length > 0) throw new WharfError('request.invalid', 'multiple platform parameters not supported');
    if (!runsOn(first, image.document.platform)) throw notExported(first, image.document.platform);
    return saved;
  }
  const wanted = platforms.map(
    (platform) => memberFor(index, platform) ?? raise(notExported(platform, image.document.platform)),
  );
  const [main = wanted[0], ...rest] = [...new Set(wanted)].sort(
    (a, b) => Number(b.content.config.digest === image.id) - Number(a.content.config.digest === image.id),
  );
  if (main === undefined) return saved;
  const record = await recordOf(parts, main);
  if (rest.length === 0) return { image: record, index: undefined, names };
  const members = index.members.map((member) =>
    wanted.some(({ manifest }) => manifest.digest === member.manifest.digest)
      ? member
      : { manifest: member.manifest, kind: member.kind },
  );
  return { image: record, index: { ...index, members }, names };
}

function notExported(asked: Platform, has: Platform): WharfError {
  return new WharfError('image.no-platform', `no suitable export target found for platform ${formatPlatform(asked)}`, {
    hint: `The image is for ${formatPlatform(has)}.`,
  });
}

interface SavedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Seconds since the epoch: when the image was made, so that the same image always makes the same archive. */
  readonly mtime: number;
}

async function blobsOf(parts: ImageParts, saved: readonly Saved[]): Promise<readonly SavedBlob[]> {
  const found = new Map<Digest, SavedBlob>();
  for (const { image, index } of saved) {
    const mtime = Math.max(0, Math.floor(Date.parse(image.document.created ?? '') / 1000) || 0);
    const own = [image.manifest.digest, image.id, ...image.layers.map((layer) => layer.blob.digest)];
    const digests = index === undefined ? own : [...own, ...blobsOfIndex(index)];
    for (const digest of digests) {
      if (found.has(digest)) continue;
      const info = await parts.content.info(digest);
      if (info === undefined)
        throw new WharfError('internal', `blob ${digest} is missing`, { hint: 'Pull the image again.' });
      found.set(digest, { ...info, mtime });
    }
  }
  return [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

async function* archive(
  parts: ImageParts,
  saved: readonly Saved[],
  blobs: readonly SavedBlob[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const algorithms = [...new Set(['sha256', ...blobs.map(({ digest }) => digestAlgorithm(digest))])];
  yield Buffer.concat(['blobs/', ...algorithms.map((name) => `blobs/${name}/`)].map((name) => header(name, 0, 0)));
  for (const { digest, sizeBytes, mtime } of blobs) {
    yield header(blobPath(digest), sizeBytes, mtime);
    for await (const chunk of parts.content.open(digest)) {
      signal.throwIfAborted();
      yield chunk;
    }
    const padding = paddingAfter(sizeBytes);
    if (padding > 0) yield Buffer.alloc(padding);
  }
  for (const [name, document] of documents(saved)) {
    const bytes = Buffer.from(JSON.stringify(document));
    yield Buffer.concat([header(name, bytes.length, 0), bytes, Buffer.alloc(paddingAfter(bytes.length))]);
  }
  yield tarTrailer;
}

function documents(saved: readonly Saved[]): readonly (readonly [string, unknown])[] {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, names } of saved) {
    const top = image.layers.at(-1);
    if (top === undefined) continue;
    for (const name of names) {
      const tags = repositories[familiarName(name)] ?? {};
      tags[name.tag ?? 'latest'] = digestHex(top.diffId);
      repositories[familiarName(name)] = tags;
    }
  }
  return [
    ['index.json', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: saved.flatMap(indexEntries) }],
    ['manifest.json', saved.map(dockerEntry)],
    ['oci-layout', { imageLayoutVersion: '1.0.0' }],
    ...(Object.keys(repositories).length === 0 ? [] : [['repositories', repositories] as const]),
  ];
}

function indexEntries({ image, index, names }: Saved): readonly unknown[] {
  const { mediaType, digest, size } = index?.descriptor ?? image.manifest;
  const entry = { mediaType, digest, size };
  if (names.length === 0) return [entry];
  return names.map((name) => ({
    ...entry,
    annotations: {
      'io.containerd.image.name': canonical(name),
      'org.opencontainers.image.ref.name': name.tag ?? 'latest',
    },
  }));
}

function dockerEntry({ image, names }: Saved): unknown {
  const sources = image.layers.map(({ diffId, blob: { mediaType, size, digest } }) => [
    diffId,
    { mediaType, size, digest },
  ]);
  return {
    Config: blobPath(image.id),
    RepoTags: names.length === 0 ? null : names.map(familiar),
    Layers: image.layers.map((layer) => blobPath(layer.blob.digest)),
    LayerSources: Object.fromEntries(sources),
  };
}

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function header(name: string, size: number, mtime: number): Buffer {
  const isFolder = name.endsWith('/');
  return encodeTarHeader({
    type: isFolder ? 'dir' : 'file',
    name,
    linkName: '',
    mode: isFolder ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime,
    devMajor: 0,
    devMinor: 0,
    xattrs: undefined,
  });
}
