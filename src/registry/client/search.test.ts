import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { fakeRegistry, sendError, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;
const failure = (code: string) => expect.objectContaining({ code });
const json = (response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
};

describe('tags', () => {
  it('are gathered over pages', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.includes('last=')) json(response, { name: 'a', tags: ['c'] });
      else json(response, { name: 'a', tags: ['a', 'b'] }, { link: '</v2/a/tags/list?n=2&last=b>; rel="next"' });
    });
    using client = testClient();
    expect(await client.tags(parseReference(`${registry.host}/a`), { signal })).toEqual(['a', 'b', 'c']);
  });

  it('of a registry whose pages never end are bounded', async () => {
    let page = 0;
    await using registry = await fakeRegistry((_request, response) => {
      json(response, { tags: ['t'] }, { link: `</v2/a/tags/list?page=${++page}>; rel="next"` });
    });
    using client = testClient();
    expect((await client.tags(parseReference(`${registry.host}/a`), { signal })).length).toBeLessThanOrEqual(100);
  });

  it('of a repository without any are none', async () => {
    await using registry = await fakeRegistry((_request, response) => json(response, { name: 'a', tags: null }));
    using client = testClient();
    expect(await client.tags(parseReference(`${registry.host}/a`), { signal })).toEqual([]);
  });

  it('of an unknown repository, or of no registry, are an error', async () => {
    await using registry = await fakeRegistry((_request, response) => sendError(response, 404, 'NAME_UNKNOWN', 'x'));
    await using site = await fakeRegistry((_request, response) => void response.end('hello'));
    using client = testClient();
    await expect(client.tags(parseReference(`${registry.host}/a`), { signal })).rejects.toEqual(
      failure('manifest.unknown'),
    );
    await expect(client.tags(parseReference(`${site.host}/a`), { signal })).rejects.toEqual(
      failure('registry.protocol'),
    );
  });
});

describe('search', () => {
  const entry = {
    name: 'library/web',
    kind: 'plugin',
    title: 'Web',
    description: 'd',
    icon: 'javascript:x',
    platforms: ['linux/amd64'],
    tags: ['1'],
    sizeBytes: 5,
    labels: { a: 'b', c: 1 },
  };

  it("asks Wharf's endpoint and names results with the registry's host", async () => {
    await using registry = await fakeRegistry((_request, response) =>
      json(response, { results: [entry, { name: '../x' }, 5] }),
    );
    using client = testClient();
    const results = await client.search(
      { registry: registry.host, term: 'we b', kind: 'plugin', limit: 5 },
      { signal },
    );
    expect(results).toEqual([
      {
        registry: registry.host,
        name: `${registry.host}/library/web`,
        kind: 'plugin',
        title: 'Web',
        description: 'd',
        official: false,
        stars: 0,
        platforms: ['linux/amd64'],
        tags: ['1'],
        sizeBytes: 5,
        labels: { a: 'b' },
      },
    ]);
    expect(registry.seen[0]?.url).toBe('/v2/_wharf/search?q=we+b&n=5&kind=plugin');
  });

  it('falls back to the catalogue of other registries', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.url?.startsWith('/v2/_catalog')) json(response, { repositories: ['team/web', 'team/db'] });
      else sendError(response, 404, 'NAME_INVALID', 'invalid repository name');
    });
    using client = testClient();
    const results = await client.search({ registry: registry.host, term: 'WEB', limit: 5 }, { signal });
    expect(results.map((result) => result.name)).toEqual([`${registry.host}/team/web`]);
    expect(await client.search({ registry: registry.host, term: '', kind: 'plugin', limit: 5 }, { signal })).toEqual(
      [],
    );
  });

  it("finds in fallbacks what goes by Docker Hub's names", async () => {
    await using fallback = await fakeRegistry((_request, response) => json(response, { results: [entry] }));
    using client = testClient({ fallbacks: [fallback.url] });
    const results = await client.search({ registry: 'docker.io', term: 'web', kind: 'plugin', limit: 5 }, { signal });
    expect(results).toMatchObject([{ registry: 'docker.io', name: 'web', official: false }]);
  });

  it("of Docker Hub is merged with the fallbacks', each name once, and does without either", async () => {
    const hubResults = [
      { name: 'library/web', description: 'official web', star_count: 7, is_official: true },
      { name: 'other/web', description: '', star_count: 1, is_official: false },
      { name: 'Not A Name' },
    ];
    await using hub = await fakeRegistry((_request, response) => json(response, { results: hubResults }));
    await using fallback = await fakeRegistry((_request, response) => json(response, { results: [entry] }));
    const query = { registry: 'docker.io', term: 'web', limit: 5 };
    using both = testClient({ fallbacks: [fallback.url] }, { hubSearchUrl: hub.url });
    expect((await both.search(query, { signal })).map(({ name, stars }) => [name, stars])).toEqual([
      ['web', 0],
      ['other/web', 1],
    ]);
    expect(hub.seen[0]?.url).toBe('/v1/search?q=web&n=5');
    using hubOnly = testClient({}, { hubSearchUrl: hub.url });
    expect(await hubOnly.search(query, { signal })).toMatchObject([
      { registry: 'docker.io', name: 'web', official: true, stars: 7, description: 'official web' },
      { name: 'other/web', official: false },
    ]);
    using offline = testClient({ fallbacks: [fallback.url] });
    expect(await offline.search(query, { signal })).toMatchObject([{ name: 'web', kind: 'plugin' }]);
    using nothing = testClient();
    await expect(nothing.search(query, { signal })).rejects.toEqual(failure('registry.unreachable'));
  });

  it('at a site that is no registry is an error', async () => {
    await using site = await fakeRegistry(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    using client = testClient();
    await expect(client.search({ registry: site.host, term: '', limit: 5 }, { signal })).rejects.toEqual(
      failure('registry.protocol'),
    );
  });
});
