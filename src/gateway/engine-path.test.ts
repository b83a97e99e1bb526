import { expect, test } from 'vitest';
import { checkEnginePath } from './engine-path.ts';
import { createEngineRelay } from './relay.ts';

test.each([
  ['GET', '/containers/json?all=1&filters=%7B%7D'],
  ['GET', '/v1.51/containers/json'],
  ['HEAD', '/_ping'],
  ['GET', '/images/docker.io/library/busybox:latest/json'],
  ['GET', '/images/localhost:5055/a/b@sha256:abc/json'],
  ['POST', '/images/create?fromImage=busybox&tag=latest'],
  ['PUT', '/containers/abc/archive?path=/etc/../tmp'],
  ['GET', '/wharf/registries/search?term=x'],
])('%s %s is let through', (method, path) => {
  expect(checkEnginePath(method, path).path).toBe(path);
});

test.each([
  ['GET', 'containers/json'],
  ['GET', '/'],
  ['GET', '/containers/../info'],
  ['GET', '/containers/%2e%2e/json'],
  ['GET', '/containers/a%2f..%2f..%2fb/json'],
  ['GET', '/images/x/%2e./json'],
  ['GET', '/info HTTP/1.1\r\nX: y\r\n\r\nGET /version'],
  ['GET', '/info%0d%0aX:%20y'],
  ['GET', '/info\\..'],
  ['GET', '/info#x'],
  ['GET', '/%zz'],
  ['GET', '//evil.example/info'],
  ['GET', '/grpc'],
  ['DELETE', '/info'],
  ['CONNECT', '/info'],
])('%s %s is refused', (method, path) => {
  expect(() => checkEnginePath(method, path)).toThrow();
});

test('sign-ins are added for the registry of the image, and never override the caller', async () => {
  const seen: (string | undefined)[] = [];
  const relay = createEngineRelay(
    {
      async request({ headers }) {
        seen.push(headers?.['x-registry-auth']);
        return { status: 200, headers: {}, body: new ReadableStream() };
      },
      hijack: async () => Promise.reject(new Error('not used')),
    },
    { registryAuth: (image) => (image.startsWith('reg.example/') ? 'stored' : undefined) },
  );
  await relay.request({ method: 'POST', path: '/images/create?fromImage=reg.example%2Fa&tag=1' });
  await relay.request({ method: 'POST', path: '/images/reg.example/a/push?tag=1' });
  await relay.request({ method: 'POST', path: '/images/create?fromImage=busybox' });
  await relay.request({
    method: 'POST',
    path: '/images/create?fromImage=reg.example/a',
    headers: { 'X-Registry-Auth': 'own' },
  });
  await relay.request({ method: 'GET', path: '/wharf/trust/inspect?image=reg.example%2Fa&live=true' });
  await relay.request({ method: 'GET', path: '/info' });
  expect(seen).toEqual(['stored', 'stored', undefined, 'own', 'stored', undefined]);
});

test('a page that browses a registry is its user there, and a search over all is signed in to each', async () => {
  const seen: unknown[] = [];
  const relay = createEngineRelay(
    {
      async request({ headers }) {
        seen.push([headers?.['x-registry-auth'], headers?.['x-registry-config']]);
        return { status: 200, headers: {}, body: new ReadableStream() };
      },
      hijack: async () => Promise.reject(new Error('not used')),
    },
    { registryAuth: (image) => (image.startsWith('team:5000/') ? 'bob' : undefined), registryConfig: () => 'all' },
  );
  await relay.request({ method: 'POST', path: '/wharf/registries/request?registry=team%3A5000' });
  await relay.request({ method: 'POST', path: '/wharf/registries/request?registry=other%3A5000' });
  await relay.request({ method: 'GET', path: '/wharf/registries/search?query=x' });
  expect(seen).toEqual([
    ['bob', undefined],
    [undefined, undefined],
    [undefined, 'all'],
  ]);
});
