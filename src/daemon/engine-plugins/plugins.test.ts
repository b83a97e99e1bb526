import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { showsBody } from './authorization.ts';
import { findLegacy, scanLegacy } from './legacy-discovery.ts';
import { PluginClient } from './plugin-client.ts';
import { initialSettings, type PluginRecord, parsePluginConfig, privilegesOf } from './plugin-config.ts';
import { withSettings } from './plugin-settings.ts';
import { runtimeOfPlugins } from './plugin-storage.ts';
import { PluginStore } from './plugin-store.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-plugins-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const listening = async (path: string, answer: (tries: number) => { status: number; text: string }) => {
  let tries = 0;
  const server = createServer((request, response) => {
    request.resume();
    const { status, text } = answer(++tries);
    response.writeHead(status).end(text);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { [Symbol.dispose]: () => void server.close(), tries: () => tries };
};

test('plugins are found by socket first, then by spec files in the order of the folders', async () => {
  const places = { sockets: join(folder, 's'), specs: [join(folder, 'a'), join(folder, 'b')] };
  for (const name of ['s/own', 'a', 'b/deep']) mkdirSync(join(folder, name), { recursive: true });
  using _flat = await listening(join(folder, 's/flat.sock'), () => ({ status: 200, text: '{}' }));
  using _own = await listening(join(folder, 's/own/own.sock'), () => ({ status: 200, text: '{}' }));
  writeFileSync(join(folder, 'a/flat.spec'), 'tcp://10.0.0.1:80');
  writeFileSync(join(folder, 'a/far.spec'), 'tcp://10.0.0.1:8080\n');
  const TLSConfig = { CAFile: '/ca', CertFile: '/cert', KeyFile: '/key' };
  writeFileSync(
    join(folder, 'b/deep/deep.json'),
    JSON.stringify({ Name: 'deep', Addr: 'https://plug.lan:99', TLSConfig }),
  );
  writeFileSync(join(folder, 'b/odd.spec'), 'nonsense');
  expect(scanLegacy(places)).toEqual(['deep', 'far', 'flat', 'odd', 'own']);
  expect(findLegacy(places, 'flat')).toEqual({ kind: 'unix', path: join(folder, 's/flat.sock') });
  expect(findLegacy(places, 'own')).toEqual({ kind: 'unix', path: join(folder, 's/own/own.sock') });
  expect(findLegacy(places, 'far')).toEqual({ kind: 'tcp', host: '10.0.0.1', port: 8080 });
  const tls = { caFile: '/ca', certFile: '/cert', keyFile: '/key', insecureSkipVerify: false };
  expect(findLegacy(places, 'deep')).toEqual({ kind: 'tcp', host: 'plug.lan', port: 99, tls });
  expect(findLegacy(places, '../b/odd')).toBeUndefined();
  expect(() => findLegacy(places, 'odd')).toThrow('Unknown protocol');
});

describe('calls', () => {
  test('a plugin that comes late is asked again, one that answers is not', async () => {
    const path = join(folder, 'late.sock');
    const warnings: string[] = [];
    const client = new PluginClient({ kind: 'unix', path }, (text) => warnings.push(text));
    await expect(client.call('X.Y', {}, { retryMs: 0 })).rejects.toMatchObject({ code: 'plugin.failed' });
    const call = client.call('X.Y', { a: 1 });
    await expect.poll(() => warnings.length).toBe(1);
    using server = await listening(path, () => ({ status: 500, text: '{"Err":"not today"}' }));
    await expect(call).rejects.toMatchObject({ code: 'plugin.failed', message: 'X.Y: not today' });
    expect(server.tries()).toBe(1);
  });

  test('an error in an answer with 200 is one', async () => {
    const path = join(folder, 'p.sock');
    using _server = await listening(path, (tries) => ({
      status: 200,
      text: tries === 1 ? '{"Err":"no"}' : '{"A":[1]}',
    }));
    const client = new PluginClient({ kind: 'unix', path }, () => undefined);
    await expect(client.call('X.Y', {})).rejects.toThrow(/^no$/);
    expect(await client.call('X.Y', {})).toEqual({ A: [1] });
  });
});

const config = parsePluginConfig(
  Buffer.from(
    JSON.stringify({
      Entrypoint: ['/run'],
      Network: { Type: 'host' },
      Env: [
        { Name: 'LEVEL', Settable: ['value'], Value: '1' },
        { Name: 'FIXED', Value: 'x' },
      ],
      Mounts: [{ Name: 'data', Source: '/srv', Destination: '/data', Settable: ['source'] }],
      Args: { Name: 'args', Settable: ['value'], Value: ['a'] },
      Linux: { Capabilities: ['CAP_SYS_ADMIN'], Devices: [{ Name: 'fuse', Path: '/dev/fuse' }] },
    }),
  ),
);

test('a config is shown with all its fields, and says what it asks for', () => {
  expect(config).toMatchObject({ IpcHost: false, PropagatedMount: '', Interface: { Socket: '', Types: null } });
  expect(config.Mounts?.[0]).toMatchObject({ Description: '', Options: null, Type: '' });
  expect(privilegesOf(config).map(({ Name, Value }) => [Name, ...(Value ?? [])])).toEqual([
    ['network', 'host'],
    ['mount', '/srv'],
    ['device', '/dev/fuse'],
    ['capabilities', 'CAP_SYS_ADMIN'],
  ]);
  expect(() => parsePluginConfig(Buffer.from('{'))).toThrow('failed to parse config');
});

test('settings are changed where the config lets them', () => {
  const before = initialSettings(config);
  const after = withSettings(config, before, ['LEVEL=2', 'data.source=/else', 'args=b c']);
  expect(after).toMatchObject({ Env: ['LEVEL=2', 'FIXED=x'], Args: ['b', 'c'], Mounts: [{ Source: '/else' }] });
  expect(before.Env).toEqual(['LEVEL=1', 'FIXED=x']);
  for (const [setting, message] of [
    ['FIXED=y', '"FIXED" is not settable'],
    ['fuse.path=/dev/x', '"fuse.path" is not settable'],
    ['nothing=1', 'setting "nothing" not found in the plugin configuration'],
    ['=1', 'invalid format, must be <name>[.<field>][=<value>]'],
  ]) {
    expect(() => withSettings(config, before, [setting ?? ''])).toThrow(message);
  }
});

test('a plugin is found by name with or without its tag, and by the beginning of its ID', () => {
  using db = new DatabaseSync(':memory:');
  const store = new PluginStore(db);
  const record = (id: string, name: string): PluginRecord => ({
    ...{ id, name, reference: name, enabled: false, timeoutSeconds: 0, config, settings: initialSettings(config) },
    ...{ configDigest: '', manifestDigest: '', layers: [] },
  });
  store.save(record('abc1', 'vendor/one:latest'));
  store.save(record('abd2', 'vendor/two:v2'));
  expect(store.resolve('vendor/one').id).toBe('abc1');
  expect(store.resolve('vendor/two:v2').id).toBe('abd2');
  expect(store.resolve('abd').id).toBe('abd2');
  expect(() => store.resolve('ab')).toThrow('multiple plugins found for "ab"');
  expect(() => store.resolve('vendor/two')).toThrow('plugin "vendor/two" not found');
});

test('authorization plugins see JSON bodies, but not of sign-ins', () => {
  const json = { 'content-type': 'application/json; charset=utf-8' };
  expect(showsBody('/v1.51/containers/create?name=x', json)).toBe(true);
  expect(showsBody('/v1.51/auth', json)).toBe(false);
  expect(showsBody('/v1.51/build', { 'content-type': 'application/x-tar' })).toBe(false);
});

test('plugins run with the default runtime where the daemon was given it, else with the one that fits', () => {
  const namedRuntimes = () => ({ mine: { path: '/opt/mine', args: [] } });
  expect(runtimeOfPlugins({ namedRuntimes, defaultRuntime: () => 'mine' })).toBe('mine');
  expect(runtimeOfPlugins({ namedRuntimes, defaultRuntime: () => 'crun' })).toBeUndefined();
  expect(runtimeOfPlugins({ namedRuntimes, defaultRuntime: () => undefined })).toBeUndefined();
  expect(runtimeOfPlugins({})).toBeUndefined();
});
