/** Plugins that the engine runs itself: made of a folder, enabled, used, configured, pushed, installed, gone. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

/** Answers on its socket out of Node, which it gets from this machine, and mounts a tmpfs for each volume. */
const program = `
const http = require('node:http'), fs = require('node:fs'), { execFileSync } = require('node:child_process');
const volumes = new Map(), at = (name) => '/mnt/state/' + name;
const answers = {
  'Plugin.Activate': () => ({ Implements: ['VolumeDriver'] }),
  'VolumeDriver.Create': ({ Name }) => (volumes.set(Name, 0), fs.mkdirSync(at(Name), { recursive: true }), {}),
  'VolumeDriver.Remove': ({ Name }) => (volumes.delete(Name), {}),
  'VolumeDriver.Get': ({ Name }) => (volumes.has(Name) ? { Volume: { Name } } : { Err: 'unknown' }),
  'VolumeDriver.List': () => ({ Volumes: [...volumes.keys()].map((Name) => ({ Name })) }),
  'VolumeDriver.Path': ({ Name }) => ({ Mountpoint: at(Name) }),
  'VolumeDriver.Mount': ({ Name }) => {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', at(Name)]);
    fs.writeFileSync(at(Name) + '/word', process.env.WORD);
    return { Mountpoint: at(Name) };
  },
  'VolumeDriver.Unmount': ({ Name }) => (execFileSync('umount', [at(Name)]), {}),
  'VolumeDriver.Capabilities': () => ({ Capabilities: { Scope: 'local' } }),
};
http.createServer((request, response) => {
  let text = '';
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => response.end(JSON.stringify(answers[request.url.slice(1)](text ? JSON.parse(text) : {}))));
}).listen('/run/docker/plugins/store.sock');
process.on('SIGTERM', () => process.exit(0));
`;

function pluginFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wharf-managed-'));
  for (const name of ['usr', 'lib', 'lib64', 'node', 'mnt/state', 'tmp']) {
    mkdirSync(path.join(folder, 'rootfs', name), { recursive: true });
  }
  writeFileSync(path.join(folder, 'rootfs/program.cjs'), program);
  const fromHost = (Source: string, Destination = Source) => ({
    Name: path.basename(Destination),
    Source,
    Destination,
    Type: 'bind',
    Options: ['rbind', 'ro'],
  });
  const config = {
    Description: 'keeps words',
    Entrypoint: ['/node/node', '/program.cjs'],
    Interface: { Types: ['docker.volumedriver/1.0'], Socket: 'store.sock' },
    PropagatedMount: '/mnt/state',
    Linux: { Capabilities: ['CAP_SYS_ADMIN'] },
    Env: [{ Name: 'WORD', Settable: ['value'], Value: 'first' }],
    Mounts: [
      ...['/usr', '/lib', '/lib64'].map((folder_) => fromHost(folder_)),
      fromHost(path.dirname(process.execPath), '/node'),
    ],
  };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

describe.skipIf(dockerCommand === undefined)('managed plugin', () => {
  const { said, docker, world } = engineFile({ pulled: ['busybox'] });
  let folder = '';
  beforeAll(() => {
    folder = pluginFolder();
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const word = (volume: string) => said('run', '--rm', '-v', `${volume}:/v`, 'busybox', 'cat', '/v/word');

  test('lives from create to rm, through kill -9 of the engine', async () => {
    await said('plugin', 'create', 'test/store', folder);
    const missing = await docker('volume', 'create', '-d', 'test/store', 'v');
    expect(missing.stderr).toContain('plugin test/store found but disabled');
    await said('plugin', 'enable', 'test/store');
    await said('volume', 'create', '-d', 'test/store', 'words');
    expect(await said('volume', 'inspect', '-f', '{{.Driver}} {{.Scope}}', 'words')).toBe('test/store:latest local');
    expect(await word('words')).toBe('first');
    expect((await docker('plugin', 'disable', 'test/store')).stderr).toContain('plugin test/store:latest is in use');

    await said('run', '-d', '--name', 'user', '-v', 'words:/v', 'busybox', 'sleep', '600');
    await world().daemon.kill9();
    await world().daemon.start();
    expect(await said('plugin', 'ls', '--format', '{{.Name}} {{.Enabled}}')).toBe('test/store:latest true');
    expect(await said('exec', 'user', 'cat', '/v/word')).toBe('first');
    await said('rm', '-f', 'user');
    await said('volume', 'rm', 'words');

    await said('plugin', 'disable', 'test/store');
    await said('plugin', 'set', 'test/store', 'WORD=second');
    expect((await docker('plugin', 'set', 'test/store', 'usr.source=/x')).stderr).toContain('is not settable');
    await said('plugin', 'enable', 'test/store');
    await said('volume', 'create', '-d', 'test/store', 'words');
    expect(await word('words')).toBe('second');
    await said('volume', 'rm', 'words');
    expect((await docker('plugin', 'rm', 'test/store')).stderr).toContain('plugin test/store:latest is enabled');
    await said('plugin', 'rm', '-f', 'test/store');
    expect(await said('plugin', 'ls', '-q')).toBe('');
  });

  test('goes to a registry and comes back with what it asks for', async () => {
    const name = `${world().registryHost}/test/store:v1`;
    await said('plugin', 'create', name, folder);
    await said('plugin', 'push', name);
    await said('plugin', 'rm', name);
    await said('plugin', 'install', '--grant-all-permissions', '--alias', 'again', name, 'WORD=third');
    expect(JSON.parse(await said('plugin', 'inspect', 'again'))[0]).toMatchObject({
      Name: 'again:latest',
      Enabled: true,
      PluginReference: name,
      Settings: { Env: ['WORD=third'] },
    });
    await said('volume', 'create', '-d', 'again', 'words');
    expect(await word('words')).toBe('third');
    await said('volume', 'rm', 'words');
    await said('plugin', 'disable', 'again');
    await said('plugin', 'upgrade', '--grant-all-permissions', '--skip-remote-check', 'again', name);
    await said('plugin', 'rm', 'again');
  });

  test('a folder that is none, and a plugin that does not listen, leave nothing enabled', async () => {
    const broken = mkdtempSync(path.join(tmpdir(), 'wharf-managed-'));
    try {
      mkdirSync(path.join(broken, 'rootfs'));
      expect((await docker('plugin', 'create', 'test/none', broken)).stderr).not.toBe('');
      cpSync(folder, broken, { recursive: true });
      writeFileSync(path.join(broken, 'rootfs/program.cjs'), 'process.exit(3)');
      await said('plugin', 'create', 'test/mute', broken);
      expect((await docker('plugin', 'enable', 'test/mute')).stderr).toContain('dial unix');
      expect(await said('plugin', 'ls', '--format', '{{.Name}} {{.Enabled}}')).toBe('test/mute:latest false');
      await said('plugin', 'rm', 'test/mute');
    } finally {
      rmSync(broken, { recursive: true });
    }
  });
});
