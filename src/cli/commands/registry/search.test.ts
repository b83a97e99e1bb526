import { describe, expect, it } from 'vitest';
import { fakeEngine } from '../../test-support/fake-engine.ts';
import { runWharf } from '../../test-support/run-wharf.ts';

const item = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  registry: 'docker.io',
  name,
  kind: 'image',
  title: name,
  description: `About ${name}`,
  official: false,
  stars: 0,
  platforms: [],
  tags: [],
  labels: {},
  ...more,
});

const registries = [
  { name: 'docker.io', url: 'https://registry-1.docker.io', role: 'registry', secure: true },
  { name: 'team:5000', url: 'http://team:5000', role: 'registry', secure: false },
];

describe('wharf search', () => {
  it('asks all registries, keeps the engine’s order, and tells of those that did not answer', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /wharf/registries', { body: registries });
    engine.on('GET /wharf/registries/search', {
      body: {
        results: [item('team:5000/redis', { registry: 'team:5000' }), item('redis', { official: true, stars: 9 })],
        failures: [{ registry: 'other', code: 'registry.timeout', message: 'no answer' }],
      },
    });
    const run = await runWharf(['-H', engine.host, 'search', 'redis']);
    expect(run.stderr).toBe('WARNING: other: no answer\n');
    expect(run.stdout.split('\n').map((line) => line.split(/\s+/)[0])).toEqual([
      'NAME',
      'team:5000/redis',
      'redis',
      '',
    ]);
  });

  it('filters by kind, platform and registry at the engine', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /wharf/registries/search', {
      body: { results: [item('a', { kind: 'plugin', platforms: ['linux/arm64', 'linux/amd64'] })], failures: [] },
    });
    const filters = ['-f', 'kind=plugin', '-f', 'platform=linux/arm64', '-f', 'registry=team:5000'];
    const format = ['--format', '{{.Name}} {{.Kind}} {{.Platforms}}'];
    const run = await runWharf(['-H', engine.host, 'search', ...filters, ...format, 'x']);
    expect(run).toMatchObject({ code: 0, stdout: 'a plugin linux/arm64,linux/amd64\n' });
    const asked = engine.requests.find(({ path }) => path === '/wharf/registries/search')?.query;
    expect(Object.fromEntries(asked ?? [])).toEqual({
      query: 'x',
      kind: 'plugin',
      platform: 'linux/arm64',
      registry: 'team:5000',
    });
  });

  it('a registry that is named and does not answer is a failure', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /wharf/registries/search', {
      body: {
        results: [],
        failures: [{ registry: 'team:5000', code: 'auth.required', message: 'who are you?', hint: 'Sign in.' }],
      },
    });
    const run = await runWharf(['-H', engine.host, 'search', 'team:5000/web']);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('who are you?');
    const asked = engine.requests.find(({ path }) => path === '/wharf/registries/search')?.query;
    expect([asked?.get('query'), asked?.get('registry')]).toEqual(['web', 'team:5000']);
  });

  it('another engine is asked docker’s way, and what it can not filter is refused', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /wharf/registries', { status: 404, body: { message: 'page not found', code: 'request.not-found' } });
    engine.on('GET /images/search', {
      body: [{ name: 'redis', description: '', is_official: true, is_automated: false, star_count: 5 }],
    });
    const plain = await runWharf(['-H', engine.host, 'search', '--format', '{{.Name}} {{.IsOfficial}}', 'redis']);
    expect(plain).toMatchObject({ code: 0, stdout: 'redis [OK]\n' });
    const kind = await runWharf(['-H', engine.host, 'search', '-f', 'kind=plugin', 'redis']);
    expect(kind).toMatchObject({ code: 1, stdout: '' });
    expect(kind.stderr).toContain('can not search by kind or platform');
  });

  it.each([
    ['nonsense=1', "invalid filter 'nonsense'"],
    ['kind=chart', "invalid filter 'kind'"],
    ['stars=many', "invalid filter 'stars'"],
  ])('%s is refused', async (filter, message) => {
    await using engine = await fakeEngine();
    const run = await runWharf(['-H', engine.host, 'search', '-f', filter, 'x']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(message);
  });
});
