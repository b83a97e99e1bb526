import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { OwnRegistrySettings, OwnRegistryStatus } from '../contract/host-schemas.ts';
import { OwnRegistry } from './own-registry.ts';
import { isReachableFromOutside, registryArgs, serverSettings } from './registry-arguments.ts';
import { defaultSettings } from './settings-store.ts';

const entry = path.join(import.meta.dirname, '../registry/main.ts');
const slow = 60_000;

async function world(change: Partial<OwnRegistrySettings> = {}) {
  const home = await mkdtemp(path.join(tmpdir(), 'wharf-own-'));
  const bin = path.join(home, 'wharf-registry');
  await writeFile(bin, `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`);
  await chmod(bin, 0o755);
  const seen: OwnRegistryStatus['kind'][] = [];
  let settings: OwnRegistrySettings = { ...defaultSettings().ownRegistry, listen: '127.0.0.1:0', ...change };
  const registry = new OwnRegistry({
    home,
    bin,
    settings: () => settings,
    changed: ({ kind }) => void seen.push(kind),
  });
  return {
    home,
    registry,
    seen,
    set(next: Partial<OwnRegistrySettings>): void {
      settings = { ...settings, ...next };
    },
    async status(headers: Record<string, string> = {}): Promise<number | undefined> {
      if (registry.status.kind !== 'running') return undefined;
      return (await fetch(`${registry.status.url}/v2/`, { headers })).status;
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

test('it starts, says where it is, and stops; its images stay', { timeout: slow }, async () => {
  await using w = await world();
  const running = await w.registry.start();
  expect(running).toMatchObject({ kind: 'running', root: path.join(w.home, 'registry') });
  expect(await w.status()).toBe(200);
  const { url } = running.kind === 'running' ? running : { url: '' };
  expect(await w.registry.stop()).toEqual({ kind: 'stopped' });
  await expect(fetch(`${url}/v2/`)).rejects.toThrow();
  expect(w.seen).toEqual(['starting', 'running', 'stopping', 'stopped']);
});

test('the first user closes it to strangers, the last one opens it again', { timeout: slow }, async () => {
  await using w = await world();
  await w.registry.start();
  expect(await w.registry.addUser('anna', 'secret')).toEqual(['anna']);
  expect([await w.status(), await w.status(basic('anna:secret'))]).toEqual([401, 200]);
  expect(await w.registry.addUser('bob', 'other')).toEqual(['anna', 'bob']);
  expect(await w.status(basic('bob:other'))).toBe(200);
  expect(await readFile(path.join(w.home, 'registry-server/users'), 'utf8')).not.toContain('secret');
  await w.registry.removeUser('anna');
  await w.registry.removeUser('bob');
  expect([await w.registry.users(), await w.status()]).toEqual([[], 200]);
});

test('changed settings count at once, and one that is only the app’s restarts nothing', { timeout: slow }, async () => {
  await using w = await world();
  await w.registry.start();
  w.set({ startWithApp: true });
  await w.registry.settingsChanged();
  expect(w.seen).toEqual(['starting', 'running']);
  w.set({ keepLastTags: 3 });
  await w.registry.settingsChanged();
  expect(w.seen).toEqual(['starting', 'running', 'stopping', 'stopped', 'starting', 'running']);
  const { url } = w.registry.status.kind === 'running' ? w.registry.status : { url: '' };
  expect(await (await fetch(`${url}/wharf/v1/retention`)).json()).toMatchObject({ dryRun: true, hasRules: true });
});

test('an address that is taken is said so', { timeout: slow }, async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const address = holder.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await using w = await world({ listen: `127.0.0.1:${port}` });
  await expect(w.registry.start()).rejects.toMatchObject({ code: 'registry.failed' });
  expect(w.registry.status).toMatchObject({ kind: 'failed' });
  await new Promise((resolve) => holder.close(resolve));
  expect(await w.registry.start()).toMatchObject({ kind: 'running', address: `127.0.0.1:${port}` });
});

test('other machines get in only when there are users', { timeout: slow }, async () => {
  await using w = await world({ listen: '0.0.0.0:0' });
  await expect(w.registry.start()).rejects.toMatchObject({ code: 'request.conflict' });
  await w.registry.addUser('anna', 'secret');
  expect(await w.registry.start()).toMatchObject({ kind: 'running' });
  await expect(w.registry.removeUser('anna')).rejects.toMatchObject({ code: 'request.conflict' });
  expect(await w.registry.users()).toEqual(['anna']);
});

test('a registry that dies is said to have failed, and starts again', { timeout: slow }, async () => {
  await using w = await world();
  const failed = Promise.withResolvers<void>();
  const registry = new OwnRegistry({
    home: w.home,
    bin: path.join(w.home, 'short-lived'),
    settings: () => ({ ...defaultSettings().ownRegistry, listen: '127.0.0.1:0' }),
    changed: ({ kind }) => void (kind === 'failed' && failed.resolve()),
  });
  await writeFile(path.join(w.home, 'short-lived'), '#!/bin/sh\necho listening on http://127.0.0.1:9\n', {
    mode: 0o755,
  });
  await registry.start();
  await failed.promise;
  expect(registry.status).toMatchObject({ kind: 'failed', message: expect.stringContaining('ended unexpectedly') });
});

test.each([
  ['127.0.0.1:5000', false],
  ['localhost:5000', false],
  ['[::1]:5000', false],
  ['127.8.8.8:1', false],
  ['0.0.0.0:5000', true],
  [':5000', true],
  ['[::]:5000', true],
  ['192.168.1.4:5000', true],
  ['127.evil.example:5000', true],
])('%s can be reached from outside: %s', (listen, outside) => expect(isReachableFromOutside(listen)).toBe(outside));

test('its flags and its settings file follow from the settings', () => {
  const settings = { ...defaultSettings().ownRegistry, keepLastTags: 5, anonymousRead: true };
  const args = registryArgs(settings, '/images', { settings: '/s.json', users: undefined });
  expect(args).not.toContain('--anonymous-read');
  expect(registryArgs(settings, '/images', { settings: '/s.json', users: '/u' })).toContain('--anonymous-read');
  expect(serverSettings(settings)).toEqual({
    collectEveryMinutes: 60,
    retention: { rules: [{ repositories: ['*'], keepLast: 5, protect: ['latest'] }] },
  });
  expect(serverSettings({ ...settings, keepLastTags: 0 })).toEqual({ collectEveryMinutes: 60 });
});
