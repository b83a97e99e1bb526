/**
 * Pulling an image.
 *
 *     manifest ──► (index ──► platform's manifest) ──► config ──► layers, in parallel ──► unpacked lowest first ──► record
 *
 * Until the record stands a lease keeps the blobs and pins keep the layers; when the pull fails or is cancelled both end,
 * and what they kept is collected. After a network failure it stays until the next collection, for the next try.
 */
import { Readable } from 'node:stream';
import { raise, WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type ImageManifest, maxConfigBytes, maxManifestBytes, parseManifest } from '../../oci/manifest.ts';
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
import type { DownloadState } from './download-pool.ts';
import type { ImageParts } from './image-parts.ts';
import { checkManifest, type ImageLayer, type ImageRecord, pairLayers, readConfig } from './image-record.ts';
import type { PullOptions } from './image-service.ts';
import { LayerProgress } from './progress-lines.ts';

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
  const { images, content, pins } = parts;
  using lease = content.lease();
  using pin = pins.open();
  const source = await resolveManifest(parts, reference, options, lease);
  options.onProgress({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? 'latest' });
  const configBytes = await fetchConfig(parts, reference, source, options, lease);
  const { document, runConfig } = readConfig(configBytes);
  checkRequestedPlatform(reference, document.platform, options.platform, parts.platform);
  const layers = pairLayers(source.manifest.layers, document.diffIds);
  for (const layer of layers) {
    pin.add(layer.chainId);
    lease.add(layer.blob.digest);
  }
  await bringLayers(parts, reference, source.endpoint, layers, options);
  options.signal.throwIfAborted();

  const id = source.manifest.config.digest;
  const known = images.get(id);
  const image: ImageRecord = {
    id,
    manifest: source.descriptor,
    document,
    runConfig,
    layers,
    sizeBytes: layers.reduce((sum, layer) => sum + parts.snapshots.layerUsage(layer.chainId).sizeBytes, 0),
    parentId: known?.parentId ?? '',
    taggedAt: Date.now(),
  };
  const digestName = withDigest(reference, source.topDigest);
  const names = reference.digest === undefined ? [reference, digestName] : [digestName];
  const isNews = known === undefined || names.some((name) => images.resolve(name) !== id);
  images.put(image, configBytes, names);
  images.addOrigins(canonicalName(reference), [id, ...layers.map((layer) => layer.blob.digest)]);

  options.onProgress({ status: `Digest: ${source.topDigest}` });
  const result = isNews ? 'Downloaded newer image' : 'Image is up to date';
  options.onProgress({ status: `Status: ${result} for ${familiar(reference)}` });
  parts.events.publish('image', 'pull', familiar(reference), { ...document.labels, name: familiarName(reference) });
  return image;
}

interface ManifestSource {
  readonly manifest: ImageManifest;
  readonly descriptor: Descriptor;
  /** What the name stands for: the index where there is one. */
  readonly topDigest: Digest;
  readonly endpoint: string;
}

async function resolveManifest(
  parts: ImageParts,
  reference: Reference,
  { auth, signal, platform }: PullOptions,
  lease: Lease,
): Promise<ManifestSource> {
  const top = await fetchTop(parts, reference, { auth, signal });
  let { descriptor, bytes } = top;
  for (let depth = 0; depth < maxIndexDepth; depth++) {
    await store(parts, descriptor, bytes, lease, signal);
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
    lease.add(chosen.digest);
    const held = await parts.content.info(chosen.digest);
    if (held === undefined) {
      ({ bytes } = await parts.registry.fetchManifest(withDigest(reference, chosen.digest), { auth, signal }));
    } else {
      bytes = await parts.content.read(chosen.digest, maxManifestBytes);
    }
    descriptor = chosen;
  }
  throw new WharfError('manifest.invalid', `${familiar(reference)} is an index of indexes, nested too deep`);
}

