/** Puts the starter images into a registry, over HTTP as any client would; what is there already is left alone. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isWharfError } from '../../src/contract/errors.ts';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { createRegistryClient } from '../../src/registry/client/create-registry-client.ts';
import { ImageStore } from './image-store.ts';

const { values } = parseArgs({ options: { registry: { type: 'string' }, store: { type: 'string' } } });
if (!values.registry) throw new Error('usage: push.ts --registry HOST:PORT [--store DIR]');
const host = values.registry;
const store = new ImageStore(values.store ?? path.resolve(import.meta.dirname, '../../.wharf/starter'));
const client = createRegistryClient({
  mirrors: [],
  fallbacks: [],
  insecureRegistries: [host],
  userAgent: 'wharf-starter/1',
});
const { signal } = new AbortController();

/** Digest the registry has under this tag; undefined when it has none. */
async function remoteDigest(reference: ReturnType<typeof parseReference>): Promise<string | undefined> {
  try {
    return (await client.fetchManifest(reference, { signal })).descriptor.digest;
  } catch (error) {
    if (isWharfError(error, 'manifest.unknown') || isWharfError(error, 'auth.denied')) return undefined;
    throw error;
  }
}

let pushed = 0;
for (const image of await store.readIndex()) {
  const bytes = await readFile(store.blobPath(image.manifestDigest));
  const manifest = parseManifest(bytes.toString());
  if (!('layers' in manifest)) throw new Error(`${image.name} is no image manifest`);
  const references = image.tags.map((tag) => parseReference(`${host}/${image.name}:${tag}`));
  const missing = [];
  for (const reference of references)
    if ((await remoteDigest(reference)) !== image.manifestDigest) missing.push(reference);
  const [first] = missing;
  if (!first) continue;
  const blobs: readonly Descriptor[] = [manifest.config, ...manifest.layers];
  for (const blob of blobs) await client.pushBlob(first, blob, () => store.openBlob(blob.digest), { signal });
  for (const reference of missing)
    await client.pushManifest(reference, 'application/vnd.oci.image.manifest.v1+json', bytes, { signal });
  pushed++;
}
if (pushed > 0)
  console.log(`✓ ${pushed} new starter ${pushed === 1 ? 'image is' : 'images are'} in the registry at ${host}`);
client.close();
