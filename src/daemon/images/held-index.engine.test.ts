import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDigest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseNamed } from '../../oci/reference.ts';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { amd64, ImageWorld, signal } from './image-test-world.ts';

const arm64 = { os: 'linux', architecture: 'arm64' };
const armV7 = { os: 'linux', architecture: 'arm', variant: 'v7' };

let world: ImageWorld;
let indexDigest: string;

/** Three platforms that share their lowest layer, and the attestation of one of them. */
beforeEach(async () => {
  world = await ImageWorld.create();
  const base = { tar: tarOf([{ name: 'base', content: 'the same for all' }]) };
  const entries = [amd64, arm64, armV7].map((platform) => {
    const own = { tar: tarOf([{ name: 'arch', content: platform.architecture }]) };
    return { ...world.registry.add('multi:x', { layers: [base, own], platform }), platform };
  });
  const proof = world.registry.add('multi:x', { layers: [{ tar: Buffer.from('{"proof":1}'), packing: 'none' }] });
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': entries[0]?.digest ?? '',
  };
  const attestation = { ...proof, platform: { os: 'unknown', architecture: 'unknown' }, annotations };
  const manifests = [...entries, attestation];
  indexDigest = world.registry.addManifest('multi:1', {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests,
  }).digest;
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const pullAll = () => world.images.pull('multi:1', { signal, onProgress: world.onProgress, allPlatforms: true });
const list = (options: { manifests?: boolean; dangling?: string } = {}) =>
  world.images.list({
    all: false,
    sharedSize: false,
    manifests: options.manifests ?? false,
    filters: new Map(options.dangling === undefined ? [] : [['dangling', [options.dangling]]]),
  });

describe('an index with all its platforms', () => {
  it('is kept whole, and only what runs here is unpacked', async () => {
    const image = await pullAll();
    expect(image.platform.architecture).toBe('amd64');
    expect(world.snapshots.layers()).toHaveLength(2);
    const [summary, ...others] = await list({ manifests: true });
    expect(others).toEqual([]);
    expect(summary?.Descriptor?.digest).toBe(indexDigest);
    const kinds = summary?.Manifests?.map(({ Kind, Available }) => `${Kind} ${Available}`);
    expect(kinds).toEqual(['image true', 'image true', 'image true', 'attestation true']);
    expect(summary?.Manifests?.map(({ ImageData }) => (ImageData?.Size.Unpacked ?? 0) > 0)).toEqual([
      ...[true, false, false, false],
    ]);
    for (const [digest, bytes] of world.registry.blobs)
      expect(await world.content.read(parseDigest(digest), bytes.length)).toEqual(bytes);
  });

  it('is looked into by platform, and says so when one is not there', async () => {
    await pullAll();
    expect(await world.images.inspect('multi:1', { platform: arm64 })).toMatchObject({
      Architecture: 'arm64',
      RepoTags: ['multi:1'],
    });
    expect(await world.images.inspect('multi:1', { platform: armV7 })).toMatchObject({ Variant: 'v7' });
    expect(await world.images.history('multi:1', { platform: arm64 })).toHaveLength(2);
    const s390x = { os: 'linux', architecture: 's390x' };
    await expect(world.images.inspect('multi:1', { platform: s390x })).rejects.toThrow(
      'image with reference multi:1 was found but its platform (linux/amd64) does not match the specified platform (linux/s390x)',
    );
  });

  it('has another platform unpacked when it is to run, and shows no image without a name for it', async () => {
    await pullAll();
    const arm = await world.images.getPlatform('multi:1', arm64, { signal });
    expect(arm.topLayer !== undefined && world.snapshots.hasLayer(arm.topLayer)).toBe(true);
    expect(world.snapshots.layers()).toHaveLength(3);
    expect(world.images.isNamed('multi:1', arm.id)).toBe(true);
    expect(await list()).toHaveLength(1);
    expect(await list({ dangling: 'true' })).toEqual([]);
    expect((await world.images.prune(new Map())).ImagesDeleted).toBeNull();
    expect(world.images.find(arm.id)?.platform).toEqual(arm64);
  });

  it('survives a restart, goes with its last name, and leaves nothing', async () => {
    await pullAll();
    await world.images.getPlatform('multi:1', arm64, { signal });
    await world.images.tag('multi:1', 'other:2');
    world.db.close();
    await world.open();
    await world.images.reconcile({ signal });
    await world.images.remove('multi:1', { force: false, noPrune: false });
    expect(await world.images.inspect('other:2', { platform: armV7 })).toMatchObject({ Architecture: 'arm' });
    await world.images.remove('other:2', { force: false, noPrune: false });
    await world.snapshots.synced();
    world.expectNothingKept();
  });

  it('is not given up while a container of another platform is there', async () => {
    await pullAll();
    const arm = await world.images.getPlatform('multi:1', arm64, { signal });
    world.users = [{ imageId: arm.id, containerId: 'c'.repeat(64), running: false }];
    await expect(world.images.remove('multi:1', { force: false, noPrune: false })).rejects.toThrow(/must force/);
    await world.images.remove('multi:1', { force: true, noPrune: false });
    // What the container was made of stays, as an image without a name.
    expect(world.images.find(arm.id)).toBeDefined();
    expect((await list({ dangling: 'true' })).map(({ Id }) => Id)).toEqual([arm.id]);
  });

  it('stays so when the same is pulled again, with one platform or all', async () => {
    const first = await pullAll();
    world.lines = [];
    await world.pull('multi:1');
    expect(world.statuses()).toContain('Status: Image is up to date for multi:1');
    expect((await world.pull('multi:1', { platform: arm64 })).platform).toEqual(arm64);
    expect(world.images.get('multi:1').id).toBe(first.id);
    expect(await list()).toHaveLength(1);
    expect((await list({ manifests: true }))[0]?.Manifests).toHaveLength(4);
  });

  it('is pushed byte for byte, or one platform of it', async () => {
    await pullAll();
    await world.images.tag('multi:1', 'host.test/copy:1');
    await world.images.push('host.test/copy:1', { signal, onProgress: world.onProgress });
    expect(world.lines.at(-1)?.aux).toMatchObject({ Tag: '1', Digest: indexDigest });
    await world.images.tag('multi:1', 'host.test/arm:1');
    await world.images.push('host.test/arm:1', { signal, onProgress: world.onProgress, platform: armV7 });
    const pushed = async (name: string) =>
      (await world.registry.fetchManifest(parseNamed(name), { signal })).descriptor.digest;
    expect(await pushed('host.test/copy:1')).toBe(indexDigest);
    const { Manifests } = await world.images.inspect('multi:1', { manifests: true });
    expect(await pushed('host.test/arm:1')).toBe(Manifests?.[2]?.ID);
    await expect(
      world.images.push('host.test/arm:1', {
        signal,
        onProgress: world.onProgress,
        platform: { os: 'windows', architecture: 'amd64' },
      }),
    ).rejects.toThrow(/does not match the specified platform/);
  });

  it('goes through save and load with every platform', async () => {
    await pullAll();
    const archive = await buffer(await world.images.save(['multi:1'], { signal }));
    await using other = await ImageWorld.create();
    await other.images.load(Readable.from([archive], { objectMode: false }), {
      quiet: true,
      signal,
      onProgress: () => undefined,
    });
    const inspected = await other.images.inspect('multi:1', { manifests: true });
    expect(inspected.Descriptor?.digest).toBe(indexDigest);
    expect(inspected.Manifests?.map(({ Available }) => Available)).toEqual([true, true, true, true]);
    expect((await other.images.getPlatform('multi:1', arm64, { signal })).platform).toEqual(arm64);
  });

  it('is saved with the platforms that are asked for', async () => {
    await pullAll();
    const archive = await buffer(await world.images.save(['multi:1'], { signal, platforms: [arm64, armV7] }));
    await using other = await ImageWorld.create();
    await other.images.load(Readable.from([archive], { objectMode: false }), {
      quiet: true,
      signal,
      onProgress: () => undefined,
    });
    const { Manifests } = await other.images.inspect('multi:1', { manifests: true });
    expect(Manifests?.map(({ Available }) => Available)).toEqual([false, true, true, false]);
    // A registry would refuse the index: what is here goes alone.
    const lines: string[] = [];
    await other.images.push('multi:1', { signal, onProgress: ({ status = '' }) => void lines.push(status) });
    expect(lines.join('\n')).toMatch(/not here in full \(linux\/amd64, unknown\/unknown\): pushing linux\/arm64 alone/);
  });

  it('gives up platforms one by one', async () => {
    await pullAll();
    await world.images.remove('multi:1', { force: false, noPrune: false, platforms: [armV7] });
    const { Manifests } = await world.images.inspect('multi:1', { manifests: true });
    expect(Manifests?.map(({ Available }) => Available)).toEqual([true, true, false, true]);
    await expect(world.images.remove('multi:1', { force: false, noPrune: false, platforms: [amd64] })).rejects.toThrow(
      /it is what the name stands for/,
    );
    await world.images.remove('multi:1', { force: false, noPrune: false, platforms: [amd64, arm64] });
    expect(await list()).toEqual([]);
  });

  it('leaves nothing when its pull is cancelled in the middle', async () => {
    const stop = new AbortController();
    let pieces = 0;
    world.registry.hook = (_, piece) => {
      if (++pieces === 4) stop.abort(new Error('enough'));
      return piece;
    };
    await expect(
      world.images.pull('multi:1', { signal: stop.signal, onProgress: world.onProgress, allPlatforms: true }),
    ).rejects.toThrow('enough');
    await world.snapshots.synced();
    world.expectNothingKept();
  });
});
