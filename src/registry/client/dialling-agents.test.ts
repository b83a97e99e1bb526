import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { fakeRegistry, sendManifest, testClient } from './fake-registry.ts';
import { testCertificate } from './test-certificate.ts';

const signal = new AbortController().signal;

/** Says where it was asked to connect, and connects to `port` of this machine. */
function diallerTo(port: number) {
  const asked: string[] = [];
  const dial = async (host: string, wanted: number): Promise<Socket> => {
    asked.push(`${host}:${wanted}`);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  return { asked, dial };
}

it('connections are made by whoever dials, and are used again', async () => {
  await using registry = await fakeRegistry((_request, response) => sendManifest(response));
  const { asked, dial } = diallerTo(Number(registry.host.split(':')[1]));
  using client = testClient({ insecureRegistries: ['registry.test:5000'] }, { dial });
  for (const name of ['a', 'b']) await client.fetchManifest(parseReference(`registry.test:5000/${name}`), { signal });
  // One try with TLS, which this registry does not speak, then one plain connection for both.
  expect(asked).toEqual(['registry.test:5000', 'registry.test:5000']);
});

it('TLS is spoken over a dialled connection', async () => {
  const server = createTlsServer(testCertificate, (_request, response) => sendManifest(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const { dial } = diallerTo(typeof address === 'object' ? (address?.port ?? 0) : 0);
  using client = testClient({ insecureRegistries: ['registry.test'] }, { dial });
  const fetched = await client.fetchManifest(parseReference('registry.test/a'), { signal });
  expect(fetched.endpoint).toBe('https://registry.test');
  server.closeAllConnections();
  server.close();
});

it('a connection that can not be dialled is an unreachable registry', async () => {
  const dial = () => Promise.reject(Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' }));
  using client = testClient({ insecureRegistries: ['registry.test'] }, { dial });
  await expect(client.fetchManifest(parseReference('registry.test/a'), { signal })).rejects.toMatchObject({
    code: 'registry.unreachable',
  });
});
