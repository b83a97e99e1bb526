/**
 * Snapshots by copying, for hosts whose kernel or disk can't do overlay. Each layer's folder holds the whole tree up to
 * it, and a container gets a copy of the topmost. Slow and large where the file system can't clone blocks, but it works
 * everywhere.
 *
 *     <root>/containers/<key>/snapshot.json   the parent chain
 *                            /merged          the container's root; nothing is mounted
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { raise, WharfError } from '../../contract/errors.ts';
import { compareTrees, type TreeDifference } from './compare-trees.ts';
import type { ByteSource, JobUsage, LayerJob } from './layer-jobs.ts';
import { defaultLayerLimits } from './layer-limits.ts';
import { createLayerStore } from './layer-store.ts';
import type { JobOptions } from './layer-worker-pool.ts';
import { toChanges } from './overlay-changes.ts';
import type { SnapshotterOptions } from './overlay-snapshotter.ts';
import { noSnapshot, snapshotKey, type WharfSnapshotter, whatDiffers } from './snapshotter-extras.ts';
import { packTree } from './tar-writer.ts';

/** Opens the store; layers and snapshots of earlier runs are there. */
export async function createCopySnapshotter(options: SnapshotterOptions): Promise<WharfSnapshotter> {
  const { root, pool, limits = defaultLayerLimits } = options;
  const store = createLayerStore({ root, pool });
  const containers = join(root, 'containers');
  const empty = join(root, 'empty');
  const never = new AbortController().signal;
  await mkdir(containers, { recursive: true, mode: 0o700 });
  await mkdir(empty, { recursive: true });
  await store.open();
  const { parents, damaged } = await readParents(containers);
  const beingCopied = new Map<string, string | undefined>();
  const folderOf = (key: string): string => join(containers, snapshotKey(key));
  const mergedOf = (key: string): string => join(folderOf(key), 'merged');
  const treeOf = (parent: string | undefined): string => (parent === undefined ? empty : store.diffPath(parent));
  const parentOf = (key: string): string | undefined => (parents.has(key) ? parents.get(key) : raise(noSnapshot(key)));
  const differences = (key: string, signal: AbortSignal): Promise<TreeDifference> =>
    compareTrees(mergedOf(key), treeOf(parentOf(key)), signal);

  type Layer = { readonly chainId: string; readonly parent: string | undefined; readonly diffId: string };
  type Run = (makeJob: (source: ByteSource) => LayerJob) => Promise<JobUsage>;
  const fillFolder = async (
    folder: string,
    layer: Omit<Layer, 'diffId'> & { readonly diffId: string | undefined },
    signal: AbortSignal,
    run: Run,
  ): Promise<JobUsage> => {
    const diff = join(folder, 'diff');
    await mkdir(diff, { mode: 0o755 });
    if (layer.parent !== undefined) {
      await pool.run({ kind: 'copy', from: store.diffPath(layer.parent), to: diff }, { signal });
    }
    const { diffId } = layer;
    return run((source) => ({ kind: 'apply', source, root: diff, deletions: 'merge', lowers: [], diffId, limits }));
  };
  const apply = (layer: Layer, signal: AbortSignal, run: Run): Promise<JobUsage> =>
    store.add(layer, (folder) => fillFolder(folder, layer, signal, run));

  return {
    name: 'copy',
    pool,
    hasLayer: (chainId) => store.get(chainId) !== undefined,
    applyLayer: (layer, tar, jobOptions: JobOptions) =>
      apply(layer, jobOptions.signal, (makeJob) => pool.runWithStream(makeJob, tar, jobOptions)),
    applyBlob(layer, path, jobOptions) {
      const source = { kind: 'file', path } as const;
      const run: Run = (makeJob) => pool.run(makeJob(source), jobOptions);
      return store.addBlob(layer, path, {
        fill: (folder, diffId) => fillFolder(folder, { ...layer, diffId }, jobOptions.signal, run),
        verify: () => pool.run({ kind: 'digest', source, diffId: layer.diffId, limits }, jobOptions),
      });
    },
    checkLayer: (layer, path, { signal, repair }) =>
      store.recheck(layer, {
        fill: (folder) =>
          fillFolder(folder, layer, signal, (makeJob) => pool.run(makeJob({ kind: 'file', path }), { signal })),
        compare: (fresh, kept) => whatDiffers(pool.run({ kind: 'same', fresh, kept }, { signal })),
        // Containers have copies of their own.
        mayReplace: () => (repair ? undefined : 'it was not asked for'),
      }),
    removeLayer: (chainId) => store.remove(chainId),
    layers: () => store.list().map((layer) => layer.chainId),
    layerUsage: (chainId) => (store.get(chainId) ?? raise(new WharfError('internal', `no layer ${chainId}`))).usage,
    layerPaths: (top) => store.chain(top).map((layer) => store.diffPath(layer.chainId)),
    chainsInUse: () => store.chainsOf(new Set([...parents.values(), ...beingCopied.values()])),
    driverData: (key) => ({ MergedDir: mergedOf(key) }),
    imageDriverData(top): Readonly<Record<string, string>> {
      return top === undefined ? {} : { MergedDir: store.diffPath(top) };
    },
    async prepare(key, parent) {
      if (parents.has(key)) throw new WharfError('internal', `snapshot ${key} exists`);
      store.chain(parent);
      // Not to be collected while it is copied.
      beingCopied.set(key, parent);
      const folder = await store.scratch();
      try {
        await mkdir(join(folder, 'merged'), { mode: 0o755 });
        await pool.run({ kind: 'copy', from: treeOf(parent), to: join(folder, 'merged') }, { signal: never });
        await writeFile(join(folder, 'snapshot.json'), JSON.stringify({ parent }));
        await rename(folder, folderOf(key));
        parents.set(key, parent);
      } catch (error) {
        await store.discard(folder);
        throw error;
      } finally {
        beingCopied.delete(key);
      }
    },
    async mount(key) {
      parentOf(key);
      return mergedOf(key);
    },
    async unmount() {},
    async remove(key) {
      if (!parents.has(key) && !damaged.has(key)) return;
      await store.discard(folderOf(key));
      parents.delete(key);
      damaged.delete(key);
    },
    keys: () => [...parents.keys(), ...damaged],
    async usage(key, { signal }) {
      return (await differences(key, signal)).usage;
    },
    async changes(key, { signal }) {
      return toChanges((await differences(key, signal)).kinds);
    },
    exportChanges(key, { signal }) {
      const pack = async function* () {
        const { present, deleted } = await differences(key, signal);
        yield* packTree(mergedOf(key), '', { signal, name: '', only: present, deleted });
      };
      return Readable.from(pack(), { objectMode: false });
    },
    synced: () => store.synced(),
  };
}

/** `damaged`: folders without a description that can be read, kept until their container is removed. */
async function readParents(folder: string) {
  const parents = new Map<string, string | undefined>();
  const damaged = new Set<string>();
  for (const key of await readdir(folder)) {
    try {
      const { parent } = JSON.parse(await readFile(join(folder, key, 'snapshot.json'), 'utf8')) as { parent?: string };
      parents.set(key, parent);
    } catch {
      damaged.add(key);
    }
  }
  return { parents, damaged };
}
