/** One blob to a registry, with its line of progress. */
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { parseNamed, type Reference } from '../../oci/reference.ts';
import type { ImageParts } from './image-parts.ts';
import type { PushOptions } from './image-service.ts';
import type { LayerProgress } from './progress-lines.ts';

export async function sizeOf(parts: ImageParts, digest: Digest): Promise<number> {
  const info = await parts.content.info(digest);
  if (info === undefined)
    throw new WharfError('internal', `blob ${digest} is missing`, { hint: 'Pull the image again.' });
  return info.sizeBytes;
}

export async function pushLayer(
  parts: ImageParts,
  reference: Reference,
  blob: Descriptor,
  progress: LayerProgress,
  { auth, signal }: PushOptions,
): Promise<void> {
  await sizeOf(parts, blob.digest);
  const repositories = parts.images
    .originsOf(blob.digest)
    .map((name) => parseNamed(name))
    .filter((origin) => origin.domain === reference.domain && origin.path !== reference.path)
    .map((origin) => origin.path);
  let mountedFrom = reference.path;
  const how = await parts.registry.pushBlob(reference, blob, () => parts.content.open(blob.digest), {
    auth,
    signal,
    mountFrom: repositories,
    onMounted: (from) => {
      mountedFrom = from;
    },
    onBytes: (sent) => progress.move('Pushing', sent, blob.size),
  });
  switch (how) {
    case 'pushed':
      progress.say('Pushed');
      return;
    case 'exists':
      progress.say('Layer already exists');
      return;
    case 'mounted':
      progress.say(`Mounted from ${mountedFrom}`);
      return;
  }
}
