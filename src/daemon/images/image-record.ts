/** An image as this folder keeps it, and how one is read from its config and manifest. */
import { createHash } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, sha256Digest } from '../../oci/digest.ts';
import { type ImageConfigDocument, type ImageManifest, parseImageConfig } from '../../oci/manifest.ts';
import { isForeignLayer, isImageConfigType, layerCompression } from '../../oci/media-types.ts';
import { OciFormatError } from '../../oci/oci-format-error.ts';
import type { ImageRunConfig } from './image-service.ts';
import { runConfigFromJson } from './run-config.ts';

export interface ImageLayer {
  /** The blob as it was pulled. */
  readonly blob: Descriptor;
  readonly diffId: Digest;
  /** Names the stack up to and with this layer. */
  readonly chainId: Digest;
}

export interface ImageRecord {
  /** Digest of the config. */
  readonly id: Digest;
  readonly manifest: Descriptor;
  readonly document: ImageConfigDocument;
  readonly runConfig: ImageRunConfig;
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
  /** Bytes of all layers, unpacked. */
  readonly sizeBytes: number;
  /** The image this one was committed from. */
  readonly parentId: string;
  /** Milliseconds since the epoch. */
  readonly taggedAt: number;
}

export function shortId(digest: string): string {
  const colon = digest.indexOf(':');
  return digest.slice(colon + 1, colon + 13);
}

export function topLayer(image: ImageRecord): string | undefined {
  return image.layers.at(-1)?.chainId;
}

/** OCI image spec, config.md, "Layer ChainID". */
export function chainIds(diffIds: readonly Digest[]): readonly Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    const hex = createHash('sha256').update(`${below} ${diffId}`).digest('hex');
    chain.push(below === undefined ? diffId : sha256Digest(hex));
  }
  return chain;
}

/**
 * What a manifest describes must be an image of layers that can be unpacked here.
 * @throws OciFormatError 'image.unsupported'
 */
export function checkManifest(manifest: ImageManifest): void {
  if (!isImageConfigType(manifest.config.mediaType)) {
    throw new OciFormatError(
      'image.unsupported',
      `this is no container image: its config is of type ${JSON.stringify(manifest.config.mediaType.slice(0, 200))}`,
      'It may be a Helm chart or another artifact; fetch it with the tool it is made for.',
    );
  }
  for (const layer of manifest.layers) {
    if (isForeignLayer(layer.mediaType)) {
      throw new OciFormatError(
        'image.unsupported',
        `layer ${layer.digest} must be fetched from a place outside of the registry (a Windows base layer)`,
        'Only Linux images run here.',
      );
    }
    if (layerCompression(layer.mediaType) === undefined) {
      throw new OciFormatError(
        'image.unsupported',
        `layer ${layer.digest} is of the unknown type ${JSON.stringify(layer.mediaType.slice(0, 200))}`,
      );
    }
  }
}

/** Pairs blobs with diff IDs. @throws OciFormatError 'manifest.invalid' when their numbers differ */
export function pairLayers(blobs: readonly Descriptor[], diffIds: readonly Digest[]): readonly ImageLayer[] {
  if (blobs.length !== diffIds.length) {
    throw new OciFormatError(
      'manifest.invalid',
      `the manifest lists ${blobs.length} layers and the config ${diffIds.length}`,
    );
  }
  const chain = chainIds(diffIds);
  return blobs.flatMap((blob, at) => {
    const [diffId, chainId] = [diffIds[at], chain[at]];
    return diffId === undefined || chainId === undefined ? [] : [{ blob, diffId, chainId }];
  });
}

/** @throws OciFormatError 'manifest.invalid' */
export function readConfig(bytes: Uint8Array): { document: ImageConfigDocument; runConfig: ImageRunConfig } {
  const document = parseImageConfig(Buffer.from(bytes).toString('utf8'));
  return { document, runConfig: runConfigFromJson(document.config) };
}
