/**
 * Removes blobs that no manifest of any repository refers to, and uploads nobody ended.
 *
 * 1. What is younger than the grace is kept: a push sends its blobs first and its manifest last.
 * 2. Marks come first and whole; nothing is removed when a manifest can not be read.
 * 3. The registry goes on serving: what is used, or referred to, after the marks began is kept (see content-guard.ts). Only
 *    in the same process, though: another one on the same folder knows nothing of it. On a storage that several servers share
 *    they agree by a lease (collection-lease.ts), and the marks are made twice.
 */
import { type Digest, isDigest } from '../../../oci/digest.ts';
import type { BlobStore } from '../content/blob-store.ts';
import { type ManifestStore, referencesOf } from '../content/manifest-store.ts';
import type { UploadStore } from '../content/upload-store.ts';
import { sideBySide } from '../side-by-side.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import {
  blobData,
  blobFolder,
  blobsRoot,
  layerFolder,
  layerLink,
  layersFolder,
  repositoriesRoot,
  uploadsFolder,
} from '../storage/storage-paths.ts';
import { CollectionLease, type LeaseTimes } from './collection-lease.ts';

export interface CollectedGarbage {
  readonly blobs: number;
  readonly bytes: number;
  readonly uploads: number;
}

export interface CollectableStores {
  readonly driver: StorageDriver;
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
  readonly uploads: UploadStore;
  /** Ends a collection on a shared storage, which waits for the other servers. */
  readonly signal?: AbortSignal;
  readonly leaseTimes?: LeaseTimes;
}

export interface CollectionGrace {
  readonly blobMs: number;
  readonly uploadMs: number;
}

const defaultGrace: CollectionGrace = { blobMs: 60 * 60 * 1000, uploadMs: 7 * 24 * 60 * 60 * 1000 };
const maxDepth = 16;
/** As many as go while pushes wait. */
const removedAtOnce = 16;

/** Removes nothing while another server on the same storage collects. */
export async function collectGarbage(
  stores: CollectableStores,
  grace: CollectionGrace = defaultGrace,
  dryRun = false,
): Promise<CollectedGarbage> {
  const { shared } = stores.driver;
  if (dryRun || shared === undefined) return await collect(stores, grace, dryRun);
  const lease = await CollectionLease.take(shared, stores.signal, stores.leaseTimes);
  if (lease === undefined) return { blobs: 0, bytes: 0, uploads: 0 };
  try {
    return await collect(stores, grace, false, lease);
  } finally {
    // What can not be given back ends by itself.
    await lease.release().catch(() => undefined);
  }
}

async function collect(
  stores: CollectableStores,
  grace: CollectionGrace,
  dryRun: boolean,
  lease?: CollectionLease,
): Promise<CollectedGarbage> {
  const { driver, blobs, uploads } = stores;
  const startedMs = Date.now();
  const keptSinceMs = startedMs - grace.blobMs;
  const names = await repositoryFolders(driver, '', 0);
  const unused = await unusedBlobs(stores, names, keptSinceMs);
  if (dryRun) return await wouldCollect(stores, names, unused, { startedMs, grace });
  const candidates = lease === undefined ? unused : await stillUnused(stores, unused, keptSinceMs, lease);
  const links = await linksOf(driver, names, new Set(candidates));
  let removed = { blobs: 0, bytes: 0 };
  for (let at = 0; at < candidates.length; at += removedAtOnce) {
    const some = candidates.slice(at, at + removedAtOnce);
    await lease?.hold();
    const gone = await blobs.guard.remove(async () => {
      const unused = some.filter((digest) => !blobs.guard.usedSince(digest, Math.min(startedMs, keptSinceMs)));
      return await removeBlobs(driver, unused, links);
    });
    removed = { blobs: removed.blobs + gone.blobs, bytes: removed.bytes + gone.bytes };
  }
  let expired = 0;
  for (const name of names) {
    for (const id of await driver.list(uploadsFolder(name)))
      if (await uploads.expire(name, id, startedMs - grace.uploadMs)) expired++;
  }
  await driver.abandonUnfinished?.(startedMs - grace.uploadMs);
  return { ...removed, uploads: expired };
}

async function unusedBlobs(
  { driver, manifests }: CollectableStores,
  names: readonly string[],
  keptSinceMs: number,
): Promise<readonly Digest[]> {
  const used = await markUsed(manifests, names);
  const unused: Digest[] = [];
  await sideBySide(await storedBlobs(driver), async (digest) => {
    const file = used.has(digest) ? undefined : await driver.stat(blobData(digest));
    // In the very millisecond the collection began it may have come after: with no grace, too, it is kept then.
    if (file !== undefined && file.modifiedAtMs < keptSinceMs) unused.push(digest);
  });
  return unused;
}

