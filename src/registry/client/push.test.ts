import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseReference } from '../../oci/reference.ts';
import { blobDescriptor, digestOf, fakeRegistry, sampleManifest, sendError, testClient } from './fake-registry.ts';

const signal = new AbortController().signal;
const blob = randomBytes(200_000);
const descriptor = blobDescriptor(blob);
const open = (): Readable => Readable.from([blob.subarray(0, 120_000), blob.subarray(120_000)], { objectMode: false });
const failure = (code: string, message: RegExp, more: object = {}) =>
  expect.objectContaining({ code, message: expect.stringMatching(message), ...more });

/** Takes uploads as a registry does; `intervene` may answer instead. */
function uploads(intervene: (request: IncomingMessage, response: ServerResponse) => boolean = () => false) {
  const state = { kept: Buffer.alloc(0), done: false };
  const behave = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (intervene(request, response)) return;
    const location = '/v2/a/blobs/uploads/1?state=x';
    const range = `0-${Math.max(0, state.kept.length - 1)}`;
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.method === 'POST') response.writeHead(202, { location }).end();
    else if (request.method === 'GET') response.writeHead(204, { location, range }).end();
    else {
      state.kept = Buffer.concat([state.kept, await buffer(request)]);
      state.done = request.method === 'PUT';
      response.writeHead(state.done ? 201 : 202, { location, range }).end();
    }
  };
  return {
    state,
    behave: (request: IncomingMessage, response: ServerResponse) =>
      void behave(request, response).catch(() => undefined),
  };
}

