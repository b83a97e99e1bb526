/** `-v`, `--mount`, `--tmpfs` and `--volumes-from` on a real engine: what ends up where, and what is refused. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mount, mountFlags, unmountSync } from '../../src/daemon/linux/mount.ts';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

describe.skipIf(dockerCommand === undefined)('mounts', () => {
  const { said, docker, world } = engineFile({ pulled: ['busybox'] });
  let folder = '';
  /** A shared mount with another one below it. */
  let shared = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'wharf-mounts-'));
    writeFileSync(path.join(folder, 'file'), 'here\n');
    shared = path.join(folder, 'shared');
    mkdirSync(shared);
    mount({ source: 'tmpfs', target: shared, type: 'tmpfs', flags: 0 });
    mount({ source: '', target: shared, type: '', flags: mountFlags.shared });
    mkdirSync(path.join(shared, 'below'));
    mount({ source: 'tmpfs', target: path.join(shared, 'below'), type: 'tmpfs', flags: 0 });
  });
  afterAll(() => {
    for (const place of ['shared/late', 'shared/below', 'shared']) {
      unmountSync(path.join(folder, place), { lazy: true });
    }
    rmSync(folder, { recursive: true });
  });
  const run = (...args: string[]) => said('run', '--rm', ...args);
  const refusal = async (...args: string[]) => (await docker('run', '--rm', ...args)).stderr;

  test('read-only reaches mounts below, unless it is not to', async () => {
    const write = 'touch /s/below/x 2>/dev/null && echo written || echo refused';
    const bind = `type=bind,src=${shared},dst=/s,readonly`;
    expect(await run('-v', `${shared}:/s:ro`, 'busybox', 'sh', '-c', write)).toBe('refused');
    expect(await run('--mount', `${bind},bind-recursive=writable`, 'busybox', 'sh', '-c', write)).toBe('written');
    const bare = `${bind},bind-recursive=disabled`;
    expect(await run('--mount', bare, 'busybox', 'sh', '-c', 'grep -c " /s/below " /proc/mounts || true')).toBe('0');
    expect(await run('-v', `${folder}/file:/etc/one:ro`, 'busybox', 'cat', '/etc/one')).toBe('here');
  });

  test('what the host mounts later is seen with rslave and not with rprivate', async () => {
    const late = path.join(shared, 'late');
    await said('run', '-d', '--name', 'slave', '-v', `${shared}:/s:rslave`, 'busybox', 'sleep', '600');
    await said('run', '-d', '--name', 'private', '-v', `${shared}:/s:rprivate`, 'busybox', 'sleep', '600');
    mkdirSync(late);
    mount({ source: 'tmpfs', target: late, type: 'tmpfs', flags: 0 });
    writeFileSync(path.join(late, 'seen'), '');
    expect(await said('exec', 'slave', 'ls', '/s/late')).toBe('seen');
    expect(await said('exec', 'private', 'ls', '/s/late')).toBe('');
    const alone = path.join(folder, 'alone');
    mkdirSync(alone);
    mount({ source: 'tmpfs', target: alone, type: 'tmpfs', flags: 0 });
    mount({ source: '', target: alone, type: '', flags: mountFlags.private });
    const stderr = await refusal('-v', `${alone}:/s:rshared`, 'busybox', 'true');
    unmountSync(alone, { lazy: true });
    expect(stderr).toContain(`path ${alone} is mounted on ${alone} but it is not a shared mount`);
  });

  test('what a container mounts comes out on the host with rshared', async () => {
    const args = ['--privileged', '-v', `${shared}:/s:rshared`, 'busybox', 'sh', '-c'];
    await said(
      'run',
      '-d',
      '--name',
      'giver',
      ...args,
      'mkdir -p /s/given && mount -t tmpfs t /s/given && touch /s/given/x && sleep 600',
    );
    const given = path.join(shared, 'given');
    await expect.poll(() => existsSync(path.join(given, 'x')), { timeout: 10_000 }).toBe(true);
    await said('rm', '-f', 'giver');
    unmountSync(given, { lazy: true });
  });

  test('an image is mounted whole or in part, read-only', async () => {
    const part = 'type=image,src=busybox,dst=/i,image-subpath=bin';
    expect(await run('--mount', 'type=image,src=busybox,dst=/i', 'busybox', 'ls', '-d', '/i/bin')).toBe('/i/bin');
    expect(await run('--mount', part, 'busybox', 'sh', '-c', 'touch /i/x 2>&1 || ls /i/sh')).toContain('/i/sh');
    const missing = await refusal('--mount', 'type=image,src=busybox,dst=/i,image-subpath=nope', 'busybox', 'true');
    expect(missing).toContain('no such file or directory');
  });

  test('a subpath of a volume is found below it and nowhere else', async () => {
    await run('-v', 'data:/d', 'busybox', 'sh', '-c', 'mkdir -p /d/a/b; echo deep > /d/a/b/f; ln -s /etc /d/out');
    const at = (subpath: string) => ['--mount', `type=volume,src=data,dst=/v,volume-subpath=${subpath}`, 'busybox'];
    expect(await run(...at('a/b'), 'cat', '/v/f')).toBe('deep');
    expect(await run(...at('a/b/f'), 'cat', '/v')).toBe('deep');
    expect(await refusal(...at('a/c'), 'true')).toContain('no such file or directory');
    expect(await refusal(...at('out'), 'true')).toContain('escapes the base directory');
    expect(await refusal(...at('../x'), 'true')).toContain('subpath must be a relative path within the volume');
  });

  test('a new volume has what the image has there, from create on, and only when it is empty', async () => {
    await said('create', '--name', 'made', '-v', 'fresh:/bin', 'busybox', 'true');
    expect(await run('-v', 'fresh:/f', 'busybox', 'ls', '/f/sh')).toBe('/f/sh');
    expect(await run('-v', 'plain:/bin2', '-v', 'bare:/lib:nocopy', 'busybox', 'ls', '/bin2', '/lib')).not.toContain(
      'sh',
    );
    expect(await refusal('-v', 'onfile:/etc/passwd', 'busybox', 'true')).toContain('is not directory');
  });

  test('mounts lie in each other in the order of their depth, and links of the image are followed inside it', async () => {
    const seen = await run(
      ...['-v', `${folder}/file:/outer/inner/file`, '--tmpfs', '/outer/inner:size=1m', '-v', 'wide:/outer'],
      ...['busybox', 'sh', '-c', 'cat /outer/inner/file; grep -c " /outer" /proc/mounts'],
    );
    expect(seen).toBe('here\n3');
  });

  test('the volumes of another container come along, and anonymous ones go with their last user', async () => {
    await said('run', '-d', '--name', 'first', '-v', '/a', '-v', 'named:/n', 'busybox', 'sleep', '600');
    await said('exec', 'first', 'sh', '-c', 'echo shared > /a/f');
    await said('run', '-d', '--name', 'second', '--volumes-from', 'first:ro', 'busybox', 'sleep', '600');
    expect(await said('exec', 'second', 'sh', '-c', 'cat /a/f; touch /n/x 2>/dev/null || echo refused')).toBe(
      'shared\nrefused',
    );
    await said('rm', '-f', '-v', 'first');
    expect(await said('exec', 'second', 'cat', '/a/f')).toBe('shared');
    await said('rm', '-f', '-v', 'second');
    expect(await said('volume', 'ls', '-q')).toBe('named');
  });

  test('volumes with options are mounted while they are used, across a crash', async () => {
    await said('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', '-o', 'o=size=1m', 'fast');
    await said('run', '-d', '--name', 'user', '-v', 'fast:/f', 'busybox', 'sh', '-c', 'echo kept > /f/x; sleep 600');
    await world().daemon.kill9();
    await world().daemon.start();
    expect(await said('exec', 'user', 'cat', '/f/x')).toBe('kept');
    expect((await docker('volume', 'rm', 'fast')).stderr).toMatch(/remove fast: volume is in use - \[[0-9a-f]{64}\]/);
    await said('rm', '-f', 'user');
    expect(await run('-v', 'fast:/f', 'busybox', 'ls', '/f')).toBe('');
  });
});
