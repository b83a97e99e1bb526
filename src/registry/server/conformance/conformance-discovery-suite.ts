/** The conformance suite's workflow of lists: tags by pages, and what refers to a subject. For tests only. */
import { expect, it } from 'vitest';
import { mediaTypes } from '../../../oci/media-types.ts';
import { type ConformanceClient, descriptorOf, digestOf, errorOf } from './conformance-world.ts';

const one = 'application/vnd.example.one';
const two = 'application/vnd.example.two';

export function discoveryWorkflow(client: () => ConformanceClient): void {
  it('lists tags in order, by pages, and after a name that is no tag', async () => {
    const name = 'conformance/tags';
    const manifest = await client().image(name);
    const sorted = ['1.10', '1.9', 'Alpha', 'beta', 'Gamma', 'test0', 'test1', 'Test2', 'test3'];
    for (const tag of sorted.toReversed()) await client().pushManifest(name, tag, manifest);
    const list = `/v2/${name}/tags/list`;
    expect(await client().json(list)).toEqual({ name, tags: sorted });
    expect(await client().json(`${list}?last=alphabet`)).toEqual({ name, tags: sorted.slice(3) });
    expect(await client().json(`${list}?n=0`)).toEqual({ name, tags: [] });
    expect(await client().json(`${list}?n=4&last=Gamma`)).toEqual({ name, tags: sorted.slice(5) });
    const seen: string[] = [];
    let next: string | undefined = `${list}?n=4`;
    for (let pages = 0; next !== undefined && pages < 5; pages++) {
      const response = await client().call('GET', next);
      seen.push(...((await response.json()) as { tags: string[] }).tags);
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(sorted);
    expect(await errorOf(await client().call('GET', `${list}?n=x`))).toBe('400 PAGINATION_NUMBER_INVALID');
  });

  it('lists no tags of a repository whose last manifest was deleted', async () => {
    const name = 'conformance/emptied';
    const manifest = await client().image(name);
    await client().pushManifest(name, 'only', manifest);
    expect((await client().call('DELETE', `/v2/${name}/manifests/${digestOf(manifest)}`)).status).toBe(202);
    expect(await client().json(`/v2/${name}/tags/list`)).toEqual({ name, tags: [] });
  });

  it('lists nothing about a subject nobody refers to, also where there is no repository', async () => {
    const response = await client().call('GET', `/v2/conformance/nowhere/referrers/${digestOf('nobody')}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, mediaTypes.ociIndex]);
    expect(await response.json()).toEqual({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
    expect((await client().call('GET', '/v2/conformance/nowhere/referrers/sha256:x')).status).toBe(400);
  });

  it('lists what refers to a subject, by type, and forgets what is deleted', async () => {
    const name = 'conformance/referrers';
    const image = await client().image(name);
    // The subject comes last: a referrer may be there before what it is about.
    const subject = descriptorOf(mediaTypes.ociManifest, image);
    const annotations = { 'org.example.note': 'hello' };
    const plain = await client().image(name, { subject });
    const artifact = await client().image(name, { subject, artifactType: one, annotations });
    const list = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      artifactType: two,
      manifests: [],
      subject,
      annotations,
    });
    for (const manifest of [plain, artifact, list]) {
      const put = await client().pushManifest(name, digestOf(manifest), manifest);
      expect([put.status, put.headers.get('oci-subject')]).toEqual([201, subject.digest]);
    }
    expect((await client().pushManifest(name, 'subject', image)).status).toBe(201);
    const about = async (query = '') => {
      const response = await client().call('GET', `/v2/${name}/referrers/${subject.digest}${query}`);
      expect(response.headers.get('oci-filters-applied')).toBe(query === '' ? null : 'artifactType');
      return ((await response.json()) as { manifests: { digest: string }[] }).manifests;
    };
    const entries = {
      plain: { ...descriptorOf(mediaTypes.ociManifest, plain), artifactType: mediaTypes.ociConfig },
      artifact: { ...descriptorOf(mediaTypes.ociManifest, artifact), artifactType: one, annotations },
      list: { ...descriptorOf(mediaTypes.ociIndex, list), artifactType: two, annotations },
    };
    const all = await about();
    expect(all).toHaveLength(3);
    expect(all).toEqual(expect.arrayContaining(Object.values(entries)));
    expect(await about(`?artifactType=${encodeURIComponent(one)}`)).toEqual([entries.artifact]);
    expect(await about(`?artifactType=${encodeURIComponent(mediaTypes.ociConfig)}`)).toEqual([entries.plain]);
    expect(await about('?artifactType=nothing')).toEqual([]);
    await client().call('DELETE', `/v2/${name}/manifests/${subject.digest}`);
    expect(await about()).toHaveLength(3);
    await client().call('DELETE', `/v2/${name}/manifests/${entries.list.digest}`);
    expect(await about(`?artifactType=${encodeURIComponent(two)}`)).toEqual([]);
  });
}
