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
  await expect(resolveInRoot(root, '/loop')).rejects.toThrow('too many symbolic links');
});

test('a stat tells links, folders and what is not there, in Docker’s form', async () => {
  const shown = { path: 'shown', container: 'boat' };
  expect(await statInRoot(root, '/dir/file', shown)).toMatchObject({ name: 'file', size: 4, linkTarget: '' });
  expect((await statInRoot(root, '/dir', shown)).mode).toBeGreaterThanOrEqual(2 ** 31);
  expect(await statInRoot(root, '/absolute', shown)).toMatchObject({ name: 'absolute', linkTarget: '/dir' });
  expect(await statInRoot(root, '/absolute/', shown)).toMatchObject({ linkTarget: '' });
  await expect(statInRoot(root, '/nope', shown)).rejects.toThrow('Could not find the file shown in container boat');
  await expect(statInRoot(root, '/dir/file/.', shown)).rejects.toThrow('Could not find the file shown');
  await expect(statInRoot(root, '/outside/', shown)).rejects.toThrow('Could not find the file shown');
});
