/** Unpacking an archive into a folder of a living root (docker cp). */
import type { Readable } from 'node:stream';
import { createLayerWorkerPool, type LayerWorkerPool } from './layer-worker-pool.ts';
import type { UnpackOptions } from './rooted-tree.ts';

/**
 * Unpacks a tar (plain, gzip or zstd) into the folder `path` of `root`. Links in `root` are followed as if it were `/`;
 * nothing outside is ever touched, whatever the archive says and whoever changes the tree meanwhile.
 * What was unpacked before a failure or cancellation stays.
 * @param options.pool a thread of its own is started for the call when left out (some 40 ms)
 * @throws WharfError 'container.path-not-found' | 'layer.unsafe' | 'layer.corrupt' | 'request.invalid' | 'disk.full'
 */
export async function unpackInto(
  root: string,
  path: string,
  tar: Readable,
  options: UnpackOptions & { readonly signal: AbortSignal; readonly pool?: LayerWorkerPool },
): Promise<void> {
  const { signal, noOverwriteDirNonDir, owner } = options;
  await using own = options.pool === undefined ? createLayerWorkerPool({ size: 1 }) : undefined;
  const pool = options.pool ?? own;
  await pool?.runWithStream(
    (source) => ({ kind: 'unpack', source, root, path, options: { noOverwriteDirNonDir, owner } }),
    tar,
    { signal },
  );
}
