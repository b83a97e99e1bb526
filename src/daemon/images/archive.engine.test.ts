import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SuiteEntry, tarOf } from '../snapshots/tar-fixture.ts';
import { TarParser } from '../snapshots/tar-parser.ts';
import { ImageWorld, signal } from './image-test-world.ts';

const base = tarOf([{ name: 'etc/' }, { name: 'etc/issue', content: 'hello' }]);
const upper = tarOf([{ name: 'etc/motd', content: 'more' }, { name: 'etc/.wh.issue' }]);
/** Too large to be kept in memory. */
const big = tarOf([{ name: 'big', content: randomBytes(2_500_000) }]);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let world: ImageWorld;
let other: ImageWorld;
beforeEach(async () => {
  world = await ImageWorld.create();
  other = await ImageWorld.create();
  world.registry.add('app:1', { layers: [{ tar: base }, { tar: upper }, { tar: big }], config: { Env: ['A=1'] } });
  world.registry.add('app:2', { layers: [{ tar: base, packing: 'zstd' }] });
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

async function save(...names: string[]): Promise<Buffer> {
  return buffer(await world.images.save(names, { signal }));
}

async function load(archive: Buffer, platform?: { os: string; architecture: string }): Promise<readonly string[]> {
  const lines: string[] = [];
  const onProgress = ({ stream }: { readonly stream?: string }) => void (stream !== undefined && lines.push(stream));
  const source = Readable.from([archive], { objectMode: false });
  await other.images.load(source, { quiet: false, platform, signal, onProgress });
  return lines;
}

function filesOf(archive: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  let name = '';
  let pieces: Uint8Array[] = [];
  const parser = new TarParser({
    entry: (entry) => {
      name = entry.name;
      pieces = [];
    },
    data: (bytes) => void pieces.push(bytes),
    endFile: () => void files.set(name, Buffer.concat(pieces)),
  });
  parser.write(archive);
  parser.end();
  return files;
}

/** An archive of `docker save` before version 25: layers by folder, a shared one as a link. */
function oldArchive(): Buffer {
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [base, base].map((tar) => `sha256:${sha256(tar)}`) },
    }),
  );
  const entries: SuiteEntry[] = [
    { name: 'aaa/layer.tar', content: base },
    { name: 'bbb/layer.tar', type: 'symlink', linkName: '../aaa/layer.tar' },
    { name: 'config.json', content: config },
  ];
  const manifest = [
    { Config: 'config.json', RepoTags: ['old:1', 'old:2'], Layers: ['aaa/layer.tar', 'bbb/layer.tar'] },
  ];
  return tarOf([...entries, { name: 'manifest.json', content: JSON.stringify(manifest) }]);
}

describe('save', () => {
  it('makes an archive that is the same image elsewhere, manifest byte for byte', async () => {
    const { id } = await world.pull('app:1');
    expect(await load(await save('app:1'))).toEqual(['Loaded image: app:1\n']);
    const loaded = other.images.get('app:1');
    expect(loaded).toMatchObject({ id, config: { Env: ['A=1'] }, repoDigests: [] });
    const again = await buffer(await other.images.save(['app:1'], { signal }));
    expect(again.equals(await save('app:1'))).toBe(true);
    expect(other.actions()).toEqual(['load', 'save']);
  });

  it('writes what tools of both formats read', async () => {
    const { id } = await world.pull('app:1');
    const files = filesOf(await save('app:1'));
    const [entry] = JSON.parse(String(files.get('manifest.json')));
    expect(entry).toMatchObject({ Config: `blobs/sha256/${id.slice(7)}`, RepoTags: ['app:1'] });
    expect(entry.Layers.map((path: string) => sha256(gunzipSync(files.get(path) ?? Buffer.alloc(0))))).toEqual(
      [base, upper, big].map(sha256),
    );
    const index = JSON.parse(String(files.get('index.json')));
    expect(index.manifests[0].annotations).toEqual({
      'io.containerd.image.name': 'docker.io/library/app:1',
      'org.opencontainers.image.ref.name': '1',
    });
    for (const [name, bytes] of files)
      if (name.startsWith('blobs/')) expect(name).toBe(`blobs/sha256/${sha256(bytes)}`);
    expect(JSON.parse(String(files.get('repositories')))).toEqual({ app: { 1: sha256(big) } });
    expect(JSON.parse(String(files.get('oci-layout')))).toEqual({ imageLayoutVersion: '1.0.0' });
  });

  it('takes all tags of a repository by its name, and no name by an ID', async () => {
    const { id } = await world.pull('app:1');
    await world.pull('app:2');
    await world.images.tag('app:1', 'app:x');
    expect((await load(await save('app'))).toSorted()).toEqual(
      ['1', '2', 'x'].map((tag) => `Loaded image: app:${tag}\n`),
    );
    expect(await load(await save(id.slice(7, 19)))).toEqual([`Loaded image ID: ${id}\n`]);
  });

  it('refuses unknown names and other platforms before the first byte', async () => {
    await world.pull('app:1');
    await expect(save('nope')).rejects.toThrow('No such image: nope');
    await expect(save('app:9')).rejects.toThrow('No such image: app:9');
    const platform = { os: 'linux', architecture: 'arm64' };
    await expect(world.images.save(['app:1'], { signal, platforms: [platform] })).rejects.toThrow(
      'no suitable export target found for platform linux/arm64',
    );
  });

  it('is whole although the image is removed while it is read', async () => {
    await world.pull('app:1');
    const stream = await world.images.save(['app:1'], { signal });
    await world.images.remove('app:1', { force: true, noPrune: false });
    expect(await load(await buffer(stream))).toEqual(['Loaded image: app:1\n']);
    await world.images.prune(new Map());
    world.expectNothingKept();
  });
});

