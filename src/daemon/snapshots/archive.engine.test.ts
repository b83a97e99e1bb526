import { execFileSync } from 'node:child_process';
import {
  chownSync,
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
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLayerWorkerPool, type LayerWorkerPool } from './layer-worker-pool.ts';
import { statInRoot } from './stat-in-root.ts';
import { type SuiteEntry, tarOf } from './tar-fixture.ts';
import { unpackInto } from './tar-reader.ts';
import { packTree } from './tar-writer.ts';

const signal = new AbortController().signal;
let dir = '';
let root = '';
let outside = '';
let pool: LayerWorkerPool;

beforeAll(() => {
  pool = createLayerWorkerPool({ size: 1 });
});
afterAll(() => pool[Symbol.asyncDispose]());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wharf-archive-'));
  root = join(dir, 'root');
  outside = join(dir, 'outside');
  for (const folder of [root, outside, join(root, 'data'), join(root, 'real')]) mkdirSync(folder);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const unpack = (path: string, entries: readonly SuiteEntry[], options = {}) =>
  unpackInto(root, path, Readable.from([tarOf(entries)]), { signal, pool, ...options });
const list = (tar: Buffer) => execFileSync('tar', ['-tvf', '-'], { input: tar }).toString();
const pack = async (path: string, options = {}) =>
  Buffer.concat(await packTree(root, path, { signal, ...options }).toArray());

describe('unpacking into a living root', () => {
  it('merges folders, replaces files, and follows links inside', async () => {
    symlinkSync('/real', join(root, 'link'));
    writeFileSync(join(root, 'real/old'), 'old');
    await unpack('link', [
      { name: 'old', content: 'new' },
      { name: 'sub/deep', content: 'x', uid: 5 },
      { name: 'l', type: 'symlink', linkName: '/etc/passwd' },
    ]);
    expect(readFileSync(join(root, 'real/old'), 'utf8')).toBe('new');
    expect(statSync(join(root, 'real/sub/deep')).uid).toBe(5);
    expect(readlinkSync(join(root, 'real/l'))).toBe('/etc/passwd');
  });

  it('takes gzip too, and gives everything to one owner when asked', async () => {
    const tar = gzipSync(
      tarOf([{ name: 'd/' }, { name: 'd/f', content: 'x' }, { name: 'd/h', type: 'link', linkName: 'd/f' }]),
    );
    await unpackInto(root, '/data', Readable.from([tar]), { signal, pool, owner: { uid: 7, gid: 8 } });
    expect([statSync(join(root, 'data/d')).uid, statSync(join(root, 'data/d/f')).gid]).toEqual([7, 8]);
    expect(statSync(join(root, 'data/d/f')).nlink).toBe(2);
  });

  it('never leaves the root, whatever links it finds or brings', async () => {
    symlinkSync('../../../../../../../../', join(root, 'up'));
    symlinkSync(outside, join(root, 'away'));
    await unpack('data', [
      { name: 'l', type: 'symlink', linkName: outside },
      { name: 'l/evil', content: 'x' },
    ]).catch(() => {});
    await unpack('up', [{ name: 'evil', content: 'x' }]);
    expect(readFileSync(join(root, 'evil'), 'utf8')).toBe('x');
    await expect(unpack('away', [{ name: 'evil', content: 'x' }])).rejects.toMatchObject({
      code: 'container.path-not-found',
    });
    await expect(unpack('data', [{ name: '../../evil', content: 'x' }])).rejects.toMatchObject({
      code: 'layer.unsafe',
    });
    writeFileSync(join(outside, 'victim'), 'safe');
    symlinkSync(join(outside, 'victim'), join(root, 'data/v'));
    await unpack('data', [{ name: 'v', content: 'mine' }]);
    expect(readdirSync(outside)).toEqual(['victim']);
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('safe');
  });

  it('refuses to swap folders and files when told to, and unknown folders', async () => {
    mkdirSync(join(root, 'data/x'));
    writeFileSync(join(root, 'data/y'), '');
    const strict = { noOverwriteDirNonDir: true };
    await expect(unpack('data', [{ name: 'x', content: '' }], strict)).rejects.toThrow(
      'cannot overwrite directory "x" with non-directory',
    );
    await expect(unpack('data', [{ name: 'y/' }], strict)).rejects.toThrow('cannot overwrite non-directory');
    await unpack('data', [{ name: 'x', content: '' }]);
    expect(lstatSync(join(root, 'data/x')).isFile()).toBe(true);
    await expect(unpack('none', [])).rejects.toMatchObject({ code: 'container.path-not-found' });
    await expect(
      unpackInto(root, 'data', Readable.from([Buffer.alloc(1000, 7)]), { signal, pool }),
    ).rejects.toMatchObject({ code: 'layer.corrupt' });
  });

  it('replaces what is there in folders below, whatever it was', async () => {
    mkdirSync(join(root, 'data/deep/dir'), { recursive: true });
    for (const name of ['file', 'was-file']) writeFileSync(join(root, 'data/deep', name), 'old');
    symlinkSync('file', join(root, 'data/deep/link'));
    await unpack('data', [
      { name: 'deep/file', content: 'new' },
      { name: 'deep/was-file/' },
      { name: 'deep/link', content: 'own' },
      { name: 'deep/dir', content: 'flat' },
      { name: 'deep/after', content: 'x' },
    ]);
    const text = (name: string) => readFileSync(join(root, 'data/deep', name), 'utf8');
    expect([text('file'), text('link'), text('dir'), text('after')]).toEqual(['new', 'own', 'flat', 'x']);
    expect(lstatSync(join(root, 'data/deep/was-file')).isDirectory()).toBe(true);
  });

  it('takes an archive whose folders become something else further on', async () => {
    await unpack('data', [
      { name: 'd/' },
      { name: 'd/sub/' },
      { name: 'd', content: 'a file now' },
      { name: 'e/' },
      { name: 'e', type: 'symlink', linkName: '/nowhere' },
    ]);
    expect(readFileSync(join(root, 'data/d'), 'utf8')).toBe('a file now');
    expect(readlinkSync(join(root, 'data/e'))).toBe('/nowhere');
  });

  it('passes on what breaks the source', async () => {
    const broken = Readable.from(
      (function* () {
        yield tarOf([{ name: 'a', content: 'x'.repeat(9000) }]).subarray(0, 4000);
        throw new Error('the client went away');
      })(),
    );
    await expect(unpackInto(root, 'data', broken, { signal, pool })).rejects.toThrow('the client went away');
    await unpack('data', [{ name: 'fine', content: '' }]);
  });

  it('works with a thread of its own', async () => {
    await unpackInto(root, 'data', Readable.from([tarOf([{ name: 'f', content: 'x' }])]), { signal });
    expect(existsSync(join(root, 'data/f'))).toBe(true);
  });
});