describe('pushing a blob', () => {
  it('sends it whole to the relative location it is given, and counts', async () => {
    const { state, behave } = uploads();
    await using registry = await fakeRegistry(behave);
    using client = testClient();
    let counted = 0;
    const onBytes = (sent: number): void => {
      counted = sent;
    };
    expect(await client.pushBlob(parseReference(`${registry.host}/a`), descriptor, open, { signal, onBytes })).toBe(
      'pushed',
    );
    expect(state.kept.equals(blob)).toBe(true);
    expect(counted).toBe(blob.length);
    const put = registry.seen.at(-1);
    expect(put?.headers['content-length']).toBe('200000');
    expect(new URL(put?.url ?? '', registry.url).searchParams).toEqual(
      new URLSearchParams({ state: 'x', digest: descriptor.digest }),
    );
  });

  it('sends nothing when it is there', async () => {
    await using registry = await fakeRegistry((_request, response) => void response.writeHead(200).end());
    using client = testClient();
    expect(await client.pushBlob(parseReference(`${registry.host}/a`), descriptor, open, { signal })).toBe('exists');
    expect(registry.seen).toHaveLength(1);
  });

  it('mounts it from another repository, and uploads when that one has it not', async () => {
    const { state, behave } = uploads((request, response) => {
      if (!request.url?.includes('from=has%2Fit')) return false;
      response.writeHead(201).end();
      return true;
    });
    await using registry = await fakeRegistry(behave);
    using client = testClient();
    const reference = parseReference(`${registry.host}/a`);
    const mounted: string[] = [];
    const asked = { signal, mountFrom: ['has/none', 'has/it'], onMounted: (from: string) => mounted.push(from) };
    expect(await client.pushBlob(reference, descriptor, open, asked)).toBe('mounted');
    expect(mounted).toEqual(['has/it']);
    expect(await client.pushBlob(reference, descriptor, open, { signal, mountFrom: ['not'] })).toBe('pushed');
    expect(state.kept.equals(blob)).toBe(true);
    expect(registry.seen.filter((request) => request.method === 'POST')).toHaveLength(3);
  });

  it('continues in pieces where the connection was cut', async () => {
    let cut = true;
    const { state, behave } = uploads((request) => {
      if (request.method !== 'PUT' || !cut) return false;
      cut = false;
      request.once('data', (chunk: Buffer) => {
        state.kept = Buffer.from(chunk);
        request.socket.destroy();
      });
      return true;
    });
    await using registry = await fakeRegistry(behave);
    using client = testClient();
    expect(await client.pushBlob(parseReference(`${registry.host}/a`), descriptor, open, { signal })).toBe('pushed');
    expect(state.kept.equals(blob)).toBe(true);
    const patch = registry.seen.find((request) => request.method === 'PATCH');
    expect(patch?.headers['content-range']).toMatch(/^[1-9]\d*-199999$/);
  });

  it('gives up, and the upload back, when it is cut each time', async () => {
    const { behave } = uploads((request, response) => {
      if (request.method === 'DELETE') response.writeHead(204).end();
      else if (request.method === 'PUT' || request.method === 'PATCH')
        request.once('data', () => request.socket.destroy());
      else return false;
      return true;
    });
    await using registry = await fakeRegistry(behave);
    using client = testClient();
    const pushed = client.pushBlob(parseReference(`${registry.host}/a`), descriptor, open, { signal });
    await expect(pushed).rejects.toEqual(failure('registry.failed', /./));
    expect(registry.seen.length).toBeLessThan(20);
    expect(registry.seen.at(-1)?.method).toBe('DELETE');
  });

  it('refused in the middle tells the refusal, not the broken pipe', async () => {
    const { behave } = uploads((request, response) => {
      if (request.method !== 'PUT') return false;
      sendError(response, 403, 'DENIED', 'quota exceeded', { connection: 'close' });
      return true;
    });
    await using registry = await fakeRegistry(behave);
    using client = testClient();
    const huge = { ...descriptor, size: 50_000_000 };
    const endless = (): Readable => Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(1_000_000)));
    const pushed = client.pushBlob(parseReference(`${registry.host}/a`), huge, endless, {
      signal,
      auth: { username: 'u' },
    });
    await expect(pushed).rejects.toEqual(failure('auth.denied', /denied: quota exceeded/));
  });

  it('whose source fails ends with that, and leaves nothing begun', async () => {
    const { behave } = uploads((request, response) => {
      if (request.method === 'DELETE') response.writeHead(204).end();
      return request.method === 'DELETE' || request.method === 'PUT' || request.method === 'PATCH';
    });
    await using registry = await fakeRegistry(behave);
    using client = testClient();
    const broken = (): Readable =>
      new Readable({
        read() {
          this.destroy(new Error('the disk is gone'));
        },
      });
    const pushed = client.pushBlob(parseReference(`${registry.host}/a`), descriptor, broken, { signal });
    await expect(pushed).rejects.toThrow(/the disk is gone/);
    expect(registry.seen.at(-1)?.method).toBe('DELETE');
  });

  it('without the right to is told as denied, not as a missing password', async () => {
    await using registry = await fakeRegistry((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else sendError(response, 401, 'UNAUTHORIZED', 'authentication required');
    });
    using client = testClient();
    await expect(client.pushBlob(parseReference(`${registry.host}/a`), descriptor, open, { signal })).rejects.toEqual(
      failure('auth.required', /^push \S+\/a: unauthorized: authentication required$/, { status: 403 }),
    );
  });

  it.each([undefined, 'ftp://x/', 'http://[bad'])(
    'to a registry that says %j as location ends in an error',
    async (location) => {
      await using registry = await fakeRegistry((request, response) => {
        if (request.method === 'HEAD') return void response.writeHead(404).end();
        response.writeHead(202, location === undefined ? {} : { location }).end();
      });
      using client = testClient();
      await expect(client.pushBlob(parseReference(`${registry.host}/a`), descriptor, open, { signal })).rejects.toEqual(
        failure('registry.protocol', /./),
      );
    },
  );
});

describe('pushing a manifest', () => {
  it('answers its digest', async () => {
    let got: Buffer = Buffer.alloc(0);
    await using registry = await fakeRegistry((request, response) => {
      void buffer(request).then((bytes) => {
        got = bytes;
        response.writeHead(201, { 'docker-content-digest': digestOf(bytes) }).end();
      });
    });
    using client = testClient();
    const reference = parseReference(`${registry.host}/a:v1`);
    expect(await client.pushManifest(reference, mediaTypes.ociManifest, sampleManifest, { signal })).toBe(
      digestOf(sampleManifest),
    );
    expect(got.equals(sampleManifest)).toBe(true);
    expect(registry.seen[0]).toMatchObject({ method: 'PUT', url: '/v2/a/manifests/v1' });
  });

  it('to a registry that stored something else is an error', async () => {
    await using registry = await fakeRegistry((request, response) => {
      request.resume();
      response.writeHead(201, { 'docker-content-digest': digestOf(Buffer.from('x')) }).end();
    });
    using client = testClient();
    const pushed = client.pushManifest(parseReference(`${registry.host}/a`), mediaTypes.ociManifest, sampleManifest, {
      signal,
    });
    await expect(pushed).rejects.toEqual(failure('digest.mismatch', /stored/));
  });
});
