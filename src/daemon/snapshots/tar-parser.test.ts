import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SuiteEntry, tarOf } from './tar-fixture.ts';
import { insideParts, type TarEntry } from './tar-format.ts';
import { TarParser } from './tar-parser.ts';

interface Read {
  readonly entry: TarEntry;
  content: string;
}

function read(tar: Buffer, chunkBytes = tar.length): Read[] {
  const found: Read[] = [];
  const parser = new TarParser({
    entry: (entry) => found.push({ entry, content: '' }),
    data: (chunk) => {
      const last = found.at(-1);
      if (last !== undefined) last.content += Buffer.from(chunk).toString('latin1');
    },
    endFile: () => {},
  });
  for (let at = 0; at < tar.length; at += chunkBytes) parser.write(Buffer.from(tar.subarray(at, at + chunkBytes)));
  parser.end();
  return found;
}

const names = (tar: Buffer, chunkBytes?: number) => read(tar, chunkBytes).map(({ entry }) => entry.name);
const corrupt = expect.objectContaining({ code: 'layer.corrupt' });

describe('tar parser', () => {
  const entries: SuiteEntry[] = [
    { name: 'dir/', mode: 0o1777, mtime: 12.5 },
    {
      name: 'n'.repeat(300),
      content: 'x'.repeat(1025),
      uid: 4_000_000,
      xattrs: new Map([['user.k', Buffer.from([0, 255, 10])]]),
    },
    { name: 'link', type: 'symlink', linkName: 't'.repeat(200) },
    { name: 's\u00f8', content: 'y' },
    { name: 'old', content: 'z', mtime: -5 },
    { name: 'dev', type: 'block', devMajor: 8, devMinor: 300 },
  ];

  it.each([[undefined], [1], [7], [511], [512], [513], [4096]])(
    'reads the same in pieces of %s bytes',
    (chunkBytes) => {
      const found = read(tarOf(entries), chunkBytes);
      expect(found).toHaveLength(6);
      expect(found[0]?.entry).toMatchObject({ type: 'dir', name: 'dir/', mode: 0o1777, mtime: 12.5 });
      expect(found[1]?.entry).toMatchObject({ name: 'n'.repeat(300), size: 1025, uid: 4_000_000 });
      expect(found[1]?.entry.xattrs?.get('user.k')).toEqual(Buffer.from([0, 255, 10]));
      expect(found[1]?.content).toBe('x'.repeat(1025));
      expect(found[2]?.entry).toMatchObject({ type: 'symlink', linkName: 't'.repeat(200), size: 0 });
      expect(Buffer.from(found[3]?.entry.name ?? '', 'latin1').toString()).toBe('s\u00f8');
      expect(found[4]?.entry.mtime).toBe(0);
      expect(found[5]?.entry).toMatchObject({ type: 'block', devMajor: 8, devMinor: 300 });
    },
  );

  it.each(['gnu', 'pax', 'ustar', 'v7', 'oldgnu'])('reads what GNU tar writes as %s', (format) => {
    const dir = mkdtempSync(join(tmpdir(), 'wharf-tar-'));
    try {
      const long = format === 'v7' ? 'short' : 'l'.repeat(90);
      mkdirSync(join(dir, long, long.slice(0, 50)), { recursive: true });
      writeFileSync(join(dir, long, long.slice(0, 50), 'file'), 'content');
      symlinkSync('file', join(dir, long, 'link'));
      const tar = execFileSync('tar', [`--format=${format}`, '-C', dir, '-cf', '-', long]);
      const found = read(tar, 1000);
      expect(found.map(({ entry }) => entry.name.replace(/\/$/, '')).sort()).toEqual(
        [long, `${long}/${long.slice(0, 50)}`, `${long}/${long.slice(0, 50)}/file`, `${long}/link`].sort(),
      );
      expect(found.find(({ entry }) => entry.type === 'file')?.content).toBe('content');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('reads base-256 numbers', () => {
    const tar = tarOf([{ name: 'f' }]);
    const field = Buffer.alloc(12);
    field[0] = 0x80;
    field.writeUInt32BE(0x1_0000, 8);
    field.copy(tar, 136);
    fixChecksum(tar);
    expect(read(tar)[0]?.entry.mtime).toBe(0x1_0000);
  });

  it('ignores what follows the end, and accepts an archive without one', () => {
    const tar = tarOf([{ name: 'f', content: 'x' }]);
    expect(names(Buffer.concat([tar, Buffer.alloc(5000, 9)]))).toEqual(['f']);
    expect(names(tar.subarray(0, 1024))).toEqual(['f']);
    expect(names(Buffer.alloc(1024))).toEqual([]);
    expect(names(Buffer.alloc(0))).toEqual([]);
  });

  it('leaves global headers alone', () => {
    const pax = tarOf([{ name: 'x'.repeat(120), content: '' }]);
    pax[156] = 'g'.charCodeAt(0);
    fixChecksum(pax);
    expect(names(pax)).toEqual(['x'.repeat(100)]);
  });

  it.each<[string, (tar: Buffer) => Buffer]>([
    ['a cut file', (tar) => tar.subarray(0, 600)],
    ['a cut header', (tar) => tar.subarray(0, 300)],
    ['a wrong checksum', (tar) => flipped(tar, 3)],
    ['no archive at all', () => Buffer.from('<html>'.repeat(200))],
    ['an unknown type', (tar) => changed(tar, 156, 'Z')],
    ['a size that is no number', (tar) => changed(tar, 124, 'zzz')],
    ['a negative size', (tar) => changed(tar, 124, Buffer.alloc(12, 0xff))],
    ['an empty name', (tar) => changed(tar, 0, '\0')],
  ])('refuses %s', (_, damage) => {
    expect(() => read(damage(tarOf([{ name: 'file', content: 'x'.repeat(700) }])))).toThrow(corrupt);
  });

  it('refuses sparse files, broken pax records and endless names', () => {
    const tar = tarOf([{ name: 'f', content: 'x' }]);
    expect(() => read(changed(tar, 156, 'S'))).toThrow(expect.objectContaining({ code: 'image.unsupported' }));
    const pax = tarOf([{ name: 'x'.repeat(120), content: '' }]);
    expect(() => read(changed(pax, 512, '999999 '))).toThrow(corrupt);
    expect(() => read(changed(pax, 124, '77777777777'))).toThrow(corrupt);
  });
});

describe('paths inside a root', () => {
  it.each([
    ['a/b', ['a', 'b']],
    ['./a//b/', ['a', 'b']],
    ['/a', ['a']],
    ['a/../b', ['b']],
    ['a/./b/..', ['a']],
    ['..a/b..', ['..a', 'b..']],
    ['.', []],
    ['/', []],
    ['..', undefined],
    ['a/../../b', undefined],
    ['/..', undefined],
  ])('%s', (name, parts) => {
    expect(insideParts(name)).toEqual(parts);
  });
});

function changed(tar: Buffer, at: number, bytes: string | Buffer): Buffer {
  const copy = Buffer.from(tar);
  Buffer.from(bytes).copy(copy, at);
  fixChecksum(copy);
  return copy;
}

function flipped(tar: Buffer, at: number): Buffer {
  const copy = Buffer.from(tar);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function fixChecksum(tar: Buffer): void {
  tar.write(' '.repeat(8), 148);
  let sum = 0;
  for (const byte of tar.subarray(0, 512)) sum += byte;
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}
