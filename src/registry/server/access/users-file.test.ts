import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseHtpasswd } from './htpasswd.ts';
import { listUsers, putUser, removeUser } from './users-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'users-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('users come, change their password and go; comments and others stay', async () => {
  const file = join(folder, 'deep/users');
  expect(await listUsers(file)).toEqual([]);
  await putUser(file, 'bob', 'one');
  await writeFile(file, `# the team\n${await readFile(file, 'utf8')}`);
  await putUser(file, 'alice', 'two');
  await putUser(file, 'bob', 'three');
  expect(await listUsers(file)).toEqual(['alice', 'bob']);
  const checks = parseHtpasswd(await readFile(file, 'utf8'));
  expect([await checks.get('bob')?.('one'), await checks.get('bob')?.('three')]).toEqual([false, true]);
  await removeUser(file, 'bob');
  expect(await listUsers(file)).toEqual(['alice']);
  expect(await readFile(file, 'utf8')).toMatch(/^# the team\nalice:/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

it('a user who is not there is said so, and nothing is written', async () => {
  const file = join(folder, 'users');
  await putUser(file, 'alice', 'two');
  const before = await readFile(file, 'utf8');
  await expect(removeUser(file, 'ali')).rejects.toThrow('there is no user "ali"');
  expect(await readFile(file, 'utf8')).toBe(before);
});
