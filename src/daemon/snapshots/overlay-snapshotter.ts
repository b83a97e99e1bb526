/**
 * Snapshots by the kernel's overlay file system: each layer is a folder, a container's root is a mount of all of them.
 *
 *     <root>/containers/<key>/snapshot.json   the parent chain
 *                            /upper           what the container changed
 *                            /work            overlay's own
 *                            /merged          where it is mounted, while it is
 *     <root>/empty                            lower folder of images without layers
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { raise, WharfError } from '../../contract/errors.ts';
import { errnoOf, mount, mountPoints, unmount } from '../linux/mount.ts';
import { inUserNamespace } from '../linux/user-namespace.ts';
import { defaultLayerLimits, type LayerLimits } from './layer-limits.ts';
import { createLayerStore, type LayerStore } from './layer-store.ts';
import type { LayerWorkerPool } from './layer-worker-pool.ts';
import { overlayChanges } from './overlay-changes.ts';
import { noSnapshot, snapshotKey, type WharfSnapshotter, whatDiffers } from './snapshotter-extras.ts';
import { packTree } from './tar-writer.ts';

/**
 * Why each option: index and metacopy would make the upper folder more than a plain diff, which changes and commit read;
 * redirect_dir likewise, and is a way around permissions in layers we did not write. Docker sets the same.
 */
const overlayOptions = inUserNamespace()
  ? // Its marks in user.* attributes, for trusted.* are the machine's root's; this implies that nothing is redirected.
    'index=off,metacopy=off,userxattr'
  : 'index=off,redirect_dir=off,metacopy=off';
/** Leaves room in the page for the rest of the options. */
const maxLowerBytes = 3500;

export interface SnapshotterOptions {
  /** `<data-root>/snapshots`. */
  readonly root: string;
  readonly pool: LayerWorkerPool;
  readonly limits?: LayerLimits;
}

