/**
 * Pulling an index with all its images (`wharf pull --all-platforms`): every manifest it lists, with config and layers. Only
 * the image this machine would run is unpacked; the others stay packed until one of them runs.
 *
 *     index ──► (indexes inside) ──► manifests ──► configs ──► layers of all, in parallel
 *                                                   └──► those of this platform unpacked lowest first
 */
import { raise, WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { type ImageManifest, parseManifest } from '../../oci/manifest.ts';
import { isForeignLayer, isImageConfigType } from '../../oci/media-types.ts';
import { choosePlatform, formatPlatform } from '../../oci/platform.ts';
import { familiar, type Reference } from '../../oci/reference.ts';
import type { FetchedManifest } from '../../registry/client/registry-client.ts';
import type { Lease } from '../content/content-store.ts';
import { bringLayers, fetchConfig, fetchListed, showDownload, storeManifest } from './fetch-image.ts';
import { type HeldIndex, heldImages, type IndexMember, isHeld, kindOfEntry } from './held-index.ts';
import type { ImageParts } from './image-parts.ts';
import { checkManifest, type ImageLayer, pairLayers, readConfig } from './image-record.ts';
import type { PullOptions } from './image-service.ts';
import { LayerProgress } from './progress-lines.ts';

/** What a pull brought: everything is here and held. */
export interface PulledImage {
  readonly id: Digest;
  readonly manifest: Descriptor;
  readonly configBytes: Buffer;
  readonly layers: readonly ImageLayer[];
  /** What the name stands for at the registry. */
  readonly topDigest: Digest;
  /** With all that is kept of it, of a pull of all platforms. */
  readonly index?: HeldIndex;
}

interface Held {
  readonly lease: Lease;
  readonly pin: { add(chainId: string): void };
}

const maxIndexDepth = 3;
const maxMembers = 512;

/** @throws WharfError 'image.unsupported' when it lists no image; and as any pull */
export async function pullIndex(
  parts: ImageParts,
  reference: Reference,
  top: FetchedManifest,
  options: PullOptions,
  held: Held,
): Promise<PulledImage> {
  options.onProgress({ status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? 'latest' });
  const { digest, mediaType } = top.descriptor;
  const descriptor = { mediaType, digest, size: top.bytes.byteLength };
  await storeManifest(parts, descriptor, top.bytes, held.lease, options.signal);
  const walk = new IndexWalk(parts, reference, top.endpoint, options, held.lease);
  await walk.list(top.bytes, mediaType, 0);
  const index: HeldIndex = { descriptor, nested: walk.nested, members: walk.members };
  const main = mainImage(parts, reference, index, options);
  const layers = await bringAll(parts, reference, top.endpoint, index, main, options, held);
  options.signal.throwIfAborted();
  const { config } = main.content;
  const manifest = { mediaType: main.manifest.mediaType, digest: main.manifest.digest, size: main.manifest.size };
  const configBytes = await parts.content.read(config.digest, config.size);
  return { id: config.digest, manifest, configBytes, layers, topDigest: digest, index };
}

/** The one a name means where no platform is asked for. */
function mainImage(parts: ImageParts, reference: Reference, index: HeldIndex, { platform }: PullOptions) {
  const images = heldImages(index);
  const choices = images.map((member) => ({ member, platform: member.content.platform }));
  const chosen = choosePlatform(choices, platform ?? parts.platform)?.member;
  if (chosen !== undefined) return chosen;
  if (platform !== undefined) {
    const known = choices.map((choice) => formatPlatform(choice.platform)).join(', ');
    throw new WharfError(
      'image.no-platform',
      `no matching manifest for ${formatPlatform(platform)} in the manifest list entries of ${familiar(reference)}`,
      { hint: `It has ${known}.` },
    );
  }
  return images[0] ?? raise(new WharfError('image.unsupported', `${familiar(reference)} lists no container image`));
}

/** Reads manifests and configs, one after the other: they are small, and layers take the time. */
class IndexWalk {
  readonly members: IndexMember[] = [];
  /** Innermost first. */
  readonly nested: Descriptor[] = [];
  readonly #parts: ImageParts;
  readonly #reference: Reference;
  readonly #endpoint: string;
  readonly #options: PullOptions;
  readonly #lease: Lease;

  constructor(parts: ImageParts, reference: Reference, endpoint: string, options: PullOptions, lease: Lease) {
    this.#parts = parts;
    this.#reference = reference;
    this.#endpoint = endpoint;
    this.#options = options;
    this.#lease = lease;
  }

  async list(bytes: Uint8Array, mediaType: string, depth: number): Promise<void> {
    const document = parseManifest(Buffer.from(bytes).toString('utf8'), mediaType);
    if (document.kind !== 'index' || depth >= maxIndexDepth)
      throw new WharfError('manifest.invalid', `${familiar(this.#reference)} is an index of indexes, nested too deep`);
    for (const entry of document.manifests) await this.#entry(entry, depth);
  }

  async #entry(entry: Descriptor, depth: number): Promise<void> {
    const { signal } = this.#options;
    const bytes = await fetchListed(this.#parts, this.#reference, entry, this.#options, this.#lease);
    await storeManifest(this.#parts, entry, bytes, this.#lease, signal);
    const document = parseManifest(Buffer.from(bytes).toString('utf8'), entry.mediaType);
    if (document.kind === 'index') {
      await this.list(bytes, entry.mediaType, depth + 1);
      this.nested.push(entry);
      return;
    }
    if (this.members.length >= maxMembers)
      throw new WharfError('manifest.invalid', `${familiar(this.#reference)} lists more than ${maxMembers} manifests`);
    this.members.push(await this.#member(entry, document));
  }

  async #member(entry: Descriptor, manifest: ImageManifest): Promise<IndexMember> {
    const isImage = isImageConfigType(manifest.config.mediaType);
    const kind = kindOfEntry(entry, isImage);
    const { config, layers } = manifest;
    if (layers.some(({ mediaType }) => isForeignLayer(mediaType))) {
      const name = entry.platform === undefined ? entry.digest : formatPlatform(entry.platform);
      this.#options.onProgress({
        status: `Left out: ${name} has layers outside of the registry (a Windows base layer)`,
      });
      return { manifest: entry, kind };
    }
    if (kind === 'image') checkManifest(manifest);
    const source = { manifest, endpoint: this.#endpoint };
    const bytes = await fetchConfig(this.#parts, this.#reference, source, this.#options, this.#lease);
    const platform = kind === 'image' ? readConfig(bytes).document.platform : undefined;
    const unknown = { os: 'unknown', architecture: 'unknown' };
    return { manifest: entry, kind, content: { platform: entry.platform ?? platform ?? unknown, config, layers } };
  }
}

/** Layers of the main image are unpacked; the others only come. The first failure ends them all. */
async function bringAll(
  parts: ImageParts,
  reference: Reference,
  endpoint: string,
  index: HeldIndex,
  main: ReturnType<typeof mainImage>,
  options: PullOptions,
  { lease, pin }: Held,
): Promise<readonly ImageLayer[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const { document } = readConfig(await parts.content.read(main.content.config.digest, main.content.config.size));
  const layers = pairLayers(main.content.layers, document.diffIds);
  for (const layer of layers) pin.add(layer.chainId);
  const others = new Map<Digest, Descriptor>();
  for (const { content } of index.members.filter(isHeld)) {
    for (const layer of content.layers) {
      lease.add(layer.digest);
      others.set(layer.digest, layer);
    }
  }
  for (const { blob } of layers) others.delete(blob.digest);
  const work = [
    bringLayers(parts, reference, endpoint, layers, { ...options, signal }),
    ...[...others.values()].map((blob) => bringBlob(parts, reference, endpoint, blob, { ...options, signal })),
  ];
  try {
    await Promise.all(work);
    return layers;
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(work);
    options.signal.throwIfAborted();
    throw error;
  }
}

async function bringBlob(
  parts: ImageParts,
  reference: Reference,
  endpoint: string,
  blob: Descriptor,
  { auth, signal, onProgress }: PullOptions,
): Promise<void> {
  const progress = new LayerProgress(blob.digest, onProgress);
  if ((await parts.content.info(blob.digest)) !== undefined) {
    progress.say('Already exists');
    return;
  }
  progress.say('Pulling fs layer');
  const onState = (state: Parameters<typeof showDownload>[1]) => showDownload(progress, state, blob.size);
  await parts.downloads.fetch({ reference, blob, endpoint, auth, signal, onState });
  progress.say('Download complete');
}
