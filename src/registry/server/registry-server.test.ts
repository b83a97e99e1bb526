import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../oci/media-types.ts';
import { createRegistryServer } from './create-registry-server.ts';
import { MemoryDriver } from './storage/memory-driver.ts';
import type { StorageDriver } from './storage/storage-driver.ts';

function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function world(driver: StorageDriver = new MemoryDriver()) {
  const server = await createRegistryServer({ driver });
  const url = await server.listen('127.0.0.1', 0);
  const at = (path: string): string => new URL(path, url).href;
  const call = (method: string, path: string, options: RequestInit = {}) => fetch(at(path), { ...options, method });
  const pushBlob = async (name: string, bytes: Uint8Array | string): Promise<string> => {
    const response = await call('POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`, {
      body: Buffer.from(bytes),
    });
    expect(response.status).toBe(201);
    return digestOf(bytes);
  };
  const pushImage = async (name: string, tag: string, labels: Record<string, string> = {}, more: object = {}) => {
    const config = JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: [] },
    });
    await pushBlob(name, config);
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length },
      layers: [],
      ...more,
    });
    const response = await call('PUT', `/v2/${name}/manifests/${tag}`, {
      body: manifest,
      headers: { 'content-type': mediaTypes.ociManifest },
    });
    return { response, manifest, digest: digestOf(manifest) };
  };
  const json = async (path: string): Promise<unknown> => await (await call('GET', path)).json();
  return { url, call, pushBlob, pushImage, json, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function codeOf(response: Response): Promise<string> {
  const body = (await response.json()) as { errors?: { code: string }[] };
  return `${response.status} ${body.errors?.[0]?.code}`;
}

it('says that it is a registry', async () => {
  await using w = await world();
  const response = await w.call('GET', '/v2/');
  expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  expect(await response.json()).toEqual({});
});

describe('blobs', () => {
  const bytes = randomBytes(100_000);

  it('come in one POST and go out whole, by range, and as HEAD', async () => {
    await using w = await world();
    const digest = await w.pushBlob('a/b', bytes);
    const path = `/v2/a/b/blobs/${digest}`;
    const whole = await w.call('GET', path);
    expect(whole.headers.get('docker-content-digest')).toBe(digest);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await w.call('GET', path, { headers: { range: 'bytes=100-' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 100-99999/100000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100))).toBe(true);
    const last = await w.call('GET', path, { headers: { range: 'bytes=-5' } });
    expect(Buffer.from(await last.arrayBuffer()).equals(bytes.subarray(-5))).toBe(true);
    const beyond = await w.call('GET', path, { headers: { range: 'bytes=100000-' } });
    expect(await codeOf(beyond)).toBe('416 RANGE_INVALID');
    const head = await w.call('HEAD', path);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '100000']);
  });

  it('come by POST and PUT', async () => {
    await using w = await world();
    const begun = await w.call('POST', '/v2/a/blobs/uploads/');
    expect([begun.status, begun.headers.get('range')]).toEqual([202, '0-0']);
    const put = await w.call('PUT', `${begun.headers.get('location')}?digest=${digestOf(bytes)}`, { body: bytes });
    expect([put.status, put.headers.get('location')]).toEqual([201, `/v2/a/blobs/${digestOf(bytes)}`]);
  });

  it('come in chunks whose order is kept, also over a restart', async () => {
    const driver = new MemoryDriver();
    let location = '';
    {
      await using w = await world(driver);
      location = (await w.call('POST', '/v2/a/blobs/uploads/')).headers.get('location') ?? '';
      const chunk = { body: bytes.subarray(0, 40_000), headers: { 'content-range': '0-39999' } };
      const patched = await w.call('PATCH', location, chunk);
      expect([patched.status, patched.headers.get('range')]).toEqual([202, '0-39999']);
      const again = await w.call('PATCH', location, chunk);
      expect([await codeOf(again), again.headers.get('range')]).toEqual(['416 RANGE_INVALID', '0-39999']);
      const wrong = await w.call('PATCH', location, {
        body: bytes.subarray(0, 5),
        headers: { 'content-range': '40000-40009' },
      });
      expect(await codeOf(wrong)).toBe('400 SIZE_INVALID');
    }
    await using w = await world(driver);
    const status = await w.call('GET', location);
    expect([status.status, status.headers.get('range')]).toEqual([204, '0-39999']);
    await w.call('PATCH', location, {
      body: bytes.subarray(40_000, 60_000),
      headers: { 'content-range': '40000-59999' },
    });
    const put = await w.call('PUT', `${location}?digest=${digestOf(bytes)}`, { body: bytes.subarray(60_000) });
    expect(put.status).toBe(201);
    const got = await w.call('GET', `/v2/a/blobs/${digestOf(bytes)}`);
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('of another digest than announced are thrown away', async () => {
    await using w = await world();
    const wrong = digestOf('something else');
    expect(await codeOf(await w.call('POST', `/v2/a/blobs/uploads/?digest=${wrong}`, { body: bytes }))).toBe(
      '400 DIGEST_INVALID',
    );
    expect((await w.call('HEAD', `/v2/a/blobs/${wrong}`)).status).toBe(404);
    const location = (await w.call('POST', '/v2/a/blobs/uploads/')).headers.get('location') ?? '';
    expect(await codeOf(await w.call('PUT', `${location}?digest=${wrong}`, { body: bytes }))).toBe(
      '400 DIGEST_INVALID',
    );
    expect(await codeOf(await w.call('GET', location))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });

  it('whose upload was cut can be continued', async () => {
    await using w = await world();
    const location = (await w.call('POST', '/v2/a/blobs/uploads/')).headers.get('location') ?? '';
    await new Promise<void>((resolve) => {
      const cut = httpRequest(new URL(location, w.url), { method: 'PATCH', headers: { 'content-length': '100000' } });
      cut.on('error', () => resolve());
      cut.write(bytes.subarray(0, 30_000), () => setTimeout(() => cut.destroy(), 50));
    });
    const range = (await w.call('GET', location)).headers.get('range');
    expect(range).toBe('0-29999');
    const patched = await w.call('PATCH', location, {
      body: bytes.subarray(30_000),
      headers: { 'content-range': '30000-99999' },
    });
    expect(patched.status).toBe(202);
    expect((await w.call('PUT', `${location}?digest=${digestOf(bytes)}`)).status).toBe(201);
  });

  it('are mounted from a repository that has them, and uploaded otherwise', async () => {
    await using w = await world();
    const digest = await w.pushBlob('a', bytes);
    expect((await w.call('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`)).status).toBe(201);
    expect((await w.call('HEAD', `/v2/b/blobs/${digest}`)).status).toBe(200);
    expect((await w.call('POST', `/v2/c/blobs/uploads/?mount=${digest}&from=nowhere`)).status).toBe(202);
    expect((await w.call('HEAD', `/v2/c/blobs/${digest}`)).status).toBe(404);
  });

  it('and uploads are deleted and cancelled', async () => {
    await using w = await world();
    const digest = await w.pushBlob('a', bytes);
    expect((await w.call('DELETE', `/v2/a/blobs/${digest}`)).status).toBe(202);
    expect(await codeOf(await w.call('DELETE', `/v2/a/blobs/${digest}`))).toBe('404 BLOB_UNKNOWN');
    const location = (await w.call('POST', '/v2/a/blobs/uploads/')).headers.get('location') ?? '';
    expect((await w.call('DELETE', location)).status).toBe(204);
    expect(await codeOf(await w.call('PATCH', location, { body: bytes }))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });

  it('of no bytes are blobs too', async () => {
    await using w = await world();
    const location = (await w.call('POST', '/v2/a/blobs/uploads/')).headers.get('location') ?? '';
    expect((await w.call('PUT', `${location}?digest=${digestOf('')}`)).status).toBe(201);
    const got = await w.call('GET', `/v2/a/blobs/${digestOf('')}`);
    expect([got.status, (await got.arrayBuffer()).byteLength]).toEqual([200, 0]);
  });
});

describe('manifests', () => {
  it('go in by tag and come out by tag and digest, byte for byte', async () => {
    await using w = await world();
    const { response, manifest, digest } = await w.pushImage('a', 'v1');
    expect([response.status, response.headers.get('docker-content-digest')]).toEqual([201, digest]);
    for (const selector of ['v1', digest]) {
      const got = await w.call('GET', `/v2/a/manifests/${selector}`);
      expect(got.headers.get('content-type')).toBe(mediaTypes.ociManifest);
      expect(await got.text()).toBe(manifest);
    }
    expect((await w.call('HEAD', '/v2/a/manifests/v1')).headers.get('content-length')).toBe(String(manifest.length));
  });

  it('that name what is not there, lie about sizes, or are none, are refused', async () => {
    await using w = await world();
    const put = (body: string, selector = 'v1', type: string = mediaTypes.ociManifest) =>
      w.call('PUT', `/v2/a/manifests/${selector}`, { body, headers: { 'content-type': type } });
    const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('x'), size: 1 };
    const missing = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [] });
    expect(await codeOf(await put(missing))).toBe('404 MANIFEST_BLOB_UNKNOWN');
    await w.pushBlob('a', 'x');
    expect(await codeOf(await put(missing.replace('"size":1', '"size":2')))).toBe('400 MANIFEST_INVALID');
    expect(await codeOf(await put(missing, digestOf('y')))).toBe('400 DIGEST_INVALID');
    expect(await codeOf(await put('{'))).toBe('400 MANIFEST_INVALID');
    expect(await codeOf(await put('{"schemaVersion":1}'))).toBe('400 MANIFEST_INVALID');
    expect(await codeOf(await put(missing, 'v1', mediaTypes.ociIndex))).toBe('400 MANIFEST_INVALID');
    expect(await codeOf(await put(' '.repeat(5_000_000)))).toBe('413 SIZE_INVALID');
    expect((await put(missing)).status).toBe(201);
  });

  it('are deleted by digest with their tags, or by tag alone', async () => {
    await using w = await world();
    const { digest } = await w.pushImage('a', 'v1');
    await w.pushImage('a', 'v2');
    expect((await w.call('DELETE', '/v2/a/manifests/v2')).status).toBe(202);
    expect(await codeOf(await w.call('GET', '/v2/a/manifests/v2'))).toBe('404 MANIFEST_UNKNOWN');
    expect((await w.call('GET', `/v2/a/manifests/${digest}`)).status).toBe(200);
    expect((await w.call('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(202);
    expect(await codeOf(await w.call('GET', '/v2/a/manifests/v1'))).toBe('404 MANIFEST_UNKNOWN');
    expect(await w.json('/v2/_catalog')).toEqual({ repositories: [] });
  });

  it('that refer to a subject are listed with it', async () => {
    await using w = await world();
    const { digest } = await w.pushImage('a', 'v1');
    const subject = { mediaType: mediaTypes.ociManifest, digest, size: 1 };
    const referrer = await w.pushImage(
      'a',
      'sig',
      {},
      { subject, artifactType: 'application/x-signature', annotations: { k: 'v' } },
    );
    expect(referrer.response.headers.get('oci-subject')).toBe(digest);
    const entry = expect.objectContaining({
      digest: referrer.digest,
      artifactType: 'application/x-signature',
      annotations: { k: 'v' },
    });
    expect(await w.json(`/v2/a/referrers/${digest}`)).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [entry],
    });
    const filtered = await w.call('GET', `/v2/a/referrers/${digest}?artifactType=other`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await filtered.json()).toMatchObject({ manifests: [] });
    await w.call('DELETE', `/v2/a/manifests/${referrer.digest}`);
    expect(await w.json(`/v2/a/referrers/${digest}`)).toMatchObject({ manifests: [] });
  });
});

describe('lists', () => {
  it('of tags and repositories are paged', async () => {
    await using w = await world();
    for (const tag of ['c', 'a', 'b']) await w.pushImage('x/y', tag);
    await w.pushImage('x', 'latest');
    expect(await w.json('/v2/x/y/tags/list')).toEqual({ name: 'x/y', tags: ['a', 'b', 'c'] });
    const first = await w.call('GET', '/v2/x/y/tags/list?n=2');
    expect(await first.json()).toEqual({ name: 'x/y', tags: ['a', 'b'] });
    const next = /^<(.*)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await w.call('GET', next);
    expect([await second.json(), second.headers.get('link')]).toEqual([{ name: 'x/y', tags: ['c'] }, null]);
    expect(await w.json('/v2/x/y/tags/list?n=0')).toEqual({ name: 'x/y', tags: [] });
    expect(await w.json('/v2/_catalog?n=1')).toEqual({ repositories: ['x'] });
    expect(await w.json('/v2/_catalog?last=x')).toEqual({ repositories: ['x/y'] });
    expect(await codeOf(await w.call('GET', '/v2/_catalog?n=-1'))).toBe('400 PAGINATION_NUMBER_INVALID');
  });

  it('of what is held are searched by words and kind, and follow each push', async () => {
    await using w = await world();
    await w.pushImage('library/db', 'latest', { 'org.opencontainers.image.description': 'keeps rows' });
    await w.pushImage('wharf/tool', '1.9', { 'io.wharf.kind': 'plugin', 'org.opencontainers.image.title': 'Old' });
    await w.pushImage('wharf/tool', '1.10', {
      'io.wharf.kind': 'plugin',
      'org.opencontainers.image.title': 'Tool',
      'io.wharf.icon': 'data:image/svg+xml,x',
    });
    await w.pushImage('ext/logs', 'latest', { 'com.docker.desktop.extension.api.version': '>= 0.3' });
    const names = async (query: string): Promise<unknown> => {
      const { results } = (await w.json(`/v2/_wharf/search?${query}`)) as { results: { name: string }[] };
      return results.map((result) => result.name);
    };
    expect(await names('')).toEqual(['ext/logs', 'library/db', 'wharf/tool']);
    expect(await names('q=ROWS')).toEqual(['library/db']);
    expect(await names('kind=extension')).toEqual(['ext/logs']);
    expect(await names('q=wharf%20tool&n=1')).toEqual(['wharf/tool']);
    expect(await names('q=nothing')).toEqual([]);
    expect(await w.json('/v2/_wharf/search?kind=plugin')).toEqual({
      total: 1,
      results: [
        expect.objectContaining({
          name: 'wharf/tool',
          kind: 'plugin',
          title: 'Tool',
          icon: 'data:image/svg+xml,x',
          platforms: ['linux/amd64'],
          tags: ['1.10', '1.9'],
          sizeBytes: expect.any(Number),
          updatedAt: expect.stringMatching(/^\d{4}-/),
        }),
      ],
    });
    await w.pushImage('wharf/tool', 'latest', { 'org.opencontainers.image.title': 'Now an image' });
    expect(await names('kind=plugin')).toEqual([]);
    expect(await codeOf(await w.call('GET', '/v2/_wharf/search?kind=x'))).toBe('400 UNSUPPORTED');
  });
});

it.each([
  ['GET', '/v2/A/manifests/x', '400 NAME_INVALID'],
  ['GET', '/v2/a%2F..%2Fb/manifests/x', '400 NAME_INVALID'],
  ['PUT', '/v2/a/manifests/-x', '400 TAG_INVALID'],
  ['GET', '/v2/a/manifests/-x', '404 MANIFEST_UNKNOWN'],
  ['GET', '/v2/a/manifests/sha256:x', '400 DIGEST_INVALID'],
  ['GET', '/v2/a/manifests/x', '404 NAME_UNKNOWN'],
  ['GET', '/v2/a/tags/list', '404 NAME_UNKNOWN'],
  ['GET', `/v2/a/blobs/sha256:${'0'.repeat(64)}`, '404 BLOB_UNKNOWN'],
  ['GET', '/v2/a/blobs/uploads/..%2f..%2fx', '404 NOT_FOUND'],
  ['PUT', '/v2/a/blobs/uploads/x?digest=bad', '400 DIGEST_INVALID'],
  ['POST', '/v2/_catalog', '405 UNSUPPORTED'],
  ['PATCH', '/v2/a/manifests/x', '405 UNSUPPORTED'],
  ['GET', '/', '404 NOT_FOUND'],
  ['GET', '/v2/%zz', '404 NOT_FOUND'],
])('%s %s answers %s', async (method, path, expected) => {
  await using w = await world();
  expect(await codeOf(await w.call(method, path))).toBe(expected);
});