describe('packing', () => {
  it('makes what GNU tar reads and what we read back', async () => {
    mkdirSync(join(root, 'data/d'), { mode: 0o750 });
    writeFileSync(join(root, 'data/d/small'), 'small');
    writeFileSync(join(root, 'data/d/big'), Buffer.alloc(700_000, 3));
    chownSync(join(root, 'data/d/big'), 3_000_000, 4);
    writeFileSync(join(root, `data/d/${'n'.repeat(180)}`), 'long');
    writeFileSync(join(root, 'data/d/s\u00f8'), 'utf8');
    symlinkSync('x'.repeat(150), join(root, 'data/d/link'));
    execFileSync('ln', [join(root, 'data/d/small'), join(root, 'data/d/zz')]);
    execFileSync('mkfifo', [join(root, 'data/d/pipe')]);
    const tar = await pack('data/d');
    expect(
      list(tar)
        .split('\n')
        .map((line) => line.split(/\s+/).slice(5).join(' '))
        .filter(Boolean),
    ).toHaveLength(8);
    expect(list(tar)).toContain('d/zz link to d/small');
    await unpackInto(root, 'real', Readable.from([tar]), { signal, pool });
    expect(readdirSync(join(root, 'real/d')).sort()).toEqual(readdirSync(join(root, 'data/d')).sort());
    expect(statSync(join(root, 'real/d')).mode & 0o777).toBe(0o750);
    expect(statSync(join(root, 'real/d/big')).uid).toBe(3_000_000);
    expect(readFileSync(join(root, 'real/d/big')).equals(Buffer.alloc(700_000, 3))).toBe(true);
    expect((await pack('real/d')).equals(tar)).toBe(true);
  });

  it('names things as asked, and follows the last link only with a slash', async () => {
    writeFileSync(join(root, 'real/f'), 'x');
    symlinkSync('/real', join(root, 'l'));
    expect(list(await pack('l'))).toContain('l -> /real');
    expect(list(await pack('l/.', { name: '' }))).toContain(' f\n');
    expect(list(await pack('/real', { name: 'other' }))).toContain(' other/f\n');
    expect(list(await pack('/', { name: '' }))).toContain(' real/f\n');
    expect(() => packTree(root, 'none', { signal })).toThrow(
      expect.objectContaining({ code: 'container.path-not-found' }),
    );
    symlinkSync(outside, join(root, 'away'));
    expect(() => packTree(root, 'away/x', { signal })).toThrow(
      expect.objectContaining({ code: 'container.path-not-found' }),
    );
  });

  it('keeps its promise of a size when a file shrinks meanwhile', async () => {
    writeFileSync(join(root, 'data/f'), Buffer.alloc(5_000_000, 1));
    const chunks: Buffer[] = [];
    for await (const chunk of packTree(root, 'data/f', { signal })) {
      if (chunks.length === 0) truncateSync(join(root, 'data/f'), 10);
      chunks.push(chunk);
    }
    expect(list(Buffer.concat(chunks))).toContain('5000000');
  });

  it('lets go of everything when its reader leaves', async () => {
    for (let at = 0; at < 50; at++) writeFileSync(join(root, `data/f${at}`), Buffer.alloc(300_000));
    const before = readdirSync('/proc/self/fd').length;
    const stream = packTree(root, 'data', { signal });
    for await (const _ of stream) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  });
});

describe('looking', () => {
  it('tells kind, size and where links lead inside the root', () => {
    writeFileSync(join(root, 'real/f'), '12345');
    symlinkSync('/real/f', join(root, 'l'));
    symlinkSync('../../../../real', join(root, 'up'));
    symlinkSync('/nowhere', join(root, 'dead'));
    expect(statInRoot(root, '/real/f')).toMatchObject({ name: 'f', linkTarget: '' });
    expect(statInRoot(root, 'real/f').stats.size).toBe(5);
    expect(statInRoot(root, 'l')).toMatchObject({ name: 'l', linkTarget: '/real/f' });
    expect(statInRoot(root, 'up').linkTarget).toBe('/real');
    expect(statInRoot(root, 'dead').linkTarget).toBe('/nowhere');
    expect(statInRoot(root, 'up/').stats.isDirectory()).toBe(true);
    expect(statInRoot(root, '/').name).toBe('/');
    expect(() => statInRoot(root, 'none')).toThrow(expect.objectContaining({ code: 'container.path-not-found' }));
  });
});
