import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Digest, parseDigest } from '../../../oci/digest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { BlobStore } from '../content/blob-store.ts';
import { ContentGuard } from '../content/content-guard.ts';
import { ManifestStore } from '../content/manifest-store.ts';
import { UploadStore } from '../content/upload-store.ts';
import { CondemnedBlobs } from '../upkeep/condemned-blobs.ts';
import { collectGarbage } from '../upkeep/garbage-collection.ts';
import { S3Driver } from './s3/s3-driver.ts';
import { fakeDriverOptions } from './s3/s3-fake-client.ts';
import { type FakeS3, fakeS3 } from './s3/s3-fake-server.ts';
import { blobData, isUploadData, layerLink } from './storage-paths.ts';

const hourMs = 60 * 60 * 1000;
const prefix = 'team registry/';

/** Stops where a test wants to act: when a collection has told what it condemns, and waits for the others to know. */
class WatchedDriver extends S3Driver {
  onCondemned: (() => Promise<void>) | undefined;

  override async writeShared(path: string, bytes: Uint8Array, over: string | undefined): Promise<string | undefined> {
    const version = await super.writeShared(path, bytes, over);
    const act = this.onCondemned;
    if (version === undefined || act === undefined || Buffer.from(bytes).includes('"digests":[]')) return version;
    this.onCondemned = undefined;
    await act();
    return version;
  }
}

/** One of the servers on the bucket. */
function serverOn(fake: FakeS3) {
  const driver = new WatchedDriver({ ...fakeDriverOptions(fake), mayGrow: isUploadData });
  // Looks at the list each time, so that a test needs no time to pass.
  const blobs = new BlobStore(driver, new ContentGuard(), new CondemnedBlobs(driver, { freshMs: -1, waitMs: 20_000 }));
  const stores = {
    driver,
    blobs,
    manifests: new ManifestStore(driver, blobs),
    uploads: new UploadStore(driver, blobs),
  };
  const pushBlob = async (name: string, bytes: Buffer): Promise<Digest> => {
    const id = await stores.uploads.begin(name);
    await stores.uploads.append(name, id, { source: once(bytes) });
    await stores.uploads.finish(name, id, digestOf(bytes));
    return digestOf(bytes);
  };
  const collect = async (leaseMs = hourMs) =>
    await collectGarbage({ ...stores, leaseTimes: { leaseMs, noticeMs: 1 } }, { blobMs: hourMs, uploadMs: hourMs });
  return { ...stores, pushBlob, collect };
}

async function world() {
  const fake = await fakeS3({ minPartBytes: 100 * 1024 });
  const [a, b] = [serverOn(fake), serverOn(fake)];
  /** As if nobody had touched it for two hours. */
  const age = (name: string, digest: Digest): void => {
    for (const path of [blobData(digest), layerLink(name, digest)]) fake.objects.age(prefix + path, 2 * hourMs);
  };
  return {
    fake,
    a,
    b,
    age,
    async [Symbol.asyncDispose]() {
      await a.driver.close();
      await b.driver.close();
      await fake[Symbol.asyncDispose]();
    },
  };
}

function digestOf(bytes: Uint8Array): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

async function* once(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function manifestOf(config: Digest, size: number): Buffer {
  const { ociManifest: mediaType, ociConfig } = mediaTypes;
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config: { mediaType: ociConfig, digest: config, size }, layers: [] }),
  );
}

it('an upload begun on one server is continued and ended on another', async () => {
  await using w = await world();
  const bytes = randomBytes(400_000);
  const id = await w.a.uploads.begin('app');
  expect(await w.a.uploads.append('app', id, { source: once(bytes.subarray(0, 150_000)) })).toBe(150_000);
  expect(await w.b.uploads.size('app', id)).toBe(150_000);
  await w.b.uploads.append('app', id, { start: 150_000, source: once(bytes.subarray(150_000, 300_000)) });
  await w.a.uploads.append('app', id, { source: once(bytes.subarray(300_000)) });
  await w.a.uploads.finish('app', id, digestOf(bytes));
  expect((await w.b.blobs.read(digestOf(bytes)))?.equals(bytes)).toBe(true);
  await expect(w.b.uploads.size('app', id)).rejects.toThrow('upload unknown');
});