describe('load', () => {
  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['xz', (bytes: Buffer) => execFileSync('xz', ['-c'], { input: bytes })],
    ['bzip2', (bytes: Buffer) => execFileSync('bzip2', ['-c'], { input: bytes })],
  ])('takes an archive packed with %s', async (_name, pack) => {
    expect(await load(pack(oldArchive()))).toEqual(['Loaded image: old:1\n', 'Loaded image: old:2\n']);
  });

  it('reads the archives of older docker versions, links to shared layers included', async () => {
    await load(oldArchive());
    expect(other.images.get('old:2').config).toEqual({ Cmd: ['sh'] });
    expect((await other.images.inspect('old:1')).RootFS.Layers).toHaveLength(2);
    expect(await load(oldArchive())).toEqual(['Loaded image: old:1\n', 'Loaded image: old:2\n']);
  });

  it('reads an OCI layout, and of an index the platform that fits', async () => {
    await world.pull('app:1');
    const files = filesOf(await save('app:1'));
    const [manifest] = JSON.parse(String(files.get('index.json'))).manifests;
    const inner = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: manifest.mediaType,
          digest: `sha256:${'0'.repeat(64)}`,
          size: 1,
          platform: { os: 'linux', architecture: 'arm64' },
        },
        { ...manifest, annotations: undefined, platform: { os: 'linux', architecture: 'amd64' } },
      ],
    });
    const digest = sha256(Buffer.from(inner));
    const outer = {
      schemaVersion: 2,
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.index.v1+json',
          digest: `sha256:${digest}`,
          size: inner.length,
          annotations: { 'org.opencontainers.image.ref.name': 'registry.example/team/app:9' },
        },
      ],
    };
    const blobs = [...files].filter(([name]) => name.startsWith('blobs/'));
    const layout = tarOf([
      ...blobs.map(([name, content]) => ({ name: `./${name}`, content })),
      { name: `blobs/sha256/${digest}`, content: inner },
      { name: './index.json', content: JSON.stringify(outer) },
    ]);
    expect(await load(layout)).toEqual(['Loaded image: registry.example/team/app:9\n']);
    await expect(load(layout, { os: 'linux', architecture: 's390x' })).rejects.toThrow(
      'the archive holds no image for linux/s390x',
    );
  });

  it('says when a name moves to the new image', async () => {
    await world.pull('app:1');
    await world.pull('app:2');
    const first = await save('app:1');
    const { id } = world.images.get('app:1');
    await load(first);
    await world.images.tag('app:2', 'app:1');
    expect(await load(await save('app:1'))).toEqual([
      `The image app:1 already exists, renaming the old one with ID ${id} to empty string\n`,
      'Loaded image: app:1\n',
    ]);
    expect(other.images.get(id).repoTags).toEqual([]);
  });

  it('keeps nothing of an archive that is cut anywhere', async () => {
    await world.pull('app:1');
    const whole = await save('app:1');
    for (let part = 0; part < 12; part++) {
      await expect(load(whole.subarray(0, Math.floor((whole.length * part) / 12)))).rejects.toThrow(/archive/);
      other.expectNothingKept();
    }
  });

  it('refuses archives that lie', async () => {
    await world.pull('app:1');
    const files = filesOf(await save('app:1'));
    const [entry] = JSON.parse(String(files.get('manifest.json')));
    const without = (name: string) =>
      tarOf([...files].filter(([path]) => path !== name).map(([path, content]) => ({ name: path, content })));
    const withFile = (name: string, content: string | Buffer) =>
      tarOf(
        [...[...files].filter(([path]) => path !== name), [name, content] as const].map(([path, bytes]) => ({
          name: path,
          content: bytes,
        })),
      );
    await expect(load(without(entry.Layers[0]))).rejects.toThrow('the archive lacks the file');
    await expect(load(withFile(entry.Layers[0], gzipSync(upper)))).rejects.toThrow(/unpacks to sha256:/);
    await expect(load(withFile(entry.Config, '{}'))).rejects.toThrow();
    await expect(load(withFile('manifest.json', '{"a":1}'))).rejects.toThrow('manifest.json must be a list');
    await expect(load(Buffer.from('this is no archive'))).rejects.toThrow(/archive/);
    await expect(load(tarOf([{ name: 'etc/passwd', content: 'x' }]))).rejects.toThrow(
      'neither manifest.json nor index.json',
    );
    other.expectNothingKept();
    // The layer is here and right; the archive's own blob for it is another.
    await load(await save('app:1'));
    await expect(load(withFile(entry.Layers[0], gzipSync(upper)))).rejects.toThrow(/unpacks to sha256:/);
  });

  it('stops when it is cancelled, and keeps nothing', async () => {
    await world.pull('app:1');
    const whole = await save('app:1');
    const stop = new AbortController();
    const endless = async function* () {
      yield whole.subarray(0, 1_500_000);
      stop.abort(new Error('enough'));
      await new Promise(() => undefined);
    };
    const source = Readable.from(endless(), { objectMode: false });
    const options = { quiet: true, signal: stop.signal, onProgress: () => undefined };
    await expect(other.images.load(source, options)).rejects.toThrow('enough');
    other.expectNothingKept();
  });
});

