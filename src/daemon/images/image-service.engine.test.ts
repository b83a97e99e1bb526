import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WharfError } from '../../contract/errors.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { type ContentStore, createContentStore } from '../content/content-store.ts';
import { createEventBus, type EventBus } from '../events/event-bus.ts';
import { createLayerWorkerPool, type LayerWorkerPool } from '../snapshots/layer-worker-pool.ts';
import { createOverlaySnapshotter } from '../snapshots/overlay-snapshotter.ts';
import type { WharfSnapshotter } from '../snapshots/snapshotter-extras.ts';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { createImageService, type WharfImageService } from './create-image-service.ts';
import { digestOf, FakeRegistry } from './image-fixture.ts';
import type { ProgressMessage } from './image-service.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const signal = new AbortController().signal;
let root = '';
let pool: LayerWorkerPool;
let registry: FakeRegistry;
let events: EventBus;
let content: ContentStore;
let snapshots: WharfSnapshotter;
let images: WharfImageService;
let db: DatabaseSync;
let lines: ProgressMessage[] = [];
let users: { imageId: string; containerId: string; running: boolean }[] = [];

const big = tarOf([{ name: 'big', content: randomBytes(1_500_000) }]);
const base = tarOf([{ name: 'etc/' }, { name: 'etc/issue', content: 'hello' }]);
const upper = tarOf([{ name: 'etc/motd', content: 'more' }, { name: 'etc/.wh.issue' }]);

async function open(): Promise<void> {
  db = new DatabaseSync(join(root, 'wharf.db'));
  content = createContentStore({ root: join(root, 'content') });
  await content.init();
  snapshots = await createOverlaySnapshotter({ root: join(root, 'snapshots'), pool });
  events = createEventBus();
  users = [];
  const usersOf = (imageId: string) => users.filter((user) => user.imageId === imageId);
  images = createImageService({ db, content, snapshots, registry, events, users: { usersOf }, platform: amd64 });
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'wharf-images-'));
  pool = createLayerWorkerPool();
  registry = new FakeRegistry();
  lines = [];
  await open();
});
afterEach(async () => {
  for (const key of snapshots.keys()) await snapshots.remove(key);
  await snapshots.synced();
  await pool[Symbol.asyncDispose]();
  db.close();
  rmSync(root, { recursive: true, force: true });
});

function pull(name: string, options: { signal?: AbortSignal; platform?: typeof amd64 } = {}) {
  return images.pull(name, { signal, onProgress: (line) => lines.push(line), ...options });
}
const statuses = () => lines.map((line) => (line.id === undefined ? line.status : `${line.id}: ${line.status}`));
const short = (digest: string) => digest.slice(7, 19);
const actions = () => events.history().map((event) => event.Action);

/** No file of content or layers is left. */
function expectNothingKept(): void {
  expect(readdirSync(join(root, 'content/blobs/sha256'))).toEqual([]);
  expect(readdirSync(join(root, 'content/ingest'))).toEqual([]);
  expect(readdirSync(join(root, 'snapshots/layers'))).toEqual([]);
  expect(readdirSync(join(root, 'snapshots/incoming'))).toEqual([]);
  expect(readdirSync(join(root, 'snapshots/l'))).toEqual([]);
}

