import { readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tarOf } from '../snapshots/tar-fixture.ts';
import { ImageWorld, signal } from './image-test-world.ts';

let world: ImageWorld;

beforeEach(async () => {
  world = await ImageWorld.create();
  const layers = [
    {
      tar: tarOf([
        { name: 'bin/tool', content: 'a tool of some length', mode: 0o755 },
        { name: 'etc/conf', content: 'x' },
      ]),
    },
    { tar: tarOf([{ name: 'data', content: 'more' }, { name: 'etc/.wh.conf' }]) },
  ];
  world.registry.add('app:1', { layers });
  await world.pull('app:1');
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const verify = (options: { repair?: boolean; blobsOnly?: boolean; names?: readonly string[] } = {}) =>
  world.images.verify({
    names: options.names ?? [],
    repair: options.repair ?? false,
    blobsOnly: options.blobsOnly ?? false,
    authFor: () => undefined,
    signal,
    onProgress: () => undefined,
  });
const blobPath = (digest: string) => join(world.root, 'content/blobs/sha256', digest.slice(7));
const layerDigest = () => [...world.registry.blobs.keys()][0] ?? '';
const problems = async (options?: Parameters<typeof verify>[0]) =>
  (await verify(options)).Findings.map(({ Kind, Problem, Repaired }) => `${Kind} ${Problem} ${Repaired}`).sort();

/** Changes one bit of a file and nothing else of it. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function unpackedFile(name: string): string {
  const root = join(world.root, 'snapshots/layers');
  const found = readdirSync(root)
    .map((layer) => join(root, layer, 'diff'))
    .find((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).includes(name));
  return join(found ?? '', name);
}

describe('verify', () => {
  it('finds nothing on what is whole, and counts what it looked at', async () => {
    expect(await verify()).toMatchObject({ Blobs: 4, Layers: 2, Findings: [] });
    expect(await verify({ blobsOnly: true })).toMatchObject({ Layers: 0, Findings: [] });
    await expect(verify({ names: ['nope'] })).rejects.toThrow('No such image: nope:latest');
  });

  it.each([...Array(3).keys()])('finds a flipped bit in blob %s and brings it from the registry', async (at) => {
    const digest = [...world.registry.blobs.keys()][at] ?? '';
    flip(blobPath(digest));
    const [found] = await problems();
    expect(found).toMatch(/^(layer|config) damaged false$/);
    expect((await problems({ repair: true })).filter((line) => line.endsWith('false'))).toEqual([]);
    expect(readFileSync(blobPath(digest))).toEqual(world.registry.blobs.get(digest));
    expect(await problems()).toEqual([]);
  });

  it('finds blobs that are missing or cut short, the manifest too', async () => {
    const [first = '', second = ''] = [...world.registry.blobs.keys()];
    const { Descriptor } = await world.images.inspect('app:1');
    rmSync(blobPath(first));
    truncateSync(blobPath(second), 10);
    rmSync(blobPath(Descriptor?.digest ?? ''));
    expect((await problems({ blobsOnly: true })).sort()).toEqual([
      ...['layer damaged false', 'layer missing false', 'manifest missing false'],
    ]);
    expect((await problems({ repair: true })).filter((line) => line.endsWith('false'))).toEqual([]);
    expect(await problems()).toEqual([]);
  });

  it('says why it can not repair, and leaves what is there', async () => {
    const digest = layerDigest();
    flip(blobPath(digest));
    world.registry.blobs.delete(digest);
    const { Findings } = await verify({ repair: true });
    const found = Findings.find((finding) => finding.Digest === digest);
    expect(found).toMatchObject({ Problem: 'damaged', Repaired: false, Reason: expect.stringContaining('unknown') });
    expect(readFileSync(blobPath(digest)).length).toBeGreaterThan(0);
  });

  it('finds a changed, added or missing file of an unpacked layer, and unpacks it again', async () => {
    const tool = unpackedFile('bin/tool');
    const time = new Date(1_000_000);
    flip(tool);
    utimesSync(tool, time, time);
    expect((await verify()).Findings).toMatchObject([
      { Kind: 'unpacked layer', Problem: 'damaged', Detail: '"/bin/tool" has another time', Repaired: false },
    ]);
    rmSync(unpackedFile('data'));
    writeFileSync(join(tool, '../extra'), '');
    expect(await problems({ repair: true })).toEqual(['unpacked layer damaged true', 'unpacked layer damaged true']);
    expect(await problems()).toEqual([]);
    expect(readFileSync(unpackedFile('bin/tool'), 'utf8')).toBe('a tool of some length');
  });

  it('finds a flipped bit under the right time and size', async () => {
    const tool = unpackedFile('bin/tool');
    flip(tool);
    utimesSync(tool, 1_700_000_000, 1_700_000_000);
    expect((await verify()).Findings).toMatchObject([{ Detail: expect.stringContaining('differs within bytes') }]);
  });

  it('leaves a layer alone that a mounted root stands on', async () => {
    await world.snapshots.prepare('c1', world.images.get('app:1').topLayer);
    await world.snapshots.mount('c1');
    const tool = unpackedFile('bin/tool');
    flip(tool);
    expect((await verify({ repair: true })).Findings).toMatchObject([
      { Repaired: false, Reason: expect.stringContaining('a container that runs stands on it') },
    ]);
    await world.snapshots.unmount('c1');
    expect(await problems({ repair: true })).toEqual(['unpacked layer damaged true']);
    expect(readFileSync(join(await world.snapshots.mount('c1'), 'bin/tool'), 'utf8')).toBe('a tool of some length');
  });

  it('leaves the stores usable when it is cancelled', async () => {
    flip(blobPath(layerDigest()));
    const stop = new AbortController();
    world.registry.hook = (_, piece) => {
      stop.abort(new Error('enough'));
      return piece;
    };
    const options = {
      names: [],
      repair: true,
      blobsOnly: false,
      authFor: () => undefined,
      onProgress: () => undefined,
    };
    await expect(world.images.verify({ ...options, signal: stop.signal })).rejects.toThrow('enough');
    world.registry.hook = (_, piece) => piece;
    expect((await problems({ repair: true })).filter((line) => line.endsWith('false'))).toEqual([]);
    expect(await problems()).toEqual([]);
  });
});
