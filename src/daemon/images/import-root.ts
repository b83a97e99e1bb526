/** `docker import`: a root file system as an image of one layer. */
import { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { familiar, parseReference } from '../../oci/reference.ts';
import type { BlobInfo, Lease } from '../content/content-store.ts';
import { isUnpackError } from '../snapshots/decompress.ts';
import { plainTar } from './archive-bytes.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImportRequest } from './image-service.ts';
import { holdLayers, putManifest, recordImage } from './new-image.ts';
import { humanSize } from './progress-lines.ts';
import { applyChanges } from './run-config-changes.ts';

/**
 * The layer is kept unpacked as a plain tar: what it was packed with is of no use later.
 * @returns the new image's ID
 * @throws WharfError 'request.invalid' | 'reference.invalid' | 'layer.corrupt' | 'disk.full' | 'registry.unreachable'
 */
export async function importRoot(parts: ImageParts, request: ImportRequest): Promise<string> {
  const platform = request.platform ?? parts.platform;
  if (platform.os !== 'linux') throw new WharfError('request.invalid', 'operating system is not supported');
  const name = request.reference === undefined ? undefined : parseReference(request.reference);
  if (name?.digest !== undefined) throw new WharfError('request.invalid', 'cannot import digest reference');
  const config = applyChanges({}, request.changes);
  try {
    using lease = parts.content.lease();
    using pin = parts.pins.open();
    const { digest, sizeBytes } = await storeTar(parts, request, lease);
    const configBytes = configOf(request, { platform, config, diffId: digest });
    const descriptor = { mediaType: mediaTypes.ociLayer, digest, size: sizeBytes };
    const layers = holdLayers(configBytes, [descriptor], { lease, pin });
    for (const { chainId, diffId } of layers) {
      const layer = { chainId, parent: undefined, diffId };
      await parts.snapshots.applyBlob(layer, parts.content.path(digest), { signal: request.signal });
    }
    const manifest = await putManifest(parts, { configBytes, layers: [descriptor], isDocker: false }, lease);
    request.signal.throwIfAborted();
    const names = name === undefined ? [] : [name];
    const image = await recordImage(parts, { configBytes, layers, manifest, parentId: '', names }, lease);
    const announce = (action: string, shown: string) =>
      parts.events.publish('image', action, image.id, { ...image.document.labels, name: shown });
    if (name !== undefined) announce('tag', familiar(name));
    announce('import', image.id);
    request.onProgress({ status: image.id });
    return image.id;
  } catch (error) {
    await parts.garbage.collect();
    throw error;
  }
}

async function storeTar(
  parts: ImageParts,
  { source, signal, onProgress }: ImportRequest,
  lease: Lease,
): Promise<BlobInfo> {
  const packed = source instanceof URL ? await download(source, signal, onProgress) : source;
  try {
    const plain = await plainTar(packed);
    return await parts.content.putStream(plain, { signal, lease });
  } catch (error) {
    signal.throwIfAborted();
    if (!isUnpackError(error)) throw error;
    throw new WharfError('layer.corrupt', `the archive is damaged: ${String(error)}`, { cause: error });
  } finally {
    packed.destroy();
  }
}

function configOf(
  { message, signal }: ImportRequest,
  image: {
    readonly platform: NonNullable<ImportRequest['platform']>;
    readonly config: object;
    readonly diffId: Digest;
  },
): Buffer {
  signal.throwIfAborted();
  const created = new Date().toISOString();
  const { os, architecture, variant } = image.platform;
  return Buffer.from(
    JSON.stringify({
      architecture,
      os,
      ...(variant === undefined || variant === '' ? {} : { variant }),
      created,
      comment: message,
      config: image.config,
      rootfs: { type: 'layers', diff_ids: [image.diffId] },
      history: [{ created, comment: message }],
    }),
  );
}

async function download(url: URL, signal: AbortSignal, onProgress: ImportRequest['onProgress']): Promise<Readable> {
  onProgress({ status: `Downloading from ${url.href}` });
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new WharfError('registry.unreachable', `Get ${JSON.stringify(url.href)}: ${why}`, { cause });
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new WharfError('registry.failed', `Got HTTP status code ${response.status} from ${url.href}`);
  }
  const total = Number(response.headers.get('content-length') ?? 0);
  let current = 0;
  let toldAt = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      current += chunk.length;
      if (performance.now() - toldAt > 100) {
        toldAt = performance.now();
        onProgress({ status: 'Importing', progressDetail: { current, total }, progress: humanSize(current) });
      }
      yield chunk;
    }
  };
  return Readable.from(counted(response.body), { objectMode: false });
}
