import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseDigest } from '../../../oci/digest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { BlobStore } from '../content/blob-store.ts';
import { ManifestStore } from '../content/manifest-store.ts';
import { UploadStore } from '../content/upload-store.ts';
import { MemoryDriver } from '../storage/memory-driver.ts';
import { collectGarbage } from './garbage-collection.ts';

const now = { blobMs: 0, uploadMs: 0 };
const hour = { blobMs: 3_600_000, uploadMs: 3_600_000 };

async function world() {
  const driver = new MemoryDriver();
  const blobs = new BlobStore(driver);
  const manifests = new ManifestStore(driver, blobs);
  const put = async (text: string) => {
    const digest = parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
    await blobs.put(digest, Buffer.from(text));
    await blobs.link('a', digest);
    return { mediaType: mediaTypes.ociLayer, digest, size: text.length };
  };
  return { driver, blobs, manifests, put, uploads: new UploadStore(driver, blobs) };
}

it('removes what nothing refers to, and nothing else', async () => {
  const { driver, blobs, manifests, put, uploads } = await world();
  const config = await put('config');
  const used = await put('used');
  const unused = await put('unused');
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [used] };
  const stored = await manifests.put('a', Buffer.from(JSON.stringify(manifest)), { tags: ['latest'] });
  await uploads.begin('a');
  expect(await collectGarbage({ driver, blobs, manifests, uploads }, hour)).toEqual({ blobs: 0, bytes: 0, uploads: 0 });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await collectGarbage({ driver, blobs, manifests, uploads }, now)).toEqual({ blobs: 1, bytes: 6, uploads: 1 });
  expect(await blobs.sizeIn('a', unused.digest)).toBeUndefined();
  expect(await blobs.sizeIn('a', used.digest)).toBe(4);
  expect(await manifests.get('a', stored.digest)).toBeDefined();
});

it('removes nothing when a manifest can not be read', async () => {
  const { driver, blobs, manifests, put, uploads } = await world();
  await put('unused');
  const stored = await manifests.put(
    'a',
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] })),
    { tags: ['latest'] },
  );
  await driver.write(
    `docker/registry/v2/blobs/sha256/${stored.digest.slice(7, 9)}/${stored.digest.slice(7)}/data`,
    Buffer.from('broken'),
  );
  await expect(collectGarbage({ driver, blobs, manifests, uploads }, now)).rejects.toThrow();
  expect(await blobs.size(parseDigest(`sha256:${createHash('sha256').update('unused').digest('hex')}`))).toBe(6);
});
