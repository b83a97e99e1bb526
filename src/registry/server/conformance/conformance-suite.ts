/**
 * What any registry must do that follows the OCI distribution specification 1.1, workflow by workflow: pull, push, content
 * discovery, content management. For tests only; every storage driver runs it: `conformanceSuite('name', start)`.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { mediaTypes } from '../../../oci/media-types.ts';
import { discoveryWorkflow } from './conformance-discovery-suite.ts';
import {
  type Algorithm,
  type Blob,
  ConformanceClient,
  descriptorOf,
  digestOf,
  errorOf,
  locationOf,
  type RegistryUnderTest,
  someBlob,
} from './conformance-world.ts';

const repository = 'conformance/one';
const other = 'conformance/two';
const octets = 'application/octet-stream';

export function conformanceSuite(name: string, start: () => Promise<RegistryUnderTest>): void {
  describe(`OCI distribution 1.1, ${name}`, () => {
    let client = new ConformanceClient('http://127.0.0.1:9');
    beforeAll(async () => {
      const registry = await start();
      client = new ConformanceClient(registry.url);
      return async () => await registry[Symbol.asyncDispose]();
    });
    const asked = (): ConformanceClient => client;
    it('the version check answers 200', async () => expect((await client.call('GET', '/v2/')).status).toBe(200));
    for (const algorithm of ['sha256', 'sha512'] as const) {
      describe(`blobs by ${algorithm}`, () => {
        pushWorkflow(asked, algorithm);
        chunkWorkflow(asked, algorithm);
        pullWorkflow(asked, algorithm);
        badDigests(asked, algorithm);
      });
    }
    describe('mounts', () => mountWorkflow(asked));
    describe('manifests', () => manifestWorkflow(asked));
    describe('content discovery', () => discoveryWorkflow(asked));
    describe('content management', () => managementWorkflow(asked));
  });
}

function pushWorkflow(client: () => ConformanceClient, algorithm: Algorithm): void {
  it('a POST with the bytes makes the blob', async () => {
    const blob = someBlob(algorithm);
    const response = await client().call('POST', `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`, {
      body: blob.bytes,
      headers: { 'content-type': octets },
    });
    expect(response.status).toBe(201);
    expect((await client().call('GET', locationOf(response))).status).toBe(200);
    await client().expectBlob(repository, blob);
  });

  it('a POST and a PUT with the bytes make the blob', async () => {
    const blob = someBlob(algorithm);
    const put = await client().finish(await client().begin(repository), blob.digest, { body: blob.bytes });
    expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, blob.digest]);
    expect((await client().call('HEAD', locationOf(put))).status).toBe(200);
    await client().expectBlob(repository, blob);
  });

  it('a streamed PATCH of unknown length makes the blob', async () => {
    const blob = someBlob(algorithm, 200_000);
    const patched = await client().streamed(await client().begin(repository), blob.bytes);
    expect([patched.status, patched.headers.range]).toEqual([202, '0-199999']);
    expect((await client().finish(String(patched.headers.location), blob.digest)).status).toBe(201);
    await client().expectBlob(repository, blob);
  });

  it('the empty blob and the empty JSON object are blobs', async () => {
    for (const content of ['', '{}']) {
      const blob = { bytes: Buffer.from(content), digest: digestOf(content, algorithm) };
      await client().pushBlob(repository, blob);
      await client().expectBlob(repository, blob);
    }
  });

  it('a cancelled upload is gone', async () => {
    const location = await client().begin(repository);
    expect((await client().call('DELETE', location)).status).toBe(204);
    expect(await errorOf(await client().call('GET', location))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect(await errorOf(await client().call('DELETE', location))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });
}

function chunkWorkflow(client: () => ConformanceClient, algorithm: Algorithm): void {
  const size = 3000;
  const send = (method: string, location: string, { bytes }: Blob, from: number, to: number) =>
    client().call(method, location, {
      body: bytes.subarray(from, to + 1),
      headers: { 'content-type': octets, 'content-range': `${from}-${to}` },
    });

  it.each(['PATCH', 'PUT'])('chunks make the blob, the last one by %s', async (last) => {
    const blob = someBlob(algorithm, size);
    let location = await client().begin(repository);
    for (const [from, to] of [
      [0, 999],
      [1000, 1999],
    ] as const) {
      const patched = await send('PATCH', location, blob, from, to);
      expect([patched.status, patched.headers.get('range')]).toEqual([202, `0-${to}`]);
      location = locationOf(patched);
      const status = await client().call('GET', location);
      expect([status.status, status.headers.get('range')]).toEqual([204, `0-${to}`]);
      location = locationOf(status);
    }
    if (last === 'PATCH') location = locationOf(await send('PATCH', location, blob, 2000, 2999));
    const end = `${location}?digest=${blob.digest}`;
    const put = last === 'PUT' ? await send('PUT', end, blob, 2000, 2999) : await client().call('PUT', end);
    expect(put.status).toBe(201);
    await client().expectBlob(repository, blob);
  });

  it('chunks out of order are refused with 416 and what there is, and the upload goes on', async () => {
    const blob = someBlob(algorithm, size);
    const location = await client().begin(repository);
    expect((await send('PATCH', location, blob, 1000, 1999)).status).toBe(416);
    expect((await send('PATCH', location, blob, 0, 999)).status).toBe(202);
    for (const [from, to] of [
      [0, 999],
      [2000, 2999],
    ] as const) {
      const refused = await send('PATCH', location, blob, from, to);
      expect([await errorOf(refused), refused.headers.get('range')]).toEqual(['416 RANGE_INVALID', '0-999']);
      expect(locationOf(refused)).toBe(location);
    }
    const early = await send('PUT', `${location}?digest=${blob.digest}`, blob, 2000, 2999);
    expect(early.status).toBe(416);
    const malformed = { body: 'x', headers: { 'content-range': 'bytes=a-b' } };
    expect((await client().call('PATCH', location, malformed)).status).toBe(416);
    expect((await client().call('GET', location)).headers.get('range')).toBe('0-999');
    expect((await send('PATCH', location, blob, 1000, 2999)).status).toBe(202);
    expect((await client().finish(location, blob.digest)).status).toBe(201);
    await client().expectBlob(repository, blob);
  });
}

function pullWorkflow(client: () => ConformanceClient, algorithm: Algorithm): void {
  it.each([
    ['bytes=500-1499', 500, 1499],
    ['bytes=500-', 500, 2047],
    ['bytes=-500', 1548, 2047],
    ['bytes=2000-5000', 2000, 2047],
    ['bytes=0-0', 0, 0],
    ['bytes=-5000', 0, 2047],
  ])('the range %s is answered with 206', async (range, from, to) => {
    const blob = someBlob(algorithm, 2048);
    await client().pushBlob(repository, blob);
    const got = await client().call('GET', `/v2/${repository}/blobs/${blob.digest}`, { headers: { range } });
    expect([got.status, got.headers.get('content-range')]).toEqual([206, `bytes ${from}-${to}/2048`]);
    expect(got.headers.get('content-length')).toBe(String(to - from + 1));
    expect(Buffer.from(await got.arrayBuffer()).equals(blob.bytes.subarray(from, to + 1))).toBe(true);
  });

  it.each(['bytes=500-0', 'bytes=5000-10000', 'bytes=2048-', 'bytes=-0'])(
    'the range %s is answered with 416',
    async (range) => {
      const blob = someBlob(algorithm, 2048);
      await client().pushBlob(repository, blob);
      const got = await client().call('GET', `/v2/${repository}/blobs/${blob.digest}`, { headers: { range } });
      expect([await errorOf(got), got.headers.get('content-range')]).toEqual(['416 RANGE_INVALID', 'bytes */2048']);
    },
  );

  it('a blob the client holds is answered with 304, and a range of another version with the whole', async () => {
    const blob = someBlob(algorithm, 100);
    await client().pushBlob(repository, blob);
    const path = `/v2/${repository}/blobs/${blob.digest}`;
    const etag = (await client().call('HEAD', path)).headers.get('etag') ?? '';
    for (const match of [etag, '*', `"x", W/${etag}`])
      expect((await client().call('GET', path, { headers: { 'if-none-match': match } })).status).toBe(304);
    expect((await client().call('GET', path, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
    const ranged = (ifRange: string) =>
      client().call('GET', path, { headers: { range: 'bytes=10-', 'if-range': ifRange } });
    expect([(await ranged(etag)).status, (await ranged('"x"')).status]).toEqual([206, 200]);
  });

  it('what is not there is 404, by GET and HEAD', async () => {
    const path = `/v2/${repository}/blobs/${someBlob(algorithm).digest}`;
    expect(await errorOf(await client().call('GET', path))).toBe('404 BLOB_UNKNOWN');
    expect((await client().call('HEAD', path)).status).toBe(404);
  });
}

function badDigests(client: () => ConformanceClient, algorithm: Algorithm): void {
  it('bytes of another digest are refused, however they come', async () => {
    const { bytes } = someBlob(algorithm);
    const { digest } = someBlob(algorithm);
    const post = await client().call('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes });
    expect(await errorOf(post)).toBe('400 DIGEST_INVALID');
    const put = await client().finish(await client().begin(repository), digest, { body: bytes });
    expect(await errorOf(put)).toBe('400 DIGEST_INVALID');
    const patched = await client().streamed(await client().begin(repository), bytes);
    expect(await errorOf(await client().finish(String(patched.headers.location), digest))).toBe('400 DIGEST_INVALID');
    expect((await client().call('HEAD', `/v2/${repository}/blobs/${digest}`)).status).toBe(404);
  });

  it.each(['', 'x', `${algorithm}:baddigeststring`, 'md5:d41d8cd98f00b204e9800998ecf8427e'])(
    'the digest %j is refused',
    async (digest) => {
      const put = await client().finish(await client().begin(repository), digest, { body: 'x' });
      expect(await errorOf(put)).toBe('400 DIGEST_INVALID');
    },
  );
}

function mountWorkflow(client: () => ConformanceClient): void {
  it.each([`&from=${other}`, ''])('a blob of another repository is mounted (%j)', async (from) => {
    const blob = someBlob();
    await client().pushBlob(other, blob);
    const mounted = await client().call('POST', `/v2/${repository}/blobs/uploads/?mount=${blob.digest}${from}`);
    expect([mounted.status, locationOf(mounted)]).toEqual([201, `/v2/${repository}/blobs/${blob.digest}`]);
    await client().expectBlob(repository, blob);
  });

  it('what the other repository has not is uploaded', async () => {
    const blob = someBlob();
    const begun = await client().call('POST', `/v2/${repository}/blobs/uploads/?mount=${blob.digest}&from=${other}`);
    expect(begun.status).toBe(202);
    expect((await client().finish(locationOf(begun), blob.digest, { body: blob.bytes })).status).toBe(201);
    await client().expectBlob(repository, blob);
  });
}

function manifestWorkflow(client: () => ConformanceClient): void {
  const kinds: readonly (readonly [string, () => Promise<string>])[] = [
    ['an image', () => client().image(repository)],
    ['an image without layers', () => client().image(repository, { layers: [] })],
    ['an artifact', () => client().image(repository, { artifactType: 'application/vnd.example.one' })],
    ['unknown fields', () => client().image(repository, { 'org.example.more': { deep: [1, 'two', null] } })],
    ['almost 4 MiB', () => client().image(repository, { annotations: { long: 'A'.repeat(4_000_000) } })],
    ['an empty index', async () => index([])],
    ['an index', async () => index([await pushed()])],
    ['an index of an index', async () => index([await pushedText(index([await pushed()]))])],
    [
      'an index that leaves platforms out',
      async () => index([await pushed(), descriptorOf(mediaTypes.ociManifest, '{}')]),
    ],
    ['layers kept elsewhere', () => client().image(repository, { layers: [foreignLayer] })],
    ['a missing subject', () => client().image(repository, { subject: descriptorOf(mediaTypes.ociManifest, 'gone') })],
  ];
  const foreignLayer = {
    ...descriptorOf('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'elsewhere'),
    urls: ['https://store.example.com/layer'],
  };
  const index = (manifests: readonly object[]): string =>
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const pushedText = async (manifest: string) => {
    expect((await client().pushManifest(repository, digestOf(manifest), manifest)).status).toBe(201);
    return descriptorOf(String(JSON.parse(manifest).mediaType), manifest);
  };
  const pushed = async () => await pushedText(await client().image(repository));

  it.each(kinds)('%s goes in by digest and by tag, and comes out byte for byte', async (_, make) => {
    const manifest = await make();
    const digest = digestOf(manifest);
    for (const reference of [digest, 'kind']) {
      const put = await client().pushManifest(repository, reference, manifest);
      expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, digest]);
      expect(await (await client().call('GET', locationOf(put))).text()).toBe(manifest);
      await expectManifest(client(), reference, manifest);
    }
  });

  it('goes in by sha512 too, with all the tags asked for', async () => {
    const manifest = await client().image(repository, {}, 'sha512');
    const digest = digestOf(manifest, 'sha512');
    const put = await client().pushManifest(repository, `${digest}?tag=one-512&tag=two-512`, manifest);
    expect([put.status, put.headers.get('oci-tag')]).toEqual([201, 'one-512, two-512']);
    for (const reference of [digest, 'one-512', 'two-512']) await expectManifest(client(), reference, manifest, digest);
    const many = Array.from({ length: 65 }, (_, at) => `tag=t${at}`).join('&');
    expect((await client().pushManifest(repository, `${digest}?${many}`, manifest)).status).toBe(414);
    expect((await client().pushManifest(repository, `${digest}?tag=-x`, manifest)).status).toBe(400);
  });

  it('is refused when its digest is wrong, or is none, and when it is too large', async () => {
    const manifest = await client().image(repository);
    const put = (reference: string, body: string) => client().pushManifest(repository, reference, body);
    expect(await errorOf(await put(digestOf('other'), manifest))).toBe('400 DIGEST_INVALID');
    expect(await errorOf(await put('sha256:baddigeststring', manifest))).toBe('400 DIGEST_INVALID');
    expect((await client().call('GET', `/v2/${repository}/manifests/sha256:baddigeststring`)).status).toBe(400);
    const large = await client().image(repository, { annotations: { long: 'A'.repeat(5_000_000) } });
    expect(await errorOf(await put('large', large))).toBe('413 SIZE_INVALID');
  });

  it('that is not there is 404, and one the client holds 304', async () => {
    for (const reference of ['missing', digestOf('missing')]) {
      expect(await errorOf(await client().call('GET', `/v2/${repository}/manifests/${reference}`))).toBe(
        '404 MANIFEST_UNKNOWN',
      );
      expect((await client().call('HEAD', `/v2/${repository}/manifests/${reference}`)).status).toBe(404);
    }
    const manifest = await client().image(repository);
    await client().pushManifest(repository, 'held', manifest);
    const match = { 'if-none-match': `"${digestOf(manifest)}"` };
    expect((await client().call('GET', `/v2/${repository}/manifests/held`, { headers: match })).status).toBe(304);
  });
}

async function expectManifest(
  client: ConformanceClient,
  reference: string,
  manifest: string,
  digest = digestOf(manifest),
): Promise<void> {
  for (const method of ['GET', 'HEAD']) {
    const accept = `${mediaTypes.ociIndex}, ${mediaTypes.ociManifest}`;
    const got = await client.call(method, `/v2/${repository}/manifests/${reference}`, { headers: { accept } });
    expect([got.status, got.headers.get('docker-content-digest')]).toEqual([200, digest]);
    expect(got.headers.get('content-type')).toBe(JSON.parse(manifest).mediaType);
    expect(got.headers.get('content-length')).toBe(String(Buffer.byteLength(manifest)));
    expect(await got.text()).toBe(method === 'GET' ? manifest : '');
  }
}

function managementWorkflow(client: () => ConformanceClient): void {
  it('deletes a tag and leaves the manifest, then the manifest with its tags, then the blobs, at once', async () => {
    const name = 'conformance/gone';
    const manifest = await client().image(name);
    const digest = digestOf(manifest);
    for (const tag of ['a', 'b']) await client().pushManifest(name, tag, manifest);
    const status = async (method: string, what: string) => (await client().call(method, `/v2/${name}/${what}`)).status;
    expect(await status('DELETE', 'manifests/a')).toBe(202);
    expect([await status('HEAD', 'manifests/a'), await status('HEAD', `manifests/${digest}`)]).toEqual([404, 200]);
    expect(await status('DELETE', `manifests/${digest}`)).toBe(202);
    expect([await status('HEAD', 'manifests/b'), await status('HEAD', `manifests/${digest}`)]).toEqual([404, 404]);
    expect([await status('DELETE', 'manifests/b'), await status('DELETE', `manifests/${digest}`)]).toEqual([404, 404]);
    const { config } = JSON.parse(manifest);
    expect(await status('DELETE', `blobs/${config.digest}`)).toBe(202);
    expect([await status('HEAD', `blobs/${config.digest}`), await status('DELETE', `blobs/${config.digest}`)]).toEqual([
      404, 404,
    ]);
  });

  it.each([
    ['PATCH', 'manifests/x', 'GET, HEAD, PUT, DELETE'],
    ['POST', `blobs/${digestOf('')}`, 'GET, HEAD, DELETE'],
    ['DELETE', 'tags/list', 'GET, HEAD'],
    ['PUT', `referrers/${digestOf('')}`, 'GET, HEAD'],
    ['GET', 'blobs/uploads/', 'POST'],
  ])('%s of %s is not supported, and the answer tells what is', async (method, what, allow) => {
    const response = await client().call(method, `/v2/${repository}/${what}`);
    expect([await errorOf(response), response.headers.get('allow')]).toEqual(['405 UNSUPPORTED', allow]);
  });
}
