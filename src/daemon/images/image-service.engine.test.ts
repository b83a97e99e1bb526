import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { ImageWorld, short, signal } from './image-test-world.ts';

let world: ImageWorld;

const big = tarOf([{ name: 'big', content: randomBytes(1_500_000) }]);
const base = tarOf([{ name: 'etc/' }, { name: 'etc/issue', content: 'hello' }]);
const upper = tarOf([{ name: 'etc/motd', content: 'more' }, { name: 'etc/.wh.issue' }]);
beforeEach(async () => {
  world = await ImageWorld.create();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('finding', () => {
  it('takes names, full and short IDs, and says when one is ambiguous', async () => {
    for (let at = 0; at < 18; at++)
      world.registry.add(`n${at}`, { layers: [{ tar: base }], config: { Env: [`N=${at}`] } });
    const ids: string[] = [];
    for (let at = 0; at < 18; at++) ids.push((await world.pull(`n${at}`)).id);
    const [first = ''] = ids;
    for (const name of ['n0', 'n0:latest', 'docker.io/library/n0', first, first.slice(7), first.slice(7, 30)]) {
      expect(world.images.get(name).id, name).toBe(first);
    }
    // 18 IDs share 16 first digits.
    const digits = ids.map((id) => id.slice(7, 8));
    const twice = digits.find((digit, at) => digits.indexOf(digit) !== at) ?? '';
    expect(() => world.images.get(twice)).toThrow(expect.objectContaining({ code: 'image.ambiguous' }));
    expect(() => world.images.get('nope')).toThrow('No such image: nope:latest');
  });
});

describe('remove', () => {
  beforeEach(() => {
    world.registry.add('app:1', { layers: [{ tar: base }, { tar: upper }] });
  });

  it('takes one name of several away, and the image with the last', async () => {
    const { id } = await world.pull('app:1');
    await world.images.tag('app:1', 'other:x');
    const [digest = ''] = world.images.get(id).repoDigests;
    // As dockerd: the digests of a repository go with its last tag, even while another repository names the image.
    expect(await world.images.remove('app:1', { force: false, noPrune: false })).toEqual([
      { Untagged: 'app:1' },
      { Untagged: digest },
    ]);
    expect(world.images.get(id).repoDigests).toEqual([]);
    const gone = await world.images.remove('other:x', { force: false, noPrune: false });
    expect(gone[0]).toEqual({ Untagged: 'other:x' });
    expect(gone).toContainEqual({ Deleted: id });
    expect(gone.filter((item) => item.Deleted !== undefined)).toHaveLength(3);
    world.expectNothingKept();
    expect(world.actions()).toEqual(['pull', 'tag', 'untag', 'untag', 'delete']);
  });

  it('keeps an image that others were made of; its names may go', async () => {
    const { id } = await world.pull('app:1');
    await world.snapshots.prepare('c', world.images.get(id).topLayer);
    const request = { baseImageId: id, snapshotKey: 'c', config: {}, author: '', comment: '', signal };
    const child = await world.images.commit({ ...request, reference: 'child:1' });
    expect(world.images.descendants(id)).toEqual([child]);
    await expect(world.images.remove(id, { force: true, noPrune: false })).rejects.toThrow(
      `conflict: unable to delete ${short(id)} (cannot be forced) - image has dependent child images`,
    );
    const untagged = await world.images.remove('app:1', { force: false, noPrune: false });
    expect(untagged.every((item) => item.Deleted === undefined)).toBe(true);
    expect(world.images.get(id).repoTags).toEqual([]);
    await world.images.remove('child:1', { force: false, noPrune: true });
    await world.images.remove(id, { force: false, noPrune: false });
  });

  it('by name removes tag, digest and image in one go', async () => {
    const { id, repoDigests } = await world.pull('app:1');
    const items = await world.images.remove('app:1', { force: false, noPrune: false });
    expect(items.slice(0, 3)).toEqual([{ Untagged: 'app:1' }, { Untagged: repoDigests[0] }, { Deleted: id }]);
    world.expectNothingKept();
  });

  it("refuses with docker's words while containers use it", async () => {
    const { id } = await world.pull('app:1');
    const containerId = 'c0ffee'.repeat(10);
    world.users = [{ imageId: id, containerId, running: false }];
    await expect(world.images.remove('app:1', { force: false, noPrune: false })).rejects.toMatchObject({
      code: 'image.in-use',
      message: `conflict: unable to remove repository reference "app:1" (must force) - container c0ffeec0ffee is using its referenced image ${short(id)}`,
    });
    await expect(world.images.remove(id, { force: false, noPrune: false })).rejects.toMatchObject({
      message: `conflict: unable to delete ${short(id)} (must be forced) - image is being used by stopped container c0ffeec0ffee`,
    });
    world.users = [{ imageId: id, containerId, running: true }];
    await expect(world.images.remove(id, { force: true, noPrune: false })).rejects.toMatchObject({
      message: `conflict: unable to delete ${short(id)} (cannot be forced) - image is being used by running container c0ffeec0ffee`,
    });
    world.users = [];
    await world.images.tag('app:1', 'second');
    await expect(world.images.remove(id, { force: false, noPrune: false })).rejects.toMatchObject({
      message: `conflict: unable to delete ${short(id)} (must be forced) - image is referenced in multiple repositories`,
    });
    await world.images.remove(id, { force: true, noPrune: false });
    expect(world.images.find(id)).toBeUndefined();
  });

  it('keeps the layers a container stands on when forced', async () => {
    const image = await world.pull('app:1');
    await world.snapshots.prepare('c', image.topLayer);
    world.users = [{ imageId: image.id, containerId: 'c'.repeat(64), running: false }];
    await world.images.remove('app:1', { force: true, noPrune: false });
    expect(world.images.find('app:1')).toBeUndefined();
    expect(existsSync(join(await world.snapshots.mount('c'), 'etc/motd'))).toBe(true);
  });

  it('prune takes untagged images, or all unused ones, and tells what came free', async () => {
    const old = await world.pull('app:1');
    world.registry.add('app:1', { layers: [{ tar: big }] });
    const fresh = await world.pull('app:1');
    const first = await world.images.prune(new Map());
    expect(first.ImagesDeleted).toContainEqual({ Deleted: old.id });
    expect(first.SpaceReclaimed).toBeGreaterThan(0);
    expect(world.images.find(fresh.id)).toBeDefined();
    expect((await world.images.prune(new Map())).ImagesDeleted).toBeNull();
    await world.images.prune(new Map([['dangling', ['false']]]));
    world.expectNothingKept();
  });
});

describe('list', () => {
  it('filters by name, dangling, label, age and order', async () => {
    world.registry.add('a/one:1', {
      layers: [{ tar: base }],
      config: { Labels: { k: 'v' } },
      created: '2020-01-01T00:00:00Z',
    });
    world.registry.add('two:1', { layers: [{ tar: upper }], created: '2021-01-01T00:00:00Z' });
    await world.pull('a/one:1');
    await world.pull('two:1');
    await world.images.tag('two:1', 'two:x');
    const tags = async (filters: Record<string, string[]>) =>
      (await world.images.list({ all: false, sharedSize: false, filters: new Map(Object.entries(filters)) })).flatMap(
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
    const { digest } = world.registry.add('app:1', { layers: [{ tar: base }, { tar: upper }] });
    await world.pull('app:1');
    await world.images.tag('app:1', 'localhost:5000/mine:v1');
    world.registry.blobs.clear();
    world.lines = [];
    await world.images.push('localhost:5000/mine:v1', { signal, onProgress: (line) => world.lines.push(line) });
    const said = world.statuses();
    expect(said[0]).toBe('The push refers to repository [localhost:5000/mine]');
    expect(said.filter((line) => line?.endsWith(': Pushed'))).toHaveLength(2);
    expect(said.at(-2)).toMatch(new RegExp(`^v1: digest: ${digest} size: \\d+$`));
    expect(world.lines.at(-1)?.aux).toMatchObject({ Tag: 'v1', Digest: digest });
    expect(world.images.get('app:1').repoDigests).toContain(`localhost:5000/mine@${digest}`);
    world.lines = [];
    await world.images.push('localhost:5000/mine:v1', { signal, onProgress: (line) => world.lines.push(line) });
    expect(world.statuses().filter((line) => line?.endsWith(': Layer already exists'))).toHaveLength(2);
    await expect(world.images.push('none:1', { signal, onProgress: () => {} })).rejects.toMatchObject({
      code: 'image.not-found',
    });
  });
});

describe('commit', () => {
  it('makes an image of what a container changed', async () => {
    world.registry.add('app:1', { layers: [{ tar: base }], config: { Env: ['A=1'] } });
    const image = await world.pull('app:1');
    await world.snapshots.prepare('c', image.topLayer);
    const merged = await world.snapshots.mount('c');
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
    const id = await world.images.commit(request);
    const made = await world.images.inspect('made:1');
    expect(made).toMatchObject({ Id: id, Parent: image.id, Author: 'me', Comment: 'why', Config: { Cmd: ['x'] } });
    expect(made.RootFS.Layers).toHaveLength(2);
    await world.snapshots.prepare('d', world.images.get(id).topLayer);
    const second = await world.snapshots.mount('d');
    expect(readFileSync(join(second, 'new'), 'utf8')).toBe('made here');
    expect(existsSync(join(second, 'etc/issue'))).toBe(false);
    const history = await world.images.history(id);
    expect(history.map((item) => item.Id)).toEqual([id, image.id]);
    // Who made the base has not made this one.
    const unsigned = { ...request, baseImageId: id, snapshotKey: 'd', author: '', reference: 'unsigned:1' };
    await world.images.commit(unsigned);
    expect(await world.images.inspect('unsigned:1')).toMatchObject({ Parent: id, Author: '' });
    await world.images.remove('unsigned:1', { force: true, noPrune: false });
    await world.images.push('made:1', { signal, onProgress: () => {} });
    await world.images.remove('made:1', { force: true, noPrune: false });
    expect((await world.pull('made:1')).id).toBe(id);
  });

  it('hides what an image was made of once nobody names it, and lets it go along with the image', async () => {
    world.registry.add('app:1', { layers: [{ tar: base }] });
    const image = await world.pull('app:1');
    const commit = async (from: string, key: string) => {
      await world.snapshots.prepare(key, world.images.get(from).topLayer);
      const made = { reference: 'made:1', config: {}, author: '', comment: '', signal };
      return world.images.commit({ ...made, baseImageId: from, snapshotKey: key });
    };
    const first = await commit(image.id, 'c');
    const second = await commit(first, 'd');
    const ids = async (all: boolean, ...filters: [string, string[]][]) =>
      (await world.images.list({ all, filters: new Map(filters), sharedSize: false })).map(({ Id }) => Id).sort();
    expect(await ids(false)).toEqual([image.id, second].sort());
    expect(await ids(true)).toEqual([image.id, first, second].sort());
    expect(await ids(true, ['dangling', ['true']])).toEqual([]);
    await world.images.remove('made:1', { force: false, noPrune: true });
    expect(await ids(false)).toEqual([image.id, first].sort());
    await world.images.tag(first, 'made:2');
    const third = await commit(first, 'e');
    await world.images.remove('made:2', { force: true, noPrune: false });
    expect(await ids(true)).toEqual([image.id, first, third].sort());
    const gone = await world.images.remove('made:1', { force: false, noPrune: false });
    expect(gone).toEqual(expect.arrayContaining([{ Deleted: third }, { Deleted: first }]));
    expect(await ids(true)).toEqual([image.id]);
  });
});

describe('start', () => {
  it('knows its images again, unpacks lost layers and removes leftovers', async () => {
    world.registry.add('app:1', { layers: [{ tar: base }, { tar: upper }] });
    const image = await world.pull('app:1');
    await world.snapshots.synced();
    const loose = await world.content.put(Buffer.from('left by a crash'));
    world.db.close();
    rmSync(join(world.root, 'snapshots/layers', (image.topLayer ?? '').slice(7)), { recursive: true });
    writeFileSync(join(world.root, 'content/ingest/sha256-half'), 'half');
    await world.open();
    expect(world.images.get('app:1').id).toBe(image.id);
    await world.images.reconcile({ signal });
    expect(world.snapshots.hasLayer(image.topLayer ?? '')).toBe(true);
    expect(await world.content.info(loose)).toBeUndefined();
    await world.snapshots.prepare('c', image.topLayer);
    expect(existsSync(join(await world.snapshots.mount('c'), 'etc/motd'))).toBe(true);
  });
});

describe('push of what is not here', () => {
  it('says so in the stream, after its first line', async () => {
    world.registry.add('app:1', { layers: [{ tar: base }] });
    await world.pull('app:1');
    const push = (name: string) => world.images.push(name, { signal, onProgress: world.onProgress });
    world.lines = [];
    await expect(push('nowhere:1')).rejects.toThrow('An image does not exist locally with the tag: nowhere');
    await expect(push('app:2')).rejects.toThrow('tag does not exist: app:2');
    expect(world.statuses()).toEqual([
      'The push refers to repository [docker.io/library/nowhere]',
      'The push refers to repository [docker.io/library/app]',
    ]);
  });
});