describe('pull', () => {
  it('brings an image, tells what it does as docker does, and unpacks it', async () => {
    const { digest } = registry.add('busybox:latest', {
      layers: [{ tar: base }, { tar: upper, packing: 'zstd' }, { tar: big, packing: 'none' }],
      config: { Env: ['A=b'], Cmd: ['sh'], Labels: { l: 'v' } },
    });
    const image = await pull('busybox');
    expect(image.config).toEqual({ Env: ['A=b'], Cmd: ['sh'], Labels: { l: 'v' } });
    expect(image.repoTags).toEqual(['busybox:latest']);
    expect(image.repoDigests).toEqual([`busybox@${digest}`]);
    const said = statuses();
    expect(said[0]).toBe('latest: Pulling from library/busybox');
    expect(said.slice(-2)).toEqual([`Digest: ${digest}`, 'Status: Downloaded newer image for busybox:latest']);
    const layer = short((await images.inspect('busybox')).Descriptor?.digest ?? '');
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
    await snapshots.prepare('c', image.topLayer);
    const merged = await snapshots.mount('c');
    expect(readFileSync(join(merged, 'etc/motd'), 'utf8')).toBe('more');
    expect(existsSync(join(merged, 'etc/issue'))).toBe(false);
    expect(events.history().at(-1)).toMatchObject({
      Action: 'pull',
      Actor: { ID: 'busybox:latest', Attributes: { name: 'busybox', l: 'v' } },
    });
  });

  it('fetches nothing twice: layers in common exist already, and a second pull is up to date', async () => {
    registry.add('one', { layers: [{ tar: base }] });
    registry.add('two', { layers: [{ tar: base }, { tar: upper }] });
    await pull('one');
    lines = [];
    await pull('two');
    expect(statuses().filter((line) => line?.includes('Already exists'))).toHaveLength(1);
    expect(new Set(registry.fetched).size).toBe(registry.fetched.length);
    lines = [];
    await pull('two');
    expect(statuses().at(-1)).toBe('Status: Image is up to date for two:latest');
  });

  it('follows a moved tag and leaves the old image without it', async () => {
    registry.add('app:1', { layers: [{ tar: base }] });
    const old = await pull('app:1');
    registry.add('app:1', { layers: [{ tar: upper }] });
    const fresh = await pull('app:1');
    expect(fresh.id).not.toBe(old.id);
    expect(images.get(old.id).repoTags).toEqual([]);
    expect(images.get('app:1').id).toBe(fresh.id);
    expect(statuses().at(-1)).toBe('Status: Downloaded newer image for app:1');
  });

  it('pulls by digest, without a tag', async () => {
    const { digest } = registry.add('app:1', { layers: [{ tar: base }] });
    const image = await pull(`app@${digest}`);
    expect(image.repoTags).toEqual([]);
    expect(image.repoDigests).toEqual([`app@${digest}`]);
    expect(images.get(`app@${digest}`).id).toBe(image.id);
    expect(images.find('app:1')).toBeUndefined();
  });

  it('picks the platform of an index, or says which there are', async () => {
    const arm = registry.add('multi:arm', {
      layers: [{ tar: upper }],
      platform: { os: 'linux', architecture: 'arm64' },
    });
    const amd = registry.add('multi:amd', { layers: [{ tar: base }] });
    const manifests = [
      { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
      { ...amd, platform: amd64 },
    ];
    const index = registry.addManifest('multi:latest', { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    const image = await pull('multi');
    expect(image.platform.architecture).toBe('amd64');
    expect(image.repoDigests).toEqual([`multi@${index.digest}`]);
    const other = await pull('multi', { platform: { os: 'linux', architecture: 'arm64' } });
    expect(other.platform.architecture).toBe('arm64');
    const none = pull('multi', { platform: { os: 'linux', architecture: 's390x' } });
    await expect(none).rejects.toMatchObject({
      code: 'image.no-platform',
      hint: expect.stringContaining('linux/arm64'),
    });
    const single = pull('multi:amd', { platform: { os: 'linux', architecture: 's390x' } });
    await expect(single).rejects.toMatchObject({ code: 'image.no-platform' });
  });

  it('refuses what is no image that can be unpacked, and keeps nothing of it', async () => {
    const chart = {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      digest: `sha256:${'0'.repeat(64)}`,
      size: 2,
    };
    registry.addManifest('chart:1', { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: chart, layers: [] });
    await expect(pull('chart:1')).rejects.toMatchObject({ code: 'image.unsupported' });
    registry.addManifest('old:1', { schemaVersion: 1, mediaType: mediaTypes.dockerManifestV1Signed });
    await expect(pull('old:1')).rejects.toMatchObject({ code: 'image.unsupported' });
    await expect(pull('nowhere')).rejects.toMatchObject({ code: 'manifest.unknown' });
    expectNothingKept();
  });

  it.each([
    ['climbs out', tarOf([{ name: '../../evil', content: 'x' }]), 'layer.unsafe'],
    ['is damaged', Buffer.concat([base.subarray(0, 700), randomBytes(2000)]), 'layer.corrupt'],
  ])('refuses a layer that %s, and keeps nothing of the image', async (_, tar, code) => {
    registry.add('bad', { layers: [{ tar: base }, { tar }] });
    await expect(pull('bad')).rejects.toMatchObject({ code });
    expect(images.find('bad')).toBeUndefined();
    expectNothingKept();
  });

  it('refuses blobs and layers whose digests differ', async () => {
    registry.add('liar', { layers: [{ tar: big }] });
    registry.hook = (_, piece) => Buffer.alloc(piece.length, 1);
    await expect(pull('liar')).rejects.toMatchObject({ code: 'digest.mismatch' });
    expectNothingKept();
    registry.hook = (_, piece) => piece;
    const config = {
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [`sha256:${'a'.repeat(64)}`] },
    };
    const configBytes = Buffer.from(JSON.stringify(config));
    registry.blobs.set(digestOf(configBytes), configBytes);
    registry.blobs.set(digestOf(base), base);
    registry.addManifest('liar:2', {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(configBytes), size: configBytes.length },
      layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf(base), size: base.length }],
    });
    await expect(pull('liar:2')).rejects.toMatchObject({ code: 'digest.mismatch' });
    expectNothingKept();
  });

  it('resumes after a cut connection', async () => {
    registry.add('cut', { layers: [{ tar: big }] });
    let sent = 0;
    registry.hook = (_, piece) => {
      sent += piece.length;
      if (sent > 800_000) throw new WharfError('registry.unreachable', 'connection reset');
      return piece;
    };
    await expect(pull('cut')).rejects.toMatchObject({ code: 'registry.unreachable' });
    const resumedFrom = sent;
    sent = 0;
    registry.hook = (_, piece) => {
      sent += piece.length;
      return piece;
    };
    await pull('cut');
    expect(sent).toBeLessThan(resumedFrom);
  });

  it('runs three downloads at once and shares what two pulls both want', async () => {
    const layers = Array.from({ length: 6 }, (_, at) => ({
      tar: tarOf([{ name: `f${at}`, content: randomBytes(300_000) }]),
    }));
    registry.add('many:a', { layers });
    registry.add('many:b', { layers: layers.slice(0, 5) });
    const [a, b] = await Promise.all([pull('many:a'), pull('many:b'), pull('many:a')]);
    expect(registry.mostAtOnce).toBeLessThanOrEqual(5);
    expect(new Set(registry.fetched).size).toBe(registry.fetched.length);
    expect(images.get('many:a').id).toBe(a.id);
    expect(images.get('many:b').id).toBe(b.id);
  });

  it('leaves nothing when cancelled, at whatever instant', async () => {
    const layers = [{ tar: base }, { tar: big }, { tar: upper }];
    registry.add('cancel', { layers });
    registry.pieceBytes = 200_000;
    for (const stopAt of [1, 2, 3, 5, 8, 10, 12, 14, 16, 18, 20, 24]) {
      const controller = new AbortController();
      let count = 0;
      const work = images.pull('cancel', {
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
        await images.remove('cancel', { force: true, noPrune: false });
        continue;
      }
      expect(images.find('cancel')).toBeUndefined();
      expectNothingKept();
    }
  });

  it('goes on for one of two when the other is cancelled', async () => {
    registry.add('shared', { layers: [{ tar: big }] });
    registry.pieceBytes = 100_000;
    const controller = new AbortController();
    const first = images.pull('shared', { signal: controller.signal, onProgress: () => {} });
    const second = pull('shared');
    registry.hook = (_, piece) => {
      controller.abort();
      return piece;
    };
    await expect(first).rejects.toThrow();
    expect((await second).repoTags).toEqual(['shared:latest']);
  });

  it('keeps what a pull needs when the image is removed meanwhile', async () => {
    registry.add('app:1', { layers: [{ tar: base }] });
    registry.add('app:2', { layers: [{ tar: base }, { tar: big }] });
    await pull('app:1');
    registry.pieceBytes = 100_000;
    let removal: Promise<unknown> | undefined;
    registry.hook = (_, piece) => {
      removal ??= images.remove('app:1', { force: false, noPrune: false });
      return piece;
    };
    const image = await pull('app:2');
    await removal;
    expect(images.find('app:1')).toBeUndefined();
    await snapshots.prepare('c', image.topLayer);
    expect(existsSync(join(await snapshots.mount('c'), 'etc/issue'))).toBe(true);
  });
});