/** Opens the store; layers and snapshots of earlier runs are there, and mounts that still stand are known. */
export async function createOverlaySnapshotter(options: SnapshotterOptions): Promise<WharfSnapshotter> {
  const { root, pool, limits = defaultLayerLimits } = options;
  const store = createLayerStore({ root, pool });
  const containers = join(root, 'containers');
  const empty = join(root, 'empty');
  await mkdir(containers, { recursive: true, mode: 0o700 });
  await mkdir(empty, { recursive: true });
  await store.open();
  const { snapshots, damaged } = await readSnapshots(containers);
  const mounted = new Set(mountPoints().map((point) => point.target));
  const volatileWorks = overlayVersionAtLeast(5, 10);
  /** What inspect shows of each; it never changes, and putting it together was a fifth of what inspect computes. */
  const shownPaths = new WeakMap<StoredSnapshot, Readonly<Record<string, string>>>();
  const folderOf = (key: string): string => join(containers, snapshotKey(key));
  const mergedOf = (key: string): string => join(folderOf(key), 'merged');
  const snapshotOf = (key: string): StoredSnapshot => snapshots.get(key) ?? raise(noSnapshot(key));
  const parentOf = (key: string): string | undefined => snapshotOf(key).parent;
  const lowerPaths = (parent: string | undefined): string[] =>
    store.chain(parent).map((layer) => store.diffPath(layer.chainId));

  const mountOverlay = async (key: string): Promise<void> => {
    const folder = folderOf(key);
    const { parent, discardable } = snapshotOf(key);
    const links = store.chain(parent).map((layer) => store.linkPath(layer));
    const isVolatile = discardable && volatileWorks;
    // Left by the last mount; overlay asks to remove it when the content is known not to matter (overlayfs.rst, "Volatile mount").
    if (isVolatile) rmSync(join(folder, 'work/work/incompat'), { recursive: true, force: true });
    const upper = `upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`;
    const rest = `${upper},${overlayOptions}${isVolatile ? ',volatile' : ''}`;
    withShortPaths(join(root, 'l'), links.length === 0 ? [empty] : links, (lower) => {
      mount({ source: 'overlay', target: mergedOf(key), type: 'overlay', flags: 0, data: `lowerdir=${lower},${rest}` });
    });
  };

  const detach = async (key: string): Promise<void> => {
    const target = mergedOf(key);
    if (!mounted.has(target)) return;
    try {
      await unmount(target);
    } catch (error) {
      // Somebody still looks into it (a shell, a backup); it ends for good when they leave.
      if (errnoOf(error) !== 'EBUSY') throw error;
      await unmount(target, { lazy: true });
    }
    mounted.delete(target);
  };

  /** What a worker is told to make of a layer's tar; only where the tar comes from is missing. */
  const applyJob = async (folder: string, layer: { readonly parent: string | undefined; readonly diffId: string }) =>
    ({
      kind: 'apply',
      root: await newDiff(folder, layer.parent, store),
      deletions: 'overlay',
      lowers: lowerPaths(layer.parent),
      diffId: layer.diffId,
      limits,
    }) as const;

  return {
    name: 'overlay',
    pool,
    hasLayer: (chainId) => store.get(chainId) !== undefined,
    applyLayer: (layer, tar, { signal, onBytes }) =>
      store.add(layer, async (folder) => {
        const job = await applyJob(folder, layer);
        return pool.runWithStream((source) => ({ ...job, source }), tar, { signal, onBytes });
      }),
    applyBlob: (layer, path, { signal, onBytes }) =>
      store.addBlob(layer, path, {
        fill: async (folder, diffId) =>
          pool.run({ ...(await applyJob(folder, layer)), diffId, source: { kind: 'file', path } }, { signal, onBytes }),
        verify: () =>
          pool.run({ kind: 'digest', source: { kind: 'file', path }, diffId: layer.diffId, limits }, { signal }),
      }),
    checkLayer: (layer, path, { signal, repair }) =>
      store.recheck(layer, {
        fill: async (folder) =>
          pool.run({ ...(await applyJob(folder, layer)), source: { kind: 'file', path } }, { signal }),
        compare: (fresh, kept) => whatDiffers(pool.run({ kind: 'same', fresh, kept }, { signal })),
        mayReplace: () => {
          if (!repair) return 'it was not asked for';
          const user = [...snapshots.keys()].find(
            (key) => mounted.has(mergedOf(key)) && store.chainsOf([parentOf(key)]).includes(layer.chainId),
          );
          return user === undefined ? undefined : `a container that runs stands on it: ${user.slice(0, 12)}`;
        },
      }),
    removeLayer: (chainId) => store.remove(chainId),
    layers: () => store.list().map((layer) => layer.chainId),
    layerUsage: (chainId) => (store.get(chainId) ?? raise(new WharfError('internal', `no layer ${chainId}`))).usage,
    layerPaths: lowerPaths,
    chainsInUse: () => store.chainsOf(new Set([...snapshots.values()].map(({ parent }) => parent))),
    driverData(key) {
      const snapshot = snapshots.get(key);
      const known = snapshot === undefined ? undefined : shownPaths.get(snapshot);
      if (known !== undefined) return known;
      const paths = {
        LowerDir: store.chainsOf([snapshot?.parent]).map(store.diffPath).join(':'),
        UpperDir: join(folderOf(key), 'upper'),
        WorkDir: join(folderOf(key), 'work'),
        MergedDir: mergedOf(key),
      };
      if (snapshot !== undefined) shownPaths.set(snapshot, paths);
      return paths;
    },
    imageDriverData(top) {
      const [upper, ...lowers] = lowerPaths(top);
      return {
        ...(lowers.length === 0 ? {} : { LowerDir: lowers.join(':') }),
        ...(upper === undefined ? {} : { UpperDir: upper }),
      };
    },
    async prepare(key, parent, { discardable = false } = {}) {
      if (snapshots.has(key)) throw new WharfError('internal', `snapshot ${key} exists`);
      const target = folderOf(key);
      const folder = await store.scratch();
      try {
        // In one go with what follows: a layer that is looked up now can not be collected before the snapshot is known.
        const [top] = store.chain(parent);
        // At once: each takes microseconds, and a thread for each takes ten times as long.
        for (const name of ['upper', 'work', 'merged']) mkdirSync(join(folder, name), { mode: 0o755 });
        // The root folder's own owner and mode show through from the upper folder.
        if (top !== undefined) copyRootAttributes(store.diffPath(top.chainId), join(folder, 'upper'));
        writeFileSync(join(folder, 'snapshot.json'), JSON.stringify({ parent, discardable }));
        renameSync(folder, target);
      } catch (error) {
        await store.discard(folder);
        throw error;
      }
      snapshots.set(key, { parent, discardable });
    },
    async mount(key) {
      const target = mergedOf(key);
      if (!mounted.has(target)) {
        await mountOverlay(key);
        mounted.add(target);
      }
      return target;
    },
    unmount: detach,
    async remove(key) {
      if (!snapshots.has(key) && !damaged.has(key)) return;
      await detach(key);
      await store.discard(folderOf(key));
      snapshots.delete(key);
      damaged.delete(key);
    },
    keys: () => [...snapshots.keys(), ...damaged],
    usage: (key, { signal }) => pool.run({ kind: 'measure', path: join(folderOf(key), 'upper') }, { signal }),
    changes: (key, { signal }) => overlayChanges(join(folderOf(key), 'upper'), lowerPaths(parentOf(key)), signal),
    exportChanges: (key, { signal }) =>
      packTree(join(folderOf(key), 'upper'), '', { signal, name: '', overlayMarks: true }),
    synced: () => store.synced(),
  };
}

