import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeEngine, fakeEngine } from '../../test-support/fake-engine.ts';
import { runWharf } from '../../test-support/run-wharf.ts';

let engine: FakeEngine;
beforeEach(async () => {
  engine = await fakeEngine();
});
afterEach(async () => {
  await engine[Symbol.asyncDispose]();
});

const run = (...args: string[]) => runWharf(['-H', engine.host, 'manifest', ...args]);
const lastBody = () => JSON.parse(engine.requests.at(-1)?.body.toString('utf8') ?? '');

describe('manifest', () => {
  it('create hands over the images and says so', async () => {
    engine.on('POST /wharf/manifests/reg.test/app:1/create', { status: 201, body: { Digest: 'sha256:1' } });
    expect(await run('create', '--amend', 'reg.test/app:1', 'app:amd64', 'app:arm64')).toMatchObject({
      code: 0,
      stdout: 'Created manifest list reg.test/app:1\n',
    });
    expect(lastBody()).toMatchObject({ Images: ['app:amd64', 'app:arm64'], Amend: true, All: false });
  });

  it('annotate sends what was given and nothing else', async () => {
    engine.on('POST /wharf/manifests/app:1/annotate', { body: { Digest: 'sha256:1' } });
    const given = ['--arch', 'arm64', '--os-features', 'a,b', '--annotation', 'k=v=w'];
    expect((await run('annotate', ...given, 'app:1', 'app:arm')).code).toBe(0);
    expect(lastBody()).toEqual({
      Image: 'app:arm',
      Architecture: 'arm64',
      OsFeatures: ['a', 'b'],
      Annotations: { k: 'v=w' },
    });
    expect((await run('annotate', '--index', '--annotation', 'k=v', 'app:1')).code).toBe(0);
    expect(lastBody()).toEqual({ Annotations: { k: 'v' } });
  });

  it('annotate refuses what can not be meant', async () => {
    for (const args of [['app:1'], ['--index', 'app:1', 'app:arm'], ['--index', '--os', 'linux', 'app:1']]) {
      expect((await run('annotate', ...args)).code).toBe(1);
    }
    expect((await run('annotate', '--annotation', 'novalue', 'app:1', 'x')).stderr).toContain('want key=value');
  });

  it('inspect prints the document, byte for byte when asked to', async () => {
    const Document = '{"schemaVersion": 2}';
    const body = { Name: 'app:1', Origin: 'registry', MediaType: 'm', Digest: 'sha256:1', Size: 20, Document };
    engine.on('GET /wharf/manifests/app:1/json', { body });
    expect((await run('inspect', '--raw', 'app:1')).stdout).toBe(Document);
    expect((await run('inspect', 'app:1')).stdout).toBe('{\n   "schemaVersion": 2\n}\n');
    expect(JSON.parse((await run('inspect', '-v', 'app:1')).stdout)).toMatchObject({ Digest: 'sha256:1' });
  });

  it('ls, remove and rm tell what there is and what went', async () => {
    engine.on('GET /wharf/manifests', {
      body: [
        { Name: 'app:1', Digest: `sha256:${'1'.repeat(64)}`, Platforms: ['linux/amd64', 'linux/arm64'], Sources: [] },
      ],
    });
    expect((await run('ls')).stdout).toBe(
      'NAME      DIGEST         PLATFORMS\napp:1     111111111111   linux/amd64, linux/arm64\n',
    );
    engine.on('POST /wharf/manifests/app:1/remove', { body: { Digest: 'sha256:2' } });
    expect((await run('remove', 'app:1', 'app:arm')).stdout).toBe('app:1: sha256:2\n');
    engine.on('DELETE /wharf/manifests/app:1', { status: 204 });
    expect(await run('rm', 'app:1', 'app:2')).toMatchObject({ code: 1, stdout: 'app:1\n' });
  });
});