describe('finding', () => {
  it('takes names, full and short IDs, and says when one is ambiguous', async () => {
    for (let at = 0; at < 18; at++) registry.add(`n${at}`, { layers: [{ tar: base }], config: { Env: [`N=${at}`] } });
    const ids: string[] = [];
    for (let at = 0; at < 18; at++) ids.push((await pull(`n${at}`)).id);
    const [first = ''] = ids;
    for (const name of ['n0', 'n0:latest', 'docker.io/library/n0', first, first.slice(7), first.slice(7, 30)]) {
      expect(images.get(name).id, name).toBe(first);
    }
    // 18 IDs share 16 first digits.
    const digits = ids.map((id) => id.slice(7, 8));
    const twice = digits.find((digit, at) => digits.indexOf(digit) !== at) ?? '';
    expect(() => images.get(twice)).toThrow(expect.objectContaining({ code: 'image.ambiguous' }));
    expect(() => images.get('nope')).toThrow('No such image: nope:latest');
  });
});

describe('remove', () => {
  beforeEach(() => {
    registry.add('app:1', { layers: [{ tar: base }, { tar: upper }] });
  });

  it('takes one name of several away, and the image with the last', async () => {
    const { id } = await pull('app:1');
    await images.tag('app:1', 'other:x');
    expect(await images.remove('app:1', { force: false, noPrune: false })).toEqual([{ Untagged: 'app:1' }]);
    const left = images.get(id).repoDigests;
    expect(left).toHaveLength(1);
    const items = await images.remove('other:x', { force: false, noPrune: false });
    expect(items[0]).toEqual({ Untagged: 'other:x' });
    // The digest of the other repository still names it.
    expect(images.find(id)).toBeDefined();
    const gone = await images.remove(id, { force: false, noPrune: false });
    expect(gone).toContainEqual({ Deleted: id });
    expect(gone.filter((item) => item.Deleted !== undefined)).toHaveLength(3);
    expectNothingKept();
    expect(actions()).toEqual(['pull', 'tag', 'untag', 'untag', 'untag', 'delete']);
  });

  it('by name removes tag, digest and image in one go', async () => {
    const { id, repoDigests } = await pull('app:1');
    const items = await images.remove('app:1', { force: false, noPrune: false });
    expect(items.slice(0, 3)).toEqual([{ Untagged: 'app:1' }, { Untagged: repoDigests[0] }, { Deleted: id }]);
    expectNothingKept();
  });

  it("refuses with docker's words while containers use it", async () => {
    const { id } = await pull('app:1');
    const containerId = 'c0ffee'.repeat(10);
    users = [{ imageId: id, containerId, running: false }];
    await expect(images.remove('app:1', { force: false, noPrune: false })).rejects.toMatchObject({
      code: 'image.in-use',
      message: `conflict: unable to remove repository reference "app:1" (must force) - container c0ffeec0ffee is using its referenced image ${short(id)}`,
    });
    await expect(images.remove(id, { force: false, noPrune: false })).rejects.toMatchObject({
      message: `conflict: unable to delete ${short(id)} (must be forced) - image is being used by stopped container c0ffeec0ffee`,
    });
    users = [{ imageId: id, containerId, running: true }];
    await expect(images.remove(id, { force: true, noPrune: false })).rejects.toMatchObject({
      message: `conflict: unable to delete ${short(id)} (cannot be forced) - image is being used by running container c0ffeec0ffee`,
    });
    users = [];
    await images.tag('app:1', 'second');
    await expect(images.remove(id, { force: false, noPrune: false })).rejects.toMatchObject({
      message: `conflict: unable to delete ${short(id)} (must be forced) - image is referenced in multiple repositories`,
    });
    await images.remove(id, { force: true, noPrune: false });
    expect(images.find(id)).toBeUndefined();
  });

  it('keeps the layers a container stands on when forced', async () => {
    const image = await pull('app:1');
    await snapshots.prepare('c', image.topLayer);
    users = [{ imageId: image.id, containerId: 'c'.repeat(64), running: false }];
    await images.remove('app:1', { force: true, noPrune: false });
    expect(images.find('app:1')).toBeUndefined();
    expect(existsSync(join(await snapshots.mount('c'), 'etc/motd'))).toBe(true);
  });

  it('prune takes untagged images, or all unused ones, and tells what came free', async () => {
    const old = await pull('app:1');
    registry.add('app:1', { layers: [{ tar: big }] });
    const fresh = await pull('app:1');
    const first = await images.prune(new Map());
    expect(first.ImagesDeleted).toContainEqual({ Deleted: old.id });
    expect(first.SpaceReclaimed).toBeGreaterThan(0);
    expect(images.find(fresh.id)).toBeDefined();
    expect((await images.prune(new Map())).ImagesDeleted).toBeNull();
    await images.prune(new Map([['dangling', ['false']]]));
    expectNothingKept();
  });
});

