import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { parseChallenges } from './challenge.ts';
import { type FakeRegistry, fakeRegistry, sendError, sendManifest, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;
const failure = (code: string, message: RegExp, more: object = {}) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), ...more });

interface TokenWorld extends AsyncDisposable {
  readonly registry: FakeRegistry;
  readonly service: FakeRegistry;
}

/** A registry whose token service answers as told; the token `good` is taken. */
async function tokenWorld(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<TokenWorld> {
  const service = await fakeRegistry(answer);
  const registry = await fakeRegistry((request, response) => {
    if (request.headers.authorization === 'Bearer good')
      return request.url === '/v2/' ? void response.end('{}') : sendManifest(response);
    const header = `Bearer realm="${service.url}/token",service="fake",scope="repository:a:pull"`;
    sendError(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': header });
  });
  return {
    registry,
    service,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

function sendToken(response: ServerResponse, more: object = {}): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ token: 'good', expires_in: 300, ...more }));
}

describe('bearer tokens', () => {
  it('are fetched with the scope of the repository, and used again', async () => {
    await using world = await tokenWorld((_request, response) => sendToken(response));
    using client = testClient();
    const reference = parseReference(`${world.registry.host}/a/b`);
    await client.fetchManifest(reference, { signal });
    await client.fetchManifest(reference, { signal });
    expect(world.service.seen).toHaveLength(1);
    const asked = new URL(world.service.seen[0]?.url ?? '', world.service.url);
    expect(asked.searchParams.getAll('scope')).toEqual(['repository:a/b:pull']);
    expect(asked.searchParams.get('service')).toBe('fake');
    expect(world.registry.seen).toHaveLength(3);
  });

  it('are not shared between accounts', async () => {
    await using world = await tokenWorld((_request, response) => sendToken(response));
    using client = testClient();
    const reference = parseReference(`${world.registry.host}/a`);
    await client.fetchManifest(reference, { signal, auth: { username: 'u', password: 'p' } });
    await client.fetchManifest(reference, { signal, auth: { username: 'u', password: 'q' } });
    expect(world.service.seen.map((request) => request.headers.authorization)).toEqual(['Basic dTpw', 'Basic dTpx']);
  });

  it('come for an identity token by the OAuth2 way', async () => {
    let form = '';
    await using world = await tokenWorld((request, response) => {
      request.on('data', (chunk) => {
        form += chunk;
      });
      request.on('end', () => sendToken(response, { token: undefined, access_token: 'good' }));
    });
    using client = testClient();
    await client.fetchManifest(parseReference(`${world.registry.host}/a`), {
      signal,
      auth: { identitytoken: 'refresh' },
    });
    expect(world.service.seen[0]?.method).toBe('POST');
    expect(Object.fromEntries(new URLSearchParams(form))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh',
      scope: 'repository:a:pull',
    });
  });

  it('given by the caller are used as they are', async () => {
    await using world = await tokenWorld((_request, response) => sendToken(response));
    using client = testClient();
    await client.fetchManifest(parseReference(`${world.registry.host}/a`), { signal, auth: { registrytoken: 'good' } });
    expect(world.service.seen).toHaveLength(0);
  });

  it('the registry refuses end in an error, not in a loop', async () => {
    await using world = await tokenWorld((_request, response) => sendToken(response, { token: 'bad' }));
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${world.registry.host}/a`), { signal })).rejects.toEqual(
      failure('auth.required', /pull access denied/),
    );
    expect(world.registry.seen.length).toBeLessThan(5);
  });

  it('the service refuses are told with its reason', async () => {
    await using world = await tokenWorld((_request, response) => {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end('{"details":"incorrect username or password"}');
    });
    using client = testClient();
    const auth = { username: 'u', password: 'wrong' };
    await expect(client.fetchManifest(parseReference(`${world.registry.host}/a`), { signal, auth })).rejects.toEqual(
      failure('auth.denied', /unauthorized: incorrect username or password$/),
    );
  });

  it('that could break a header are refused', async () => {
    await using world = await tokenWorld((_request, response) => sendToken(response, { token: 'a\r\nx: y' }));
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${world.registry.host}/a`), { signal })).rejects.toEqual(
      failure('registry.protocol', /no usable token/),
    );
  });

  it.each(['', 'nonsense', 'ftp://x/', 'http://u:p@127.0.0.1/', 'javascript:alert(1)'])(
    'are not asked for at %j',
    async (realm) => {
      await using registry = await fakeRegistry((_request, response) =>
        sendError(response, 401, 'UNAUTHORIZED', 'x', { 'www-authenticate': `Bearer realm="${realm}"` }),
      );
      using client = testClient();
      await expect(client.fetchManifest(parseReference(`${registry.host}/a`), { signal })).rejects.toEqual(
        failure('registry.protocol', /token service/),
      );
    },
  );
});

