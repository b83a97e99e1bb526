/**
 * Pulling an image.
 *
 *     manifest ──► (index ──► platform's manifest) ──► config ──► layers, in parallel ──► unpacked lowest first ──► record
 *
 * Until the record stands a lease keeps the blobs and pins keep the layers; when the pull fails or is cancelled both end,
 * and what they kept is collected. After a network failure it stays until the next collection, for the next try.
 */
import { raise, WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { maxManifestBytes, parseManifest } from '../../oci/manifest.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { choosePlatform, formatPlatform, type Platform, runsOn } from '../../oci/platform.ts';
import {
  canonicalName,
  familiar,
  familiarName,
  parseReference,
  type Reference,
  withDigest,
} from '../../oci/reference.ts';
import type { FetchedManifest, RequestOptions } from '../../registry/client/registry-client.ts';
import type { Lease } from '../content/content-store.ts';
import {
  bringLayers,
  fetchConfig,
  fetchListed,
  isHereInFull,
  type ManifestSource,
  storeManifest,
} from './fetch-image.ts';
import { blobsOfIndex, heldImages } from './held-index.ts';
import type { PullAdmission, PulledManifests } from './image-gate.ts';
import type { ImageParts } from './image-parts.ts';
import { checkManifest, type ImageRecord, pairLayers, readConfig } from './image-record.ts';
import type { PullOptions } from './image-service.ts';
import { type PulledImage, pullIndex } from './pull-index.ts';

/** Indexes of indexes exist; deeper ones are a loop or a joke. */
const maxIndexDepth = 3;

/** @throws WharfError of the registry client and the stores; 'image.no-platform' | 'image.unsupported' | 'manifest.invalid' */
export async function pullImage(parts: ImageParts, text: string, options: PullOptions): Promise<ImageRecord> {
  const reference = parseReference(text);
  parts.snapshots.pool.warm();
  try {
    return await pull(parts, reference, options);
  } catch (error) {
    const retryHelps = error instanceof WharfError && error.code.startsWith('registry.') && !options.signal.aborted;
    if (!retryHelps) await parts.garbage.collect();
    throw error;
  }
}

async function pull(parts: ImageParts, reference: Reference, options: PullOptions): Promise<ImageRecord> {
  const { content, pins } = parts;
  using lease = content.lease();
  using pin = pins.open();
  const admission = await parts.gate?.open(reference);
  const top = await fetchTop(parts, reference, options);
  if (options.allPlatforms === true && isIndexType(top.descriptor.mediaType)) {
    await admit(admission, { top }, options);
    const fetched = await pullIndex(parts, reference, top, options, { lease, pin });
    return recordPull(parts, reference, fetched, options, admission);
  }
  const source = await resolveManifest(parts, reference, top, options, lease);
  const manifestDigest = source.descriptor.digest;
  const read = () => content.read(manifestDigest, maxManifestBytes);
  await admit(admission, { top, manifest: { digest: manifestDigest, read } }, options);
  options.onProgress({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? 'latest' });
  const configBytes = await fetchConfig(parts, reference, source, options, lease);
  const { document } = readConfig(configBytes);
  checkRequestedPlatform(reference, document.platform, options.platform, parts.platform);
  const layers = pairLayers(source.manifest.layers, document.diffIds);
  for (const layer of layers) {
    pin.add(layer.chainId);
    lease.add(layer.blob.digest);
  }
  // As dockerd does: lines about layers only where there is something to bring.
  if (!(await isHereInFull(parts, source.manifest.config.digest, layers)))
    await bringLayers(parts, reference, source.endpoint, layers, options);
  options.signal.throwIfAborted();

  const { descriptor, topDigest } = source;
  const pulled = { id: source.manifest.config.digest, manifest: descriptor, configBytes, layers, topDigest };
  return recordPull(parts, reference, pulled, options, admission);
}

/** Whether it may come in is settled before anything large is fetched, and long before anything is visible. */
async function admit(
  admission: PullAdmission | undefined,
  pulled: PulledManifests,
  { auth, signal, onProgress }: PullOptions,
): Promise<void> {
  const line = await admission?.verify(pulled, { auth, signal });
  if (line !== undefined) onProgress({ status: line });
}

function recordPull(
  parts: ImageParts,
  reference: Reference,
  pulled: PulledImage,
  options: PullOptions,
  admission: PullAdmission | undefined,
): ImageRecord {
  const { images } = parts;
  const { id, manifest, layers, topDigest, configBytes } = pulled;
  const { document, runConfig } = readConfig(configBytes);
  const known = images.get(id);
  const image: ImageRecord = {
    id,
    manifest,
    document,
    runConfig,
    layers,
    sizeBytes: layers.reduce((sum, layer) => sum + parts.snapshots.layerUsage(layer.chainId).sizeBytes, 0),
    parentId: known?.parentId ?? '',
    taggedAt: Date.now(),
  };
  const held = images.indexOf(reference);
  const isHeld = held?.descriptor.digest === topDigest;
  // A name that stands for this very index goes on meaning the platform it means: another one is held beside it.
  const isBeside = isHeld && pulled.index === undefined && images.resolve(reference) !== id;
  const names = isBeside ? [] : namesOf(reference, topDigest);
  const isMore =
    pulled.index !== undefined && !(isHeld && held.members.every((member) => member.content !== undefined));
  const isNews = known === undefined || isMore || names.some((name) => images.resolve(name) !== id);
  const members = pulled.index === undefined ? [] : heldImages(pulled.index);
  admission?.record([id, ...members.map((member) => member.content.config.digest)]);
  images.put(image, configBytes, names, pulled.index ?? (isHeld ? held : undefined));
  const blobs = pulled.index === undefined ? layers.map((layer) => layer.blob.digest) : blobsOfIndex(pulled.index);
  images.addOrigins(canonicalName(reference), [id, ...blobs]);

  options.onProgress({ status: `Digest: ${topDigest}` });
  const result = isNews ? 'Downloaded newer image' : 'Image is up to date';
  options.onProgress({ status: `Status: ${result} for ${familiar(reference)}` });
  parts.events.publish('image', 'pull', familiar(reference), { ...document.labels, name: familiarName(reference) });
  return image;
}

function namesOf(reference: Reference, topDigest: Digest): readonly Reference[] {
  const digestName = withDigest(reference, topDigest);
  return reference.digest === undefined ? [reference, digestName] : [digestName];
}

async function resolveManifest(
  parts: ImageParts,
  reference: Reference,
  top: FetchedManifest,
  { auth, signal, platform }: PullOptions,
  lease: Lease,
): Promise<ManifestSource> {
  let { descriptor, bytes } = top;
  for (let depth = 0; depth < maxIndexDepth; depth++) {
    await storeManifest(parts, descriptor, bytes, lease, signal);
    const document = parseManifest(Buffer.from(bytes).toString('utf8'), descriptor.mediaType);
    if (document.kind === 'manifest') {
      checkManifest(document);
      return { manifest: document, descriptor, topDigest: top.descriptor.digest, endpoint: top.endpoint };
    }
    const wanted = platform ?? parts.platform;
    const chosen =
      choosePlatform(document.manifests, wanted) ??
      raise(
        new WharfError(
          'image.no-platform',
          `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries of ${familiar(reference)}`,
          { hint: platformHint(document.manifests) },
        ),
      );
    bytes = await fetchListed(parts, reference, chosen, { auth, signal }, lease);
    descriptor = chosen;
  }
  throw new WharfError('manifest.invalid', `${familiar(reference)} is an index of indexes, nested too deep`);
}

/** A name that is known here most likely stands for what it stood for: then nothing that counts as a pull is asked. */
async function fetchTop(
  { images, content, registry }: ImageParts,
  reference: Reference,
  { auth, signal }: RequestOptions,
): Promise<FetchedManifest> {
  const options = { auth, signal };
  if (images.resolve(reference) === undefined) return await registry.fetchManifest(reference, options);
  const held = async (digest: Digest) =>
    (await content.info(digest)) === undefined ? undefined : await content.read(digest, maxManifestBytes);
  return await registry.fetchManifest(reference, { ...options, held });
}

function platformHint(entries: readonly Descriptor[]): string {
  const known = entries.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  const useful = [...new Set(known)].filter((name) => name !== 'unknown/unknown');
  return useful.length === 0 ? 'Pick another image.' : `Pick another platform with --platform: ${useful.join(', ')}.`;
}

function checkRequestedPlatform(
  reference: Reference,
  actual: Platform,
  asked: Platform | undefined,
  host: Platform,
): void {
  const wanted = asked ?? host;
  // Without being asked, Docker runs what there is: another architecture may work by emulation. Another system can't.
  const fits = asked === undefined ? actual.os === '' || actual.os === host.os : runsOn(asked, actual);
  if (fits) return;
  throw new WharfError(
    'image.no-platform',
    `image with reference ${familiar(reference)} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
    { hint: `It is made for ${formatPlatform(actual)}.` },
  );
}
