/**
 * Pushing a manifest list: each image goes to the destination's repository first. What is not here is mounted from where it
 * is when that is the same registry, else it streams from one registry to the other; nothing of it is stored.
 */
import { Readable } from 'node:stream';
import type { Descriptor } from '../../oci/descriptor.ts';
import { maxManifestBytes } from '../../oci/manifest.ts';
import { canonicalName, familiarName, parseReference, type Reference, withDigest } from '../../oci/reference.ts';
import type { ImageParts } from './image-parts.ts';
import type { PushOptions } from './image-service.ts';
import { indexOfList, type ListEntry, type ManifestList } from './manifest-list.ts';
import type { ManifestAccess } from './manifest-service.ts';
import { LayerProgress } from './progress-lines.ts';
import { Semaphore } from './semaphore.ts';
import { sideBySide } from './side-by-side.ts';

type Options = ManifestAccess & Pick<PushOptions, 'onProgress'>;

export async function pushList(
  parts: ImageParts,
  list: ManifestList,
  target: Reference,
  options: Options,
): Promise<void> {
  const { registry, content, images, events } = parts;
  const { onProgress, signal } = options;
  const auth = options.authFor(target.domain);
  using lease = content.lease();
  for (const { manifest, config, layers } of list.entries)
    for (const { digest } of [manifest, config, ...layers]) lease.add(digest);
  onProgress({ status: `The push refers to repository [${canonicalName(target)}]` });
  await pushBlobs(parts, list, target, options);
  for (const { manifest } of list.entries) {
    const bytes = await content.read(manifest.digest, maxManifestBytes);
    await registry.pushManifest(withDigest(target, manifest.digest), manifest.mediaType, bytes, { auth, signal });
  }
  const { mediaType, bytes, digest } = indexOfList(list);
  await registry.pushManifest(target, mediaType, bytes, { auth, signal });
  const blobs = list.entries.flatMap(({ config, layers }) => [config.digest, ...layers.map((layer) => layer.digest)]);
  images.addOrigins(canonicalName(target), blobs);
  const tag = target.tag ?? 'latest';
  onProgress({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
  onProgress({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: bytes.length } });
  events.publish('image', 'push', familiarName(target), { name: familiarName(target) });
}

async function pushBlobs(parts: ImageParts, list: ManifestList, target: Reference, options: Options): Promise<void> {
  const slots = new Semaphore(parts.maxUploadsAtOnce);
  const blobs = new Map<string, { readonly blob: Descriptor; readonly entry: ListEntry }>();
  for (const entry of list.entries)
    for (const blob of [entry.config, ...entry.layers]) blobs.set(blob.digest, { blob, entry });
  await sideBySide(options.signal, (signal) =>
    [...blobs.values()].map(async ({ blob, entry }) => {
      const progress = new LayerProgress(blob.digest, options.onProgress);
      progress.say('Preparing');
      using _slot = await slots.take(signal);
      await pushBlob(parts, blob, entry, target, progress, { ...options, signal });
    }),
  );
}

async function pushBlob(
  parts: ImageParts,
  blob: Descriptor,
  entry: ListEntry,
  target: Reference,
  progress: LayerProgress,
  { authFor, signal }: Options,
): Promise<void> {
  const { registry, content, images } = parts;
  const source = parseReference(entry.source);
  const isHere = (await content.info(blob.digest)) !== undefined;
  const open = (): Readable => {
    if (isHere) return content.open(blob.digest);
    const relay = async function* () {
      yield* await registry.fetchBlob(source, blob, { auth: authFor(source.domain), signal });
    };
    return Readable.from(relay(), { objectMode: false });
  };
  const known = images.originsOf(blob.digest).map((name) => parseReference(name));
  const mountFrom = [source, ...known]
    .filter(({ domain, path }) => domain === target.domain && path !== target.path)
    .map(({ path }) => path);
  let mountedFrom = source.path;
  const how = await registry.pushBlob(target, blob, open, {
    auth: authFor(target.domain),
    signal,
    mountFrom: [...new Set(mountFrom)],
    onMounted: (from) => {
      mountedFrom = from;
    },
    onBytes: (sent) => progress.move('Pushing', sent, blob.size),
  });
  progress.say(how === 'pushed' ? 'Pushed' : how === 'exists' ? 'Layer already exists' : `Mounted from ${mountedFrom}`);
}
