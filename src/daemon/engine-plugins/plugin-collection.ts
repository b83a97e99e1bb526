/** What plugins have on disk, and what is left of those that are gone. */
import { rm } from 'node:fs/promises';
import { parseDigest } from '../../oci/digest.ts';
import type { PluginRecord } from './plugin-config.ts';
import type { PluginStorage } from './plugin-storage.ts';

export async function removePluginFiles(storage: PluginStorage, id: string): Promise<void> {
  await storage.snapshots.remove(id);
  await rm(storage.folderOf(id), { recursive: true, force: true });
  await rm(storage.socketFolderOf(id), { recursive: true, force: true });
}

/** What no plugin refers to: blobs, layers, roots of plugins that were never finished. */
export async function collectContent(storage: PluginStorage, records: readonly PluginRecord[]): Promise<void> {
  const ids = new Set(records.map(({ id }) => id));
  for (const key of storage.snapshots.keys()) if (!ids.has(key)) await removePluginFiles(storage, key);
  const chains = new Set([
    ...records.flatMap(({ layers }) => layers.map(({ chainId }) => chainId)),
    ...storage.snapshots.chainsInUse(),
  ]);
  // Uppermost first: a layer goes after those that stand on it.
  for (const chain of storage.snapshots.layers().toReversed()) {
    if (!chains.has(chain)) await storage.snapshots.removeLayer(chain);
  }
  const blobs = new Set(
    records.flatMap(({ configDigest, manifestDigest, layers }) => [
      parseDigest(configDigest),
      parseDigest(manifestDigest),
      ...layers.map(({ digest }) => parseDigest(digest)),
    ]),
  );
  await storage.content.collect((digest) => blobs.has(digest));
}
