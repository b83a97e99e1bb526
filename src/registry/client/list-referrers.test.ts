import { expect, it } from 'vitest';
import { parseDigest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseReference } from '../../oci/reference.ts';
import { fakeRegistry, sendError, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;
const subject = parseDigest(`sha256:${'ab'.repeat(32)}`);
const artifact = (fill: string, artifactType: string) => ({
  mediaType: mediaTypes.ociManifest,
  digest: `sha256:${fill.repeat(64)}`,
  size: 10,
  artifactType,
});
const index = (...manifests: object[]) =>
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });

it('referrers are read from the API, page after page', async () => {
  await using registry = await fakeRegistry((request, response) => {
    const more = request.url?.includes('page=2') ?? false;
    response.writeHead(200, {
      'content-type': mediaTypes.ociIndex,
      ...(more ? {} : { link: `</v2/team/app/referrers/${subject}?page=2>; rel="next"` }),
    });
    response.end(more ? index(artifact('2', 'b')) : index(artifact('1', 'a')));
  });
  using client = testClient();
  const found = await client.referrers(parseReference(`${registry.host}/team/app`), subject, { signal });
  expect(found.map(({ artifactType }) => artifactType)).toEqual(['a', 'b']);
  expect(registry.seen.map(({ url }) => url)).toEqual([
    `/v2/team/app/referrers/${subject}`,
    `/v2/team/app/referrers/${subject}?page=2`,
  ]);
});

it.each([
  ['404', 404, 'application/json'],
  ['400', 400, 'application/json'],
  ['a web page', 200, 'text/html'],
])('a registry that answers the API with %s is asked for the tag', async (_, status, type) => {
  const tag = `sha256-${'ab'.repeat(32)}`;
  await using registry = await fakeRegistry((request, response) => {
    if (request.url === `/v2/team/app/manifests/${tag}`) {
      response.writeHead(200, { 'content-type': mediaTypes.ociIndex });
      response.end(index(artifact('1', 'a')));
      return;
    }
    response.writeHead(status, { 'content-type': type });
    response.end('<html></html>');
  });
  using client = testClient();
  const found = await client.referrers(parseReference(`${registry.host}/team/app`), subject, { signal });
  expect(found).toEqual([artifact('1', 'a')]);
});

it('neither API nor tag means that nothing refers to it', async () => {
  await using registry = await fakeRegistry((_request, response) =>
    sendError(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown'),
  );
  using client = testClient();
  expect(await client.referrers(parseReference(`${registry.host}/team/app`), subject, { signal })).toEqual([]);
});

it('a registry that does not let us read is an error, and so is one that fails', async () => {
  let status = 403;
  await using registry = await fakeRegistry((_request, response) =>
    sendError(response, status, status === 403 ? 'DENIED' : 'UNKNOWN', 'no'),
  );
  using client = testClient();
  const ask = () => client.referrers(parseReference(`${registry.host}/team/app`), subject, { signal });
  await expect(ask()).rejects.toMatchObject({ code: 'auth.required' });
  status = 500;
  await expect(ask()).rejects.toMatchObject({ code: 'registry.failed' });
});

it('a mirror that has none does not keep the registry from being asked', async () => {
  await using mirror = await fakeRegistry((_request, response) => {
    response.writeHead(200, { 'content-type': mediaTypes.ociIndex });
    response.end(index());
  });
  await using hub = await fakeRegistry((_request, response) => {
    response.writeHead(200, { 'content-type': mediaTypes.ociIndex });
    response.end(index(artifact('1', 'a')));
  });
  using client = testClient({ mirrors: [mirror.url] }, { hubUrl: hub.url });
  const found = await client.referrers(parseReference('busybox'), subject, { signal });
  expect([found.length, mirror.seen.length]).toEqual([1, 1]);
});
