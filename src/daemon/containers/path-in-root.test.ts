import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { statInRoot } from './archive-stat.ts';
import { resolveInRoot } from './path-in-root.ts';

const root = mkdtempSync(join(tmpdir(), 'wharf-path-'));
mkdirSync(join(root, 'dir/sub'), { recursive: true });
writeFileSync(join(root, 'dir/file'), 'four');
symlinkSync('/dir', join(root, 'absolute'));
symlinkSync('../../../dir/sub', join(root, 'dir/climbs'));
symlinkSync('/etc/passwd', join(root, 'outside'));
symlinkSync('loop', join(root, 'loop'));
afterAll(() => rmSync(root, { recursive: true }));

test.each([
  ['/dir/file', '/dir/file'],
  ['/absolute/file', '/dir/file'],
  ['/dir/climbs', '/dir/sub'],
  ['/../../dir', '/dir'],
  ['/absolute/../dir', '/dir'],
  ['/outside', '/etc/passwd'],
  ['/not/there', '/not/there'],
])('%s is %s inside the root', async (path, inside) => {
  expect(await resolveInRoot(root, path)).toBe(join(root, inside));
});

test('the last link is kept when asked', async () => {
  expect(await resolveInRoot(root, '/absolute', { followLast: false })).toBe(join(root, 'absolute'));
});

test('a circle of links ends', async () => {
  await expect(resolveInRoot(root, '/loop')).rejects.toThrow('too many links');
});

test('a stat tells links, folders and what is not there, in Docker’s form', async () => {
  const stat = (path: string) => statInRoot(root, path, { path, container: 'boat' });
  expect(await stat('/dir/file')).toMatchObject({ name: 'file', size: 4, linkTarget: '' });
  expect((await stat('/dir')).mode).toBeGreaterThanOrEqual(2 ** 31);
  expect(await stat('/dir/.')).toMatchObject({ name: '.' });
  expect(await stat('/dir/')).toMatchObject({ name: 'dir' });
  expect(await stat('/')).toMatchObject({ name: '/' });
  expect(await stat('/absolute')).toMatchObject({ name: 'absolute', linkTarget: '/dir' });
  expect(await stat('/absolute/')).toMatchObject({ linkTarget: '' });
  await expect(stat('/nope')).rejects.toThrow('Could not find the file /nope in container boat');
  await expect(stat('/dir/file/.')).rejects.toMatchObject({
    message: 'lstat /dir/file/.: not a directory',
    status: 500,
  });
  await expect(stat('/outside/')).rejects.toThrow('Could not find the file /outside/');
});
