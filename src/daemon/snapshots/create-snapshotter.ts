/** Picks the snapshotter for this host. */
import { mkdir } from 'node:fs/promises';
import { createCopySnapshotter } from './copy-snapshotter.ts';
import { createOverlaySnapshotter, overlayWorks, type SnapshotterOptions } from './overlay-snapshotter.ts';
import type { WharfSnapshotter } from './snapshotter-extras.ts';

/**
 * Overlay where the kernel mounts it in `root`, else copies. Each keeps its own folder: they lay layers out differently.
 * @param options.prefer skips the probe; for tests and for users who know better
 */
export async function createSnapshotter(
  options: SnapshotterOptions & { readonly prefer?: 'overlay' | 'copy' },
): Promise<WharfSnapshotter> {
  const { root, prefer } = options;
  await mkdir(root, { recursive: true, mode: 0o711 });
  const overlay = prefer === undefined ? await overlayWorks(root) : prefer === 'overlay';
  if (overlay) return createOverlaySnapshotter({ ...options, root: `${root}/overlay` });
  return createCopySnapshotter({ ...options, root: `${root}/copy` });
}