describe('import', () => {
  const request = { reference: 'root:1', message: 'by hand', changes: ['CMD ["sh"]', 'ENV A=b'], signal };
  const bytes = (content: Buffer) => Readable.from([content], { objectMode: false });

  it('makes an image of one layer out of a root file system', async () => {
    const said: unknown[] = [];
    const id = await other.images.importRoot({
      ...request,
      source: bytes(gzipSync(base)),
      onProgress: (line) => said.push(line),
    });
    expect(said).toEqual([{ status: id }]);
    const image = await other.images.inspect('root:1');
    expect(image).toMatchObject({ Id: id, Comment: 'by hand', Os: 'linux', Architecture: 'amd64', Size: 5 });
    expect(image.Config).toMatchObject({ Cmd: ['sh'], Env: ['A=b'] });
    expect(await other.images.history('root:1')).toMatchObject([{ Comment: 'by hand', CreatedBy: '' }]);
    expect(other.actions()).toEqual(['tag', 'import']);
  });

  it('fetches from a URL, and says why when it can’t', async () => {
    const server = createServer((incoming, response) => {
      if (incoming.url === '/root.tar') response.end(base);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const onProgress = () => undefined;
    try {
      await other.images.importRoot({ ...request, source: new URL('/root.tar', origin), onProgress });
      expect(other.images.get('root:1').platform).toEqual({ os: 'linux', architecture: 'amd64' });
      await expect(
        other.images.importRoot({ ...request, source: new URL('/none', origin), onProgress }),
      ).rejects.toThrow(`Got HTTP status code 404 from ${origin}/none`);
    } finally {
      server.close();
      server.closeAllConnections();
    }
    await expect(
      other.images.importRoot({ ...request, source: new URL('/root.tar', origin), onProgress }),
    ).rejects.toThrow(`Get "${origin}/root.tar": `);
  });

  it('refuses what is no archive, no change and no Linux, and keeps nothing', async () => {
    const importing = (content: Buffer, more: object) =>
      other.images.importRoot({ ...request, source: bytes(content), onProgress: () => undefined, ...more });
    await expect(importing(Buffer.from('no archive'), {})).rejects.toThrow(/archive/);
    await expect(importing(base, { changes: ['RUN x'] })).rejects.toThrow('RUN is not a valid change command');
    await expect(importing(base, { reference: 'BAD' })).rejects.toThrow('must be lowercase');
    await expect(importing(base, { platform: { os: 'windows', architecture: 'amd64' } })).rejects.toThrow(
      'operating system is not supported',
    );
    other.expectNothingKept();
  });
});
