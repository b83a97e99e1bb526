import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCopySnapshotter } from './copy-snapshotter.ts';
import { attributes, headers, times } from './hostile-formats.ts';
import { escapes, type HostileLayer, linkTricks, whiteouts } from './hostile-paths.ts';
import { createLayerWorkerPool, type LayerWorkerPool } from './layer-worker-pool.ts';
import { createOverlaySnapshotter } from './overlay-snapshotter.ts';
import type { WharfSnapshotter } from './snapshotter-extras.ts';
import { listTree } from './tree-listing.ts';

const signal = new AbortController().signal;
const sha = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
let pool: LayerWorkerPool;
beforeAll(() => {
  pool = createLayerWorkerPool({ size: 1 });
});
afterAll(() => pool[Symbol.asyncDispose]());

describe.each([
  ['overlay', createOverlaySnapshotter],
  ['copy', createCopySnapshotter],
] as const)('%s: of hostile layers', (_, create) => {
  let root = '';
  let snapshots: WharfSnapshotter;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'wharf-hostile-'));
    snapshots = await create({ root: join(root, 's'), pool });
  });
  afterEach(async () => {
    for (const key of snapshots.keys()) await snapshots.remove(key);
  });
  afterAll(async () => {
    await snapshots.synced();
    rmSync(root, { recursive: true, force: true });
  });

  const apply = async (tar: Buffer, parent?: string): Promise<string> => {
    const diffId = sha(tar);
    const chainId = parent === undefined ? diffId : sha(`${parent} ${diffId}`);
    await snapshots.applyLayer({ chainId, parent, diffId }, Readable.from([tar]), { signal });
    return chainId;
  };

  const check = async ({ below, tar, outcome }: HostileLayer, options = {}): Promise<void> => {
    const host = hostState();
    const parent = below === undefined ? undefined : await apply(below);
    const before = snapshots.layers();
    if (typeof outcome === 'string') {
      await expect(apply(tar, parent)).rejects.toMatchObject({ code: outcome });
      expect(snapshots.layers()).toEqual(before);
      expect(readdirSync(join(root, 's/layers'))).toHaveLength(before.length);
    } else {
      await snapshots.prepare('c', await apply(tar, parent));
      expect(listTree(await snapshots.mount('c'), options)).toEqual([...outcome].sort());
    }
    expect(readdirSync(join(root, 's/incoming'))).toEqual([]);
    expect(readdirSync(root)).toEqual(['s']);
    expect(hostState()).toEqual(host);
  };

  it.each([...escapes, ...linkTricks].map((each) => [each.name, each] as const))('%s', (_name, each) => check(each));
  it.each(whiteouts.map((each) => [each.name, each] as const))('%s', (_name, each) => check(each));
  it.each([...headers, ...attributes].map((each) => [each.name, each] as const))('%s', (_name, each) => check(each));
  it.each(times.map((each) => [each.name, each] as const))('%s', (_name, each) => check(each, { times: true }));
});

/** What the layers above aim at, outside of every root. */
function hostState(): readonly unknown[] {
  return ['/tmp/evil', '/evil', '/etc/evil', '/etc/passwd', '/srv'].map((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : [path, stats.size, stats.nlink, stats.mtimeMs, stats.mode];
  });
}
