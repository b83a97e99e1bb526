import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { digestOf, fakeRegistry, sampleManifest, sendError, sendManifest, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;
const failure = (code: string, message: RegExp, more: object = {}) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), ...more });

it('fetches a manifest over plain HTTP from loopback and verifies it', async () => {
  await using registry = await fakeRegistry((_request, response) => sendManifest(response));
  using client = testClient();
  const fetched = await client.fetchManifest(parseReference(`${registry.host}/a/b:1`), { signal });
  expect(fetched).toMatchObject({
    endpoint: registry.url,
    descriptor: { digest: digestOf(sampleManifest), size: sampleManifest.length },
  });
  expect(registry.seen).toEqual([expect.objectContaining({ method: 'GET', url: '/v2/a/b/manifests/1' })]);
  expect(registry.seen[0]?.headers.accept).toContain('application/vnd.oci.image.index.v1+json');
});

describe('a registry that is', () => {
  it('down is told as Go tells it', async () => {
    using client = testClient();
    await expect(client.fetchManifest(parseReference('127.0.0.1:1/x'), { signal })).rejects.toEqual(
      failure(
        'registry.unreachable',
        /^Get "http:\/\/127\.0\.0\.1:1\/v2\/": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
      ),
    );
  });

  it('silent ends in a timeout', async () => {
    await using registry = await fakeRegistry(() => undefined);
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal })).rejects.toEqual(
      failure('registry.timeout', /timeout/),
    );
  });

  it('no HTTP server ends in an error', async () => {
    const server = createServer((socket) => void socket.end('SSH-2.0-x\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    using client = testClient();
    const port = typeof address === 'object' ? address?.port : 0;
    await expect(client.fetchManifest(parseReference(`127.0.0.1:${port}/x`), { signal })).rejects.toEqual(
      failure('registry.protocol', /malformed HTTP/),
    );
    server.close();
  });

  it('dripping its manifest is cut off', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(drip));
    });
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal })).rejects.toEqual(
      failure('registry.timeout', /reading/),
    );
  });

  it.each([200, 403, 404])('a web site (status %i) is told with a hint', async (status) => {
    await using registry = await fakeRegistry((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
      response.end('<html>Welcome</html>');
    });
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal })).rejects.toEqual(
      failure('registry.protocol', /HTML/, { hint: expect.stringContaining('sign-in page') }),
    );
  });

  it('sending endless bytes is cut off', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 32)));
      };
      response.on('drain', more);
      more();
    });
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal })).rejects.toEqual(
      failure('registry.protocol', /larger/),
    );
  });

  it('lying about the digest is not believed', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      sendManifest(response, { 'docker-content-digest': digestOf(Buffer.from('other')) });
    });
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal })).rejects.toEqual(
      failure('digest.mismatch', /have the digest/),
    );
    const byDigest = parseReference(`${registry.host}/x@${digestOf(Buffer.from('wanted'))}`);
    await expect(client.fetchManifest(byDigest, { signal })).rejects.toEqual(failure('digest.mismatch', /sha256/));
  });

  it('cutting connections is asked again, a bounded number of times', async () => {
    let cuts = 2;
    await using registry = await fakeRegistry((_request, response) => {
      if (cuts-- <= 0) return sendManifest(response);
      response.writeHead(200, { 'content-length': '5000' });
      response.write('{');
      setTimeout(() => response.destroy(), 20);
    });
    using client = testClient();
    await client.fetchManifest(parseReference(`${registry.host}/x`), { signal });
    expect(registry.seen).toHaveLength(3);
    cuts = 100;
    await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal })).rejects.toEqual(
      failure('registry.failed', /cut/),
    );
    expect(registry.seen).toHaveLength(6);
  });

  it('failing for a moment is asked again', async () => {
    let failures = 2;
    await using registry = await fakeRegistry((_request, response) => {
      if (failures-- <= 0) return sendManifest(response);
      response.writeHead(503).end();
    });
    using client = testClient();
    await client.fetchManifest(parseReference(`${registry.host}/x`), { signal });
    expect(registry.seen).toHaveLength(3);
  });

  it('limiting its rate is waited for when short, and told when long', async () => {
    let seconds = '0';
    await using registry = await fakeRegistry((_request, response) => {
      if (registry.seen.length === 1)
        sendError(response, 429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': seconds });
      else if (seconds === '0') sendManifest(response);
      else sendError(response, 429, 'TOOMANYREQUESTS', 'pull rate limit', { 'retry-after': seconds });
    });
    using client = testClient();
    await client.fetchManifest(parseReference(`${registry.host}/x`), { signal });
    seconds = '3600';
    await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal })).rejects.toEqual(
      failure('registry.rate-limited', /toomanyrequests: pull rate limit/, {
        hint: expect.stringContaining('3600 seconds'),
        status: 429,
      }),
    );
  });
});

