import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WharfError } from '../../contract/errors.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseNamed } from '../../oci/reference.ts';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { digestOf } from './image-fixture.ts';
import { amd64, ImageWorld, short, signal } from './image-test-world.ts';

let world: ImageWorld;

const big = tarOf([{ name: 'big', content: randomBytes(1_500_000) }]);
const base = tarOf([{ name: 'etc/' }, { name: 'etc/issue', content: 'hello' }]);
const upper = tarOf([{ name: 'etc/motd', content: 'more' }, { name: 'etc/.wh.issue' }]);
beforeEach(async () => {
  world = await ImageWorld.create();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('pull', () => {
  it('brings an image, tells what it does as docker does, and unpacks it', async () => {
    const { digest } = world.registry.add('busybox:latest', {
      layers: [{ tar: base }, { tar: upper, packing: 'zstd' }, { tar: big, packing: 'none' }],
      config: { Env: ['A=b'], Cmd: ['sh'], Labels: { l: 'v' } },
    });
    const image = await world.pull('busybox');
    expect(image.config).toEqual({ Env: ['A=b'], Cmd: ['sh'], Labels: { l: 'v' } });
    expect(image.repoTags).toEqual(['busybox:latest']);
    expect(image.repoDigests).toEqual([`busybox@${digest}`]);
    const said = world.statuses();
    expect(said[0]).toBe('latest: Pulling from library/busybox');
    expect(said.slice(-2)).toEqual([`Digest: ${digest}`, 'Status: Downloaded newer image for busybox:latest']);
    const layer = short((await world.images.inspect('busybox')).Descriptor?.digest ?? '');
    expect(layer).toHaveLength(12);
    for (const status of [
      'Pulling fs layer',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
    ]) {
      expect(said.filter((line) => line?.endsWith(`: ${status}`)).length, status).toBeGreaterThanOrEqual(3);
    }
    await world.snapshots.prepare('c', image.topLayer);
    const merged = await world.snapshots.mount('c');
    expect(readFileSync(join(merged, 'etc/motd'), 'utf8')).toBe('more');
    expect(existsSync(join(merged, 'etc/issue'))).toBe(false);
    expect(world.events.history().at(-1)).toMatchObject({
      Action: 'pull',
      Actor: { ID: 'busybox:latest', Attributes: { name: 'busybox', l: 'v' } },
    });
  });

  it('fetches nothing twice: layers in common exist already, and a second pull is up to date', async () => {
    world.registry.add('one', { layers: [{ tar: base }] });
    world.registry.add('two', { layers: [{ tar: base }, { tar: upper }] });
    await world.pull('one');
    world.lines = [];
    await world.pull('two');
    expect(world.statuses().filter((line) => line?.includes('Already exists'))).toHaveLength(1);
    expect(new Set(world.registry.fetched).size).toBe(world.registry.fetched.length);
    world.lines = [];
    await world.pull('two');
    expect(world.statuses().at(-1)).toBe('Status: Image is up to date for two:latest');
  });

  it('says nothing of layers when the image is here under another name', async () => {
    world.registry.add('here', { layers: [{ tar: base }] });
    world.registry.add('elsewhere', { layers: [{ tar: base }] });
    await world.pull('here');
    world.lines = [];
    await world.pull('elsewhere');
    expect(world.statuses().slice(0, -2)).toEqual(['latest: Pulling from library/elsewhere']);
    expect(world.statuses().at(-1)).toBe('Status: Downloaded newer image for elsewhere:latest');
  });

  it('follows a moved tag and leaves the old image without it', async () => {
    world.registry.add('app:1', { layers: [{ tar: base }] });
    const old = await world.pull('app:1');
    world.registry.add('app:1', { layers: [{ tar: upper }] });
    const fresh = await world.pull('app:1');
    expect(fresh.id).not.toBe(old.id);
    expect(world.images.get(old.id).repoTags).toEqual([]);
    expect(world.images.get('app:1').id).toBe(fresh.id);
    expect(world.statuses().at(-1)).toBe('Status: Downloaded newer image for app:1');
  });

  it('pulls by digest, without a tag', async () => {
    const { digest } = world.registry.add('app:1', { layers: [{ tar: base }] });
    const image = await world.pull(`app@${digest}`);
    expect(image.repoTags).toEqual([]);
    expect(image.repoDigests).toEqual([`app@${digest}`]);
    expect(world.images.get(`app@${digest}`).id).toBe(image.id);
    expect(world.images.find('app:1')).toBeUndefined();
  });

  it('picks the platform of an index, or says which there are', async () => {
    const arm = world.registry.add('multi:arm', {
      layers: [{ tar: upper }],
      platform: { os: 'linux', architecture: 'arm64' },
    });
    const amd = world.registry.add('multi:amd', { layers: [{ tar: base }] });
    const manifests = [
      { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
      { ...amd, platform: amd64 },
    ];
    const index = world.registry.addManifest('multi:latest', {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests,
    });
    const image = await world.pull('multi');
    expect(image.platform.architecture).toBe('amd64');
    expect(image.repoDigests).toEqual([`multi@${index.digest}`]);
    const other = await world.pull('multi', { platform: { os: 'linux', architecture: 'arm64' } });
    expect(other.platform.architecture).toBe('arm64');
    const none = world.pull('multi', { platform: { os: 'linux', architecture: 's390x' } });
    await expect(none).rejects.toMatchObject({
      code: 'image.no-platform',
      hint: expect.stringContaining('linux/arm64'),
    });
    const single = world.pull('multi:amd', { platform: { os: 'linux', architecture: 's390x' } });
    await expect(single).rejects.toMatchObject({ code: 'image.no-platform' });
  });

  it('refuses what is no image that can be unpacked, and keeps nothing of it', async () => {
    const chart = {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      digest: `sha256:${'0'.repeat(64)}`,
      size: 2,
    };
    world.registry.addManifest('chart:1', {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: chart,
      layers: [],
    });
    await expect(world.pull('chart:1')).rejects.toMatchObject({ code: 'image.unsupported' });
    world.registry.addManifest('old:1', { schemaVersion: 1, mediaType: mediaTypes.dockerManifestV1Signed });
    await expect(world.pull('old:1')).rejects.toMatchObject({ code: 'image.unsupported' });
    await expect(world.pull('nowhere')).rejects.toMatchObject({ code: 'manifest.unknown' });
    world.expectNothingKept();
  });

  it.each([
    ['climbs out', tarOf([{ name: '../../evil', content: 'x' }]), 'layer.unsafe'],
    ['is damaged', Buffer.concat([base.subarray(0, 700), randomBytes(2000)]), 'layer.corrupt'],
  ])('refuses a layer that %s, and keeps nothing of the image', async (_, tar, code) => {
    world.registry.add('bad', { layers: [{ tar: base }, { tar }] });
    await expect(world.pull('bad')).rejects.toMatchObject({ code });
    expect(world.images.find('bad')).toBeUndefined();
    world.expectNothingKept();
  });

  it('refuses blobs and layers whose digests differ', async () => {
    world.registry.add('liar', { layers: [{ tar: big }] });
    world.registry.hook = (_, piece) => Buffer.alloc(piece.length, 1);
    await expect(world.pull('liar')).rejects.toMatchObject({
      code: 'digest.mismatch',
      message: expect.stringMatching(/^the bytes of the blob sha256:\w{64} have the digest sha256:\w{64}$/),
    });
    world.expectNothingKept();
    world.registry.hook = (_, piece) => piece;
    const config = {
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [`sha256:${'a'.repeat(64)}`] },
    };
    const configBytes = Buffer.from(JSON.stringify(config));
    world.registry.blobs.set(digestOf(configBytes), configBytes);
    world.registry.blobs.set(digestOf(base), base);
    world.registry.addManifest('liar:2', {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(configBytes), size: configBytes.length },
      layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(base), size: base.length }],
    });
    await expect(world.pull('liar:2')).rejects.toMatchObject({ code: 'digest.mismatch' });
    world.expectNothingKept();
  });

  it('refuses a blob that claims to be a layer which is here already', async () => {
    world.registry.add('honest', { layers: [{ tar: base }] });
    await world.pull('honest');
    const other = world.registry.add('other', { layers: [{ tar: upper }] });
    const document = async (name: string) => (await world.registry.fetchManifest(parseNamed(name), { signal })).bytes;
    const lying = JSON.parse(Buffer.from(await document('other')).toString());
    const honest = JSON.parse(Buffer.from(await document('honest')).toString());
    expect(lying.mediaType).toBe(other.mediaType);
    world.registry.addManifest('liar', { ...honest, layers: lying.layers });
    await expect(world.pull('liar')).rejects.toMatchObject({ code: 'digest.mismatch' });
    // Nor when the blob is here for another image.
    await world.pull('other');
    await expect(world.pull('liar')).rejects.toMatchObject({ code: 'digest.mismatch' });
    expect(world.images.find('liar')).toBeUndefined();
    await expect(world.pull('honest')).resolves.toMatchObject({ repoTags: ['honest:latest'] });
  });

  it('resumes after a cut connection', async () => {
    world.registry.add('cut', { layers: [{ tar: big }] });
    let sent = 0;
    world.registry.hook = (_, piece) => {
      sent += piece.length;
      if (sent > 800_000) throw new WharfError('registry.unreachable', 'connection reset');
      return piece;
    };
    await expect(world.pull('cut')).rejects.toMatchObject({ code: 'registry.unreachable' });
    const resumedFrom = sent;
    sent = 0;
    world.registry.hook = (_, piece) => {
      sent += piece.length;
      return piece;
    };
    await world.pull('cut');
    expect(sent).toBeLessThan(resumedFrom);
  });

  it('runs three downloads at once and shares what two pulls both want', async () => {
    const layers = Array.from({ length: 6 }, (_, at) => ({
      tar: tarOf([{ name: `f${at}`, content: randomBytes(300_000) }]),
    }));
    world.registry.add('many:a', { layers });
    world.registry.add('many:b', { layers: layers.slice(0, 5) });
    const [a, b] = await Promise.all([world.pull('many:a'), world.pull('many:b'), world.pull('many:a')]);
    expect(world.registry.mostAtOnce).toBeLessThanOrEqual(5);
    expect(new Set(world.registry.fetched).size).toBe(world.registry.fetched.length);
    expect(world.images.get('many:a').id).toBe(a.id);
    expect(world.images.get('many:b').id).toBe(b.id);
  });

  it('leaves nothing when cancelled, at whatever instant', async () => {
    const layers = [{ tar: base }, { tar: big }, { tar: upper }];
    world.registry.add('cancel', { layers });
    world.registry.pieceBytes = 200_000;
    for (const stopAt of [1, 2, 3, 5, 8, 10, 12, 14, 16, 18, 20, 24]) {
      const controller = new AbortController();
      let count = 0;
      const work = world.images.pull('cancel', {
        signal: controller.signal,
        onProgress: () => {
          if (++count === stopAt) controller.abort();
        },
      });
      const cancelled = await work.then(
        () => false,
        () => true,
      );
      if (!cancelled) {
        await world.images.remove('cancel', { force: true, noPrune: false });
        continue;
      }
      expect(world.images.find('cancel')).toBeUndefined();
      world.expectNothingKept();
    }
  });

  it('goes on for one of two when the other is cancelled', async () => {
    world.registry.add('shared', { layers: [{ tar: big }] });
    world.registry.pieceBytes = 100_000;
    const controller = new AbortController();
    const first = world.images.pull('shared', { signal: controller.signal, onProgress: () => {} });
    const second = world.pull('shared');
    world.registry.hook = (_, piece) => {
      controller.abort();
      return piece;
    };
    await expect(first).rejects.toThrow();
    expect((await second).repoTags).toEqual(['shared:latest']);
  });

  it('keeps what a pull needs when the image is removed meanwhile', async () => {
    world.registry.add('app:1', { layers: [{ tar: base }] });
    world.registry.add('app:2', { layers: [{ tar: base }, { tar: big }] });
    await world.pull('app:1');
    world.registry.pieceBytes = 100_000;
    let removal: Promise<unknown> | undefined;
    world.registry.hook = (_, piece) => {
      removal ??= world.images.remove('app:1', { force: false, noPrune: false });
      return piece;
    };
    const image = await world.pull('app:2');
    await removal;
    expect(world.images.find('app:1')).toBeUndefined();
    await world.snapshots.prepare('c', image.topLayer);
    expect(existsSync(join(await world.snapshots.mount('c'), 'etc/issue'))).toBe(true);
  });
});