describe('list', () => {
  it('filters by name, dangling, label, age and order', async () => {
    registry.add('a/one:1', {
      layers: [{ tar: base }],
      config: { Labels: { k: 'v' } },
      created: '2020-01-01T00:00:00Z',
    });
    registry.add('two:1', { layers: [{ tar: upper }], created: '2021-01-01T00:00:00Z' });
    await pull('a/one:1');
    await pull('two:1');
    await images.tag('two:1', 'two:x');
    const tags = async (filters: Record<string, string[]>) =>
      (await images.list({ all: false, sharedSize: false, filters: new Map(Object.entries(filters)) })).flatMap(
        (i) => i.RepoTags,
      );
    expect(await tags({})).toEqual(['two:1', 'two:x', 'a/one:1']);
    expect(await tags({ reference: ['two'] })).toEqual(['two:1', 'two:x']);
    expect(await tags({ reference: ['*:x'] })).toEqual(['two:x']);
    expect(await tags({ reference: ['a/*'] })).toEqual(['a/one:1']);
    expect(await tags({ label: ['k=v'] })).toEqual(['a/one:1']);
    expect(await tags({ before: ['two:1'] })).toEqual(['a/one:1']);
    expect(await tags({ since: ['a/one:1'] })).toEqual(['two:1', 'two:x']);
    expect(await tags({ until: ['2020-06-01T00:00:00Z'] })).toEqual(['a/one:1']);
    expect(await tags({ dangling: ['true'] })).toEqual([]);
    await expect(tags({ nope: ['x'] })).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(tags({ before: ['zzz'] })).rejects.toMatchObject({ code: 'image.not-found' });
  });
});

