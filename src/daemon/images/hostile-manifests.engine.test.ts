import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mediaTypes } from '../../oci/media-types.ts';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { digestOf } from './image-fixture.ts';
import { ImageWorld } from './image-test-world.ts';

let world: ImageWorld;
beforeEach(async () => {
  world = await ImageWorld.create();
});
afterEach(() => world[Symbol.asyncDispose]());

const tar = tarOf([{ name: 'f', content: 'x' }]);
const layer = gzipSync(tar);
const usual = { os: 'linux', architecture: 'amd64', config: {}, history: [] };
const rootfs = (diffIds: readonly string[]) => ({ type: 'layers', diff_ids: diffIds });

/** Stored in the registry; answers its descriptor. */
function put(mediaType: string, content: Buffer | object) {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  world.registry.blobs.set(digestOf(bytes), bytes);
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
const config = (content: object) => put(mediaTypes.ociConfig, content);
const good = () => ({
  config: config({ ...usual, rootfs: rootfs([digestOf(tar)]) }),
  layers: [put(mediaTypes.ociLayerGzip, layer)],
});
const other = digestOf(Buffer.from('other'));

const cases: readonly [what: string, code: string, parts: () => object][] = [
  ['ten thousand layers', 'manifest.invalid', () => ({ ...good(), layers: Array(10_000).fill(good().layers[0]) })],
  [
    'a layer more than diff IDs',
    'manifest.invalid',
    () => ({ ...good(), layers: [...good().layers, ...good().layers] }),
  ],
  ['a layer less than diff IDs', 'manifest.invalid', () => ({ ...good(), layers: [] })],
  [
    'a diff ID that is not the layer’s',
    'digest.mismatch',
    () => ({ ...good(), config: config({ ...usual, rootfs: rootfs([other]) }) }),
  ],
  [
    'a diff ID that is none',
    'digest.invalid',
    () => ({ ...good(), config: config({ ...usual, rootfs: rootfs(['../../x']) }) }),
  ],
  ['a config without root file system', 'manifest.invalid', () => ({ ...good(), config: config(usual) })],
  [
    'a config that is no JSON',
    'manifest.invalid',
    () => ({ ...good(), config: put(mediaTypes.ociConfig, Buffer.from('<html>')) }),
  ],
  [
    'a config said to be of 100 MiB',
    'manifest.invalid',
    () => ({ ...good(), config: { ...good().config, size: 100 << 20 } }),
  ],
  ['a config of another size', 'size.mismatch', () => ({ ...good(), config: { ...good().config, size: 7 } })],
  [
    'a layer longer than said',
    'size.mismatch',
    () => ({ ...good(), layers: [{ ...good().layers[0], size: layer.length - 1 }] }),
  ],
  [
    'a layer shorter than said',
    'size.mismatch',
    () => ({ ...good(), layers: [{ ...good().layers[0], size: layer.length + 1 }] }),
  ],
  [
    'a layer of a negative size',
    'manifest.invalid',
    () => ({ ...good(), layers: [{ ...good().layers[0], size: -1 }] }),
  ],
  [
    'a layer larger than any disk',
    'manifest.invalid',
    () => ({ ...good(), layers: [{ ...good().layers[0], size: Number.MAX_SAFE_INTEGER }] }),
  ],
  [
    'a digest that is a path',
    'digest.invalid',
    () => ({ ...good(), layers: [{ ...good().layers[0], digest: 'sha256:../../../../etc/passwd' }] }),
  ],
  ['layers and an index at once', 'manifest.invalid', () => ({ ...good(), manifests: [] })],
];

it.each(cases)('refuses %s, and keeps nothing of it', async (_, code, parts) => {
  world.registry.addManifest('bad', { schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...parts() });
  await expect(world.pull('bad')).rejects.toMatchObject({ code });
  expect(world.images.find('bad')).toBeUndefined();
  world.expectNothingKept();
});

it('refuses an index of indexes that has no end', async () => {
  const platform = { os: 'linux', architecture: 'amd64' };
  const index = (manifests: readonly object[]) => ({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  let inner: object = world.registry.addManifest('bad', {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...good(),
  });
  for (let depth = 0; depth < 12; depth++) inner = world.registry.addManifest('bad', index([{ ...inner, platform }]));
  await expect(world.pull('bad')).rejects.toMatchObject({ code: 'manifest.invalid' });
  world.expectNothingKept();
});
