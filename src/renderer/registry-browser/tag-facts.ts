/** What a tag names, worked out from the distribution API, for registries that do not tell it in one answer. */
import { formatPlatform, normalisePlatform } from '../../oci/platform.ts';
import type { RegistryConnection } from './registry-connection.ts';
import {
  listReferrers,
  readImageConfig,
  readManifest,
  type StoredManifest,
  type TagFacts,
} from './registry-content.ts';

const maxPlatforms = 24;

export async function readTagFacts(
  connection: RegistryConnection,
  name: string,
  tag: string,
  signal: AbortSignal,
): Promise<TagFacts> {
  const stored = await readManifest(connection, name, tag, signal);
  const images = await imagesOf(connection, name, stored, signal);
  const blobs = new Map<string, number>([[stored.digest, stored.text.length]]);
  const platforms = new Set<string>();
  let createdAtMs: number | undefined;
  for (const { digest, text, document } of images) {
    blobs.set(digest, text.length);
    if (document.kind === 'index') continue;
    for (const blob of [document.config, ...document.layers]) blobs.set(blob.digest, blob.size);
    const config = await readImageConfig(connection, name, document, signal);
    if (config === undefined || config.platform.os === 'unknown') continue;
    platforms.add(formatPlatform(normalisePlatform(config.platform)));
    const made = Date.parse(config.created ?? '');
    if (!Number.isNaN(made)) createdAtMs = Math.max(createdAtMs ?? 0, made);
  }
  const referrers = await listReferrers(connection, name, stored.digest, signal);
  return {
    digest: stored.digest,
    kind: platforms.size > 0 ? 'image' : 'artifact',
    sizeBytes: [...blobs.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0),
    platforms: [...platforms],
    createdAtMs,
    referrers: referrers.length,
  };
}

/** The manifest itself, or those an index lists and the registry has. */
async function imagesOf(
  connection: RegistryConnection,
  name: string,
  stored: StoredManifest,
  signal: AbortSignal,
): Promise<readonly StoredManifest[]> {
  if (stored.document.kind === 'manifest') return [stored];
  const entries = stored.document.manifests.slice(0, maxPlatforms);
  const read = await Promise.allSettled(entries.map((entry) => readManifest(connection, name, entry.digest, signal)));
  signal.throwIfAborted();
  return read.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}