describe('push', () => {
  it('pushes layers, config and manifest, and remembers the digest', async () => {
    const { digest } = registry.add('app:1', { layers: [{ tar: base }, { tar: upper }] });
    await pull('app:1');
    await images.tag('app:1', 'localhost:5000/mine:v1');
    registry.blobs.clear();
    lines = [];
    await images.push('localhost:5000/mine:v1', { signal, onProgress: (line) => lines.push(line) });
    const said = statuses();
    expect(said[0]).toBe('The push refers to repository [localhost:5000/mine]');
    expect(said.filter((line) => line?.endsWith(': Pushed'))).toHaveLength(2);
    expect(said.at(-2)).toMatch(new RegExp(`^v1: digest: ${digest} size: \\d+$`));
    expect(lines.at(-1)?.aux).toMatchObject({ Tag: 'v1', Digest: digest });
    expect(images.get('app:1').repoDigests).toContain(`localhost:5000/mine@${digest}`);
    lines = [];
    await images.push('localhost:5000/mine:v1', { signal, onProgress: (line) => lines.push(line) });
    expect(statuses().filter((line) => line?.endsWith(': Layer already exists'))).toHaveLength(2);
    await expect(images.push('none:1', { signal, onProgress: () => {} })).rejects.toMatchObject({
      code: 'image.not-found',
    });
  });
});

describe('commit', () => {
  it('makes an image of what a container changed', async () => {
    registry.add('app:1', { layers: [{ tar: base }], config: { Env: ['A=1'] } });
    const image = await pull('app:1');
    await snapshots.prepare('c', image.topLayer);
    const merged = await snapshots.mount('c');
    writeFileSync(join(merged, 'new'), 'made here');
    rmSync(join(merged, 'etc/issue'));
    const request = {
      baseImageId: image.id,
      snapshotKey: 'c',
      reference: 'made:1',
      config: { Cmd: ['x'] },
      author: 'me',
      comment: 'why',
      signal,
    };
    const id = await images.commit(request);
    const made = await images.inspect('made:1');
    expect(made).toMatchObject({ Id: id, Parent: image.id, Author: 'me', Comment: 'why', Config: { Cmd: ['x'] } });
    expect(made.RootFS.Layers).toHaveLength(2);
    await snapshots.prepare('d', images.get(id).topLayer);
    const second = await snapshots.mount('d');
    expect(readFileSync(join(second, 'new'), 'utf8')).toBe('made here');
    expect(existsSync(join(second, 'etc/issue'))).toBe(false);
    const history = await images.history(id);
    expect(history.map((item) => item.Id)).toEqual([id, '<missing>']);
    await images.push('made:1', { signal, onProgress: () => {} });
    await images.remove('made:1', { force: true, noPrune: false });
    expect((await pull('made:1')).id).toBe(id);
  });
});

describe('start', () => {
  it('knows its images again, unpacks lost layers and removes leftovers', async () => {
    registry.add('app:1', { layers: [{ tar: base }, { tar: upper }] });
    const image = await pull('app:1');
    await snapshots.synced();
    const loose = await content.put(Buffer.from('left by a crash'));
    db.close();
    rmSync(join(root, 'snapshots/layers', (image.topLayer ?? '').slice(7)), { recursive: true });
    writeFileSync(join(root, 'content/ingest/sha256-half'), 'half');
    await open();
    expect(images.get('app:1').id).toBe(image.id);
    await images.reconcile({ signal });
    expect(snapshots.hasLayer(image.topLayer ?? '')).toBe(true);
    expect(await content.info(loose)).toBeUndefined();
    await snapshots.prepare('c', image.topLayer);
    expect(existsSync(join(await snapshots.mount('c'), 'etc/motd'))).toBe(true);
  });
});
