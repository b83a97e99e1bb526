import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mount, unmount } from '../linux/mount.ts';
import { layerLimits } from './layer-limits.ts';
import { createLayerWorkerPool, type LayerWorkerPool } from './layer-worker-pool.ts';
import { createOverlaySnapshotter } from './overlay-snapshotter.ts';
import { paxHeader, rawEntry } from './raw-tar.ts';
import type { WharfSnapshotter } from './snapshotter-extras.ts';
import { tarOf } from './tar-fixture.ts';

const mib = 1 << 20;
const limits = { maxEntries: 100, maxBytes: mib };
const { signal } = new AbortController();
const sha = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
let root = '';
let pool: LayerWorkerPool;
let snapshots: WharfSnapshotter;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'wharf-bombs-'));
  pool = createLayerWorkerPool({ size: 1 });
  snapshots = await createOverlaySnapshotter({ root: join(root, 's'), pool, limits });
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

const apply = (packed: Buffer, by = snapshots) => {
  const path = join(root, 'blob');
  writeFileSync(path, packed);
  return by.applyBlob({ chainId: sha(packed), parent: undefined, diffId: sha(packed) }, path, { signal });
};

/** Millions of nothing pack to a few bytes; the archive says at once what it is going to be, or never. */
const oneFile = tarOf([{ name: 'zeros', content: Buffer.alloc(64 * mib) }]);
const manyFiles = tarOf(Array.from({ length: 200 }, (_, at) => ({ name: `f${at}` })));
const endless = Buffer.concat([tarOf([{ name: 'f' }]), Buffer.alloc(64 * mib)]);
const attributes = Buffer.concat(
  Array.from({ length: 40 }, (_, at) => paxHeader([[`comment.${at}`, Buffer.alloc(mib - 100, 'x')]])),
);
const hugeHeader = rawEntry({ name: 'f', size: 2 ** 33 - 1 });

it.each([
  ['one file', oneFile, 'layer-max-size'],
  ['a size that is only said', hugeHeader, 'layer-max-size'],
  ['many files that hold nothing', manyFiles, 'layer-max-entries'],
  ['zeros behind the end of the archive', endless, 'layer-max-size'],
  ['attributes without an entry', attributes, 'layer-max-size'],
] as const)(
  'refuses %s beyond the limits, however it is packed, and says how to raise them',
  async (_, tar, setting) => {
    for (const packed of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
      await expect(apply(packed)).rejects.toMatchObject({
        code: 'layer.too-large',
        hint: expect.stringContaining(`--${setting}`),
      });
      expect(readdirSync(join(root, 's/incoming'))).toEqual([]);
      expect(snapshots.layers()).toEqual([]);
    }
  },
);

it('stops before the last of the disk is taken', async () => {
  const disk = join(root, 'disk');
  const empty = await createOverlaySnapshotter({
    root: disk,
    pool,
    limits: layerLimits({ maxBytes: 0, maxEntries: 0 }),
  });
  mount({ source: 'tmpfs', target: disk, type: 'tmpfs', flags: 0, data: 'size=200m' });
  try {
    const full = await createOverlaySnapshotter({ root: disk, pool });
    writeFileSync(join(disk, 'others'), Buffer.alloc(135.5 * mib));
    // Would just fit; the daemon and the containers would have nothing left.
    await expect(apply(gzipSync(oneFile, { level: 1 }), full)).rejects.toMatchObject({ code: 'disk.full' });
    expect(readdirSync(join(disk, 'incoming'))).toEqual([]);
  } finally {
    await unmount(disk, { lazy: true });
    await empty.synced();
  }
});
