import { describe, expect, test } from 'vitest';
import { mediaTypes } from '../../oci/media-types.ts';
import { planDeletion } from './deletion-plan.ts';
import { formatPlace, parsePlace, pullName } from './place.ts';
import type { RegistryAnswer, RegistryConnection } from './registry-connection.ts';
import { deleteReference, listReferrers, listRepositories, listTags } from './registry-content.ts';
import { readRepositoryPicture } from './repository-picture.ts';
import { readTagFacts } from './tag-facts.ts';

type Answers = Readonly<Record<string, Partial<RegistryAnswer> & { readonly json?: unknown }>>;

/** A registry of scripted answers, by `METHOD path`; what it does not know is 404, as registries have it. */
function scripted(answers: Answers): RegistryConnection & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    address: 'other.example',
    asked,
    async request({ method, path }) {
      asked.push(`${method} ${path}`);
      const { status = 200, headers = {}, text, json } = answers[`${method} ${path}`] ?? { status: 404 };
      return { status, headers, text: text ?? JSON.stringify(json ?? {}) };
    },
  };
}

const { signal } = new AbortController();
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const blob = (letter: string, size: number, mediaType: string = mediaTypes.ociLayerGzip) => ({
  mediaType,
  digest: digest(letter),
  size,
});
const manifest = (own: string, layers: readonly (readonly [string, number])[]) => ({
  headers: { 'docker-content-digest': digest(own), 'content-type': mediaTypes.ociManifest },
  json: {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: blob('c', 10, mediaTypes.ociConfig),
    layers: layers.map(([letter, size]) => blob(letter, size)),
  },
});
const config = {
  json: {
    os: 'linux',
    architecture: 'arm64',
    created: '2026-11-01T00:00:00Z',
    rootfs: { type: 'layers', diff_ids: [] },
  },
};

describe('a registry that is not Wharf’s', () => {
  test('tells its repositories by the catalogue, page by page, and never leaves it', async () => {
    const registry = scripted({
      'GET /v2/_catalog?n=1000': {
        json: { repositories: ['a', 'b'] },
        headers: { link: '</v2/_catalog?last=b&n=1000>; rel="next"' },
      },
      'GET /v2/_catalog?last=b&n=1000': {
        json: { repositories: ['c'] },
        headers: { link: '<https://elsewhere.example/steal>; rel="next"' },
      },
    });
    const repositories = await listRepositories(registry, signal);
    expect(repositories.map(({ name, kind }) => [name, kind])).toEqual([
      ['a', 'unknown'],
      ['b', 'unknown'],
      ['c', 'unknown'],
    ]);
    expect(registry.asked.filter((path) => path.includes('steal'))).toEqual([]);
  });

  test('tells a tag’s size, platform and age by its manifest and config', async () => {
    const registry = scripted({
      'GET /v2/a/manifests/1.0': manifest('1', [['a', 500]]),
      [`GET /v2/a/blobs/${digest('c')}`]: config,
    });
    const facts = await readTagFacts(registry, 'a', '1.0', signal);
    expect(facts).toMatchObject({ digest: digest('1'), kind: 'image', platforms: ['linux/arm64'], referrers: 0 });
    expect(facts.sizeBytes).toBeGreaterThan(510);
    expect(facts.createdAtMs).toBe(Date.parse('2026-11-01T00:00:00Z'));
  });

  test('keeps what refers to an image under a tag, where it has no route for that', async () => {
    const entry = { ...blob('9', 33, mediaTypes.ociManifest), artifactType: 'application/spdx+json' };
    const registry = scripted({
      [`GET /v2/a/manifests/sha256-${'1'.repeat(64)}`]: { json: { schemaVersion: 2, manifests: [entry] } },
    });
    expect(await listReferrers(registry, 'a', digest('1'), signal)).toEqual([
      { digest: digest('9'), sizeBytes: 33, artifactType: 'application/spdx+json', annotations: {} },
    ]);
  });

  test('is read whole before anything is deleted, an index’s missing platforms left out', async () => {
    const registry = scripted({
      'GET /v2/a/tags/list?n=1000': { json: { tags: ['all', 'one'] } },
      'GET /v2/a/manifests/all': {
        headers: { 'docker-content-digest': digest('e') },
        json: {
          schemaVersion: 2,
          mediaType: mediaTypes.ociIndex,
          manifests: [blob('1', 1, mediaTypes.ociManifest), blob('2', 1, mediaTypes.ociManifest)],
        },
      },
      'GET /v2/a/manifests/one': manifest('1', [['a', 500]]),
      [`GET /v2/a/manifests/${digest('1')}`]: manifest('1', [['a', 500]]),
    });
    const picture = await readRepositoryPicture(registry, 'a', signal);
    expect([...picture.manifests.keys()].sort()).toEqual([digest('1'), digest('e')]);
    expect(planDeletion(picture, 'all').references).toEqual([digest('e'), digest('2')]);
  });
});

test.each([
  [401, 'auth.required'],
  [403, 'auth.denied'],
  [405, 'request.not-implemented'],
  [429, 'registry.rate-limited'],
  [500, 'registry.failed'],
])('a refusal with %i is told as %s', async (status, code) => {
  const path = '/v2/a/manifests/1.0';
  await expect(deleteReference(scripted({ [`DELETE ${path}`]: { status } }), 'a', '1.0')).rejects.toMatchObject({
    code,
  });
});

test('what is gone already counts as deleted; a page of something else is no list', async () => {
  await deleteReference(scripted({}), 'a', '1.0');
  const site = scripted({ 'GET /v2/a/tags/list?n=1000': { text: '<html>' } });
  await expect(listTags(site, 'a', signal)).rejects.toMatchObject({ code: 'registry.protocol' });
});

test.each(['', 'team/app', 'team/app:1.0', `team/app@${digest('a')}`])(
  'the place %j is read as it is written',
  (text) => {
    expect(formatPlace(parsePlace(text))).toBe(text);
  },
);

test('names to pull begin with the registry, but for Docker Hub', () => {
  expect(pullName('r.example:5000', 'a', '1.0')).toBe('r.example:5000/a:1.0');
  expect(pullName('', 'library/a', digest('a'))).toBe(`library/a@${digest('a')}`);
});