it('a 401 without a challenge, or with one nobody knows, ends', async () => {
  const answers: Record<string, string>[] = [{}, { 'www-authenticate': 'Negotiate' }];
  for (const headers of answers) {
    await using registry = await fakeRegistry((_request, response) =>
      sendError(response, 401, 'UNAUTHORIZED', 'x', headers),
    );
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/a`), { signal })).rejects.toEqual(
      failure('auth.required', /denied/),
    );
    expect(registry.seen).toHaveLength(1);
  }
});

describe('login', () => {
  it('succeeds with the right password and keeps the refresh token', async () => {
    await using world = await tokenWorld((_request, response) => sendToken(response, { refresh_token: 'keep' }));
    using client = testClient();
    const auth = { username: 'u', password: 'p', serveraddress: world.registry.host };
    expect(await client.login(auth, { signal })).toEqual({ Status: 'Login Succeeded', IdentityToken: 'keep' });
    expect(world.service.seen[0]?.url).toContain('offline_token=true');
  });

  it('fails with 401 for wrong ones, by token service and by basic', async () => {
    await using world = await tokenWorld((_request, response) => void response.writeHead(401).end());
    await using basic = await fakeRegistry((_request, response) =>
      sendError(response, 401, 'UNAUTHORIZED', 'x', { 'www-authenticate': 'Basic realm="x"' }),
    );
    using client = testClient();
    for (const serveraddress of [world.registry.host, `https://${basic.host}/v1/`]) {
      await expect(client.login({ username: 'u', password: 'x', serveraddress }, { signal })).rejects.toEqual(
        failure('auth.denied', /unauthorized/, { status: 401 }),
      );
    }
  });

  it('does not take an open door for a right password', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.headers.authorization === undefined) response.end('{}');
      else sendError(response, 401, 'UNAUTHORIZED', 'wrong');
    });
    using client = testClient();
    await expect(
      client.login({ username: 'u', password: 'x', serveraddress: registry.host }, { signal }),
    ).rejects.toEqual(failure('auth.denied', /unauthorized/));
  });

  it('at a web site says that it is none', async () => {
    await using site = await fakeRegistry(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    using client = testClient();
    await expect(client.login({ username: 'u', password: 'x', serveraddress: site.host }, { signal })).rejects.toEqual(
      failure('registry.protocol', /HTML/),
    );
  });
});

it.each([
  ['Basic realm="a"', [['basic', { realm: 'a' }]]],
  [
    'Bearer realm="https://x/t?a=b,c",service="s",scope="repository:a:pull,push"',
    [['bearer', { realm: 'https://x/t?a=b,c', service: 's', scope: 'repository:a:pull,push' }]],
  ],
  [
    'Negotiate, Basic realm="q\\"uote" , charset=UTF-8',
    [
      ['negotiate', {}],
      ['basic', { realm: 'q"uote', charset: 'UTF-8' }],
    ],
  ],
  ['', []],
  ['"', []],
  ['a=b', []],
])('reads the challenge %s', (header, expected) => {
  expect(parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])).toEqual(
    expected,
  );
});
