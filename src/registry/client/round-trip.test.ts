/** Our client against our server, as the engine and its embedded registry meet. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseReference, withDigest } from '../../oci/reference.ts';
import { createRegistryServer } from '../server/create-registry-server.ts';
import { MemoryDriver } from '../server/storage/memory-driver.ts';
import { blobDescriptor, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;

it('what is pushed is found, pulled and told', async () => {
  await using server = await createRegistryServer({ driver: new MemoryDriver() });
  const url = await server.listen('127.0.0.1', 0);
  using client = testClient({ fallbacks: [url] });
  const target = parseReference(`${new URL(url).host}/wharf/tool:1`);
  const layer = randomBytes(500_000);
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Labels: { 'io.wharf.kind': 'plugin' } },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  );
  const layerDescriptor = blobDescriptor(layer);
  const configDescriptor = { ...blobDescriptor(config), mediaType: mediaTypes.ociConfig };
  const push = (bytes: Buffer, mountFrom?: readonly string[], name = target) =>
    client.pushBlob(name, blobDescriptor(bytes), () => Readable.from([bytes]), { signal, mountFrom });
  expect(await push(layer)).toBe('pushed');
  expect(await push(layer)).toBe('exists');
  expect(await push(config)).toBe('pushed');
  expect(await push(layer, ['nothing', 'wharf/tool'], parseReference(`${new URL(url).host}/other`))).toBe('mounted');
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: configDescriptor,
      layers: [layerDescriptor],
    }),
  );
  await client.pushManifest(target, mediaTypes.ociManifest, manifest, { signal });

  // By Docker Hub's name, through the fallback, since Docker Hub is down here.
  const fetched = await client.fetchManifest(parseReference('wharf/tool:1'), { signal });
  expect(Buffer.from(fetched.bytes).equals(manifest)).toBe(true);
  const byDigest = withDigest(parseReference('wharf/tool'), fetched.descriptor.digest);
  expect((await client.fetchManifest(byDigest, { signal })).descriptor).toEqual(fetched.descriptor);
  const stream = await client.fetchBlob(parseReference('wharf/tool:1'), layerDescriptor, {
    signal,
    endpoint: fetched.endpoint,
  });
  expect((await buffer(stream)).equals(layer)).toBe(true);
  expect(await client.tags(parseReference('wharf/tool'), { signal })).toEqual(['1']);
  const found = await client.search({ registry: 'docker.io', term: 'tool', kind: 'plugin', limit: 5 }, { signal });
  expect(found).toMatchObject([{ name: 'wharf/tool', kind: 'plugin', tags: ['1'], platforms: ['linux/amd64'] }]);
  const missing = client.fetchManifest(parseReference(`${new URL(url).host}/wharf/tool:2`), { signal });
  await expect(missing).rejects.toThrow(/manifest for \S+:2 not found: manifest unknown/);
});

it('a push that is cut in the middle is continued, not repeated', async () => {
  await using server = await createRegistryServer({ driver: new MemoryDriver() });
  const url = await server.listen('127.0.0.1', 0);
  using client = testClient();
  const bytes = randomBytes(3_000_000);
  let opened = 0;
  const open = (): Readable => {
    opened++;
    if (opened > 1) return Readable.from([bytes]);
    // The first try ends as if its connection had been cut.
    return Readable.from(
      (async function* () {
        yield bytes.subarray(0, 1_000_000);
        await new Promise((resolve) => setTimeout(resolve, 100));
        throw Object.assign(new Error('cut'), { code: 'ECONNRESET' });
      })(),
      { objectMode: false },
    );
  };
  const reference = parseReference(`${new URL(url).host}/a`);
  const counts: number[] = [];
  const onBytes = (sent: number): void => void counts.push(sent);
  expect(await client.pushBlob(reference, blobDescriptor(bytes), open, { signal, onBytes })).toBe('pushed');
  expect(opened).toBe(2);
  expect(counts.at(-1)).toBe(bytes.length);
  const got = await client.fetchBlob(reference, blobDescriptor(bytes), { signal });
  expect((await buffer(got)).equals(bytes)).toBe(true);
});
