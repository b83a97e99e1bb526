import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseValue } from '../../../contract/parse.ts';
import {
  CollectionReport,
  ManifestDetails,
  RepositoryList,
  RetentionReport,
  SpaceUsed,
  TagList,
  UserList,
} from '../../../contract/registry-routes.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { htpasswdLine } from '../access/htpasswd.ts';
import { errorOf, registryWorld } from '../test-images.ts';

/** Until the clock has moved on: what came in the same millisecond as a run counts as newer than it. */
async function nextInstant(): Promise<void> {
  const now = Date.now();
  while (Date.now() <= now) await pause(1);
}

describe('/wharf/v1', () => {
  it('lists repositories with kinds, sizes and platforms, in pages', async () => {
    await using w = await registryWorld();
    const { sizeBytes } = await w.push('app', '1.0', { layers: ['layer'] });
    await w.push('ext', 'latest', { labels: { 'com.docker.desktop.extension.api.version': '0.3' } });
    await w.push('tool', 'v1', { labels: { 'io.wharf.kind': 'plugin', 'org.opencontainers.image.title': 'Tool' } });
    const first = await w.call('GET', '/wharf/v1/repositories?n=2');
    const page = parseValue(RepositoryList, await first.json());
    expect(page.total).toBe(3);
    expect(page.repositories.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['app image', 'ext extension']);
    expect(page.repositories[0]).toMatchObject({ tags: 1, manifests: 1, sizeBytes, platforms: ['linux/amd64'] });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = parseValue(RepositoryList, await w.json(next));
    expect(second.repositories).toMatchObject([{ name: 'tool', kind: 'plugin', title: 'Tool' }]);
  });

  it('tells kinds by artifact type too', async () => {
    await using w = await registryWorld();
    const push = async (name: string, type: string): Promise<void> => {
      await w.pushBlob(name, '{}');
      const config = {
        mediaType: mediaTypes.ociEmpty,
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
        size: 2,
      };
      const manifest = { schemaVersion: 2, artifactType: type, mediaType: mediaTypes.ociManifest, config, layers: [] };
      expect((await w.pushManifest(name, 'latest', manifest)).response.status).toBe(201);
    };
    await push('ext', 'application/vnd.wharf.extension.v1+json');
    await push('plug', 'application/vnd.wharf.plugin.v1+json');
    await push('chart', 'application/vnd.cncf.helm.config.v1+json');
    const { repositories } = parseValue(RepositoryList, await w.json('/wharf/v1/repositories'));
    expect(repositories.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'chart artifact',
      'ext extension',
      'plug plugin',
    ]);
    const names = async (query: string): Promise<unknown> =>
      ((await w.json(`/v2/_wharf/search?${query}`)) as { results: { name: string }[] }).results.map((one) => one.name);
    expect(await names('')).toEqual(['ext', 'plug']);
    expect(await names('kind=extension')).toEqual(['ext']);
  });

  it('tells tags, and a manifest with its platforms, layers and referrers', async () => {
    await using w = await registryWorld();
    const amd = await w.push('app', '', { layers: ['amd layer'] });
    const arm = await w.push('app', '', { layers: ['arm layer'], architecture: 'arm64' });
    const entry = (digest: string, architecture: string, size: number) => ({
      mediaType: mediaTypes.ociManifest,
      digest,
      size,
      platform: { os: 'linux', architecture },
    });
    const size = async (digest: string): Promise<number> =>
      Number((await w.call('HEAD', `/v2/app/manifests/${digest}`)).headers.get('content-length'));
    const index = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        entry(amd.digest, 'amd64', await size(amd.digest)),
        entry(arm.digest, 'arm64', await size(arm.digest)),
      ],
    };
    const { digest } = await w.pushManifest('app', 'latest', index);
    const subject = { mediaType: mediaTypes.ociIndex, digest, size: JSON.stringify(index).length };
    const signed = await w.push('app', '', { more: { artifactType: 'application/vnd.example.signature', subject } });
    const tags = parseValue(TagList, await w.json('/wharf/v1/repositories/app/tags'));
    expect(tags).toMatchObject({ name: 'app', total: 1 });
    expect(tags.tags[0]).toMatchObject({
      tag: 'latest',
      digest,
      kind: 'image',
      platforms: ['linux/amd64', 'linux/arm64'],
      createdAt: '2026-01-02T03:04:05Z',
      sizeBytes: amd.sizeBytes + arm.sizeBytes + JSON.stringify(index).length,
      referrers: 1,
    });
    for (const selector of ['latest', digest]) {
      const details = parseValue(ManifestDetails, await w.json(`/wharf/v1/repositories/app/manifests/${selector}`));
      expect(details).toMatchObject({ digest, tags: ['latest'], kind: 'image' });
      expect(details.platforms.map(({ platform, layers }) => `${platform} ${layers[0]?.sizeBytes}`)).toEqual([
        'linux/amd64 9',
        'linux/arm64 9',
      ]);
      expect(details.referrers).toMatchObject([
        { digest: signed.digest, artifactType: 'application/vnd.example.signature' },
      ]);
    }
    expect(await errorOf(await w.call('GET', '/wharf/v1/repositories/app/manifests/none'))).toBe(
      '404 MANIFEST_UNKNOWN',
    );
    expect(await errorOf(await w.call('GET', '/wharf/v1/repositories/none/tags'))).toBe('404 NAME_UNKNOWN');
    expect(await errorOf(await w.call('GET', '/wharf/v1/nothing'))).toBe('404 NOT_FOUND');
  });

  it('searches for a platform a machine can run, in pages that tell how many there are', async () => {
    await using w = await registryWorld();
    for (const name of ['a', 'b', 'c']) await w.push(name, '1');
    await w.push('d', '1', { architecture: 'arm64' });
    const found = async (path: string) => {
      const response = await w.call('GET', path);
      const body = (await response.json()) as { total: number; results: { name: string }[] };
      return { total: body.total, names: body.results.map((one) => one.name), link: response.headers.get('link') };
    };
    expect((await found('/v2/_wharf/search?platform=linux/arm64')).names).toEqual(['d']);
    const first = await found('/v2/_wharf/search?platform=amd64&n=2');
    expect(first).toMatchObject({ total: 3, names: ['a', 'b'] });
    const next = /<([^>]+)>/.exec(first.link ?? '')?.[1] ?? '';
    expect(await found(next)).toEqual({ total: 3, names: ['c'], link: null });
    expect(await errorOf(await w.call('GET', '/v2/_wharf/search?platform=a/b/c/d'))).toBe('400 UNSUPPORTED');
    expect(await errorOf(await w.call('GET', '/v2/_wharf/search?offset=x'))).toBe('400 PAGINATION_NUMBER_INVALID');
  });

  it('tells the space used, and collects on request, first for show', async () => {
    await using w = await registryWorld();
    const { sizeBytes } = await w.push('app', '1', { layers: ['layer'] });
    await w.call('POST', '/v2/app/blobs/uploads/');
    expect(parseValue(SpaceUsed, await w.json('/wharf/v1/space'))).toMatchObject({
      repositories: 1,
      blobs: 3,
      sizeBytes,
      uploads: 1,
    });
    for (const dryRun of [true, false]) {
      const response = await w.call('POST', `/wharf/v1/gc?dry-run=${dryRun}`);
      // Nothing is old enough to go.
      expect(parseValue(CollectionReport, await response.json())).toEqual({ dryRun, blobs: 0, bytes: 0, uploads: 0 });
    }
    expect(await errorOf(await w.call('GET', '/wharf/v1/gc'))).toBe('405 UNSUPPORTED');
    const foreign = { headers: { origin: 'https://elsewhere.example' } };
    expect(await errorOf(await w.call('POST', '/wharf/v1/gc', foreign))).toBe('403 DENIED');
  });
});

