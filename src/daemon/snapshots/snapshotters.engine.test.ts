import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { mount, mountPoints, unmount } from '../linux/mount.ts';
import { createCopySnapshotter } from './copy-snapshotter.ts';
import { createSnapshotter } from './create-snapshotter.ts';
import { createLayerWorkerPool } from './layer-worker-pool.ts';
import { createOverlaySnapshotter, overlayWorks } from './overlay-snapshotter.ts';
import { snapshotterSuite } from './snapshotter-suite.ts';
import { tarOf } from './tar-fixture.ts';

snapshotterSuite('overlay', createOverlaySnapshotter);
snapshotterSuite('copy', createCopySnapshotter);

it('the mount that a daemon left which was killed while it tried overlay goes', async () => {
  const root = mkdtempSync(join(tmpdir(), 'wharf-probe-'));
  try {
    mkdirSync(join(root, 'probe/merged'), { recursive: true });
    mount({ source: 'tmpfs', target: join(root, 'probe/merged'), type: 'tmpfs', flags: 0, data: '' });
    expect(await overlayWorks(root)).toBe(true);
    expect(readdirSync(root)).toEqual([]);
    expect(mountPoints().filter(({ target }) => target.startsWith(root))).toEqual([]);
  } finally {
    await unmount(join(root, 'probe/merged'), { lazy: true });
    rmSync(root, { recursive: true, force: true });
  }
});

describe('a full disk', () => {
  it('is named as such, and nothing of the layer stays', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wharf-full-'));
    mount({ source: 'tmpfs', target: root, type: 'tmpfs', flags: 0, data: 'size=3m' });
    const pool = createLayerWorkerPool({ size: 1 });
    try {
      const snapshots = await createOverlaySnapshotter({ root: join(root, 's'), pool });
      const tar = tarOf([
        { name: 'small', content: 'x' },
        { name: 'large', content: Buffer.alloc(5_000_000) },
      ]);
      const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
      const layer = { chainId: diffId, parent: undefined, diffId };
      const { signal } = new AbortController();
      const work = snapshots.applyLayer(layer, Readable.from([tar]), { signal });
      await expect(work).rejects.toMatchObject({ code: 'disk.full' });
      expect(readdirSync(join(root, 's/incoming'))).toEqual([]);
      expect(snapshots.layers()).toEqual([]);
    } finally {
      await pool[Symbol.asyncDispose]();
      await unmount(root, { lazy: true });
      rmSync(root, { recursive: true, force: true });
    }
  });
});

describe('choice of snapshotter', () => {
  it('takes overlay where it works, and what is asked for', async () => {
    const root = mkdtempSync(join(tmpdir(), 'wharf-choice-'));
    const pool = createLayerWorkerPool({ size: 1 });
    try {
      expect((await createSnapshotter({ root, pool })).name).toBe('overlay');
      expect((await createSnapshotter({ root, pool, prefer: 'copy' })).name).toBe('copy');
      expect(readdirSync(root).sort()).toEqual(['copy', 'overlay']);
    } finally {
      await pool[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    }
  });
});
