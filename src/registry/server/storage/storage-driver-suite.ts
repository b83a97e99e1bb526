/** What every storage driver must do. For tests only: `storageDriverSuite('name', async () => ({driver, [Symbol.asyncDispose]}))`. */
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { StorageDriver } from './storage-driver.ts';

export interface DriverUnderTest extends AsyncDisposable {
  readonly driver: StorageDriver;
}

async function* chunks(...parts: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield part;
  }
}

export function storageDriverSuite(name: string, make: () => Promise<DriverUnderTest>): void {
  describe(`storage driver ${name}`, () => {
    small(make);
    appending(make);
    listing(make);
  });
}

function small(make: () => Promise<DriverUnderTest>): void {
  it('reads what was written, and the last write counts', async () => {
    await using under = await make();
    await under.driver.write('a/b/c', Buffer.from('one'));
    await under.driver.write('a/b/c', Buffer.from('two!'));
    expect((await under.driver.read('a/b/c'))?.toString()).toBe('two!');
    const stored = await under.driver.stat('a/b/c');
    expect(stored?.sizeBytes).toBe(4);
    expect(Math.abs(Date.now() - (stored?.modifiedAtMs ?? 0))).toBeLessThan(10_000);
  });

  it('answers undefined for what is not there, or is a folder', async () => {
    await using under = await make();
    await under.driver.write('a/b', Buffer.from('x'));
    expect(await under.driver.read('nothing')).toBeUndefined();
    expect(await under.driver.stat('a/b/c')).toBeUndefined();
    expect(await under.driver.stat('a')).toBeUndefined();
  });

  it('writers of one file at once leave one of their contents, whole', async () => {
    await using under = await make();
    const contents = Array.from({ length: 8 }, (_, at) => Buffer.alloc(50_000, at));
    await Promise.all(contents.map((bytes) => under.driver.write('x', bytes)));
    const read = await under.driver.read('x');
    expect(contents.some((bytes) => read?.equals(bytes))).toBe(true);
  });

  it('removes files and folders, and says whether there were any', async () => {
    await using under = await make();
    await under.driver.write('a/b/c', Buffer.from('1'));
    await under.driver.write('a/d', Buffer.from('2'));
    expect(await under.driver.remove('a/b')).toBe(true);
    expect(await under.driver.read('a/b/c')).toBeUndefined();
    expect((await under.driver.read('a/d'))?.toString()).toBe('2');
    expect(await under.driver.remove('a/b')).toBe(false);
  });
}

function appending(make: () => Promise<DriverUnderTest>): void {
  const bytes = randomBytes(200_000);

  it('appends in parts and reads ranges', async () => {
    await using under = await make();
    expect(await under.driver.append('u/data', 0, chunks(bytes.subarray(0, 1000), bytes.subarray(1000, 70_000)))).toBe(
      70_000,
    );
    expect(await under.driver.append('u/data', 70_000, chunks(bytes.subarray(70_000)))).toBe(200_000);
    expect((await buffer(under.driver.openRead('u/data', { start: 0, end: 199_999 }))).equals(bytes)).toBe(true);
    expect((await buffer(under.driver.openRead('u/data', { start: 5, end: 9 }))).equals(bytes.subarray(5, 10))).toBe(
      true,
    );
  });

  it('cuts off what lay behind the offset', async () => {
    await using under = await make();
    await under.driver.append('u', 0, chunks(bytes));
    expect(await under.driver.append('u', 100, chunks(Buffer.from('end')))).toBe(103);
    expect((await under.driver.read('u'))?.subarray(100).toString()).toBe('end');
  });

  it('keeps what came before the source failed', async () => {
    await using under = await make();
    await under.driver.append('u', 0, chunks(bytes.subarray(0, 10)));
    const failing = under.driver.append('u', 10, chunks(bytes.subarray(10, 30), new Error('cut')));
    await expect(failing).rejects.toThrow('cut');
    expect((await under.driver.read('u'))?.equals(bytes.subarray(0, 30))).toBe(true);
  });

  it('makes an empty file of an empty source', async () => {
    await using under = await make();
    expect(await under.driver.append('u', 0, chunks())).toBe(0);
    expect((await under.driver.stat('u'))?.sizeBytes).toBe(0);
  });

  it('commits to another place, over what is there', async () => {
    await using under = await make();
    await under.driver.write('to/x', Buffer.from('old'));
    await under.driver.append('from/u', 0, chunks(Buffer.from('new')));
    await under.driver.commit('from/u', 'to/x');
    expect((await under.driver.read('to/x'))?.toString()).toBe('new');
    expect(await under.driver.stat('from/u')).toBeUndefined();
    await expect(under.driver.commit('from/u', 'to/x')).rejects.toThrow();
  });

  it('errors the stream of a file that is not there', async () => {
    await using under = await make();
    await expect(buffer(under.driver.openRead('nothing', { start: 0, end: 1 }))).rejects.toThrow();
  });
}

function listing(make: () => Promise<DriverUnderTest>): void {
  it('lists direct children in the order of code units', async () => {
    await using under = await make();
    for (const path of ['r/b/x', 'r/B/x', 'r/a', 'r/a-1/y/z', 'other/x'])
      await under.driver.write(path, Buffer.from('x'));
    expect(await under.driver.list('r')).toEqual(['B', 'a', 'a-1', 'b']);
    expect(await under.driver.list('r/nothing')).toEqual([]);
    expect(await under.driver.list('r/a')).toEqual([]);
  });
}