/** Those that are unused after every server knew of them, and that none of them told a client of within the grace. */
async function stillUnused(
  stores: CollectableStores,
  unused: readonly Digest[],
  keptSinceMs: number,
  lease: CollectionLease,
): Promise<readonly Digest[]> {
  if (unused.length === 0) return [];
  const condemned = await lease.condemn(unused);
  const names = await repositoryFolders(stores.driver, '', 0);
  const again = new Set(await unusedBlobs(stores, names, keptSinceMs));
  const links = await linksOf(stores.driver, names, again);
  const kept = new Set<Digest>();
  for (const [digest, of] of links) {
    for (const name of of) {
      const link = await stores.driver.stat(layerLink(name, digest));
      if (link !== undefined && link.modifiedAtMs >= keptSinceMs) kept.add(digest);
    }
  }
  return condemned.filter((digest) => again.has(digest) && !kept.has(digest));
}

/** What a collection would remove now; nothing is. */
async function wouldCollect(
  { driver, blobs, uploads }: CollectableStores,
  names: readonly string[],
  candidates: readonly Digest[],
  { startedMs, grace }: { readonly startedMs: number; readonly grace: CollectionGrace },
): Promise<CollectedGarbage> {
  const unused = candidates.filter((digest) => !blobs.guard.usedSince(digest, startedMs - grace.blobMs));
  let bytes = 0;
  for (const digest of unused) bytes += (await driver.stat(blobData(digest)))?.sizeBytes ?? 0;
  let expired = 0;
  for (const name of names) {
    for (const id of await driver.list(uploadsFolder(name)))
      if (await uploads.isExpired(name, id, startedMs - grace.uploadMs)) expired++;
  }
  return { blobs: unused.length, bytes, uploads: expired };
}

async function markUsed(manifests: ManifestStore, names: readonly string[]): Promise<ReadonlySet<Digest>> {
  const used = new Set<Digest>();
  for (const name of names) {
    await sideBySide(await manifests.revisions(name), async (digest) => {
      used.add(digest);
      const stored = await manifests.get(name, digest);
      for (const reference of stored === undefined ? [] : referencesOf(stored.document)) used.add(reference);
    });
  }
  return used;
}

/** Links go before the bytes, so that no repository promises what is gone. */
async function removeBlobs(
  driver: StorageDriver,
  digests: readonly Digest[],
  links: ReadonlyMap<Digest, readonly string[]>,
): Promise<{ blobs: number; bytes: number }> {
  let bytes = 0;
  for (const digest of digests) {
    for (const name of links.get(digest) ?? []) await driver.remove(layerFolder(name, digest));
    bytes += (await driver.stat(blobData(digest)))?.sizeBytes ?? 0;
    await driver.remove(blobFolder(digest));
  }
  return { blobs: digests.length, bytes };
}

/** Which repositories have a link to which of these. A link made later notes its use, and keeps its blob. */
async function linksOf(
  driver: StorageDriver,
  names: readonly string[],
  wanted: ReadonlySet<Digest>,
): Promise<ReadonlyMap<Digest, readonly string[]>> {
  const links = new Map<Digest, string[]>();
  for (const name of wanted.size === 0 ? [] : names) {
    for (const algorithm of await driver.list(layersFolder(name))) {
      for (const hex of await driver.list(`${layersFolder(name)}/${algorithm}`)) {
        const digest = `${algorithm}:${hex}`;
        if (!isDigest(digest) || !wanted.has(digest)) continue;
        const of = links.get(digest) ?? [];
        of.push(name);
        links.set(digest, of);
      }
    }
  }
  return links;
}

/** Of every repository, and of none. */
export async function storedBlobs(driver: StorageDriver): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for (const algorithm of await driver.list(blobsRoot)) {
    for (const prefix of await driver.list(`${blobsRoot}/${algorithm}`)) {
      for (const hex of await driver.list(`${blobsRoot}/${algorithm}/${prefix}`)) {
        const digest = `${algorithm}:${hex}`;
        if (isDigest(digest)) digests.push(digest);
      }
    }
  }
  return digests;
}

/** Every folder that may be a repository, those without a manifest too: they may hold uploads and links. */
export async function repositoryFolders(
  driver: StorageDriver,
  parent: string,
  depth: number,
): Promise<readonly string[]> {
  if (depth > maxDepth) return [];
  const names: string[] = [];
  for (const part of await driver.list(parent === '' ? repositoriesRoot : `${repositoriesRoot}/${parent}`)) {
    if (part.startsWith('_')) continue;
    const name = parent === '' ? part : `${parent}/${part}`;
    names.push(name, ...(await repositoryFolders(driver, name, depth + 1)));
  }
  return names;
}
