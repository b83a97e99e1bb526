/** What the snapshotters offer beyond the seam, for images/ and for inspect. */
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { LayerWorkerPool } from './layer-worker-pool.ts';
import type { LayerUsage, Snapshotter } from './snapshotter.ts';

export type LayerVerdict =
  | { readonly kind: 'intact' }
  /** `kept`: why it was not made good. */
  | { readonly kind: 'damaged'; readonly what: string; readonly repaired: boolean; readonly kept?: string };

export interface WharfSnapshotter extends Snapshotter {
  /** Threads for heavy file work; docker cp may use them too. */
  readonly pool: LayerWorkerPool;
  /**
   * As `applyLayer`, from a blob's file: reading, unpacking and hashing all happen in the worker. `onBytes` counts packed bytes.
   * A layer that is there is not unpacked again; that the blob is that layer is made sure of all the same.
   */
  applyBlob(
    layer: { readonly chainId: string; readonly parent: string | undefined; readonly diffId: string },
    path: string,
    options: { readonly signal: AbortSignal; readonly onBytes?: (bytes: number) => void },
  ): Promise<LayerUsage>;
  /**
   * Unpacks the layer beside the one that is kept and compares. With `repair` the fresh one takes the place of one that
   * differs, unless a mounted root stands on it.
   * @throws WharfError of `applyBlob`: then the blob is no judge
   */
  checkLayer(
    layer: { readonly chainId: string; readonly parent: string | undefined; readonly diffId: string },
    path: string,
    options: { readonly signal: AbortSignal; readonly repair: boolean },
  ): Promise<LayerVerdict>;
  /** Folders of a chain's trees, topmost first. */
  layerPaths(top: string | undefined): readonly string[];
  /** Every layer that a snapshot stands on: these must stay, whatever becomes of their images. */
  chainsInUse(): readonly string[];
  /** `GraphDriver.Data` of a container; of one whose root is gone, what is known. */
  driverData(key: string): Readonly<Record<string, string>>;
  /** `GraphDriver.Data` of an image. */
  imageDriverData(top: string | undefined): Readonly<Record<string, string>>;
  /** Waits until layers added so far have reached the disk. */
  synced(): Promise<void>;
}

/** The writable layer of a container is not there, or can't be read. */
export function noSnapshot(key: string): WharfError {
  return new WharfError('internal', `the files of container ${key} are gone from the engine's data root`, {
    hint: 'Remove the container and create it again.',
  });
}

/** Keys become folder names. @throws WharfError 'internal' */
export function snapshotKey(key: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(key))
    throw new WharfError('internal', `bad snapshot key ${JSON.stringify(key)}`);
  return key;
}

/** What the job that compares two trees found; undefined when they are the same. */
export async function whatDiffers(comparing: Promise<unknown>): Promise<string | undefined> {
  try {
    await comparing;
    return undefined;
  } catch (error) {
    if (!isWharfError(error, 'layer.damaged')) throw error;
    return error.message;
  }
}
