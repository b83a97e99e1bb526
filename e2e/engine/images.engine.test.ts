import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { tarOf } from '../../src/daemon/snapshots/tar-fixture.ts';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';
import { digestOf, fixtureImages, imageDocuments, packLayer, pushImages } from '../../test-world/fixture-images.ts';
import { startRegistry } from '../../test-world/test-registry.ts';

describe.skipIf(dockerCommand === undefined)('images', () => {
  const { world, docker, said } = engineFile();
  const host = () => world().registryHost;
  const tags = async () =>
    (await said('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n').filter(Boolean).sort();
  const forget = async () => {
    for (const tag of await tags()) await said('rmi', '-f', tag);
  };

  it('are pulled with a line for each layer, and are there the next time', async () => {
    const first = await said('pull', `${host()}/library/big`);
    expect(first).toContain('Using default tag: latest');
    expect(first).toMatch(/latest: Pulling from library\/big/);
    expect(first.match(/^[0-9a-f]{12}: Pull complete$/gm)).toHaveLength(3);
    expect(first).toMatch(/^Digest: sha256:[0-9a-f]{64}$/m);
    expect(first).toMatch(/Status: Downloaded newer image for 127\.0\.0\.1:\d+\/library\/big:latest/);
    const again = await said('pull', `${host()}/library/big`);
    expect(again).toMatch(/Status: Image is up to date for 127\.0\.0\.1:\d+\/library\/big:latest/);
    expect(await said('pull', '-q', `${host()}/library/big`)).toBe(`${host()}/library/big:latest`);
    await forget();
  });

  it('are pulled by digest, and run without asking the registry once they are here', async () => {
    const pulled = await said('pull', 'busybox:1.35');
    const digest = /sha256:[0-9a-f]{64}/.exec(pulled)?.[0];
    await said('rmi', 'busybox:1.35');
    await said('pull', `${host()}/library/busybox@${digest}`);
    expect(await said('images', '--digests', '--format', '{{.Repository}} {{.Tag}} {{.Digest}}')).toBe(
      `${host()}/library/busybox <none> ${digest}`,
    );
    expect(await said('run', '--rm', `${host()}/library/busybox@${digest}`, 'echo', 'by digest')).toBe('by digest');
    await said('rmi', `${host()}/library/busybox@${digest}`);

    await using gone = await startRegistry({ root: path.join(world().root, 'gone') });
    await pushImages(
      gone.host,
      (await fixtureImages()).filter(({ name }) => name === 'library/busybox'),
    );
    await said('pull', `${gone.host}/library/busybox`);
    await gone[Symbol.asyncDispose]();
    expect(await said('run', '--rm', `${gone.host}/library/busybox`, 'echo', 'local')).toBe('local');
    await forget();
  });

  it('keep the old one without a name when their tag has moved', async () => {
    const [base] = await fixtureImages();
    if (base === undefined) throw new Error('no fixture');
    const moving = (content: string) => ({
      ...base,
      name: 'library/moving',
      tags: ['1'],
      layers: [...base.layers, packLayer(tarOf([{ name: 'v', content }]))],
    });
    await pushImages(host(), [moving('one\n')]);
    expect(await said('run', '--rm', `${host()}/library/moving:1`, 'cat', '/v')).toBe('one');
    const first = await said('images', '-q', '--no-trunc', `${host()}/library/moving:1`);
    await pushImages(host(), [moving('two\n')]);
    expect(await said('run', '--rm', `${host()}/library/moving:1`, 'cat', '/v')).toBe('one');
    expect(await said('run', '--rm', '--pull', 'always', '-q', `${host()}/library/moving:1`, 'cat', '/v')).toBe('two');
    expect(await said('images', '-q', '--no-trunc', '--filter', 'dangling=true')).toBe(first);
    expect(await said('image', 'prune', '-f')).toContain(`deleted: ${first}`);
    await forget();
  });

  it('are listed, looked into, tagged and removed name by name', async () => {
    await said('pull', 'layered');
    await said('tag', 'layered', 'mine/copy:2');
    expect(await tags()).toEqual(['layered:latest', 'mine/copy:2']);
    const history = await said('history', '--format', '{{.CreatedBy}}', 'layered');
    expect(history).toBe('step 3\nstep 2\nstep 1');
    const [image] = JSON.parse(await said('image', 'inspect', 'layered'));
    expect(image).toMatchObject({
      RepoTags: expect.arrayContaining(['layered:latest', 'mine/copy:2']),
      Os: 'linux',
      Config: {
        User: 'www-data',
        Entrypoint: ['echo', 'entry'],
        Labels: { fixture: 'layered' },
        Volumes: { '/data': {} },
      },
      RootFS: { Type: 'layers', Layers: [expect.any(String), expect.any(String), expect.any(String)] },
    });
    expect(await said('images', '--filter', 'reference=mine/*', '-q')).toMatch(/^[0-9a-f]{12}$/);
    expect(await said('images', '--filter', 'label=fixture=layered', '--format', '{{.Repository}}')).toContain(
      'mine/copy',
    );
    expect(await said('rmi', 'mine/copy:2')).toBe('Untagged: mine/copy:2');
    await said('create', '--name', 'user', 'layered');
    const used = await docker('rmi', 'layered');
    expect(used.code).toBe(1);
    expect(used.stderr).toMatch(
      /unable to remove repository reference "layered" \(must force\) - container [0-9a-f]{12} is using its referenced image [0-9a-f]{12}/,
    );
    await said('rm', 'user');
    expect(await said('rmi', 'layered')).toMatch(/Untagged: layered:latest\n(.*\n)*Deleted: sha256:/);
    expect(await tags()).toEqual([]);
  });

  it('share layers that are already here', async () => {
    await said('pull', 'busybox');
    expect(await said('pull', 'layered')).toMatch(/: Already exists/);
    await forget();
  });

  it('are found in the registry', async () => {
    const found = await said('search', '--format', '{{.Name}}', `${host()}/layered`);
    expect(found).toMatch(/library\/layered/);
  });

  it('are pushed to a registry that asks who is there, after login', async () => {
    await using guarded = await startRegistry({
      root: path.join(world().root, 'guarded'),
      user: { name: 'ann', password: 'correct horse' },
    });
    await said('pull', 'busybox');
    const name = `${guarded.host}/team/tool:1`;
    await said('tag', 'busybox', name);
    const anonymous = await docker('push', name);
    expect(anonymous.code).toBe(1);
    expect(anonymous.stderr).toMatch(/authentication required|no basic auth credentials|unauthorized|denied/);
    const login = (password: string) =>
      world().docker(['login', '-u', 'ann', '--password-stdin', guarded.host], { input: password });
    const wrong = await login('wrong');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/unauthorized|incorrect username or password|401/i);
    expect(await login('correct horse')).toMatchObject({ code: 0, stdout: expect.stringContaining('Login Succeeded') });
    const pushed = await said('push', name);
    expect(pushed).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: \d+$/m);
    const digest = /sha256:[0-9a-f]{64}/.exec(pushed)?.[0];
    await forget();
    expect(await said('pull', name)).toContain(`Digest: ${digest}`);
    expect(await said('run', '--rm', name, 'echo', 'came back')).toBe('came back');
    await said('logout', guarded.host);
    await forget();
    expect((await docker('pull', name)).code).toBe(1);
    await rm(path.join(world().home, 'docker'), { recursive: true });
    await mkdir(path.join(world().home, 'docker'));
  });

  it('are bytes whose digest is what was asked for', async () => {
    const [base] = await fixtureImages();
    if (base === undefined) throw new Error('no fixture');
    const manifest = imageDocuments(base).manifest;
    const pulled = await said('pull', 'busybox');
    expect(pulled).toContain(digestOf(manifest));
    await forget();
  });
});
