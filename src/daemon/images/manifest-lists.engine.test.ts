import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseNamed } from '../../oci/reference.ts';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { amd64, ImageWorld, signal } from './image-test-world.ts';
import type { ManifestService } from './manifest-service.ts';

const arm64 = { os: 'linux', architecture: 'arm64' };
const access = { authFor: () => undefined, signal };
const one = { all: false };

let world: ImageWorld;
let lists: ManifestService;
let digests: { readonly amd: string; readonly arm: string };

beforeEach(async () => {
  world = await ImageWorld.create();
  const add = (name: string, platform: typeof amd64) =>
    world.registry.add(name, { layers: [{ tar: tarOf([{ name: 'arch', content: name }]) }], platform }).digest;
  digests = { amd: add('reg.test/app:amd64', amd64), arm: add('reg.test/app:arm64', arm64) };
  lists = world.images.manifests;
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const create = (images: readonly string[], more: { amend?: boolean; all?: boolean } = {}) =>
  lists.create('reg.test/app:1', { images, amend: more.amend ?? false, all: more.all ?? false }, access);
const document = async () => JSON.parse((await lists.inspect('reg.test/app:1', access)).Document);
const push = (destination?: string, purge = false) =>
  lists.push('reg.test/app:1', destination, { ...access, purge, onProgress: world.onProgress });

describe('manifest lists', () => {
  it('are made of images of registries, and pushed as an index with them', async () => {
    const digest = await create(['reg.test/app:amd64', 'reg.test/app:arm64']);
    expect(await document()).toMatchObject({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        { digest: digests.amd, platform: amd64 },
        { digest: digests.arm, platform: arm64 },
      ],
    });
    await push();
    const pushed = await world.registry.fetchManifest(parseNamed('reg.test/app:1'), { signal });
    expect(pushed.descriptor.digest).toBe(digest);
    expect(world.lines.at(-1)?.aux).toMatchObject({ Tag: '1', Digest: digest });
    expect((await world.pull('reg.test/app:1', { platform: arm64 })).platform).toEqual(arm64);
    // Layers went from registry to registry.
    expect(lists.list()).toMatchObject([{ Name: 'reg.test/app:1', Platforms: ['linux/amd64', 'linux/arm64'] }]);
  });

  it('take local images first, and keep their blobs when the image goes', async () => {
    await world.pull('reg.test/app:arm64', { platform: arm64 });
    await create(['reg.test/app:arm64']);
    await world.images.remove('reg.test/app:arm64', { force: false, noPrune: false });
    world.registry.blobs.clear();
    await push('other.test/x:2');
    expect(world.registry.blobs.size).toBe(2);
    await lists.delete('reg.test/app:1');
    await world.snapshots.synced();
    world.expectNothingKept();
  });

  it('survive a restart', async () => {
    const digest = await create(['reg.test/app:amd64']);
    world.db.close();
    await world.open();
    await world.images.reconcile({ signal });
    const found = await world.images.manifests.inspect('reg.test/app:1', access);
    expect(found).toMatchObject({ Origin: 'list', Digest: digest });
    expect(
      await world.images.verify({ ...access, names: [], repair: false, blobsOnly: false, onProgress: () => undefined }),
    ).toMatchObject({ Blobs: 2, Findings: [] });
  });

  it('are not made over one that is there, unless asked to', async () => {
    await create(['reg.test/app:amd64']);
    await expect(create(['reg.test/app:arm64'])).rejects.toMatchObject({ code: 'request.conflict' });
    await create(['reg.test/app:arm64'], { amend: true });
    expect((await document()).manifests).toHaveLength(2);
  });

  it('say of their images what they are told', async () => {
    await create([]);
    await lists.add('reg.test/app:1', 'reg.test/app:arm64', { ...one, variant: 'v8' }, access);
    await lists.annotate('reg.test/app:1', digests.arm, { osFeatures: ['sse4'], annotations: { a: 'b' } });
    await lists.annotate('reg.test/app:1', undefined, { annotations: { whole: 'list' } });
    expect(await document()).toMatchObject({
      annotations: { whole: 'list' },
      manifests: [{ platform: { ...arm64, variant: 'v8', 'os.features': ['sse4'] }, annotations: { a: 'b' } }],
    });
    await expect(lists.annotate('reg.test/app:1', 'reg.test/nope', {})).rejects.toMatchObject({
      code: 'manifest.unknown',
    });
    await lists.remove('reg.test/app:1', 'reg.test/app:arm64');
    expect((await document()).manifests).toEqual([]);
    await expect(push()).rejects.toThrow(/is empty/);
  });

  it('take one platform of an index, or all, and say which manifest is meant', async () => {
    await create(['reg.test/app:amd64', 'reg.test/app:arm64']);
    await push('reg.test/both:1', true);
    expect(lists.list()).toEqual([]);
    await create(['reg.test/both:1']);
    expect((await document()).manifests).toMatchObject([{ platform: amd64 }]);
    await create(['reg.test/both:1'], { amend: true, all: true });
    expect((await document()).manifests).toHaveLength(2);
    await expect(lists.remove('reg.test/app:1', 'reg.test/both:1')).rejects.toThrow('is 2 manifests of the list');
  });

  it('are told from what a registry has', async () => {
    expect(await lists.inspect('reg.test/app:arm64', access)).toMatchObject({
      Origin: 'registry',
      Digest: digests.arm,
      MediaType: mediaTypes.ociManifest,
    });
    await expect(lists.inspect('reg.test/nope', access)).rejects.toMatchObject({ code: 'manifest.unknown' });
    await expect(lists.delete('reg.test/app:arm64')).rejects.toThrow('no such manifest list');
  });
});
