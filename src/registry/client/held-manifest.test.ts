import { expect, it } from 'vitest';
import type { Digest } from '../../oci/digest.ts';
import { parseReference } from '../../oci/reference.ts';
import { digestOf, fakeRegistry, sampleManifest, sendError, sendManifest, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;
const methods = (registry: { readonly seen: readonly { readonly method: string }[] }) =>
  registry.seen.map(({ method }) => method);
const heldSample = async (digest: Digest) => (digest === digestOf(sampleManifest) ? sampleManifest : undefined);

it('a manifest the caller has costs no pull, when the name still stands for it', async () => {
  await using registry = await fakeRegistry((_request, response) => sendManifest(response));
  using client = testClient();
  const reference = parseReference(`${registry.host}/a:1`);
  const fetched = await client.fetchManifest(reference, { signal, held: heldSample });
  expect(fetched).toMatchObject({ bytes: sampleManifest, endpoint: registry.url });
  expect(methods(registry)).toEqual(['HEAD']);
});

it.each([
  ['is another one by now', { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }, heldSample],
  ['has no digest announced', { 'docker-content-digest': '' }, heldSample],
  ['has been spoiled here', {}, async () => Buffer.from('spoiled')],
  ['is not here', {}, async () => undefined],
])('a manifest that %s is fetched', async (_what, headers, held) => {
  await using registry = await fakeRegistry((request, response) =>
    sendManifest(response, request.method === 'HEAD' ? headers : {}),
  );
  using client = testClient();
  const fetched = await client.fetchManifest(parseReference(`${registry.host}/a:1`), { signal, held });
  expect(fetched.bytes).toEqual(sampleManifest);
  expect(methods(registry)).toEqual(['HEAD', 'GET']);
});

it('a registry that knows no HEAD is asked by GET, and its refusal is told', async () => {
  await using registry = await fakeRegistry((request, response) => {
    if (request.method === 'HEAD') response.writeHead(405).end();
    else sendError(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  });
  using client = testClient();
  await expect(
    client.fetchManifest(parseReference(`${registry.host}/a:1`), { signal, held: heldSample }),
  ).rejects.toMatchObject({ code: 'manifest.unknown' });
});