/** A name that is known here most likely stands for what it stood for: then nothing that counts as a pull is asked. */
async function fetchTop(
  { images, content, registry }: ImageParts,
  reference: Reference,
  options: RequestOptions,
): Promise<FetchedManifest> {
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

async function store(
  parts: ImageParts,
  blob: { readonly digest: Digest },
  bytes: Uint8Array,
  lease: Lease,
  signal: AbortSignal,
): Promise<void> {
  lease.add(blob.digest);
  const stream = async () => Readable.from([Buffer.from(bytes)], { objectMode: false });
  await parts.content.ingest({ digest: blob.digest, size: bytes.length }, stream, { signal });
}

/** Not through the pool of downloads: everything waits for it, and it is small. */
async function fetchConfig(
  parts: ImageParts,
  reference: Reference,
  { manifest, endpoint }: ManifestSource,
  { auth, signal }: PullOptions,
  lease: Lease,
): Promise<Buffer> {
  const { config } = manifest;
  if (config.size > maxConfigBytes)
    throw new WharfError('manifest.invalid', `the image config has ${config.size} bytes`);
  lease.add(config.digest);
  await parts.content.ingest(
    config,
    (offset, ingestSignal) =>
      parts.registry.fetchBlob(reference, config, {
        auth,
        signal: ingestSignal,
        offset,
        endpoint,
        verifyDigest: false,
      }),
    { signal },
  );
  return parts.content.read(config.digest, maxConfigBytes);
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

/** Downloads run side by side, unpacking follows in order. The first failure ends them all. */
async function bringLayers(
  parts: ImageParts,
  reference: Reference,
  endpoint: string,
  layers: readonly ImageLayer[],
  options: PullOptions,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const plans: LayerPlan[] = [];
  for (const layer of layers) {
    const progress = new LayerProgress(layer.blob.digest, options.onProgress);
    const isHere =
      parts.snapshots.hasLayer(layer.chainId) && (await parts.content.info(layer.blob.digest)) !== undefined;
    progress.say(isHere ? 'Already exists' : 'Pulling fs layer');
    plans.push({ layer, progress, isHere });
  }
  const downloads = plans.map(async ({ layer, progress, isHere }) => {
    if (isHere) return;
    const onState = (state: DownloadState) => showDownload(progress, state, layer.blob.size);
    await parts.downloads.fetch({ reference, blob: layer.blob, endpoint, auth: options.auth, signal, onState });
    progress.say('Download complete');
  });
  const work = [unpackInOrder(parts, plans, downloads, signal), ...downloads];
  try {
    await Promise.all(work);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(work);
    options.signal.throwIfAborted();
    throw error;
  }
}

interface LayerPlan {
  readonly layer: ImageLayer;
  readonly progress: LayerProgress;
  /** Unpacked, with its blob. */
  readonly isHere: boolean;
}

async function unpackInOrder(
  parts: ImageParts,
  plans: readonly LayerPlan[],
  downloads: readonly Promise<void>[],
  signal: AbortSignal,
): Promise<void> {
  let parent: string | undefined;
  for (const [at, { layer, progress, isHere }] of plans.entries()) {
    await downloads[at];
    const { chainId, diffId, blob } = layer;
    if (!parts.snapshots.hasLayer(chainId)) {
      progress.move('Extracting', 0, blob.size);
      await parts.snapshots.applyBlob({ chainId, parent, diffId }, parts.content.path(blob.digest), {
        signal,
        onBytes: (bytes) => progress.move('Extracting', Math.min(bytes, blob.size), blob.size),
      });
      progress.move('Extracting', blob.size, blob.size);
    }
    if (!isHere) progress.say('Pull complete');
    parent = chainId;
  }
}

function showDownload(progress: LayerProgress, state: DownloadState, size: number): void {
  switch (state.kind) {
    case 'waiting':
      progress.say('Waiting');
      return;
    case 'downloading':
      progress.move('Downloading', state.received, size);
      return;
    case 'verifying':
      progress.say('Verifying Checksum');
      return;
    case 'done':
      return;
  }
}
