import { describe, expect, it } from 'vitest';
import { fakeRegistry, sendError, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;

describe('a page’s request to a registry', () => {
  it('is answered with whatever the registry says, signed in as its user', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.headers.authorization === undefined)
        return sendError(response, 401, 'UNAUTHORIZED', 'who?', { 'www-authenticate': 'Basic realm="r"' });
      if (request.url?.startsWith('/v2/a/manifests/') && request.method === 'DELETE')
        return sendError(response, 405, 'UNSUPPORTED', 'no');
      response.writeHead(200, {
        'content-type': 'application/json',
        link: '</v2/_catalog?last=a>; rel="next"',
        'x-own': '1',
      });
      response.end('{"repositories":["a"]}');
    });
    using client = testClient();
    const auth = { username: 'alice', password: 'secret' };
    const list = await client.relay(registry.host, { method: 'GET', path: '/v2/_catalog?n=1' }, { auth, signal });
    expect(list).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', link: '</v2/_catalog?last=a>; rel="next"' },
      body: '{"repositories":["a"]}',
    });
    const path = '/v2/a/manifests/1.0';
    const gone = await client.relay(registry.host, { method: 'DELETE', path }, { auth, signal });
    expect(gone.status).toBe(405);
    const stranger = await client.relay(registry.host, { method: 'GET', path: '/v2/_catalog' }, { signal });
    expect(stranger.status).toBe(401);
  });

  it('sends JSON to Wharf’s own routes', async () => {
    await using registry = await fakeRegistry((request, response) => {
      void request.toArray().then((chunks) => response.end(Buffer.concat(chunks)));
    });
    using client = testClient();
    const request = { method: 'POST', path: '/wharf/v1/gc?dry-run=true', body: '{"a":1}' } as const;
    expect((await client.relay(registry.host, request, { signal })).body).toBe('{"a":1}');
  });

  it.each([
    ['GET', '/'],
    ['GET', '/healthz'],
    ['GET', 'http://elsewhere/v2/'],
    ['GET', '/v2/../admin'],
    ['GET', '/v2/%2e%2e/admin'],
    ['GET', '/v2/a%2F..%2Fb'],
    ['GET', '/v2/a b'],
    ['GET', '/v2/a\r\nx: y'],
    ['POST', '/v2/a/blobs/uploads/'],
    ['PUT', '/v2/a/manifests/x'],
  ] as const)('%s %j is refused', async (method, path) => {
    using client = testClient();
    await expect(client.relay('127.0.0.1:1', { method, path }, { signal })).rejects.toMatchObject({
      code: 'request.invalid',
    });
  });
});
