/**
 * Vocabulary (after containerd's snapshotter):
 *  - layer: a committed, read-only file tree, named by its chain ID (OCI image spec: the digest over a stack of diff IDs).
 *  - snapshot: the writable layer of one container on top of a chain, named by the container's ID.
 *
 *   applyLayer(c1) -> applyLayer(c2, parent c1) -> prepare(id, c2) -> mount(id) -> unmount(id) -> remove(id)
 *
 * A layer is visible (`hasLayer`) only when it is complete: a cut unpack leaves nothing that counts.
 */
import type { Readable } from 'node:stream';

export interface LayerUsage {
  readonly sizeBytes: number;
  readonly inodes: number;
}

export type ChangeKind = 'modified' | 'added' | 'deleted';
/** One path that differs from the image; `path` is absolute inside the root. */
export interface Change {
  readonly kind: ChangeKind;
  readonly path: string;
}

export interface Snapshotter {
  readonly name: 'overlay' | 'copy';
  hasLayer(chainId: string): boolean;
  /**
   * Unpacks an uncompressed tar stream as the layer `chainId` on `parent`. Verifies the diff ID while it reads.
   * @throws WharfError 'layer.unsafe' | 'layer.corrupt' | 'digest.mismatch' | 'disk.full'; then nothing is left behind
   */
  applyLayer(
    layer: { readonly chainId: string; readonly parent: string | undefined; readonly diffId: string },
    tar: Readable,
    options: { readonly signal: AbortSignal; readonly onBytes?: (bytes: number) => void },
  ): Promise<LayerUsage>;
  removeLayer(chainId: string): Promise<void>;
  layers(): readonly string[];
  layerUsage(chainId: string): LayerUsage;

  /**
   * Makes the writable layer for a container; `parent` undefined for an image without layers.
   * `discardable`: its content is worthless after the container ends (`run --rm`); then unmounting need not wait for the
   * disk, which takes as long as everything else that is being written there.
   */
  prepare(key: string, parent: string | undefined, options?: { readonly discardable?: boolean }): Promise<void>;
  /** Mounts it and answers the root's absolute path; mounting a mounted one answers the same path. */
  mount(key: string): Promise<string>;
  unmount(key: string): Promise<void>;
  /** Removes the writable layer (unmounts first). Unknown keys are fine. */
  remove(key: string): Promise<void>;
  keys(): readonly string[];
  /** Bytes in the writable layer. */
  usage(key: string, options: { readonly signal: AbortSignal }): Promise<LayerUsage>;
  /** What differs from the image (docker diff). */
  changes(key: string, options: { readonly signal: AbortSignal }): Promise<readonly Change[]>;
  /** The writable layer as an OCI layer tar with whiteouts (docker commit). */
  exportChanges(key: string, options: { readonly signal: AbortSignal }): Readable;
}
