/**
 * Removes blobs that no manifest of any repository refers to, and uploads nobody ended.
 *
 * 1. What is younger than the grace is kept: a push sends its blobs first and its manifest last.
 * 2. Marks come first and whole; nothing is removed when a manifest can not be read.
 */
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { ManifestStore } from './manifest-store.ts';
import type { StorageDriver } from './storage-driver.ts';
import {
  blobData,
  blobFolder,
  blobsRoot,
  layerFolder,
  layersFolder,
  repositoriesRoot,
  uploadFolder,
  uploadStartedAt,
  uploadsFolder,
} from './storage-paths.ts';

export interface CollectedGarbage {
  readonly blobs: number;
  readonly bytes: number;
  readonly uploads: number;
}

const blobGraceMs = 60 * 60 * 1000;
const uploadGraceMs = 7 * 24 * 60 * 60 * 1000;
const maxDepth = 16;

export async function collectGarbage(
  driver: StorageDriver,
  manifests: ManifestStore,
  grace: { readonly blobMs: number; readonly uploadMs: number } = { blobMs: blobGraceMs, uploadMs: uploadGraceMs },
): Promise<CollectedGarbage> {
  const names = await repositoryFolders(driver, '', 0);
  const used = await markUsed(manifests, names);
  const now = Date.now();
  let blobs = 0;
  let bytes = 0;
  const removed = new Set<Digest>();
  for (const digest of await storedBlobs(driver)) {
    const file = used.has(digest) ? undefined : await driver.stat(blobData(digest));
    if (file === undefined || now - file.modifiedAtMs < grace.blobMs) continue;
    removed.add(digest);
    blobs++;
    bytes += file.sizeBytes;
  }
  for (const name of names) await removeLinks(driver, name, removed);
  for (const digest of removed) await driver.remove(blobFolder(digest));
  let uploads = 0;
  for (const name of names) uploads += await removeUploads(driver, name, now - grace.uploadMs);
  return { blobs, bytes, uploads };
}

async function markUsed(manifests: ManifestStore, names: readonly string[]): Promise<ReadonlySet<Digest>> {
  const used = new Set<Digest>();
  for (const name of names) {
    for (const digest of await manifests.revisions(name)) {
      used.add(digest);
      const stored = await manifests.get(name, digest);
      if (stored === undefined) continue;
      const { document } = stored;
      const refers = document.kind === 'index' ? document.manifests : [document.config, ...document.layers];
      for (const descriptor of refers) used.add(descriptor.digest);
    }
  }
  return used;
}

/** Links go before the bytes, so that no repository promises what is gone. */
async function removeLinks(driver: StorageDriver, name: string, removed: ReadonlySet<Digest>): Promise<void> {
  for (const algorithm of await driver.list(layersFolder(name))) {
    for (const hex of await driver.list(`${layersFolder(name)}/${algorithm}`)) {
      const digest = `${algorithm}:${hex}`;
      if (isDigest(digest) && removed.has(digest)) await driver.remove(layerFolder(name, digest));
    }
  }
}

async function removeUploads(driver: StorageDriver, name: string, beforeMs: number): Promise<number> {
  let count = 0;
  for (const id of await driver.list(uploadsFolder(name))) {
    const begun = await driver.stat(uploadStartedAt(name, id));
    if (begun !== undefined && begun.modifiedAtMs > beforeMs) continue;
    if (await driver.remove(uploadFolder(name, id))) count++;
  }
  return count;
}

async function storedBlobs(driver: StorageDriver): Promise<readonly Digest[]> {
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
async function repositoryFolders(driver: StorageDriver, parent: string, depth: number): Promise<readonly string[]> {
  if (depth > maxDepth) return [];
  const names: string[] = [];
  for (const part of await driver.list(parent === '' ? repositoriesRoot : `${repositoriesRoot}/${parent}`)) {
    if (part.startsWith('_')) continue;
    const name = parent === '' ? part : `${parent}/${part}`;
    names.push(name, ...(await repositoryFolders(driver, name, depth + 1)));
  }
  return names;
}