describe('who may', () => {
  async function world() {
    const folder = await mkdtemp(join(tmpdir(), 'wharf-manage-'));
    const htpasswd = join(folder, 'users');
    await writeFile(htpasswd, `${await htpasswdLine('alice', 'a')}\n${await htpasswdLine('bob', 'b')}\n`);
    const w = await registryWorld({
      auth: { htpasswd, anonymousRead: false },
      settings: {
        access: [
          { repositories: ['*'], users: ['alice'], allow: ['read', 'write', 'admin'] },
          { repositories: ['team/*'], users: ['bob'], allow: ['read'] },
        ],
      },
    });
    const as = (pair: string): RequestInit => ({
      headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
    });
    return {
      ...w,
      as,
      async [Symbol.asyncDispose]() {
        await w[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      },
    };
  }

  it('look after the registry is for administrators only', async () => {
    await using w = await world();
    for (const [method, path] of [
      ['GET', 'users'],
      ['GET', 'space'],
      ['GET', 'retention'],
      ['POST', 'retention?dry-run=true'],
      ['POST', 'gc'],
    ] as const) {
      expect((await w.call(method, `/wharf/v1/${path}`)).status).toBe(401);
      expect(await errorOf(await w.call(method, `/wharf/v1/${path}`, w.as('bob:b')))).toBe('403 DENIED');
      expect((await w.call(method, `/wharf/v1/${path}`, w.as('alice:a'))).status).toBe(200);
    }
    const users = parseValue(UserList, await (await w.call('GET', '/wharf/v1/users', w.as('alice:a'))).json());
    expect(users).toEqual({ signInNeeded: true, anonymousRead: false, users: ['alice', 'bob'] });
  });

  it('see a repository is for those who may read it', async () => {
    await using w = await world();
    const put = async (name: string): Promise<void> => {
      const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
      const headers = { ...w.as('alice:a').headers, 'content-type': mediaTypes.ociIndex };
      expect((await w.call('PUT', `/v2/${name}/manifests/1`, { body, headers })).status).toBe(201);
    };
    await put('team/app');
    await put('secret');
    const seen = await (await w.call('GET', '/wharf/v1/repositories', w.as('bob:b'))).json();
    expect(parseValue(RepositoryList, seen).repositories.map(({ name }) => name)).toEqual(['team/app']);
    expect((await w.call('GET', '/wharf/v1/repositories/team/app/tags', w.as('bob:b'))).status).toBe(200);
    expect(await errorOf(await w.call('GET', '/wharf/v1/repositories/secret/tags', w.as('bob:b')))).toBe('403 DENIED');
  });
});

describe('retention', () => {
  it('tells first, then removes, keeps what is kept, and notes each removal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wharf-retention-'));
    const auditLog = join(folder, 'audit');
    const rules = [{ repositories: ['team/*'], tags: ['pr-*'], keepLast: 1, protect: ['pr-keep'] }];
    try {
      await using w = await registryWorld({ settings: { auditLog, retention: { rules } } });
      for (const tag of ['pr-keep', 'pr-1', 'pr-2', 'v1']) {
        await w.push('team/app', tag, { layers: [tag] });
        await nextInstant();
      }
      await w.push('other', 'pr-1');
      await nextInstant();
      const plan = parseValue(RetentionReport, await w.json('/wharf/v1/retention'));
      expect(plan).toMatchObject({ dryRun: true, hasRules: true, keptTags: 4 });
      expect(plan.removed.map(({ repository, tag }) => `${repository}:${tag ?? ''}`)).toEqual([
        'team/app:pr-1',
        'team/app:',
      ]);
      const names = async (): Promise<unknown> => await w.json('/v2/team/app/tags/list');
      expect(await names()).toMatchObject({ tags: ['pr-1', 'pr-2', 'pr-keep', 'v1'] });
      const done = await (await w.call('POST', '/wharf/v1/retention')).json();
      expect(parseValue(RetentionReport, done)).toEqual({ ...plan, dryRun: false });
      expect(await names()).toMatchObject({ tags: ['pr-2', 'pr-keep', 'v1'] });
      const digest = plan.removed[0]?.digest ?? '';
      expect(await errorOf(await w.call('GET', `/v2/team/app/manifests/${digest}`))).toBe('404 MANIFEST_UNKNOWN');
      await w.server.close(0);
      const lines = (await readFile(auditLog, 'utf8'))
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line));
      expect(lines).toContainEqual(
        expect.objectContaining({
          user: 'retention',
          method: 'DELETE',
          path: '/v2/team/app/manifests/pr-1',
          reason: expect.any(String),
        }),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('without rules removes nothing, and says so', async () => {
    await using w = await registryWorld();
    await w.push('app', '1');
    const report = await (await w.call('POST', '/wharf/v1/retention')).json();
    expect(parseValue(RetentionReport, report)).toEqual({ dryRun: false, hasRules: false, removed: [], keptTags: 0 });
  });

  it('leaves a tag alone that is pushed again while it runs', async () => {
    await using w = await registryWorld({ settings: { retention: { rules: [{ repositories: ['*'], keepLast: 0 }] } } });
    await w.push('app', '1');
    await nextInstant();
    // Both at once, many times: whichever is first, the tag that was answered last with 201 is there, or was removed after.
    for (let round = 0; round < 20; round++) {
      const [pushed] = await Promise.all([
        w.push('app', '1', { labels: { round: String(round) } }),
        w.server.applyRetention(),
      ]);
      expect(pushed.response.status).toBe(201);
      const tag = await w.call('GET', '/v2/app/manifests/1');
      if (tag.status === 404) continue;
      expect(tag.headers.get('docker-content-digest')).toBe(pushed.digest);
    }
  });
});
