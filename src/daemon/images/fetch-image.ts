/** What one image consists of, from its registry into the stores: manifests, config, layers. Callers hold leases and pins. */
import { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type ImageManifest, maxConfigBytes, maxManifestBytes } from '../../oci/manifest.ts';
import { type Reference, withDigest } from '../../oci/reference.ts';
import type { RequestOptions } from '../../registry/client/registry-client.ts';
import type { Lease } from '../content/content-store.ts';
import type { DownloadState } from './download-pool.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImageLayer } from './image-record.ts';
import type { PullOptions } from './image-service.ts';
import { LayerProgress } from './progress-lines.ts';
import { sideBySide } from './side-by-side.ts';

export interface ManifestSource {
  readonly manifest: ImageManifest;
  readonly descriptor: Descriptor;
  /** What the name stands for: the index where there is one. */
  readonly topDigest: Digest;
  readonly endpoint: string;
}

/** A manifest an index lists; one that is here already is not fetched again. */
export async function fetchListed(
  parts: ImageParts,
  reference: Reference,
  { digest }: Descriptor,
  options: RequestOptions,
  lease: Lease,
): Promise<Uint8Array> {
  lease.add(digest);
  if ((await parts.content.info(digest)) !== undefined) return parts.content.read(digest, maxManifestBytes);
  return (await parts.registry.fetchManifest(withDigest(reference, digest), options)).bytes;
}

export async function storeManifest(
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
export async function fetchConfig(
  parts: ImageParts,
  reference: Reference,
  { manifest, endpoint }: Pick<ManifestSource, 'manifest' | 'endpoint'>,
  { auth, signal }: RequestOptions,
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

/** Whether a pull has nothing to bring, and so nothing to say of layers: the image is known, if under another name. */
export async function isHereInFull(parts: ImageParts, id: Digest, layers: readonly ImageLayer[]): Promise<boolean> {
  const known = parts.images.get(id);
  // The same config may come with other blobs, which are to prove what they are.
  if (known === undefined || layers.some(({ blob }, at) => blob.digest !== known.layers[at]?.blob.digest)) return false;
  for (const layer of layers) if (!(await isLayerHere(parts, layer))) return false;
  return true;
}

/** Unpacked, with its blob. */
async function isLayerHere(parts: ImageParts, layer: ImageLayer): Promise<boolean> {
  return parts.snapshots.hasLayer(layer.chainId) && (await parts.content.info(layer.blob.digest)) !== undefined;
}

/** Downloads run side by side, unpacking follows in order. The first failure ends them all. */
export async function bringLayers(
  parts: ImageParts,
  reference: Reference,
  endpoint: string,
  layers: readonly ImageLayer[],
  options: Pick<PullOptions, 'auth' | 'signal' | 'onProgress'>,
): Promise<void> {
  const plans: LayerPlan[] = [];
  for (const layer of layers) {
    const progress = new LayerProgress(layer.blob.digest, options.onProgress);
    const isHere = await isLayerHere(parts, layer);
    progress.say(isHere ? 'Already exists' : 'Pulling fs layer');
    plans.push({ layer, progress, isHere });
  }
  await sideBySide(options.signal, (signal) => {
    const downloads = plans.map(async ({ layer, progress, isHere }) => {
      if (isHere) return;
      const onState = (state: DownloadState) => showDownload(progress, state, layer.blob.size);
      await parts.downloads.fetch({ reference, blob: layer.blob, endpoint, auth: options.auth, signal, onState });
      progress.say('Download complete');
    });
    return [unpackInOrder(parts, plans, downloads, signal), ...downloads];
  });
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
    const isNew = !parts.snapshots.hasLayer(chainId);
    if (isNew) progress.move('Extracting', 0, blob.size);
    // Also where the layer is there: this blob may be another one that only claims to be it.
    await parts.snapshots.applyBlob({ chainId, parent, diffId }, parts.content.path(blob.digest), {
      signal,
      onBytes: (bytes) => progress.move('Extracting', Math.min(bytes, blob.size), blob.size),
    });
    if (isNew) progress.move('Extracting', blob.size, blob.size);
    if (!isHere) progress.say('Pull complete');
    parent = chainId;
  }
}

export function showDownload(progress: LayerProgress, state: DownloadState, size: number): void {
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