describe('refusals are told in the words of docker', () => {
  it.each([
    [
      404,
      'MANIFEST_UNKNOWN',
      'manifest unknown',
      'manifest.unknown',
      /^manifest for \S+\/a:nope not found: manifest unknown: manifest unknown$/,
    ],
    [
      404,
      'NAME_UNKNOWN',
      'no such name',
      'manifest.unknown',
      /^repository \S+\/a not found: name unknown: no such name$/,
    ],
    [
      401,
      'UNAUTHORIZED',
      'authentication required',
      'auth.required',
      /^pull access denied for \S+\/a, repository does not exist or may require 'docker login': unauthorized/,
    ],
    [
      403,
      'DENIED',
      'requested access to the resource is denied',
      'auth.required',
      /: denied: requested access to the resource is denied$/,
    ],
    [500, 'UNKNOWN', 'boom', 'registry.failed', /received unknown: boom/],
  ])('%i %s', async (status, code, message, expected, text) => {
    await using registry = await fakeRegistry((_request, response) => sendError(response, status, code, message));
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/a:nope`), { signal })).rejects.toEqual(
      failure(expected, text),
    );
  });

  it('of schema 1 by name', async () => {
    await using registry = await fakeRegistry((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' });
      response.end('{"schemaVersion":1}');
    });
    using client = testClient();
    await expect(client.fetchManifest(parseReference(`${registry.host}/a`), { signal })).rejects.toEqual(
      failure('image.unsupported', /schema 1/),
    );
  });
});

describe('docker.io is asked for at', () => {
  it('mirrors first, then the registry, then fallbacks; the first answer counts', async () => {
    const unknown = () =>
      fakeRegistry((_request, response) => sendError(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown'));
    await using mirror = await unknown();
    await using hub = await unknown();
    await using fallback = await fakeRegistry((_request, response) => sendManifest(response));
    using client = testClient({ mirrors: [mirror.url], fallbacks: [fallback.url] }, { hubUrl: hub.url });
    const fetched = await client.fetchManifest(parseReference('busybox'), { signal });
    expect(fetched.endpoint).toBe(fallback.url);
    for (const asked of [mirror, hub, fallback])
      expect(asked.seen[0]?.url).toBe('/v2/library/busybox/manifests/latest');
  });

  it('fallbacks without waiting again for a registry that was down a moment ago', async () => {
    await using fallback = await fakeRegistry((_request, response) => sendManifest(response));
    await using hub = await fakeRegistry(() => undefined);
    using client = testClient({ fallbacks: [fallback.url] }, { hubUrl: hub.url });
    await client.fetchManifest(parseReference('busybox'), { signal });
    await client.fetchManifest(parseReference('busybox'), { signal });
    expect(hub.seen).toHaveLength(1);
    expect(fallback.seen).toHaveLength(2);
  });

  it('fallbacks that lack the image, and both facts are told', async () => {
    await using fallback = await fakeRegistry((_request, response) =>
      sendError(response, 404, 'NAME_UNKNOWN', 'unknown'),
    );
    using client = testClient({ fallbacks: [fallback.url] });
    await expect(client.fetchManifest(parseReference('nosuch'), { signal })).rejects.toEqual(
      failure(
        'manifest.unknown',
        /^manifest for nosuch:latest not found: 127\.0\.0\.1:\d+ does not have it, and 127\.0\.0\.1:1 can not be asked: .*connection refused$/,
      ),
    );
  });

  it('the registry with credentials, and mirrors and fallbacks without', async () => {
    const denied = () =>
      fakeRegistry((_request, response) =>
        sendError(response, 401, 'UNAUTHORIZED', 'no', { 'www-authenticate': 'Basic realm="x"' }),
      );
    await using mirror = await denied();
    await using hub = await denied();
    await using fallback = await denied();
    using client = testClient({ mirrors: [mirror.url], fallbacks: [fallback.url] }, { hubUrl: hub.url });
    const auth = { username: 'u', password: 'p' };
    await expect(client.fetchManifest(parseReference('busybox'), { signal, auth })).rejects.toEqual(
      failure('auth.denied', /pull access denied for busybox/, { status: 404 }),
    );
    expect(mirror.seen.map((request) => request.headers.authorization)).toEqual([undefined]);
    expect(hub.seen.map((request) => request.headers.authorization)).toEqual([undefined, 'Basic dTpw']);
    expect(fallback.seen.map((request) => request.headers.authorization)).toEqual([undefined]);
  });

  it('no other registry is asked for the images of a third', async () => {
    await using fallback = await fakeRegistry((_request, response) => sendManifest(response));
    using client = testClient({ fallbacks: [fallback.url] });
    await expect(client.fetchManifest(parseReference('127.0.0.1:1/library/busybox'), { signal })).rejects.toEqual(
      failure('registry.unreachable', /refused/),
    );
    expect(fallback.seen).toHaveLength(0);
  });
});

it('cancelling ends the wait at once', async () => {
  await using registry = await fakeRegistry(() => undefined);
  using client = testClient({}, { timeouts: { idleMs: 10_000 } });
  const ending = new AbortController();
  setTimeout(() => ending.abort(), 50);
  const started = Date.now();
  await expect(client.fetchManifest(parseReference(`${registry.host}/x`), { signal: ending.signal })).rejects.toEqual(
    failure('request.cancelled', /canceled/),
  );
  expect(Date.now() - started).toBeLessThan(1000);
});
