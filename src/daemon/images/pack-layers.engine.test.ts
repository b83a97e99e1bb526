import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseNamed } from '../../oci/reference.ts';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { ImageWorld, signal } from './image-test-world.ts';

let world: ImageWorld;
const root = tarOf([{ name: 'etc/' }, { name: 'etc/issue', content: 'hello '.repeat(100_000) }]);
const quiet = { signal, onProgress: () => undefined };

beforeEach(async () => {
  world = await ImageWorld.create();
});
afterEach(() => world[Symbol.asyncDispose]());

function importRoot(name: string, comment: string): Promise<string> {
  const source = Readable.from([root], { objectMode: false });
  return world.images.importRoot({ source, reference: name, message: comment, changes: [], ...quiet });
}

/** The layers of what the registry holds under a name. */
async function pushedManifest(name: string) {
  const { bytes, descriptor } = await world.registry.fetchManifest(parseNamed(name), { signal });
  const manifest = parseManifest(Buffer.from(bytes).toString('utf8'), descriptor.mediaType);
  if (manifest.kind !== 'manifest') throw new TypeError('an index');
  return { layers: manifest.layers, digest: descriptor.digest };
}

it('layers that are stored unpacked are pushed packed, and are that layer', async () => {
  const id = await importRoot('localhost:5000/a:1', 'one');
  await world.images.push('localhost:5000/a:1', quiet);
  const { layers, digest } = await pushedManifest('localhost:5000/a:1');
  expect(layers.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.ociLayerGzip]);
  const packed = world.registry.blobs.get(layers[0]?.digest ?? '');
  expect(packed?.length).toBe(layers[0]?.size);
  expect(gunzipSync(packed ?? '')).toEqual(root);
  expect(world.images.get(id).repoDigests).toEqual([`localhost:5000/a@${digest}`]);
});

it('a second push has nothing to send, and says the same digest', async () => {
  await importRoot('localhost:5000/a:1', 'one');
  await world.images.push('localhost:5000/a:1', quiet);
  const first = await pushedManifest('localhost:5000/a:1');
  await world.images.push('localhost:5000/a:1', { signal, onProgress: world.onProgress });
  expect(world.statuses().filter((line) => line?.endsWith(': Layer already exists'))).toHaveLength(1);
  expect(world.lines.at(-1)?.aux).toMatchObject({ Digest: first.digest });
});

it('the unpacked blob goes when no other image has it; an image that shares it is packed the same', async () => {
  await importRoot('localhost:5000/a:1', 'one');
  await importRoot('localhost:5000/b:1', 'two');
  const unpacked = () =>
    world.content.list().then((blobs) => blobs.filter(({ sizeBytes }) => sizeBytes >= root.length));
  await world.images.push('localhost:5000/a:1', quiet);
  expect(await unpacked()).toHaveLength(1);
  await world.images.push('localhost:5000/b:1', quiet);
  expect(await unpacked()).toHaveLength(0);
  const [a, b] = [await pushedManifest('localhost:5000/a:1'), await pushedManifest('localhost:5000/b:1')];
  expect(a.layers).toEqual(b.layers);
});

it('an image that came from a registry goes out byte for byte as it came in', async () => {
  const { digest } = world.registry.add('localhost:5000/raw:1', { layers: [{ tar: root, packing: 'none' }] });
  await world.pull('localhost:5000/raw:1');
  await world.images.tag('localhost:5000/raw:1', 'localhost:5000/copy:1');
  await world.images.push('localhost:5000/copy:1', quiet);
  expect((await pushedManifest('localhost:5000/copy:1')).digest).toBe(digest);
});

it.each(['Preparing', 'Pushing'])('cancelled while %s it leaves nothing, and the image as it was', async (instant) => {
  await importRoot('localhost:5000/a:1', 'one');
  const before = await world.content.list();
  const abort = new AbortController();
  const push = world.images.push('localhost:5000/a:1', {
    signal: abort.signal,
    onProgress: ({ status }) => {
      if (status === instant) abort.abort(new Error('enough'));
    },
  });
  await expect(push).rejects.toThrow();
  expect(await world.content.list()).toEqual(before);
  await world.images.push('localhost:5000/a:1', quiet);
  expect((await pushedManifest('localhost:5000/a:1')).layers[0]?.mediaType).toBe(mediaTypes.ociLayerGzip);
});
