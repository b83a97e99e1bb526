import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mediaTypes } from '../oci/media-types.ts';
import { openUpstream } from './open-upstream.ts';
import { htpasswdLine } from './server/access/htpasswd.ts';
import { digestOf, errorOf, registryWorld } from './server/test-images.ts';

async function world(password: string) {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-upstream-'));
  const [htpasswd, credentialsFile] = [join(folder, 'users'), join(folder, 'credentials')];
  await writeFile(htpasswd, `${await htpasswdLine('cache', 'right')}\n`);
  await writeFile(credentialsFile, JSON.stringify({ username: 'cache', password }));
  const upstream = await registryWorld({ auth: { htpasswd, anonymousRead: false } });
  const cache = await registryWorld({
    openUpstream,
    settings: { caches: [{ prefix: 'up', upstream: upstream.url, credentialsFile, tagTtlSeconds: 0 }] },
  });
  const headers = { authorization: `Basic ${Buffer.from('cache:right').toString('base64')}` };
  const push = async (method: string, path: string, body: string, type = 'application/octet-stream') =>
    expect((await upstream.call(method, path, { body, headers: { ...headers, 'content-type': type } })).status).toBe(
      201,
    );
  const pushImage = async (name: string, tag: string, layer: string, more: object = {}) => {
    const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { diff_ids: [] } });
    const descriptor = (text: string, mediaType: string) => ({ mediaType, digest: digestOf(text), size: text.length });
    for (const text of [config, layer]) await push('POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(text)}`, text);
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(config, mediaTypes.ociConfig),
      layers: [descriptor(layer, mediaTypes.ociLayer)],
      ...more,
    });
    await push('PUT', `/v2/${name}/manifests/${tag}`, manifest, mediaTypes.ociManifest);
    return { digest: digestOf(manifest), size: manifest.length, mediaType: mediaTypes.ociManifest };
  };
  return {
    upstream,
    cache,
    pushImage,
    async [Symbol.asyncDispose]() {
      await cache[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

it('a cache signs in at its upstream, loads manifests, blobs, tags and referrers, and does without it afterwards', async () => {
  await using w = await world('right');
  const subject = await w.pushImage('team/app', '1', 'layer');
  const more = { artifactType: 'application/vnd.example.signature', subject };
  const { digest: signature } = await w.pushImage('team/app', 's', 'sig', more);
  const get = async (path: string) => await w.cache.call('GET', `/v2/up/team/app/${path}`);
  expect((await get('manifests/1')).headers.get('docker-content-digest')).toBe(subject.digest);
  expect(await (await get(`blobs/${digestOf('layer')}`)).text()).toBe('layer');
  // A blob that no manifest here has named.
  expect(await (await get(`blobs/${digestOf('sig')}`)).text()).toBe('sig');
  expect(await (await get('tags/list')).json()).toEqual({ name: 'up/team/app', tags: ['1', 's'] });
  const referrers = await (await get(`referrers/${subject.digest}`)).json();
  expect(referrers).toMatchObject({ manifests: [{ digest: signature, artifactType: more.artifactType }] });
  expect(await errorOf(await get('manifests/none'))).toBe('404 MANIFEST_UNKNOWN');
  await w.upstream.server.close(0);
  const stale = await get('manifests/1');
  expect([stale.status, stale.headers.get('warning')?.slice(0, 3)]).toEqual([200, '110']);
  expect(await (await get(`blobs/${digestOf('layer')}`)).text()).toBe('layer');
  expect(await errorOf(await get('manifests/none'))).toBe('503 UNAVAILABLE');
});

it('credentials that are wrong, or can not be read, are told', async () => {
  await using w = await world('wrong');
  await w.pushImage('team/app', '1', 'layer');
  expect(await errorOf(await w.cache.call('GET', '/v2/up/team/app/manifests/1'))).toBe('403 DENIED');
  await expect(openUpstream({ prefix: '', upstream: 'http://127.0.0.1:1', credentialsFile: '/none' })).rejects.toThrow(
    'can not be read',
  );
});
