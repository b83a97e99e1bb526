/**
 * The layers both snapshotters keep, on disk and in memory.
 *
 *     <root>/layers/<hex of chain id>/layer.json     what it is; written last, before the rename that makes it visible
 *                                    /diff/          the tree
 *                                    /unsynced       boot id; there until the tree is known to be on the disk
 *     <root>/l/<short> -> ../layers/<hex>/diff       because mount(2) takes a page of options at most
 *     <root>/incoming/<random>/                      being made or being removed; emptied at start
 *
 * 1. A folder in layers/ is complete: it came by rename, and its digest matched.
 * 2. Pages may be lost with the power. So a layer stays marked until the file system was synced, and a mark of an earlier
 *    boot means: do not trust it, unpack it again. (A crash of the daemon alone loses no pages.)
 */
import { mkdirSync, renameSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { raise, WharfError } from '../../contract/errors.ts';
import { digestHex, isDigest } from '../../oci/digest.ts';
import { bootId } from '../linux/boot-id.ts';
import { syncFileSystem } from '../linux/mount.ts';
import type { LayerWorkerPool } from './layer-worker-pool.ts';
import { removeSmallTree } from './remove-small-tree.ts';
import type { LayerUsage } from './snapshotter.ts';
import type { LayerVerdict } from './snapshotter-extras.ts';

export interface StoredLayer {
  readonly chainId: string;
  readonly parent: string | undefined;
  readonly diffId: string;
  /** File name of the blob it was unpacked from, when it was one. */
  readonly blob?: string | undefined;
  /** Name of its link in `l/`. */
  readonly short: string;
  readonly usage: LayerUsage;
}

/**
 * Whether a blob of the content store is the layer's archive as it is, not packed: then its name, which was made sure of
 * when it came in, says all that another hash of it would.
 */
function isItsBlob({ diffId }: { readonly diffId: string }, path: string): boolean {
  return diffId === `sha256:${basename(path)}`;
}

export interface LayerStore {
  /** Reads what is there and removes what is incomplete. */
  open(): Promise<void>;
  get(chainId: string): StoredLayer | undefined;
  list(): readonly StoredLayer[];
  /** Folder of a layer's tree. */
  diffPath(chainId: string): string;
  /** The short link to it. */
  linkPath(layer: StoredLayer): string;
  /** A chain's layers, topmost first. @throws WharfError 'internal' when one is missing */
  chain(top: string | undefined): readonly StoredLayer[];
  /** Every layer below these tops, themselves included; one that is missing ends its chain. */
  chainsOf(tops: Iterable<string | undefined>): readonly string[];
  /** Lets `fill` make the tree in a new folder, then makes it visible. Nothing stays when it fails. */
  add(
    layer: { readonly chainId: string; readonly parent: string | undefined; readonly diffId: string },
    fill: (folder: string) => Promise<LayerUsage>,
  ): Promise<LayerUsage>;
  /**
   * As `add`, of a blob. A layer that is there already may have come from another: then `verify` must find that this one
   * unpacks to the same, once for each blob.
   */
  addBlob(
    layer: { readonly chainId: string; readonly parent: string | undefined; readonly diffId: string },
    path: string,
    steps: {
      /** `unproven`: the diffID that the unpacked bytes have to be held against; undefined where the blob's name proves it. */
      readonly fill: (folder: string, unproven: string | undefined) => Promise<LayerUsage>;
      readonly verify: () => Promise<unknown>;
    },
  ): Promise<LayerUsage>;
  remove(chainId: string): Promise<void>;
  /**
   * Lets `fill` make the tree of a layer that is here once more, and `compare` say whether it is the one that is kept; with
   * `mayReplace` it takes that one's place where it is not. A crash in between leaves no layer, which the next start unpacks.
   */
  recheck(
    layer: { readonly chainId: string; readonly parent: string | undefined; readonly diffId: string },
    steps: {
      readonly fill: (folder: string) => Promise<LayerUsage>;
      /** Answers what differs. */
      readonly compare: (fresh: string, kept: string) => Promise<string | undefined>;
      /** Asked at the last moment; answers why not. */
      readonly mayReplace: () => string | undefined;
    },
  ): Promise<LayerVerdict>;
  /** A new folder under incoming/, for whoever makes something that becomes visible by rename. */
  scratch(): Promise<string>;
  /** Removes a tree: out of sight at once, then from the disk. */
  discard(path: string): Promise<void>;
  /** Waits until layers added so far are on the disk. */
  synced(): Promise<void>;
}

type NewLayer = Pick<StoredLayer, 'chainId' | 'parent' | 'diffId' | 'blob'>;

const syncDelayMs = 1000;
const shortDigits = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function createLayerStore(options: { readonly root: string; readonly pool: LayerWorkerPool }): LayerStore {
  const { root, pool } = options;
  const layersFolder = join(root, 'layers');
  const linksFolder = join(root, 'l');
  const incoming = join(root, 'incoming');
  const layers = new Map<string, StoredLayer>();
  /** By chain ID the blobs that are known to unpack to the layer. */
  const origins = new Map<string, Set<string>>();
  /** Layers that are being added or removed. */
  const busy = new Map<string, Promise<unknown>>();
  const never = new AbortController().signal;
  let nextShort = 0;

  const folderOf = (chainId: string): string => {
    if (!isDigest(chainId)) throw new WharfError('digest.invalid', `${chainId} is no chain ID`);
    return join(layersFolder, digestHex(chainId));
  };

  const scratch = async (): Promise<string> => {
    const folder = join(incoming, crypto.randomUUID());
    mkdirSync(folder);
    return folder;
  };

  const discard = async (path: string): Promise<void> => {
    const grave = join(incoming, crypto.randomUUID());
    try {
      renameSync(path, grave);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      throw error;
    }
    if (!(await removeSmallTree(grave))) await pool.run({ kind: 'remove', path: grave }, { signal: never });
  };

  /** A short name that no layer has or had since the start: letters and digits, as few as there are layers for. */
  const newShort = (): string => {
    const taken = new Set([...layers.values()].map((layer) => layer.short));
    for (;;) {
      const short = shortName(nextShort++);
      if (!taken.has(short)) return short;
    }
  };

  /** A folder that can be neither read nor moved away is no layer; whoever needs the layer unpacks it and is told. */
  const load = (hex: string): Promise<void> => loadWhole(hex).catch(() => undefined);
  const loadWhole = async (hex: string): Promise<void> => {
    const folder = join(layersFolder, hex);
    const layer = await readLayer(folder);
    const mark = await readFile(join(folder, 'unsynced'), 'utf8').catch(() => undefined);
    if (layer === undefined || (mark !== undefined && mark !== bootId())) {
      await discard(folder);
      return;
    }
    layers.set(layer.chainId, layer);
    rememberOrigin(layer.chainId, layer.blob);
    if (mark !== undefined) scheduleSync(folder);
  };

  const unsynced = new Set<string>();
  let syncPlanned = false;
  const syncAll = async (): Promise<void> => {
    const folders = [...unsynced];
    unsynced.clear();
    try {
      await using handle = await open(root, 'r');
      await syncFileSystem(handle.fd);
      for (const folder of folders) await unlink(join(folder, 'unsynced'));
    } catch {
      // The marks stay, and so does the doubt: after a power cut those layers are unpacked again.
    }
  };
  /** Later and for many at once: a sync in the middle of a pull would compete with it for the disk. */
  const scheduleSync = (folder: string): void => {
    unsynced.add(folder);
    if (syncPlanned) return;
    syncPlanned = true;
    void delay(syncDelayMs, undefined, { ref: false })
      .then(syncAll)
      .finally(() => {
        syncPlanned = false;
        const [left] = unsynced;
        if (left !== undefined) scheduleSync(left);
      });
  };

  const rememberOrigin = (chainId: string, blob: string | undefined): void => {
    if (blob !== undefined) origins.set(chainId, (origins.get(chainId) ?? new Set()).add(blob));
  };

  const addOnce = async (layer: NewLayer, fill: (folder: string) => Promise<LayerUsage>): Promise<LayerUsage> => {
    const folder = await scratch();
    try {
      const usage = await fill(folder);
      const stored: StoredLayer = { ...layer, short: newShort(), usage };
      await writeFile(join(folder, 'unsynced'), bootId());
      await writeFile(join(folder, 'layer.json'), JSON.stringify(stored));
      await makeLink(stored);
      await rename(folder, folderOf(layer.chainId));
      // Known only from here on: another pull may at once build on it.
      layers.set(layer.chainId, stored);
      rememberOrigin(layer.chainId, layer.blob);
      scheduleSync(folderOf(layer.chainId));
      return usage;
    } catch (error) {
      await discard(folder);
      throw error;
    }
  };

  const add = async (layer: NewLayer, fill: (folder: string) => Promise<LayerUsage>): Promise<LayerUsage> => {
    for (;;) {
      const running = busy.get(layer.chainId);
      if (running === undefined) break;
      await running.catch(() => undefined);
    }
    const known = layers.get(layer.chainId);
    if (known !== undefined) return known.usage;
    const work = addOnce(layer, fill).finally(() => busy.delete(layer.chainId));
    busy.set(layer.chainId, work);
    return work;
  };

  const bury = async (layer: StoredLayer): Promise<void> => {
    await rm(join(linksFolder, layer.short), { force: true });
    await discard(folderOf(layer.chainId));
  };

  const makeLink = async (layer: StoredLayer): Promise<void> => {
    const link = join(linksFolder, layer.short);
    await rm(link, { force: true });
    await symlink(join('..', 'layers', hexOf(layer.chainId), 'diff'), link);
  };

  return {
    async open() {
      for (const folder of [layersFolder, linksFolder, incoming]) await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const name of await readdir(incoming)) {
        const left = join(incoming, name);
        if (!(await removeSmallTree(left))) await pool.run({ kind: 'remove', path: left }, { signal: never });
      }
      await Promise.all((await readdir(layersFolder)).map(load));
      const wanted = new Map([...layers.values()].map((layer) => [layer.short, layer]));
      for (const name of await readdir(linksFolder)) {
        if (!wanted.delete(name)) await rm(join(linksFolder, name), { force: true });
      }
      for (const layer of wanted.values()) await makeLink(layer);
    },
    get: (chainId) => layers.get(chainId),
    list: () => [...layers.values()],
    diffPath: (chainId) => join(folderOf(chainId), 'diff'),
    linkPath: (layer) => join(linksFolder, layer.short),
    chain(top) {
      const stack: StoredLayer[] = [];
      for (let at = top; at !== undefined; ) {
        const layer: StoredLayer =
          layers.get(at) ??
          raise(new WharfError('internal', `layer ${at} is missing`, { hint: 'Pull the image again.' }));
        stack.push(layer);
        at = layer.parent;
      }
      return stack;
    },
    chainsOf(tops) {
      const found = new Set<string>();
      for (const top of tops) {
        for (let at = top; at !== undefined && !found.has(at); at = layers.get(at)?.parent) found.add(at);
      }
      return [...found];
    },
    add,
    async addBlob(layer, path, { fill, verify }) {
      const blob = basename(path);
      const isProven = isItsBlob(layer, path);
      const usage = await add({ ...layer, blob }, (folder) => fill(folder, isProven ? undefined : layer.diffId));
      if (isProven || origins.get(layer.chainId)?.has(blob)) return usage;
      await verify();
      if (layers.has(layer.chainId)) rememberOrigin(layer.chainId, blob);
      return usage;
    },
    async recheck(layer, { fill, compare, mayReplace }) {
      const folder = await scratch();
      try {
        const usage = await fill(folder);
        const known = layers.get(layer.chainId);
        if (known === undefined) return { kind: 'intact' };
        const what = await compare(join(folder, 'diff'), join(folderOf(layer.chainId), 'diff'));
        if (what === undefined) return { kind: 'intact' };
        const stored: StoredLayer = { ...known, usage };
        await writeFile(join(folder, 'unsynced'), bootId());
        await writeFile(join(folder, 'layer.json'), JSON.stringify(stored));
        const kept = busy.has(layer.chainId) ? 'it is being removed' : mayReplace();
        if (kept !== undefined) return { kind: 'damaged', what, repaired: false, kept };
        // In one go, so that no container is mounted on it meanwhile.
        const grave = join(incoming, crypto.randomUUID());
        renameSync(folderOf(layer.chainId), grave);
        renameSync(folder, folderOf(layer.chainId));
        layers.set(layer.chainId, stored);
        scheduleSync(folderOf(layer.chainId));
        await discard(grave);
        return { kind: 'damaged', what, repaired: true };
      } finally {
        await discard(folder);
      }
    },
    async remove(chainId) {
      const layer = layers.get(chainId);
      if (layer === undefined) return;
      layers.delete(chainId);
      origins.delete(chainId);
      // Whoever adds the layer again meanwhile waits until the old one is out of the way.
      const work = bury(layer).finally(() => busy.delete(chainId));
      busy.set(chainId, work);
      await work;
    },
    scratch,
    discard,
    synced: syncAll,
  };
}

function hexOf(chainId: string): string {
  return chainId.slice(chainId.indexOf(':') + 1);
}

function shortName(counter: number): string {
  let name = '';
  for (let rest = counter; ; rest = Math.floor(rest / shortDigits.length) - 1) {
    name = (shortDigits[rest % shortDigits.length] ?? '') + name;
    if (rest < shortDigits.length) return name;
  }
}

/** Undefined when the file is missing or makes no sense: then the layer is incomplete. */
async function readLayer(folder: string): Promise<StoredLayer | undefined> {
  const text = await readFile(join(folder, 'layer.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let json: Partial<StoredLayer>;
  try {
    json = JSON.parse(text) as Partial<StoredLayer>;
  } catch {
    return undefined;
  }
  const { chainId, parent, diffId, blob, short, usage } = json;
  if (chainId === undefined || diffId === undefined || short === undefined || usage === undefined) return undefined;
  return { chainId, parent, diffId, blob, short, usage };
}
