/** How much one layer may hold. A few hundred bytes of archive unpack to a gigabyte: somebody must say when it is enough. */
import { statfsSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';

export interface LayerLimits {
  readonly maxEntries: number;
  /** Content of all files together. */
  readonly maxBytes: number;
}

/** Far beyond real layers (the largest on Docker Hub have some 40 GB and a million files). */
export const defaultLayerLimits: LayerLimits = { maxEntries: 4_000_000, maxBytes: 256 * 2 ** 30 };

/** As given; the default where 0 is. */
export function layerLimits(given: LayerLimits): LayerLimits {
  return {
    maxEntries: given.maxEntries || defaultLayerLimits.maxEntries,
    maxBytes: given.maxBytes || defaultLayerLimits.maxBytes,
  };
}

/** @param setting of the daemon, which can raise the limit */
export function tooLarge(message: string, setting: string): WharfError {
  return new WharfError('layer.too-large', message, {
    hint: `If you trust the image, raise the limit with --${setting} or ${setting} in the daemon's configuration.`,
  });
}

/** Headers, long names and attributes of an entry, as an average that no real layer comes near to. */
const bytesAroundEntry = 4096;
const lookEveryBytes = 64 << 20;
/** Of the disk, kept free for the daemon and its containers. */
const reserveShare = 0.01;
const maxReserveBytes = 256 << 20;

/** Watches over the plain bytes of one layer, what lies behind the archive's end included, and over the disk they go to. */
export class LayerBounds {
  readonly #root: string | undefined;
  readonly #maxTarBytes: number;
  #seen = 0;
  #lookAt = lookEveryBytes;

  /** @param root where they go to, if anywhere */
  constructor(root: string | undefined, limits: LayerLimits) {
    this.#root = root;
    this.#maxTarBytes = limits.maxBytes + limits.maxEntries * bytesAroundEntry;
  }

  /** @throws WharfError 'layer.too-large' | 'disk.full' */
  see(bytes: number): void {
    this.#seen += bytes;
    if (this.#seen > this.#maxTarBytes)
      throw tooLarge(`the layer's archive unpacks to more than ${this.#maxTarBytes} bytes`, 'layer-max-size');
    if (this.#root === undefined || this.#seen < this.#lookAt) return;
    this.#lookAt = this.#seen + lookEveryBytes;
    const { bavail, blocks, bsize } = statfsSync(this.#root);
    const reserveBytes = Math.min(blocks * bsize * reserveShare, maxReserveBytes);
    if (bavail * bsize >= reserveBytes) return;
    throw new WharfError('disk.full', 'no space left on device: the layer would take the last of it');
  }
}
