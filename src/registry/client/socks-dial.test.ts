import { createServer as createTlsServer } from 'node:https';
import { connect, createServer, type Server } from 'node:net';
import { expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { fakeRegistry, sendManifest, testClient } from './fake-registry.ts';
import { socksDial } from './socks-dial.ts';
import { testCertificate } from './test-certificate.ts';

const signal = new AbortController().signal;

async function listening(server: Server) {
  const open = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => open.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A SOCKS5 proxy that connects every target to one local port, and tells which were asked. */
async function socksProxy(port: number, options: { readonly login?: string; readonly refusal?: number } = {}) {
  const asked: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => undefined);
    let state: 'greeting' | 'login' | 'asking' | 'joined' = 'greeting';
    client.on('data', (data) => {
      if (state === 'greeting') {
        state = options.login === undefined ? 'asking' : 'login';
        client.write(Buffer.from([5, options.login === undefined ? 0 : 2]));
      } else if (state === 'login') {
        const userEnd = 2 + (data[1] ?? 0);
        const said = `${data.subarray(2, userEnd)}:${data.subarray(userEnd + 1)}`;
        state = 'asking';
        client.write(Buffer.from([1, said === options.login ? 0 : 1]));
      } else if (state === 'asking') {
        state = 'joined';
        asked.push(
          data[3] === 3 ? `${data.subarray(5, -2)}:${data.readUInt16BE(data.length - 2)}` : data.toString('hex'),
        );
        if (options.refusal !== undefined)
          return void client.end(Buffer.from([5, options.refusal, 0, 1, 0, 0, 0, 0, 0, 0]));
        client.pause().removeAllListeners('data');
        const upstream = connect(port, '127.0.0.1', () => {
          // In pieces, as a network may bring it.
          client.write(Buffer.from([5, 0, 0]), () => client.write(Buffer.from([1, 127, 0, 0, 1, 0, 80])));
          client.pipe(upstream).pipe(client);
        });
        upstream.on('error', () => client.destroy());
        client.on('close', () => upstream.destroy());
      }
    });
  });
  return { ...(await listening(server)), asked };
}

it('plain HTTP and TLS go through it, with names for it to look up', async () => {
  await using plain = await fakeRegistry((_request, response) => sendManifest(response));
  await using tls = await listening(createTlsServer(testCertificate, (_request, response) => sendManifest(response)));
  await using toPlain = await socksProxy(Number(plain.host.split(':')[1]));
  await using toTls = await socksProxy(tls.port);
  const environment = {
    HTTP_PROXY: `socks5://127.0.0.1:${toPlain.port}`,
    HTTPS_PROXY: `socks5h://127.0.0.1:${toTls.port}`,
  };
  using client = testClient({ insecureRegistries: ['tls.test'], mirrors: ['http://plain.test:5000'] }, { environment });
  expect((await client.fetchManifest(parseReference('tls.test/a'), { signal })).endpoint).toBe('https://tls.test');
  const fromMirror = await client.fetchManifest(parseReference('a'), { signal });
  expect(fromMirror.endpoint).toBe('http://plain.test:5000');
  expect([toTls.asked, toPlain.asked]).toEqual([['tls.test:443'], ['plain.test:5000']]);
});

it('hosts of NO_PROXY are asked without it', async () => {
  await using registry = await fakeRegistry((_request, response) => sendManifest(response));
  await using proxy = await socksProxy(1);
  const url = `socks5://127.0.0.1:${proxy.port}`;
  using client = testClient({}, { environment: { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: '127.0.0.1' } });
  await client.fetchManifest(parseReference(`${registry.host}/a`), { signal });
  expect(proxy.asked).toEqual([]);
});

it.each([
  ['with the right password', 'user:p%40ss', /^$/],
  ['with a wrong password', 'user:wrong', /refused the user or the password/],
  ['without a user', '', /wants a user and a password/],
])('one that asks for a login, %s', async (_what, login, message) => {
  await using target = await listening(createServer());
  await using proxy = await socksProxy(target.port, { login: 'user:p@ss' });
  const dial = socksDial(`socks5://${login === '' ? '' : `${login}@`}127.0.0.1:${proxy.port}`, 5000);
  const said = await dial('a.test', 80).then(
    (socket) => {
      socket.destroy();
      return '';
    },
    (error: Error) => error.message,
  );
  expect(said).toMatch(message);
});

it.each([
  [5, /connection refused/],
  [2, /not allowed by ruleset/],
])('its refusal %i is told', async (refusal, message) => {
  await using proxy = await socksProxy(1, { refusal });
  using client = testClient({}, { environment: { HTTPS_PROXY: `socks5://127.0.0.1:${proxy.port}` } });
  await expect(client.fetchManifest(parseReference('a.test/a'), { signal })).rejects.toMatchObject({
    code: 'registry.unreachable',
    message: expect.stringMatching(message),
  });
});

it('one that is something else, or silent, is told', async () => {
  await using other = await listening(createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
  await expect(socksDial(`socks5://127.0.0.1:${other.port}`, 5000)('a.test', 80)).rejects.toThrow(/not speak SOCKS5/);
  await using silent = await listening(createServer(() => undefined));
  await expect(socksDial(`socks5://127.0.0.1:${silent.port}`, 100)('a.test', 80)).rejects.toThrow(/timeout/);
});

it('addresses are sent as addresses', async () => {
  await using target = await listening(createServer());
  await using proxy = await socksProxy(target.port);
  const dial = socksDial(`socks5://127.0.0.1:${proxy.port}`, 5000);
  for (const host of ['10.1.2.3', 'fd00::1:2']) (await dial(host, 443)).destroy();
  expect(proxy.asked).toEqual(['050100010a01020301bb', `05010004fd00${'0'.repeat(20)}0001000201bb`]);
});
