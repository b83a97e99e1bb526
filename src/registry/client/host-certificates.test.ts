import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { sendManifest, testClient } from './fake-registry.ts';
import { certificateFolders, HostCertificates } from './host-certificates.ts';
import { otherCertificate, testCertificate } from './test-certificate.ts';

const signal = new AbortController().signal;
const image = parseReference('registry.test/a');

/** A folder of certificates by host. */
function certsFolder(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'wharf-certs-'));
  const write = (name: string, text: string): void => {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { root, write, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

/** A registry behind TLS that counts as `registry.test`, and who showed it a certificate. */
async function tlsRegistry(options: { readonly clientAuthority?: string } = {}) {
  const { clientAuthority } = options;
  const asks =
    clientAuthority === undefined ? {} : { ca: clientAuthority, requestCert: true, rejectUnauthorized: true };
  const server = createServer({ ...testCertificate, ...asks }, (_request, response) => sendManifest(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const dial = async () => connect(port, '127.0.0.1');
  return {
    client: (certificates: string) => testClient({}, { dial, certificateFolders: [certificates] }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('authorities', () => {
  it('of a host are believed for it, and for no other', async () => {
    await using registry = await tlsRegistry();
    using certs = certsFolder({ 'registry.test/ca.crt': testCertificate.cert });
    using client = registry.client(certs.root);
    expect((await client.fetchManifest(image, { signal })).endpoint).toBe('https://registry.test');
    await expect(client.fetchManifest(parseReference('other.test/a'), { signal })).rejects.toMatchObject({
      code: 'registry.unreachable',
      message: expect.stringContaining('tls: failed to verify certificate'),
      hint: expect.stringContaining('/etc/docker/certs.d/other.test/ca.crt'),
    });
  });

  it('may lie under the name with its usual port', async () => {
    await using registry = await tlsRegistry();
    using certs = certsFolder({ 'registry.test:443/own.crt': `some words\n${testCertificate.cert}\n` });
    using client = registry.client(certs.root);
    expect((await client.fetchManifest(image, { signal })).bytes.length).toBeGreaterThan(0);
  });

  it('put there later count without a new client', async () => {
    await using registry = await tlsRegistry();
    using certs = certsFolder({});
    using client = registry.client(certs.root);
    await expect(client.fetchManifest(image, { signal })).rejects.toMatchObject({ code: 'registry.unreachable' });
    certs.write('registry.test/ca.crt', testCertificate.cert);
    await expect
      .poll(
        () =>
          client.fetchManifest(image, { signal }).then(
            ({ endpoint }) => endpoint,
            () => '',
          ),
        { timeout: 10_000 },
      )
      .toBe('https://registry.test');
  });

  it('count for where their registry sends us; what is shown does not', () => {
    using certs = certsFolder({
      'registry.test/ca.crt': testCertificate.cert,
      'registry.test/client.cert': otherCertificate.cert,
      'registry.test/client.key': otherCertificate.key,
    });
    const found = new HostCertificates([certs.root]).forConnection(new URL('https://blobs.test/x'), 'registry.test');
    expect(found).toMatchObject({ authorities: [testCertificate.cert], shown: [] });
  });
});

describe('a client certificate', () => {
  it('is shown to its host', async () => {
    await using registry = await tlsRegistry({ clientAuthority: otherCertificate.cert });
    using certs = certsFolder({
      'registry.test/ca.crt': testCertificate.cert,
      'registry.test/client.cert': otherCertificate.cert,
      'registry.test/client.key': otherCertificate.key,
    });
    using client = registry.client(certs.root);
    expect((await client.fetchManifest(image, { signal })).endpoint).toBe('https://registry.test');
  });

  it('that is wanted and not there makes the registry refuse', async () => {
    await using registry = await tlsRegistry({ clientAuthority: otherCertificate.cert });
    using certs = certsFolder({ 'registry.test/ca.crt': testCertificate.cert });
    using client = registry.client(certs.root);
    await expect(client.fetchManifest(image, { signal })).rejects.toMatchObject({
      code: expect.stringMatching(/^registry\.(unreachable|failed)$/),
    });
  });
});

describe('bad files are told by name', () => {
  const { cert, key } = testCertificate;
  it.each([
    [
      'a certificate without its key',
      { 'client.cert': cert },
      /missing key client\.key for client certificate client\.cert/,
    ],
    [
      'a key without its certificate',
      { 'client.key': key },
      /missing client certificate client\.cert for key client\.key/,
    ],
    ['no certificate', { 'ca.crt': 'hello' }, /registry\.test\/ca\.crt: holds no certificate/],
    [
      'a broken certificate',
      { 'ca.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      /ca\.crt: holds no certificate that can be read/,
    ],
    ['a broken key', { 'client.cert': cert, 'client.key': 'x' }, /client\.key: holds no private key/],
    [
      'the key of another',
      { 'client.cert': cert, 'client.key': otherCertificate.key },
      /is not the key of client\.cert/,
    ],
  ])('%s', async (_what, files, message) => {
    using certs = certsFolder(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`registry.test/${name}`, text])),
    );
    using client = testClient({}, { certificateFolders: [certs.root] });
    await expect(client.fetchManifest(image, { signal })).rejects.toMatchObject({
      code: 'request.invalid',
      message: expect.stringMatching(message),
    });
  });
});

it("an ordinary user's own folders count for his engine only", () => {
  expect(certificateFolders(false, { HOME: '/home/u' })).not.toContain('/home/u/.config/docker/certs.d');
  expect(certificateFolders(true, { HOME: '/home/u' })).toContain('/home/u/.config/docker/certs.d');
  expect(certificateFolders(true, { HOME: '/home/u', XDG_CONFIG_HOME: '/c' })).toContain('/c/wharf/certs.d');
});