it('of two servers that take one upload further, the late one is refused, and its bytes do not count', async () => {
  await using w = await world();
  const id = await w.a.uploads.begin('app');
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* late(): AsyncGenerator<Uint8Array> {
    await held;
    yield Buffer.from('late!');
  }
  const refused = w.a.uploads.append('app', id, { source: late() });
  await w.b.uploads.append('app', id, { source: once(Buffer.from('first')) });
  release();
  await expect(refused).rejects.toThrow('goes on at another server');
  // As long as what was refused: a hash of that would fit the size, but not the content.
  await expect(w.a.uploads.finish('app', id, digestOf(Buffer.from('late!')))).rejects.toThrow('did not match');
});

it('a collection removes what nobody needs, with its links, for all servers', async () => {
  await using w = await world();
  const bytes = Buffer.from('left over');
  const digest = await w.a.pushBlob('app', bytes);
  expect(await w.b.collect()).toEqual({ blobs: 0, bytes: 0, uploads: 0 });
  w.age('app', digest);
  expect(await w.b.collect()).toEqual({ blobs: 1, bytes: bytes.length, uploads: 0 });
  expect(await w.a.blobs.sizeIn('app', digest)).toBeUndefined();
  expect(w.fake.objects.keys.filter((key) => !key.endsWith('collection.json'))).toEqual([]);
});

it('a blob that another server answered for a moment ago is kept', async () => {
  await using w = await world();
  const digest = await w.a.pushBlob('app', Buffer.from('asked for'));
  w.age('app', digest);
  expect(await w.a.blobs.sizeIn('app', digest)).toBe(9);
  expect((await w.b.collect()).blobs).toBe(0);
  expect(await w.a.blobs.sizeIn('app', digest)).toBe(9);
});

it('a manifest that got in before its server knew of the collection keeps its blobs', async () => {
  await using w = await world();
  const config = Buffer.from('{"os":"linux"}');
  const digest = await w.a.pushBlob('app', config);
  w.age('app', digest);
  w.b.driver.onCondemned = async () => {
    // This server has not looked at the list yet.
    const unknowing = new BlobStore(w.a.driver);
    await new ManifestStore(w.a.driver, unknowing).put('app', manifestOf(digest, config.length), { tags: ['v1'] });
  };
  expect((await w.b.collect()).blobs).toBe(0);
  expect((await w.b.blobs.read(digest))?.equals(config)).toBe(true);
});

it('a condemned blob is not here; who pushes it waits for the collection, and has it then', async () => {
  await using w = await world();
  const config = Buffer.from('{"os":"linux"}');
  const digest = await w.a.pushBlob('app', config);
  w.age('app', digest);
  let pushing: Promise<Digest> | undefined;
  let manifest: Promise<unknown> | undefined;
  w.b.driver.onCondemned = async () => {
    expect(await w.a.blobs.sizeIn('app', digest)).toBeUndefined();
    expect(await w.a.blobs.size(digest)).toBeUndefined();
    manifest = w.a.manifests.put('app', manifestOf(digest, config.length));
    await expect(manifest).rejects.toThrow('unknown to registry');
    pushing = w.a.pushBlob('app', config);
  };
  expect((await w.b.collect()).blobs).toBe(1);
  await pushing;
  expect(await w.b.blobs.sizeIn('app', digest)).toBe(config.length);
  await w.b.manifests.put('app', manifestOf(digest, config.length), { tags: ['v1'] });
  w.age('app', digest);
  expect((await w.a.collect()).blobs).toBe(0);
});

it('one server collects at a time; a lease that ran out is taken over, and its holder stops', async () => {
  await using w = await world();
  const digest = await w.a.pushBlob('app', Buffer.from('left over'));
  w.age('app', digest);
  w.b.driver.onCondemned = async () => {
    expect(await w.a.collect()).toEqual({ blobs: 0, bytes: 0, uploads: 0 });
  };
  expect((await w.b.collect()).blobs).toBe(1);
  const other = await w.b.pushBlob('app', Buffer.from('left over too'));
  w.age('app', other);
  // The other server took this one, so it keeps it when it collects; the one whose lease ran out would not.
  const kept = await w.a.pushBlob('app', Buffer.from('new'));
  w.age('app', kept);
  // A lease of no time at all has run out by the time it is held.
  w.b.driver.onCondemned = async () => {
    expect((await w.a.collect()).blobs).toBe(1);
  };
  await expect(w.b.collect(0)).rejects.toThrow('another server took over');
  expect(await w.b.blobs.size(kept)).toBe(3);
});
