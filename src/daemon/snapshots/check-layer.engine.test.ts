import { createHash } from 'node:crypto';
import { linkSync, mkdtempSync, readFileSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCopySnapshotter } from './copy-snapshotter.ts';
import { createLayerWorkerPool } from './layer-worker-pool.ts';
import { createOverlaySnapshotter } from './overlay-snapshotter.ts';
import { type SuiteEntry, tarOf } from './tar-fixture.ts';

const signal = new AbortController().signal;
const mtime = 1_700_000_000;
const lower: readonly SuiteEntry[] = [
  { name: 'dir/' },
  { name: 'dir/file', content: 'content' },
  { name: 'dir/second', type: 'link', linkName: 'dir/file' },
  { name: 'link', type: 'symlink', linkName: 'dir/file' },
  { name: 'implied/deep/file', content: 'x' },
];
const upper: readonly SuiteEntry[] = [
  { name: 'dir/.wh.file' },
  { name: 'implied/.wh..wh..opq' },
  { name: 'implied/new' },
];

/** Nothing but the content tells it. */
function changeContent(path: string): void {
  writeFileSync(path, 'CONTENT');
  utimesSync(path, mtime, mtime);
}

describe.each([
  ['overlay', createOverlaySnapshotter],
  ['copy', createCopySnapshotter],
] as const)('layers of the %s snapshotter that are checked', (_, create) => {
  async function world() {
    const root = mkdtempSync(join(tmpdir(), 'wharf-check-'));
    const pool = createLayerWorkerPool();
    const snapshots = await create({ root: join(root, 's'), pool });
    const add = async (name: string, entries: readonly SuiteEntry[], parent: string | undefined) => {
      const tar = tarOf(entries);
      const path = join(root, name);
      writeFileSync(path, tar);
      const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
      const layer = { chainId: `sha256:${createHash('sha256').update(name).digest('hex')}`, parent, diffId };
      await snapshots.applyBlob(layer, path, { signal });
      const check = (repair = false) => snapshots.checkLayer(layer, path, { signal, repair });
      return { ...layer, check, tree: () => snapshots.layerPaths(layer.chainId)[0] ?? '' };
    };
    return {
      snapshots,
      add,
      async [Symbol.asyncDispose]() {
        await snapshots.synced();
        await pool[Symbol.asyncDispose]();
        rmSync(root, { recursive: true, force: true });
      },
    };
  }

  it('are intact when nothing happened to them, deletions and implied folders included', async () => {
    await using made = await world();
    const first = await made.add('first', lower, undefined);
    const second = await made.add('second', upper, first.chainId);
    expect(await first.check()).toEqual({ kind: 'intact' });
    expect(await second.check()).toEqual({ kind: 'intact' });
  });

  it.each([
    ['content', 'dir/file', changeContent],
    ['time', 'dir/file', (path: string) => utimesSync(path, 1, 1)],
    ['a missing file', 'implied/deep/file', (path: string) => unlinkSync(path)],
    ['a file too many', 'dir/third', (path: string) => writeFileSync(path, '')],
    ['a name too many', 'dir/file', (path: string) => linkSync(path, `${path}.more`)],
  ] as const)('are found damaged by %s, and made anew when asked to', async (_what, name, damage) => {
    await using made = await world();
    const layer = await made.add('first', lower, undefined);
    damage(join(layer.tree(), name));
    expect(await layer.check()).toMatchObject({ kind: 'damaged', repaired: false, kept: 'it was not asked for' });
    expect(await layer.check(true)).toMatchObject({ kind: 'damaged', repaired: true });
    expect(await layer.check()).toEqual({ kind: 'intact' });
    await made.snapshots.prepare('c', layer.chainId);
    const root = await made.snapshots.mount('c');
    expect(readFileSync(join(root, 'dir/second'), 'utf8')).toBe('content');
    await made.snapshots.remove('c');
  });

  it('are judged by no blob of another content', async () => {
    await using made = await world();
    const first = await made.add('first', lower, undefined);
    writeFileSync(join(made.snapshots.layerPaths(first.chainId)[0] ?? '', '../../../../first'), tarOf(upper));
    await expect(first.check(true)).rejects.toMatchObject({ code: 'digest.mismatch' });
    expect(readFileSync(join(first.tree(), 'dir/file'), 'utf8')).toBe('content');
  });
});
