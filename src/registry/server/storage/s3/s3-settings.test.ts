import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runRegistry } from '../../run-command.ts';
import { credentialSource } from './s3-credentials.ts';
import { fakeKey, fakeS3 } from './s3-fake-server.ts';
import { openS3, s3Root, storageSettings } from './s3-settings.ts';

describe('where the bucket is', () => {
  it('is told by --root, and a folder is none', () => {
    expect(s3Root('/var/lib/registry')).toBeUndefined();
    expect(s3Root('s3://images')).toEqual({ bucket: 'images' });
    expect(s3Root('s3://images/team/registry/')).toEqual({ bucket: 'images', prefix: 'team/registry' });
  });

  it.each(['s3://', 's3://Images', 's3://images/../x y', 's3://images//x', 's3://ab'])('%s is refused', (root) => {
    expect(() => s3Root(root)).toThrow('is no bucket');
  });

  it('is never told with keys', () => {
    expect(() => s3Root('s3://key:secret@images')).toThrow('takes no keys');
    expect(() => storageSettings({ s3: { endpoint: 'https://key:secret@s3.example.org' } })).toThrow('without keys');
    expect(() => storageSettings({ s3: { accessKeyId: 'x' } })).toThrow('"accessKeyId" is unknown');
  });

  it('is told by both only when they agree', () => {
    expect(() => openS3({ bucket: 'one' }, { bucket: 'two' }, {})).toThrow('different');
    expect(() => openS3({ bucket: 'one' }, { prefix: 'x' }, {})).toThrow('different');
    expect(() => openS3(undefined, { prefix: 'x' }, {})).toThrow('storage.s3.bucket');
  });
});

describe('credentials', () => {
  it('come from the environment', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token' };
    expect(await credentialSource({}, env)()).toEqual({
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });
  });

  it('come from the section of a file, and what is renewed there is noticed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wharf-s3-'));
    const file = join(folder, 'credentials');
    const section = (name: string, id: string): string =>
      `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key=se=cret\n`;
    try {
      await writeFile(file, `# comment\n${section('default', 'one')}${section('team', 'two')}`);
      let nowMs = 1_000_000;
      const team = credentialSource({ file, profile: 'team' }, { AWS_ACCESS_KEY_ID: 'x' }, () => nowMs);
      expect(await team()).toEqual({ accessKeyId: 'two', secretAccessKey: 'se=cret' });
      await writeFile(file, section('team', 'three'));
      expect((await team()).accessKeyId).toBe('two');
      nowMs += 61_000;
      expect((await team()).accessKeyId).toBe('three');
      await expect(credentialSource({ file, profile: 'other' }, {})()).rejects.toThrow('[other]');
      await expect(credentialSource({ file: join(folder, 'none') }, {})()).rejects.toThrow('can not be read');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('a registry is served from a bucket that its settings name, and refuses a wrong key at its start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-s3-'));
  await using fake = await fakeS3();
  const credentialsFile = join(folder, 'credentials');
  const keys = (secret: string): string =>
    `[default]\naws_access_key_id = ${fakeKey.accessKeyId}\naws_secret_access_key = ${secret}\n`;
  const s3 = { bucket: fake.bucket, prefix: 'team', region: fakeKey.region, endpoint: fake.url, credentialsFile };
  const settings = join(folder, 'settings.json');
  const ending = new AbortController();
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const around = { stdin, stdout, stderr, signal: ending.signal };
  const serve = ['serve', '--listen', '127.0.0.1:0', '--settings', settings, '--quiet'];
  try {
    await writeFile(settings, JSON.stringify({ storage: { s3 } }));
    await writeFile(credentialsFile, keys('wrong'));
    expect(await runRegistry(serve, around)).toBe(1);
    expect(String(stderr.read())).toContain('SignatureDoesNotMatch');
    await writeFile(credentialsFile, keys(fakeKey.secretAccessKey));
    const ended = runRegistry(serve, around);
    const [, url = ''] = /^listening on (.+)\n$/.exec(String((await once(stdout, 'data'))[0])) ?? [];
    expect((await fetch(`${url}/v2/app/blobs/uploads/`, { method: 'POST' })).status).toBe(202);
    ending.abort();
    expect(await ended).toBe(0);
    expect(
      fake.objects.keys.filter((key) => /^team\/docker\/.*\/app\/_uploads\/[^/]+\/startedat$/.test(key)),
    ).toHaveLength(1);
  } finally {
    ending.abort();
    await rm(folder, { recursive: true });
  }
});
