import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseGatewayArguments } from './gateway-options.ts';
import { SignInLinks } from './sign-in-links.ts';
import { WebSessions } from './web-sessions.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'wharf-sign-in-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('a link ends after ten minutes, and old ones are cleared away', async () => {
  let nowMs = 1_000_000;
  const links = new SignInLinks(path.join(folder, 'links'), () => nowMs);
  const old = await links.create();
  nowMs += 11 * 60_000;
  const fresh = await links.create();
  expect(await readdir(path.join(folder, 'links'))).toHaveLength(1);
  expect(await links.redeem(old)).toBe(false);
  expect(await links.redeem(fresh)).toBe(true);
  expect(await links.redeem(fresh)).toBe(false);
});

test('a token that is a path is no token', async () => {
  const links = new SignInLinks(folder);
  for (const token of ['', '..', '../../etc/passwd', 'a'.repeat(5000)]) expect(await links.redeem(token)).toBe(false);
});

test('a link of another process is good here: both see the folder', async () => {
  const token = await new SignInLinks(folder).create();
  expect(await new SignInLinks(folder).redeem(token)).toBe(true);
});

test('sessions survive a restart as hashes only, readable by this user only', async () => {
  const file = path.join(folder, 'sessions.json');
  const secret = await (await WebSessions.open(file)).create();
  expect(await readFile(file, 'utf8')).not.toContain(secret);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const again = await WebSessions.open(file);
  expect(again.has(secret)).toBe(true);
  expect(again.has(`${secret}x`)).toBe(false);
});

test('sessions end after thirty days and are bounded in number', async () => {
  let nowMs = 0;
  const sessions = await WebSessions.open(path.join(folder, 's.json'), () => nowMs);
  const first = await sessions.create();
  for (let count = 0; count < 40; count++) await sessions.create();
  expect(sessions.has(first)).toBe(false);
  const last = await sessions.create();
  nowMs += 31 * 24 * 3600_000;
  expect(sessions.has(last)).toBe(false);
});

test('arguments say what is wrong with them', () => {
  expect(parseGatewayArguments([])).toMatchObject({ host: '127.0.0.1', port: 8430, newLink: false });
  expect(parseGatewayArguments(['--listen', '[::1]:9', '--new-link'])).toMatchObject({
    host: '::1',
    port: 9,
    newLink: true,
  });
  expect(() => parseGatewayArguments(['--listen', 'nonsense'])).toThrow('not an address and a port');
  expect(() => parseGatewayArguments(['--no-such'])).toThrow('no-such');
});
