/** What every snapshotter must do; each one's tests run this. Needs root. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getXattr, mountPoints } from '../linux/mount.ts';
import { createLayerWorkerPool, type LayerWorkerPool } from './layer-worker-pool.ts';
import type { SnapshotterOptions } from './overlay-snapshotter.ts';
import type { WharfSnapshotter } from './snapshotter-extras.ts';
import { type SuiteEntry, tarOf } from './tar-fixture.ts';

const signal = new AbortController().signal;

export function snapshotterSuite(
  name: string,
  create: (options: SnapshotterOptions) => Promise<WharfSnapshotter>,
): void {
  let root = '';
  let pool: LayerWorkerPool;
  let snapshots: WharfSnapshotter;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'wharf-snapshots-'));
    pool = createLayerWorkerPool({ size: 1 });
    snapshots = await create({ root: join(root, 's'), pool });
  });
  afterEach(async () => {
    for (const key of snapshots.keys()) await snapshots.remove(key);
    await snapshots.synced();
    await pool[Symbol.asyncDispose]();
    expect(mountPoints().filter((point) => point.target.startsWith(root))).toEqual([]);
    rmSync(root, { recursive: true, force: true });
  });

  const sha = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

  /** Applies a stack of layers; answers the top chain ID. */
  async function stack(...layers: readonly (readonly SuiteEntry[])[]): Promise<string> {
    let parent: string | undefined;
    for (const entries of layers) {
      const tar = tarOf(entries);
      const diffId = sha(tar);
      const chainId: string = parent === undefined ? diffId : sha(`${parent} ${diffId}`);
      await snapshots.applyLayer({ chainId, parent, diffId }, Readable.from([tar]), { signal });
      parent = chainId;
    }
    return parent ?? '';
  }

  async function mounted(...layers: readonly (readonly SuiteEntry[])[]): Promise<string> {
    const key = `c${snapshots.keys().length}`;
    await snapshots.prepare(key, await stack(...layers));
    return snapshots.mount(key);
  }

  const expectNoLayers = () => {
    expect(snapshots.layers()).toEqual([]);
    expect(readdirSync(join(root, 's/layers'))).toEqual([]);
    expect(readdirSync(join(root, 's/incoming'))).toEqual([]);
  };

  describe(`${name}: layers`, () => {
    it('unpacks every kind of entry with owner, mode, time and attributes', async () => {
      const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
      const at = await mounted([
        { name: './', mode: 0o711 },
        { name: 'bin/', mode: 0o2775, uid: 5, gid: 6, mtime: 1_000_000_000 },
        {
          name: 'bin/tool',
          content: 'tool',
          mode: 0o4755,
          uid: 7,
          gid: 8,
          mtime: 1_100_000_000,
          xattrs: new Map([
            ['security.capability', capability],
            ['trusted.overlay.opaque', Buffer.from('y')],
          ]),
        },
        { name: 'bin/same', type: 'link', linkName: 'bin/tool' },
        { name: 'lib', type: 'symlink', linkName: 'usr/lib', uid: 9 },
        { name: 'abs', type: 'symlink', linkName: '/etc/passwd' },
        { name: 'null', type: 'char', devMajor: 1, devMinor: 3, mode: 0o666 },
        { name: 'pipe', type: 'fifo', mode: 0o640 },
        { name: `${'long/'.repeat(30)}${'n'.repeat(200)}`, content: 'deep' },
        { name: 'sm\u00f8rrebr\u00f8d', content: 'utf8' },
        { name: 'empty', content: '' },
      ]);
      expect(statSync(at).mode & 0o7777).toBe(0o711);
      const bin = statSync(join(at, 'bin'));
      expect([bin.mode & 0o7777, bin.uid, bin.gid, bin.mtimeMs]).toEqual([0o2775, 5, 6, 1e12]);
      const tool = statSync(join(at, 'bin/tool'));
      expect([tool.mode & 0o7777, tool.uid, tool.gid, tool.mtimeMs, tool.nlink]).toEqual([0o4755, 7, 8, 1.1e12, 2]);
      expect(statSync(join(at, 'bin/same')).ino).toBe(tool.ino);
      expect(getXattr(join(at, 'bin/tool'), 'security.capability')).toEqual(capability);
      expect(getXattr(join(at, 'bin/tool'), 'trusted.overlay.opaque')).toBeUndefined();
      expect(readlinkSync(join(at, 'lib'))).toBe('usr/lib');
      expect(lstatSync(join(at, 'lib')).uid).toBe(9);
      expect(readlinkSync(join(at, 'abs'))).toBe('/etc/passwd');
      expect([lstatSync(join(at, 'null')).rdev, lstatSync(join(at, 'null')).mode & 0o777]).toEqual([0x103, 0o666]);
      expect(lstatSync(join(at, 'pipe')).isFIFO()).toBe(true);
      expect(readFileSync(join(at, 'long/'.repeat(30), 'n'.repeat(200)), 'utf8')).toBe('deep');
      expect(readFileSync(join(at, 'sm\u00f8rrebr\u00f8d'), 'utf8')).toBe('utf8');
    });

    it('lets upper layers change, hide and replace what lower ones have', async () => {
      const at = await mounted(
        [
          { name: 'keep', content: 'a' },
          { name: 'gone', content: 'a' },
          { name: 'dir/' },
          { name: 'dir/old', content: 'a' },
          { name: 'dir/sub/' },
          { name: 'dir/sub/older', content: 'a' },
          { name: 'tree/' },
          { name: 'tree/x', content: 'a' },
          { name: 'redone/' },
          { name: 'redone/old', content: 'a' },
          { name: 'file', content: 'a' },
          { name: 'link', type: 'symlink', linkName: 'dir' },
        ],
        [
          { name: '.wh.gone' },
          { name: 'dir/new', content: 'b' },
          { name: 'dir/.wh..wh..opq' },
          { name: 'tree', content: 'now a file' },
          { name: '.wh.redone' },
          { name: 'redone/' },
          { name: 'redone/new', content: 'b' },
          { name: 'file/' },
          { name: 'file/in', content: 'b' },
          { name: 'link/inside', content: 'b' },
          { name: '.wh.never-was' },
          { name: '.wh..wh.plnk/' },
        ],
      );
      expect(readdirSync(at).sort()).toEqual(['dir', 'file', 'keep', 'link', 'redone', 'tree']);
      expect(readdirSync(join(at, 'dir'))).toEqual(['new']);
      expect(readFileSync(join(at, 'tree'), 'utf8')).toBe('now a file');
      expect(readdirSync(join(at, 'redone'))).toEqual(['new']);
      expect(readdirSync(join(at, 'file'))).toEqual(['in']);
      // A lower layer's link is replaced by a folder, not followed.
      expect(lstatSync(join(at, 'link')).isDirectory()).toBe(true);
      expect(readdirSync(join(at, 'link'))).toEqual(['inside']);
    });

    it('takes the looks of folders nobody described from the layer below, and hard links to files there', async () => {
      const at = await mounted(
        [
          { name: 'var/', mode: 0o700, uid: 3 },
          { name: 'var/f', content: 'below', uid: 4, mode: 0o600 },
        ],
        [
          { name: 'var/cache/x', content: 'y' },
          { name: 'other', type: 'link', linkName: 'var/f' },
        ],
      );
      expect([statSync(join(at, 'var')).mode & 0o777, statSync(join(at, 'var')).uid]).toEqual([0o700, 3]);
      const other = statSync(join(at, 'other'));
      expect([readFileSync(join(at, 'other'), 'utf8'), other.uid, other.mode & 0o777]).toEqual(['below', 4, 0o600]);
    });

    it('follows a link of the same layer that stays inside', async () => {
      const at = await mounted([
        { name: 'usr/bin/' },
        { name: 'bin', type: 'symlink', linkName: 'usr/bin' },
        { name: 'bin/sh', content: 'sh' },
      ]);
      expect(readFileSync(join(at, 'usr/bin/sh'), 'utf8')).toBe('sh');
    });

    it('does not write through an existing link at the end of a path', async () => {
      const victim = join(root, 'victim');
      writeFileSync(victim, 'safe');
      const at = await mounted([
        { name: 'l', type: 'symlink', linkName: victim },
        { name: 'l', content: 'mine' },
      ]);
      expect(readFileSync(victim, 'utf8')).toBe('safe');
      expect(readFileSync(join(at, 'l'), 'utf8')).toBe('mine');
    });

    it('reads absolute names as seen from the root', async () => {
      const at = await mounted([{ name: '/etc/wharf-suite', content: 'x' }]);
      expect(readFileSync(join(at, 'etc/wharf-suite'), 'utf8')).toBe('x');
      expect(existsSync('/etc/wharf-suite')).toBe(false);
    });

    it('refuses damaged, wrong and too large layers, and leaves nothing', async () => {
      const tar = tarOf([{ name: 'a', content: 'x'.repeat(5000) }]);
      const apply = (bytes: Buffer, diffId = sha(bytes), by = snapshots) =>
        by.applyLayer({ chainId: sha('chain'), parent: undefined, diffId }, Readable.from([bytes]), { signal });
      await expect(apply(tar.subarray(0, 3000))).rejects.toMatchObject({ code: 'layer.corrupt' });
      const flipped = Buffer.from(tar);
      flipped[5] = 0x41;
      await expect(apply(flipped)).rejects.toMatchObject({ code: 'layer.corrupt' });
      await expect(apply(gzipSync(tar).subarray(0, 60))).rejects.toMatchObject({ code: 'layer.corrupt' });
      await expect(apply(tar, sha('other'))).rejects.toMatchObject({ code: 'digest.mismatch' });
      const small = await create({ root: join(root, 's'), pool, limits: { maxEntries: 10, maxBytes: 1000 } });
      await expect(apply(tar, undefined, small)).rejects.toMatchObject({ code: 'layer.too-large' });
      const many = tarOf(Array.from({ length: 11 }, (_, at) => ({ name: `f${at}` })));
      await expect(apply(many, undefined, small)).rejects.toMatchObject({ code: 'layer.too-large' });
      expectNoLayers();
    });

    it('leaves nothing of an unpack that is cancelled, also while its source is silent', async () => {
      const controller = new AbortController();
      const silent = new Readable({ read() {} });
      silent.push(tarOf([{ name: 'a', content: 'x'.repeat(100_000) }]).subarray(0, 50_000));
      const layer = { chainId: sha('c'), parent: undefined, diffId: sha('d') };
      const work = snapshots.applyLayer(layer, silent, { signal: controller.signal });
      setTimeout(() => controller.abort(new Error('stop it')), 100);
      await expect(work).rejects.toThrow('stop it');
      expectNoLayers();
    });

    it('applies one layer once for two who ask, and applies a removed one again', async () => {
      const tar = tarOf([{ name: 'a', content: 'x' }]);
      const layer = { chainId: sha(tar), parent: undefined, diffId: sha(tar) };
      const apply = () => snapshots.applyLayer(layer, Readable.from([tar]), { signal });
      await Promise.all([apply(), apply()]);
      expect(snapshots.layers()).toEqual([sha(tar)]);
      await Promise.all([snapshots.removeLayer(sha(tar)), apply()]);
      expect(snapshots.hasLayer(sha(tar))).toBe(true);
      await snapshots.removeLayer(sha(tar));
      expectNoLayers();
    });

    it('takes another packing of a layer it has without unpacking it, and no blob that only claims to be it', async () => {
      const tar = tarOf([{ name: 'a', content: 'x' }]);
      const layer = { chainId: sha(tar), parent: undefined, diffId: sha(tar) };
      const apply = (name: string, bytes: Buffer) => {
        writeFileSync(join(root, name), bytes);
        return snapshots.applyBlob(layer, join(root, name), { signal });
      };
      await apply('gzip', gzipSync(tar));
      const tree = () => {
        const [folder = ''] = readdirSync(join(root, 's/layers'));
        return statSync(join(root, 's/layers', folder, 'diff/a')).ino;
      };
      const before = tree();
      for (const again of ['same', 'first after a restart']) {
        await apply('zstd', zstdCompressSync(tar));
        await apply('gzip', gzipSync(tar));
        expect(tree(), again).toBe(before);
        await expect(apply('other', gzipSync(tarOf([{ name: 'b' }])))).rejects.toMatchObject({
          code: 'digest.mismatch',
        });
        await expect(apply('broken', gzipSync(tar).subarray(0, 40))).rejects.toMatchObject({ code: 'layer.corrupt' });
        await snapshots.synced();
        snapshots = await create({ root: join(root, 's'), pool });
      }
      expect(snapshots.layers()).toEqual([layer.chainId]);
    });

    it('is there again after a restart; what was half made is not', async () => {
      const top = await stack([{ name: 'a', content: 'x' }], [{ name: 'b', content: 'y' }]);
      await snapshots.prepare('kept', top);
      mkdirSync(join(root, 's/incoming/half/diff'), { recursive: true });
      mkdirSync(join(root, 's/layers', 'a'.repeat(64), 'diff'), { recursive: true });
      writeFileSync(join(root, 's/layers', top.slice(7), 'unsynced'), 'an earlier boot');
      const usage = snapshots.layerUsage(top);
      const again = await create({ root: join(root, 's'), pool });
      expect(usage.sizeBytes).toBe(1);
      expect(again.hasLayer(top)).toBe(false);
      expect(again.layers()).toHaveLength(1);
      expect(again.keys()).toEqual(['kept']);
      expect(readdirSync(join(root, 's/incoming'))).toEqual([]);
      await again.remove('kept');
      await snapshots.remove('kept');
    });
  });

  describe(`${name}: snapshots`, () => {
    it('tells and exports what changed, and nothing else', async () => {
      const at = await mounted([
        { name: 'etc/' },
        { name: 'etc/a', content: 'a' },
        { name: 'etc/b', content: 'b' },
        { name: 'opt/' },
        { name: 'opt/tree/' },
        { name: 'opt/tree/x', content: 'x' },
        { name: 'same/' },
        { name: 'same/s', content: 's' },
      ]);
      expect(await snapshots.changes('c0', { signal })).toEqual([]);
      writeFileSync(join(at, 'etc/a'), 'changed');
      rmSync(join(at, 'etc/b'));
      rmSync(join(at, 'opt/tree'), { recursive: true });
      mkdirSync(join(at, 'new'));
      writeFileSync(join(at, 'new/file'), 'n');
      symlinkSync('file', join(at, 'new/link'));
      const changes = await snapshots.changes('c0', { signal });
      expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
        'modified /etc',
        'modified /etc/a',
        'deleted /etc/b',
        'added /new',
        'added /new/file',
        'added /new/link',
        'modified /opt',
        'deleted /opt/tree',
      ]);
      expect((await snapshots.usage('c0', { signal })).sizeBytes).toBe(8);
      const tar = Buffer.concat(await snapshots.exportChanges('c0', { signal }).toArray());
      const parent = snapshots.layers()[0] ?? '';
      const top = { chainId: sha('top'), parent, diffId: sha(tar) };
      await snapshots.applyLayer(top, Readable.from([tar]), { signal });
      await snapshots.prepare('copy', top.chainId);
      const copy = await snapshots.mount('copy');
      expect(readdirSync(copy).sort()).toEqual(['etc', 'new', 'opt', 'same']);
      expect(readFileSync(join(copy, 'etc/a'), 'utf8')).toBe('changed');
      expect(readdirSync(join(copy, 'etc'))).toEqual(['a']);
      expect(readdirSync(join(copy, 'opt'))).toEqual([]);
      expect(readlinkSync(join(copy, 'new/link'))).toBe('file');
    });

    it('keeps containers apart, and their files over unmounting', async () => {
      const top = await stack([{ name: 'f', content: 'image' }]);
      await snapshots.prepare('a', top);
      await snapshots.prepare('b', top, { discardable: true });
      const [a, b] = [await snapshots.mount('a'), await snapshots.mount('b')];
      expect(await snapshots.mount('a')).toBe(a);
      writeFileSync(join(a, 'f'), 'mine');
      expect(readFileSync(join(b, 'f'), 'utf8')).toBe('image');
      writeFileSync(join(b, 'f'), 'other');
      for (const key of ['a', 'b']) await snapshots.unmount(key);
      await snapshots.unmount('a');
      expect(readFileSync(join(await snapshots.mount('a'), 'f'), 'utf8')).toBe('mine');
      expect(readFileSync(join(await snapshots.mount('b'), 'f'), 'utf8')).toBe('other');
      expect(snapshots.chainsInUse()).toEqual([top]);
      await snapshots.remove('a');
      await snapshots.remove('a');
      await snapshots.remove('never');
      expect(snapshots.keys()).toEqual(['b']);
    });

    it('stands on nothing for an image without layers, and says when a layer is missing', async () => {
      await snapshots.prepare('scratch', undefined);
      const at = await snapshots.mount('scratch');
      expect(readdirSync(at)).toEqual([]);
      writeFileSync(join(at, 'x'), 'x');
      await expect(snapshots.prepare('bad', sha('nothing'))).rejects.toMatchObject({ code: 'internal' });
      await expect(snapshots.prepare('../up', undefined)).rejects.toMatchObject({ code: 'internal' });
      expect(readdirSync(join(root, 's/incoming'))).toEqual([]);
    });

    it('mounts images of many layers', async () => {
      const at = await mounted(...Array.from({ length: 130 }, (_, n) => [{ name: `f${n}`, content: String(n) }]));
      expect(readdirSync(at)).toHaveLength(130);
    });

    it("gives the container's root the owner and mode the image says", async () => {
      const at = await mounted([{ name: './', mode: 0o750, uid: 11, gid: 12 }], [{ name: 'x', content: '' }]);
      const stats = statSync(at);
      expect([stats.mode & 0o7777, stats.uid, stats.gid]).toEqual([0o750, 11, 12]);
    });
  });
}
