import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FilesystemDriver } from './filesystem-driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import { storageDriverSuite } from './storage-driver-suite.ts';

async function onDisk() {
  const root = await mkdtemp(join(tmpdir(), 'wharf-storage-'));
  return {
    root,
    driver: new FilesystemDriver(root),
    [Symbol.asyncDispose]: async () => await rm(root, { recursive: true }),
  };
}

storageDriverSuite('filesystem', onDisk);
storageDriverSuite('memory', async () => ({
  driver: new MemoryDriver(),
  [Symbol.asyncDispose]: async () => undefined,
}));

it('a write that fails leaves no temporary file', async () => {
  await using under = await onDisk();
  await under.driver.write('a', Buffer.from('x'));
  await expect(under.driver.write('a/b', Buffer.from('y'))).rejects.toThrow();
  expect(await readdir(join(under.root, 'tmp'))).toEqual([]);
});

it.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', './a', 'a\0b'])(
  'the path %j never reaches the disk',
  async (path) => {
    await using under = await onDisk();
    await expect(under.driver.write(path, Buffer.from('x'))).rejects.toThrow('not a storage path');
    await expect(under.driver.read(path)).rejects.toThrow('not a storage path');
  },
);
