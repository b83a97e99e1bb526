import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CredentialStore, canonicalRegistry, registryOf } from './credential-store.ts';
import { externalUrl } from './desktop-features.ts';
import { keyFileBox } from './secret-box.ts';
import { defaultSettings, engineArgs, SettingsStore } from './settings-store.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'wharf-stores-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

test('settings have defaults, are merged, announced and read again', async () => {
  const told: string[] = [];
  const store = await SettingsStore.open(home, ({ theme }) => told.push(theme));
  expect(store.get()).toEqual(defaultSettings());
  await store.set({ theme: 'dark', engine: { logLevel: 'debug' } });
  expect(store.get().engine).toMatchObject({ logLevel: 'debug', registryMirrors: [] });
  expect(told).toEqual(['dark']);
  const again = await SettingsStore.open(home, () => {});
  expect(again.get()).toEqual(store.get());
});

test('a settings file that is damaged in part keeps the rest', async () => {
  await writeFile(
    path.join(home, 'settings.json'),
    '{"theme":"pink","closeToTray":false,"old":1,"engine":{"logLevel":"warn"}}',
  );
  const store = await SettingsStore.open(home, () => {});
  expect(store.get()).toMatchObject({
    theme: 'system',
    closeToTray: false,
    engine: { logLevel: 'warn', httpProxy: '' },
  });
  await writeFile(path.join(home, 'settings.json'), 'not json');
  expect((await SettingsStore.open(home, () => {})).get()).toEqual(defaultSettings());
});

test('engine flags follow from the settings', () => {
  const base = defaultSettings();
  expect(engineArgs(base)).toEqual([]);
  const settings = {
    ...base,
    registries: [{ address: 'reg:5000', insecure: true }],
    engine: {
      ...base.engine,
      registryMirrors: ['https://m'],
      insecureRegistries: ['reg:5000'],
      logLevel: 'debug' as const,
    },
  };
  expect(engineArgs(settings)).toEqual([
    ...['--registry-mirror', 'https://m', '--insecure-registry', 'reg:5000', '--log-level', 'debug'],
  ]);
});

test('secrets are on disk only encrypted, in files of this user only', async () => {
  const store = await CredentialStore.open(home, await keyFileBox(home));
  await store.save('https://Index.Docker.io/v1/', 'anna', 'swordfish');
  for (const file of ['credentials.json', 'secret.key']) {
    expect((await stat(path.join(home, file))).mode & 0o777).toBe(0o600);
  }
  expect(await readFile(path.join(home, 'credentials.json'), 'utf8')).not.toContain('swordfish');
  expect(store.list()).toEqual([{ registry: 'docker.io', username: 'anna' }]);
  const again = await CredentialStore.open(home, await keyFileBox(home));
  const header = JSON.parse(Buffer.from(again.authHeaderFor('busybox') ?? '', 'base64url').toString());
  expect(header).toEqual({ username: 'anna', password: 'swordfish', serveraddress: 'docker.io' });
  expect(again.authHeaderFor('ghcr.io/x/y')).toBeUndefined();
  await again.save('https://team.example:5000/', 'bob', 'hunter2');
  expect(JSON.parse(Buffer.from(again.configHeader() ?? '', 'base64url').toString())).toEqual({
    'docker.io': { username: 'anna', password: 'swordfish' },
    'team.example:5000': { username: 'bob', password: 'hunter2' },
  });
  await again.remove('team.example:5000');
  await again.remove('docker.io');
  expect(again.configHeader()).toBeUndefined();
  expect(again.list()).toEqual([]);
});

test('secrets that were tampered with are refused', async () => {
  const box = await keyFileBox(home);
  const bytes = Buffer.from(box.encrypt('secret'), 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  expect(() => box.decrypt(bytes.toString('base64'))).toThrow('can not be read');
});

test('registries are told from image names by the distribution grammar', () => {
  expect(['busybox', 'a/b', 'localhost/a', 'reg:5000/a', 'ghcr.io/a/b:1'].map(registryOf)).toEqual([
    ...['docker.io', 'docker.io', 'localhost', 'reg:5000', 'ghcr.io'],
  ]);
  expect(canonicalRegistry('https://GHCR.io/')).toBe('ghcr.io');
});

test('external addresses are plain http and https', () => {
  expect(externalUrl('https://example.org/a b')).toBe('https://example.org/a%20b');
  for (const url of ['ftp://x', 'file:///x', 'https://user@bank.example/', 'javascript:1', 'x']) {
    expect(() => externalUrl(url)).toThrow('plain http and https');
  }
});
