/** Reads all manifests of a repository that its tags lead to, for the plan of a deletion. */
import type { PlannedManifest, RepositoryPicture } from './deletion-plan.ts';
import type { RegistryConnection } from './registry-connection.ts';
import { listReferrers, listTags, readManifest } from './registry-content.ts';

const atOnce = 6;
const maxManifests = 5000;

export async function readRepositoryPicture(
  connection: RegistryConnection,
  name: string,
  signal: AbortSignal,
): Promise<RepositoryPicture> {
  const tags = new Map<string, string>();
  const manifests = new Map<string, PlannedManifest>();
  const waiting: string[] = [...(await listTags(connection, name, signal))];
  const asked = new Set<string>(waiting);
  const ask = (digest: string): void => {
    if (asked.has(digest) || asked.size >= maxManifests) return;
    asked.add(digest);
    waiting.push(digest);
  };
  const readOne = async (reference: string): Promise<void> => {
    const stored = await readManifest(connection, name, reference, signal);
    if (!reference.includes(':')) tags.set(reference, stored.digest);
    if (manifests.has(stored.digest)) return;
    const { document } = stored;
    // Set before the wait, so that two tags of one image do not read it twice.
    const manifest = { digest: stored.digest, sizeBytes: stored.text.length, document };
    manifests.set(stored.digest, { ...manifest, referrers: [] });
    const referrers = (await listReferrers(connection, name, stored.digest, signal)).map((each) => each.digest);
    manifests.set(stored.digest, { ...manifest, referrers });
    if (document.kind === 'index') for (const entry of document.manifests) ask(entry.digest);
    for (const digest of referrers) ask(digest);
  };
  while (waiting.length > 0)
    await Promise.all(waiting.splice(0, atOnce).map((reference) => readOrSkip(reference, readOne)));
  return { tags, manifests };
}

/** An index may list manifests that were never pushed; they are not there to be freed. */
async function readOrSkip(reference: string, read: (reference: string) => Promise<void>): Promise<void> {
  try {
    await read(reference);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'manifest.unknown') return;
    throw error;
  }
}
