import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { blobDescriptor, fakeRegistry, sendError, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;
const blob = randomBytes(300_000);
const descriptor = blobDescriptor(blob);
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

function rangeStart(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** Sends `bytes` as a registry with ranges does. */
function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Buffer = blob): void {
  const start = rangeStart(request);
  const headers = {
    'content-length': String(bytes.length - start),
    'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
  };
  response.writeHead(request.headers.range === undefined ? 200 : 206, headers);
  response.end(bytes.subarray(start));
}

function cutAfter(request: IncomingMessage, response: ServerResponse, count: number): void {
  const start = rangeStart(request);
  const headers = {
    'content-length': String(blob.length - start),
    'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}`,
  };
  response.writeHead(request.headers.range === undefined ? 200 : 206, headers);
  response.write(blob.subarray(start, start + count));
  setTimeout(() => response.destroy(), 20);
}

async function fetched(
  behave: (request: IncomingMessage, response: ServerResponse, nth: number) => void,
  options: object = {},
) {
  let nth = 0;
  await using registry = await fakeRegistry((request, response) => behave(request, response, ++nth));
  using client = testClient();
  const open = (): Promise<Readable> =>
    client.fetchBlob(parseReference(`${registry.host}/a`), descriptor, { signal, ...options });
  const bytes = await buffer(await open());
  return { bytes, seen: registry.seen };
}

it('brings the bytes, from an offset too', async () => {
  expect((await fetched((request, response) => sendRange(request, response))).bytes.equals(blob)).toBe(true);
  const rest = await fetched((request, response) => sendRange(request, response), { offset: 100_000 });
  expect(rest.bytes.equals(blob.subarray(100_000))).toBe(true);
  expect(rest.seen[0]?.headers.range).toBe('bytes=100000-');
});

describe('a cut connection', () => {
  it('is continued by range, without repeating a byte', async () => {
    const { bytes, seen } = await fetched((request, response, nth) =>
      nth <= 2 ? cutAfter(request, response, 70_000) : sendRange(request, response),
    );
    expect(bytes.equals(blob)).toBe(true);
    expect(seen.map((request) => request.headers.range)).toEqual([undefined, 'bytes=70000-', 'bytes=140000-']);
  });

  it('is continued with a registry that ignores ranges', async () => {
    const { bytes } = await fetched((request, response, nth) => {
      if (nth === 1) return cutAfter(request, response, 70_000);
      response.writeHead(200, { 'content-length': String(blob.length) });
      response.end(blob);
    });
    expect(bytes.equals(blob)).toBe(true);
  });

  it('is given up when no byte comes any more', async () => {
    let requests = 0;
    const bad = fetched((request, response, nth) => {
      requests = nth;
      cutAfter(request, response, nth === 1 ? 10_000 : 0);
    });
    await expect(bad).rejects.toEqual(failure('registry.failed', /cut/));
    expect(requests).toBeLessThan(20);
  });
});

describe('a registry that', () => {
  it('announces another size is refused before a byte is read', async () => {
    const bad = fetched((_request, response) => {
      response.writeHead(200, { 'content-length': String(blob.length + 1) });
      response.write(blob);
    });
    await expect(bad).rejects.toEqual(failure('size.mismatch', /should have 300000 bytes/));
  });

  it('sends more than it should never hands on the surplus', async () => {
    const bad = fetched((_request, response) => {
      response.write(blob);
      response.end('more');
    });
    await expect(bad).rejects.toEqual(failure('size.mismatch', /more/));
  });

  it('sends less and says so ends in a size mismatch', async () => {
    const bad = fetched((request, response) => {
      if (request.headers.range !== undefined) return void response.writeHead(416).end();
      response.write(blob.subarray(0, 1000));
      response.end();
    });
    await expect(bad).rejects.toEqual(failure('size.mismatch', /no byte from 1000 on/));
  });

  it('sends other bytes of the right number ends in a digest mismatch', async () => {
    const other = Buffer.from(blob);
    other[7] = (other[7] ?? 0) ^ 1;
    await expect(fetched((request, response) => sendRange(request, response, other))).rejects.toEqual(
      failure('digest.mismatch', /have the digest/),
    );
  });

  it('answers another range than was asked for is not believed', async () => {
    const bad = fetched((request, response, nth) => {
      if (nth === 1) return cutAfter(request, response, 1000);
      response.writeHead(206, { 'content-range': `bytes 0-${blob.length - 1}/${blob.length}` });
      response.end(blob);
    });
    await expect(bad).rejects.toEqual(failure('size.mismatch', /another range/));
  });

  it('stalls in the middle is left, and asked for the rest', async () => {
    const { bytes, seen } = await fetched((request, response, nth) => {
      if (nth > 1) return sendRange(request, response);
      response.writeHead(200, { 'content-length': String(blob.length) });
      response.write(blob.subarray(0, 5000));
    });
    expect(bytes.equals(blob)).toBe(true);
    expect(seen[1]?.headers.range).toBe('bytes=5000-');
  });

  it('drips for ever is left after a bounded time', async () => {
    const bad = fetched((request, response) => {
      response.writeHead(request.headers.range === undefined ? 200 : 206, {
        'content-range': `bytes ${rangeStart(request)}-`,
      });
      const drip = setInterval(() => response.write('x'), 50);
      response.once('close', () => clearInterval(drip));
    });
    await expect(bad).rejects.toEqual(failure('registry.timeout', /too slowly/));
  });

  it('has lost the blob says so', async () => {
    await expect(
      fetched((_request, response) => sendError(response, 404, 'BLOB_UNKNOWN', 'blob unknown')),
    ).rejects.toEqual(failure('manifest.unknown', /blob unknown/));
  });

  it('answers HTML is told as none', async () => {
    const bad = fetched(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    await expect(bad).rejects.toEqual(failure('registry.protocol', /HTML/));
  });
});

describe('redirects', () => {
  it('to a blob store carry no credentials', async () => {
    await using store = await fakeRegistry((request, response) => sendRange(request, response));
    await using registry = await fakeRegistry((request, response) => {
      if (request.headers.authorization === undefined)
        return sendError(response, 401, 'UNAUTHORIZED', 'x', { 'www-authenticate': 'Basic realm="r"' });
      response.writeHead(307, { location: `${store.url}/bucket/key?signature=1` }).end();
    });
    using client = testClient();
    const auth = { username: 'u', password: 'p' };
    const bytes = await buffer(
      await client.fetchBlob(parseReference(`${registry.host}/a`), descriptor, { signal, auth }),
    );
    expect(bytes.equals(blob)).toBe(true);
    expect(registry.seen.at(-1)?.headers.authorization).toBe('Basic dTpw');
    expect(store.seen[0]?.url).toBe('/bucket/key?signature=1');
    expect(store.seen[0]?.headers.authorization).toBeUndefined();
  });

  it('in a circle end', async () => {
    const bad = fetched((_request, response) => void response.writeHead(307, { location: '/v2/again' }).end());
    await expect(bad).rejects.toEqual(failure('registry.protocol', /5 redirects/));
  });

  it('to what is no web address are refused', async () => {
    const bad = fetched((_request, response) => void response.writeHead(307, { location: 'file:///etc/passwd' }).end());
    await expect(bad).rejects.toEqual(failure('registry.protocol', /unusable/));
  });
});

it('leaving the stream early, or cancelling, closes the connection', async () => {
  await using registry = await fakeRegistry((_request, response) => {
    response.writeHead(200, { 'content-length': String(blob.length) });
    response.write(blob.subarray(0, 1000));
  });
  using client = testClient({}, { timeouts: { idleMs: 60_000 } });
  const gone = () =>
    new Promise((resolve) => registry.server.once('connection', (socket) => socket.once('close', resolve)));
  const left = gone();
  const stream = await client.fetchBlob(parseReference(`${registry.host}/a`), descriptor, { signal });
  stream.once('data', () => stream.destroy());
  await left;

  const ending = new AbortController();
  const cancelled = gone();
  const second = await client.fetchBlob(parseReference(`${registry.host}/a`), descriptor, { signal: ending.signal });
  setTimeout(() => ending.abort(), 50);
  await expect(buffer(second)).rejects.toEqual(failure('request.cancelled', /canceled/));
  await cancelled;
});

it('time the reader takes does not count as a stall', async () => {
  await using registry = await fakeRegistry((request, response) => sendRange(request, response));
  using client = testClient({}, { timeouts: { idleMs: 100, slowWindowMs: 100 } });
  const stream = await client.fetchBlob(parseReference(`${registry.host}/a`), descriptor, { signal });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  expect(Buffer.concat(chunks).equals(blob)).toBe(true);
  expect(registry.seen).toHaveLength(1);
});
