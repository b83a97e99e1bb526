import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer, type Server } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { EndpointList, serverHost } from './endpoints.ts';
import { fakeRegistry, sendManifest, testClient } from './fake-registry.ts';
import { proxyRules } from './proxy-rules.ts';
import { testCertificate } from './test-certificate.ts';

const signal = new AbortController().signal;
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

async function listening(server: Server) {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const tlsRegistry = () => listening(createTlsServer(testCertificate, (_request, response) => sendManifest(response)));

describe('TLS', () => {
  it('of loopback needs no known certificate', async () => {
    await using registry = await tlsRegistry();
    using client = testClient();
    const fetched = await client.fetchManifest(parseReference(`127.0.0.1:${registry.port}/a`), { signal });
    expect(fetched.endpoint).toBe(`https://127.0.0.1:${registry.port}`);
  });

  it('of other hosts does, unless they are listed as insecure', async () => {
    await using registry = await tlsRegistry();
    await using proxy = await tunnelTo(registry.port);
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    using strict = testClient({}, { environment });
    await expect(strict.fetchManifest(parseReference('registry.test/a'), { signal })).rejects.toEqual(
      failure('registry.unreachable', /tls: failed to verify certificate: x509/),
    );
    using lax = testClient({ insecureRegistries: ['registry.test'] }, { environment });
    expect((await lax.fetchManifest(parseReference('registry.test/a'), { signal })).endpoint).toBe(
      'https://registry.test',
    );
    expect(proxy.targets).toEqual(['registry.test:443', 'registry.test:443']);
  });
});

/** A proxy that tunnels every CONNECT to one local port. */
async function tunnelTo(port: number) {
  const targets: string[] = [];
  const server = createHttpServer();
  server.on('connect', (request, socket, head) => {
    targets.push(request.url ?? '');
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  return { ...(await listening(server)), targets };
}

describe('proxies', () => {
  it('carry plain HTTP to insecure registries', async () => {
    await using registry = await fakeRegistry((_request, response) => sendManifest(response));
    const asked: string[] = [];
    const server = createHttpServer((request, response) => {
      asked.push(request.url ?? '');
      const path = new URL(request.url ?? '').pathname;
      httpRequest(registry.url + path, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      }).end();
    });
    server.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    await using proxy = await listening(server);
    const url = `http://127.0.0.1:${proxy.port}`;
    using client = testClient(
      { insecureRegistries: ['registry.test:5000'] },
      { environment: { HTTP_PROXY: url, https_proxy: url } },
    );
    const fetched = await client.fetchManifest(parseReference('registry.test:5000/a'), { signal });
    expect(fetched.endpoint).toBe('http://registry.test:5000');
    expect(asked).toEqual(['http://registry.test:5000/v2/a/manifests/latest']);
  });

  it('that refuse are told as such', async () => {
    const server = createHttpServer();
    server.on('connect', (_request, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
    await using proxy = await listening(server);
    using client = testClient({}, { environment: { HTTPS_PROXY: `127.0.0.1:${proxy.port}` } });
    await expect(client.fetchManifest(parseReference('registry.test/a'), { signal })).rejects.toEqual(
      failure('registry.unreachable', /proxyconnect/),
    );
  });

  it.each([
    ['localhost', '', true],
    ['127.0.0.5:5000', '', true],
    ['[::1]:5000', '', true],
    ['registry.test', '', false],
    ['registry.test', '*', true],
    ['registry.test', 'other, test', true],
    ['registry.test', '.test', true],
    ['test', '.test', false],
    ['a.registry.test', '*.registry.test', true],
    ['registry.test:5000', 'registry.test:5000', true],
    ['registry.test:5001', 'registry.test:5000', false],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['[fd00::1]', 'fd00::/8', true],
    ['10.1.2.3', '10.1.2.3', true],
    ['attest', 'test', false],
  ])('%s with NO_PROXY=%s is asked directly: %s', (host, noProxy, direct) => {
    expect(proxyRules({ NO_PROXY: noProxy }).bypasses(new URL(`https://${host}/`))).toBe(direct);
  });
});

it('a name that takes no connection ends in the connect limit', async () => {
  // A backlog that is never accepted from: the kernel completes TCP, TLS never begins.
  await using silent = await listening(createServer(() => undefined));
  using client = testClient({}, { timeouts: { connectMs: 150 } });
  const started = Date.now();
  await expect(client.fetchManifest(parseReference(`127.0.0.1:${silent.port}/a`), { signal })).rejects.toEqual(
    failure('registry.timeout', /timeout/),
  );
  expect(Date.now() - started).toBeLessThan(3000);
});

describe('endpoints', () => {
  const list = (insecureRegistries: readonly string[]) =>
    new EndpointList({ mirrors: [], fallbacks: [], insecureRegistries, userAgent: '' }, 1000);

  it.each([
    ['localhost:5000', [], true],
    ['127.8.8.8', [], true],
    ['[::1]:5000', [], true],
    ['ghcr.io', [], false],
    ['ghcr.io', ['ghcr.io'], true],
    ['reg:5000', ['reg:5001'], false],
    ['reg:5000', ['http://reg:5000/'], true],
    ['192.168.3.4:5000', ['192.168.0.0/16'], true],
    ['[fd12::1]:80', ['fd00::/8'], true],
    ['bad host', ['bad host'], false],
  ])('%s with %j may be insecure: %s', (host, insecure, expected) => {
    expect(list(insecure).isInsecure(host)).toBe(expected);
  });

  it('a mirror that is no base URL is refused at start', () => {
    for (const mirror of ['http://u:p@x', 'http://x/?a=b', 'http://[']) {
      expect(() => testClient({ mirrors: [mirror] })).toThrow(/invalid registry mirror/);
    }
  });

  it.each([
    ['https://index.docker.io/v1/', 'registry-1.docker.io'],
    ['', 'registry-1.docker.io'],
    ['docker.io', 'registry-1.docker.io'],
    ['https://GHCR.io/v2/', 'ghcr.io'],
    ['localhost:5000', 'localhost:5000'],
  ])('the login server %j is %s', (address, host) => {
    expect(serverHost(address)).toBe(host);
  });
});
