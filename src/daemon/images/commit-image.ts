/** Making an image out of a container's changes (docker commit). */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, sha256Digest } from '../../oci/digest.ts';
import { isJsonObject } from '../../oci/json-fields.ts';
import { maxConfigBytes } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { familiar, parseReference } from '../../oci/reference.ts';
import type { BlobInfo, Lease } from '../content/content-store.ts';
import { getImage } from './find-image.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImageRecord } from './image-record.ts';
import type { ImageService } from './image-service.ts';
import { holdLayers, putManifest, recordImage } from './new-image.ts';

type CommitRequest = Parameters<ImageService['commit']>[0];

/** @returns the new image's ID. @throws WharfError 'image.not-found' | 'reference.invalid' | 'disk.full' */
export async function commitImage(parts: ImageParts, request: CommitRequest): Promise<string> {
  const base = getImage(parts.images, request.baseImageId);
  const name = request.reference === undefined ? undefined : parseReference(request.reference);
  using lease = parts.content.lease();
  using pin = parts.pins.open();
  const { blob, diffId } = await packChanges(parts, request, lease);
  const isDocker = base.manifest.mediaType === mediaTypes.dockerManifest;
  const layerType = isDocker ? mediaTypes.dockerLayerGzip : mediaTypes.ociLayerGzip;
  const descriptor: Descriptor = { mediaType: layerType, digest: blob.digest, size: blob.sizeBytes };
  const configBytes = await newConfig(parts, base, request, diffId);
  const layers = holdLayers(configBytes, [...base.layers.map((layer) => layer.blob), descriptor], { lease, pin });
  const top = layers.at(-1);
  if (top !== undefined) {
    const layer = { chainId: top.chainId, parent: layers.at(-2)?.chainId, diffId };
    await parts.snapshots.applyBlob(layer, parts.content.path(blob.digest), { signal: request.signal });
  }
  const manifest = await putManifest(
    parts,
    { configBytes, layers: layers.map((layer) => layer.blob), isDocker },
    lease,
  );
  request.signal.throwIfAborted();
  const names = name === undefined ? [] : [name];
  const image = await recordImage(parts, { configBytes, layers, manifest, parentId: base.id, names }, lease);
  const announce = (action: string, shown: string) =>
    parts.events.publish('image', action, image.id, { ...image.document.labels, name: shown });
  announce('create', image.id);
  if (name !== undefined) announce('tag', familiar(name));
  return image.id;
}

async function packChanges(
  parts: ImageParts,
  { snapshotKey, signal }: CommitRequest,
  lease: Lease,
): Promise<{ readonly blob: BlobInfo; readonly diffId: Digest }> {
  const tar = parts.snapshots.exportChanges(snapshotKey, { signal });
  const hash = createHash('sha256');
  const gzip = createGzip({ level: 6, chunkSize: 1 << 18 });
  const packed = pipeline(tar, (chunks) => hashed(chunks, hash), gzip, { signal });
  const stored = parts.content.putStream(gzip, { signal, lease });
  // Each end tells the other that it gave up; only the first to fail knows why.
  const [, storing] = await Promise.allSettled([packed, stored]);
  if (storing.status === 'rejected' && !isAbortError(storing.reason)) throw storing.reason;
  await packed;
  const blob = await stored;
  return { blob, diffId: sha256Digest(hash.digest('hex')) };
}

async function* hashed(chunks: Readable, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/** The base's config document with what the commit changes; fields we do not know stay as they are. */
async function newConfig(
  parts: ImageParts,
  base: ImageRecord,
  request: CommitRequest,
  diffId: Digest,
): Promise<Buffer> {
  const bytes = await parts.content.read(base.id, maxConfigBytes);
  const json: unknown = JSON.parse(bytes.toString('utf8'));
  const created = new Date().toISOString();
  const entry = {
    created,
    created_by: (request.config.Cmd ?? []).join(' '),
    ...(request.author === '' ? {} : { author: request.author }),
    ...(request.comment === '' ? {} : { comment: request.comment }),
  };
  // What these describe is the base's last build step and who made it, not this image.
  const { container: _, container_config: _config, author: _author, ...kept } = isJsonObject(json) ? json : {};
  return Buffer.from(
    JSON.stringify({
      ...kept,
      created,
      ...(request.author === '' ? {} : { author: request.author }),
      config: request.config,
      rootfs: { type: 'layers', diff_ids: [...base.document.diffIds, diffId] },
      history: [...base.document.history, entry],
    }),
  );
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
