/** What the daemon's main thread asks of the layer worker, and what comes back. Plain data: it is posted between threads. */
import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../../contract/errors.ts';
import type { ChunkRing } from './chunk-channel.ts';
import type { LayerLimits } from './layer-limits.ts';
import type { UnpackOptions } from './rooted-tree.ts';

/** Where a job's bytes come from: a file, or another thread (see chunk-channel.ts). */
export type ByteSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'thread'; readonly ring: ChunkRing; readonly port: MessagePort };

export type LayerJob =
  | {
      readonly kind: 'apply';
      readonly source: ByteSource;
      readonly root: string;
      readonly deletions: 'overlay' | 'merge';
      readonly lowers: readonly string[];
      /** What the unpacked archive has to hash to; undefined: that is sure already. */
      readonly diffId: string | undefined;
      readonly limits: LayerLimits;
    }
  /** Makes sure that a packed layer is the one announced, and unpacks it nowhere. */
  | {
      readonly kind: 'digest';
      readonly source: ByteSource;
      readonly diffId: string;
      readonly limits: LayerLimits;
    }
  /** Unpacks an archive into a living tree (docker cp); see rooted-tree.ts. */
  | {
      readonly kind: 'unpack';
      readonly source: ByteSource;
      readonly root: string;
      readonly path: string;
      readonly options: UnpackOptions;
    }
  | { readonly kind: 'copy'; readonly from: string; readonly to: string }
  /** Fails with 'layer.damaged' where the tree that is kept differs from the fresh one. */
  | { readonly kind: 'same'; readonly fresh: string; readonly kept: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'measure'; readonly path: string };

export interface JobUsage {
  readonly sizeBytes: number;
  readonly inodes: number;
}

export interface JobRequest {
  readonly id: number;
  readonly job: LayerJob;
  /** One Int32; not zero means: stop. */
  readonly cancelled: SharedArrayBuffer;
}

export type JobReply =
  | { readonly id: number; readonly kind: 'progress'; readonly bytes: number }
  | { readonly id: number; readonly kind: 'done'; readonly usage: JobUsage }
  | { readonly id: number; readonly kind: 'failed'; readonly error: JobFailure };

export interface JobFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  /** `ENOSPC` and the like, where the kernel said no. */
  readonly errno: string | undefined;
}
