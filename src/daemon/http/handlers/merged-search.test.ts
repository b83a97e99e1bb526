import { describe, expect, it } from 'vitest';
import type {
  RegistryClient,
  RegistrySearchQuery,
  RegistrySearchResult,
  RequestOptions,
} from '../../../registry/client/registry-client.ts';
import { mergedSearch } from './merged-search.ts';
import { rankResults } from './rank-results.ts';

const found = (name: string, more: Partial<RegistrySearchResult> = {}): RegistrySearchResult => ({
  registry: 'docker.io',
  name,
  kind: 'image',
  title: name,
  description: '',
  official: false,
  stars: 0,
  platforms: [],
  tags: [],
  labels: {},
  ...more,
});
/** Answers as told; the other calls are not made here. */
const client = (
  answers: (query: RegistrySearchQuery, options: RequestOptions) => Promise<readonly RegistrySearchResult[]>,
) => ({ search: answers }) as unknown as RegistryClient;
const { signal } = new AbortController();
const registries = [
  { name: 'm', url: 'http://m', role: 'mirror' as const, secure: false },
  { name: 'docker.io', url: 'https://registry-1.docker.io', role: 'registry' as const, secure: true },
  { name: 'own', url: 'http://own', role: 'registry' as const, secure: false },
  { name: 'f', url: 'http://f', role: 'fallback' as const, secure: false },
];

describe('search over all registries', () => {
  it('shows what the others found when one fails', async () => {
    const registry = client(async ({ registry: name }) => {
      if (name === 'docker.io') throw new TypeError('down');
      return [found('x'), found('x')];
    });
    const { results, failures } = await mergedSearch(registry, registries, { term: 'x' }, { signal });
    expect(results.map(({ name }) => name)).toEqual(['x']);
    expect(failures).toEqual([{ registry: 'docker.io', code: 'internal', message: 'down' }]);
  });

  it('asks each once, those named beside the engine’s too, each with its own sign-in', async () => {
    const asked: string[] = [];
    const registry = client(async (query, { auth }) => {
      asked.push(`${query.registry} as ${auth?.username ?? 'nobody'}`);
      return [];
    });
    const config = new Map([
      ['own', { username: 'alice' }],
      ['team:5000', { username: 'bob' }],
    ]);
    await mergedSearch(registry, registries, { term: '', also: ['own', 'team:5000'] }, { config, signal });
    expect(asked.sort()).toEqual(['docker.io as nobody', 'own as alice', 'team:5000 as bob']);
  });

  it('keeps what runs on the platform, before what tells none', async () => {
    const registry = client(async () => [
      found('untold'),
      found('arm', { platforms: ['linux/arm64'] }),
      found('amd', { platforms: ['linux/amd64'] }),
      found('both', { platforms: ['linux/amd64', 'linux/arm64/v8'] }),
      found('nonsense', { platforms: ['a/b/c/d'] }),
    ]);
    const one = { term: '', registry: 'own' };
    const names = async (platform: string) =>
      (await mergedSearch(registry, registries, { ...one, platform }, { signal })).results.map(({ name }) => name);
    expect(await names('linux/arm64')).toEqual(['arm', 'both', 'untold']);
    expect(await names('linux/amd64')).toEqual(['amd', 'both', 'untold']);
    await expect(names('no such/thing')).rejects.toMatchObject({ code: 'request.invalid' });
  });
});

describe('the order of results', () => {
  const names = (results: readonly RegistrySearchResult[], term: string) =>
    rankResults(results, term, false).map(({ name }) => name);

  it('the very name comes first, then its beginning, then the rest, wherever it is from', () => {
    const results = [found('own/my-redis'), found('redisinsight'), found('team:5000/redis'), found('other')];
    expect(names(results, 'redis')).toEqual(['team:5000/redis', 'redisinsight', 'own/my-redis', 'other']);
  });

  it('of equals the official one, then the one with more stars, then as the registry had them', () => {
    const results = [
      found('a/x'),
      found('b/x', { stars: 9 }),
      found('c/x', { stars: 2, official: true }),
      found('d/x'),
    ];
    expect(names(results, 'x')).toEqual(['c/x', 'b/x', 'a/x', 'd/x']);
  });

  it('without words the order stays, but for stars and what is official', () => {
    expect(names([found('b'), found('a')], '')).toEqual(['b', 'a']);
  });
});