/** The folder a layer is unpacked into; its root looks like the parent's until an entry says otherwise. */
async function newDiff(folder: string, parent: string | undefined, store: LayerStore): Promise<string> {
  const diff = join(folder, 'diff');
  await mkdir(diff, { mode: 0o755 });
  if (parent !== undefined) copyRootAttributes(store.diffPath(parent), diff);
  return diff;
}

function copyRootAttributes(from: string, to: string): void {
  const { mode, uid, gid } = lstatSync(from);
  chownSync(to, uid, gid);
  chmodSync(to, mode & 0o7777);
}

interface StoredSnapshot {
  readonly parent: string | undefined;
  readonly discardable: boolean;
}

/** `damaged`: folders without a description that can be read, kept until their container is removed. */
async function readSnapshots(folder: string) {
  const snapshots = new Map<string, StoredSnapshot>();
  const damaged = new Set<string>();
  await Promise.all(
    (await readdir(folder)).map(async (key) => {
      try {
        const text = await readFile(join(folder, key, 'snapshot.json'), 'utf8');
        const { parent, discardable = false } = JSON.parse(text) as Partial<StoredSnapshot>;
        snapshots.set(key, { parent, discardable });
      } catch {
        damaged.add(key);
      }
    }),
  );
  return { snapshots, damaged };
}

function overlayVersionAtLeast(major: number, minor: number): boolean {
  const [, hasMajor = '0', hasMinor = '0'] = /^(\d+)\.(\d+)/.exec(release()) ?? [];
  return Number(hasMajor) > major || (Number(hasMajor) === major && Number(hasMinor) >= minor);
}

/**
 * Hands the lower folders to `use`, joined. Where there are too many for a page of options the folder of links is opened
 * and named by its descriptor, which takes 18 bytes a layer instead of 33 and up.
 * @throws WharfError 'image.unsupported' beyond some 190 layers (Docker stops at 127)
 */
function withShortPaths(folder: string, links: readonly string[], use: (lower: string) => void): void {
  const joined = links.join(':');
  if (Buffer.byteLength(joined) <= maxLowerBytes) {
    use(joined);
    return;
  }
  const fd = openSync(folder, 'r');
  try {
    const short = links.map((link) => `/proc/self/fd/${fd}${link.slice(folder.length)}`).join(':');
    if (short.length > maxLowerBytes) {
      throw new WharfError('image.unsupported', `the image has ${links.length} layers, more than overlay can mount`);
    }
    use(short);
  } finally {
    closeSync(fd);
  }
}

/** Whether the kernel can mount overlay with its upper folder in `root`: tried, not guessed. */
export async function overlayWorks(root: string): Promise<boolean> {
  const probe = join(root, 'probe');
  const at = (name: string) => join(probe, name);
  // A daemon that was killed at this very place left its mount.
  await unmount(at('merged'), { lazy: true });
  await rm(probe, { recursive: true, force: true });
  try {
    for (const name of ['lower', 'upper', 'work', 'merged']) await mkdir(at(name), { recursive: true });
    const data = `lowerdir=${at('lower')},upperdir=${at('upper')},workdir=${at('work')},${overlayOptions}`;
    mount({ source: 'overlay', target: at('merged'), type: 'overlay', flags: 0, data });
    await unmount(at('merged'), { lazy: true });
    return true;
  } catch {
    return false;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}
