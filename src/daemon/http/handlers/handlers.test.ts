import { describe, expect, it } from 'vitest';
import { engineRoutes } from '../../../contract/engine-routes.ts';
import { isWharfError } from '../../../contract/errors.ts';
import type { RegistryClient, RegistrySearchQuery } from '../../../registry/client/registry-client.ts';
import { createEventBus } from '../../events/event-bus.ts';
import type { DocumentOutput } from '../handler.ts';
import { createHandlers } from './all-handlers.ts';
import type { EngineServices } from './engine-services.ts';
import { matchesFilters, streamEvents } from './event-stream.ts';
import { dockerSearch, splitTerm } from './registry-search.ts';
import { credentialsOf, joinReference, platformOf, registryAuth } from './request-values.ts';

describe('the handlers', () => {
  it('are one for each route of the table, no more and no fewer', () => {
    // Making them asks nothing of the services; each is called per request only.
    const handlers = createHandlers({} as EngineServices);
    expect(Object.keys(handlers).sort()).toEqual(Object.keys(engineRoutes).sort());
    for (const [name, handler] of Object.entries(handlers)) expect(handler, name).toBeTypeOf('function');
  });

  it('of swarms answer 503 in words of Docker', () => {
    const handlers = createHandlers({} as EngineServices);
    const failure = (() => {
      try {
        return handlers.NodeList({} as Parameters<typeof handlers.NodeList>[0]);
      } catch (error) {
        return error;
      }
    })();
    if (!isWharfError(failure)) throw new Error('not refused');
    expect([failure.status, failure.message]).toEqual([
      503,
      expect.stringMatching(/^This node is not a swarm manager\. Use/),
    ]);
  });
});

describe('values in requests', () => {
  it('credentials come out of the header, or not at all', () => {
    const header = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(registryAuth(header({ username: 'u', password: 'p', serveraddress: 's' }))).toEqual({
      username: 'u',
      password: 'p',
      serveraddress: 's',
    });
    expect(registryAuth(header({ auth: Buffer.from('u:p:q').toString('base64') }))).toEqual({
      username: 'u',
      password: 'p:q',
    });
    for (const useless of [undefined, '', 'e30=', header(null), header('x'), header({ username: 1 }), '%%%']) {
      expect(registryAuth(useless)).toBeUndefined();
    }
    expect(credentialsOf({ identitytoken: 't', username: '' })).toMatchObject({ identitytoken: 't' });
  });

  it('platforms come as text or JSON', () => {
    const host = { os: 'linux', architecture: 'amd64' };
    expect(platformOf(undefined, host)).toBeUndefined();
    expect(platformOf('linux/arm64', host)).toMatchObject({ os: 'linux', architecture: 'arm64' });
    expect(platformOf('{"os":"linux","architecture":"arm","variant":"v7"}', host)).toMatchObject({
      architecture: 'arm',
      variant: 'v7',
    });
    expect(() => platformOf('{"os":', host)).toThrow('not a platform');
  });

  it('names join their tag or digest', () => {
    expect([
      joinReference('a', undefined),
      joinReference('a', ''),
      joinReference('a', '1'),
      joinReference('a', 'sha256:0'),
    ]).toEqual(['a', 'a', 'a:1', 'a@sha256:0']);
  });
});

describe('events', () => {
  const bus = createEventBus({ nowNano: () => 1_700_000_000_123_456_789n });
  const event = bus.publish('container', 'exec_start: /bin/sh', 'abcdef', {
    image: 'nginx:1.27',
    name: 'web',
    app: 'shop',
  });

  it.each([
    [{ type: ['container'] }, true],
    [{ type: ['image'] }, false],
    [{ event: ['exec_start'] }, true],
    [{ event: ['exec_start: /bin/sh'] }, true],
    [{ event: ['start'] }, false],
    [{ container: ['web'] }, true],
    [{ container: ['abc'] }, true],
    [{ container: ['other'], type: ['container'] }, false],
    [{ container: ['we'] }, true],
    [{ network: ['web'] }, true],
    [{ network: ['other'] }, false],
    [{ service: ['web'] }, false],
    [{ nonsense: ['x'] }, true],
    [{ image: ['nginx'] }, true],
    [{ image: ['nginx:1.27'] }, true],
    [{ image: ['nginx:1'] }, false],
    [{ label: ['app'] }, true],
    [{ label: ['app=shop', 'name=web'] }, true],
    [{ label: ['app=shop', 'name=db'] }, false],
    [{ scope: ['swarm'] }, false],
    [{}, true],
  ])('pass %j: %s', (filters, passes) => expect(matchesFilters(event, filters)).toBe(passes));

  it('keep their nanoseconds on the wire', async () => {
    const sent: string[] = [];
    const output: DocumentOutput = {
      send: () => undefined,
      sendText: (json) => sent.push(json),
      flushHead: () => undefined,
      setHeader: () => undefined,
    };
    await streamEvents(bus, { since: '1', until: '1700000001' }, output, new AbortController().signal);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain('"time":1700000000,"timeNano":1700000000123456789}');
    expect(JSON.parse(sent[0] ?? '')).toMatchObject({
      status: 'exec_start: /bin/sh',
      id: 'abcdef',
      from: 'nginx:1.27',
    });
    await streamEvents(bus, { until: '1700000001' }, output, new AbortController().signal);
    expect(sent).toHaveLength(2);
    await expect(streamEvents(bus, { since: '2', until: '1.5' }, output, AbortSignal.abort())).rejects.toThrow(
      '`since` time (2) cannot be after `until` time (1.5)',
    );
  });
});

describe('search', () => {
  const result = (name: string, stars: number, official = false) => ({
    registry: 'docker.io',
    name,
    kind: 'image' as const,
    title: name,
    description: '',
    official,
    stars,
    platforms: [],
    tags: [],
    labels: {},
  });
  /** Answers as told, by registry; the other calls are not made here. */
  const client = (answers: (query: RegistrySearchQuery) => Promise<readonly ReturnType<typeof result>[]>) =>
    ({ search: (query: RegistrySearchQuery) => answers(query) }) as unknown as RegistryClient;
  const signal = new AbortController().signal;

  it('finds the registry in the term as image names do', () => {
    expect(splitTerm('nginx')).toEqual({ registry: 'docker.io', term: 'nginx' });
    expect(splitTerm('library/nginx')).toEqual({ registry: 'docker.io', term: 'library/nginx' });
    expect(splitTerm('localhost/a')).toEqual({ registry: 'localhost', term: 'a' });
    expect(splitTerm('r.lan:5000/a/b')).toEqual({ registry: 'r.lan:5000', term: 'a/b' });
  });

  it('in the shape of Docker keeps limits and filters', async () => {
    const registry = client(async () => [result('a', 5, true), result('b', 1)]);
    const found = await dockerSearch(
      registry,
      { term: 'x', filters: { stars: ['2'], 'is-official': ['true'] } },
      { signal },
    );
    expect(found).toEqual([{ name: 'a', description: '', is_official: true, is_automated: false, star_count: 5 }]);
    await expect(dockerSearch(registry, { term: 'x', limit: 101 }, { signal })).rejects.toThrow(
      'limit 101 is outside the range of [1, 100]',
    );
  });
});
