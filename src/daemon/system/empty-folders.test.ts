import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { removeEmptyFolders } from './empty-folders.ts';

test('folders without files go, those with a file stay with it', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'wharf-empty-'));
  await mkdir(path.join(root, 'a/b/c'), { recursive: true });
  await mkdir(path.join(root, 'kept'));
  await writeFile(path.join(root, 'kept/file'), '');
  await removeEmptyFolders(root);
  expect(await readdir(root)).toEqual(['kept']);
  await rm(root, { recursive: true });
});

test('a root in which nothing is left goes too, and a missing one is fine', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'wharf-empty-'));
  await mkdir(path.join(root, 'a/b'), { recursive: true });
  await removeEmptyFolders(root);
  await expect(stat(root)).rejects.toThrow('ENOENT');
  await removeEmptyFolders(root);
});
