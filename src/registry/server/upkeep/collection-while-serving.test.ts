import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { type Digest, parseDigest } from '../../../oci/digest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { BlobStore } from '../content/blob-store.ts';
import { ContentGuard } from '../content/content-guard.ts';
import { ManifestStore, referencesOf } from '../content/manifest-store.ts';
import { UploadStore } from '../content/upload-store.ts';
import { RegistryError } from '../http/registry-error.ts';
import { MemoryDriver } from '../storage/memory-driver.ts';
import type { StorageDriver, StoredFile } from '../storage/storage-driver.ts';
import { collectGarbage } from './garbage-collection.ts';

/** Each call takes a random number of turns of the event loop, so that every interleaving comes up. */
class SlowDriver implements StorageDriver {
  readonly #inner = new MemoryDriver();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  async #pause(): Promise<void> {
    for (let turns = Math.floor(this.#random() * 4); turns > 0; turns--) await new Promise(setImmediate);
  }

  async read(path: string): Promise<Buffer | undefined> {
    await this.#pause();
    return await this.#inner.read(path);
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#pause();
    await this.#inner.write(path, bytes);
  }
  async stat(path: string): Promise<StoredFile | undefined> {
    await this.#pause();
    return await this.#inner.stat(path);
  }
  openRead(path: string, range: { start: number; end: number }): Readable {
    return this.#inner.openRead(path, range);
  }
  async append(path: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    await this.#pause();
    return await this.#inner.append(path, offset, source);
  }
  async commit(from: string, to: string): Promise<void> {
    await this.#pause();
    await this.#inner.commit(from, to);
  }
  async list(path: string): Promise<readonly string[]> {
    await this.#pause();
    return await this.#inner.list(path);
  }
  async remove(path: string): Promise<boolean> {
    await this.#pause();
    return await this.#inner.remove(path);
  }
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const repositories = ['a', 'b', 'team/c'];

function registry(seed: number) {
  const random = seeded(seed);
  const driver = new SlowDriver(random);
  const blobs = new BlobStore(driver);
  const stores = {
    driver,
    blobs,
    manifests: new ManifestStore(driver, blobs),
    uploads: new UploadStore(driver, blobs),
  };
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick');
    return item;
  };
  return { ...stores, stores, random, pick };
}

type Registry = ReturnType<typeof registry>;

/** A small world of contents, so that pushes share blobs with what was deleted a moment ago. */
async function pushBlob(world: Registry, name: string, text: string): Promise<Digest> {
  const digest = parseDigest(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  if ((await world.blobs.sizeIn(name, digest)) !== undefined) return digest;
  const other = world.pick(repositories);
  if ((await world.blobs.sizeIn(other, digest)) !== undefined && (await world.blobs.link(name, digest))) return digest;
  const id = await world.uploads.begin(name);
  await world.uploads.append(name, id, {
    source: (async function* () {
      yield Buffer.from(text);
    })(),
  });
  await world.uploads.finish(name, id, digest);
  return digest;
}

async function pushImage(world: Registry): Promise<void> {
  const name = world.pick(repositories);
  const part = async (mediaType: string) => {
    const text = `blob ${Math.floor(world.random() * 12)}`;
    return { mediaType, digest: await pushBlob(world, name, text), size: text.length };
  };
  const config = await part(mediaTypes.ociConfig);
  const layers = [await part(mediaTypes.ociLayer), await part(mediaTypes.ociLayer)];
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const tags = world.random() < 0.5 ? [world.pick(['one', 'two'])] : [];
  await world.manifests.put(name, Buffer.from(JSON.stringify(manifest)), { tags });
}

async function deleteSomething(world: Registry): Promise<void> {
  const name = world.pick(repositories);
  const all = await world.manifests.revisions(name);
  if (all.length > 0) await world.manifests.delete(name, world.pick(all));
}

/** Every manifest that is there has all it needs. */
async function expectWhole(world: Registry): Promise<number> {
  let count = 0;
  for (const name of repositories) {
    for (const digest of await world.manifests.revisions(name)) {
      const stored = await world.manifests.get(name, digest);
      expect(stored, `manifest ${digest} of ${name}`).toBeDefined();
      for (const needed of stored === undefined ? [] : referencesOf(stored.document))
        expect(await world.blobs.sizeIn(name, needed), `${needed} of ${digest} in ${name}`).toBeDefined();
      count++;
    }
  }
  return count;
}

it.each([
  [1, 0],
  [2, 0],
  [3, 0],
  [4, 60_000],
])('pushes and deletions beside a collector leave whole images (seed %i, grace %i ms)', async (seed, blobMs) => {
  const world = registry(seed);
  let refused = 0;
  let ended = false;
  let collected = 0;
  const collector = (async () => {
    while (!ended) collected += (await collectGarbage(world.stores, { blobMs, uploadMs: 60_000 })).blobs;
  })();
  const workers = Array.from({ length: 4 }, async () => {
    for (let round = 0; round < 60; round++) {
      if (world.random() < 0.4) await deleteSomething(world);
      else
        await pushImage(world).catch((error: unknown) => {
          // Without a grace a blob may go before its manifest comes; the push is refused then, never half taken.
          if (!(error instanceof RegistryError) || error.code !== 'MANIFEST_BLOB_UNKNOWN') throw error;
          refused++;
        });
    }
  });
  await Promise.all(workers);
  ended = true;
  await collector;
  expect(await expectWhole(world)).toBeGreaterThan(0);
  if (blobMs > 0) expect([refused, collected]).toEqual([0, 0]);
  else expect(collected).toBeGreaterThan(0);
});

it('an upload under way is kept, one that nobody touches expires', async () => {
  const world = registry(9);
  const id = await world.uploads.begin('a');
  expect((await collectGarbage(world.stores, { blobMs: 0, uploadMs: 60_000 })).uploads).toBe(0);
  expect(await world.uploads.size('a', id)).toBe(0);
  expect((await collectGarbage(world.stores, { blobMs: 0, uploadMs: -1 })).uploads).toBe(1);
  await expect(world.uploads.size('a', id)).rejects.toThrow('unknown');
});

it('a removal waits for changes under way, changes wait for it, and neither is forgotten', async () => {
  const guard = new ContentGuard();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = guard.change(async () => {
    await gate.promise;
    order.push('change');
  });
  const removal = guard.remove(async () => void order.push('removal'));
  const second = guard.change(async () => void order.push('later change'));
  expect(order).toEqual([]);
  gate.resolve();
  await Promise.all([first, removal, second]);
  expect(order).toEqual(['change', 'removal', 'later change']);
});
