import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { digestOf, errorOf, registryWorld } from '../test-images.ts';
import type { QuotaRule } from './quotas.ts';

async function world(...quotas: readonly Partial<QuotaRule>[]) {
  const rules = quotas.map((rule) => ({ repositories: ['*'], each: false, ...rule }));
  return await registryWorld({ settings: { quotas: rules } });
}

describe('a quota of bytes', () => {
  it('refuses an upload that announces more than there is room, before it takes a byte', async () => {
    await using w = await world({ maxBytes: 1_000 });
    expect((await w.pushBlob('a', 'x'.repeat(600))).status).toBe(201);
    const body = 'y'.repeat(500);
    const answer = new Promise<number>((resolve, reject) => {
      const path = `/v2/a/blobs/uploads/?digest=${digestOf(body)}`;
      const request = httpRequest(new URL(path, w.url), { method: 'POST', headers: { 'content-length': '500' } });
      request.once('response', (response) => resolve(response.statusCode ?? 0)).once('error', reject);
      // Not a byte of the body is sent.
      request.flushHeaders();
    });
    expect(await answer).toBe(403);
    const refused = await w.pushBlob('b', body);
    expect(await errorOf(refused.clone())).toBe('403 DENIED');
    expect(((await refused.json()) as { errors: { message: string }[] }).errors[0]?.message).toContain(
      'may hold 1000 bytes, and 600 are used',
    );
    expect((await w.pushBlob('b', 'z'.repeat(400))).status).toBe(201);
  });

  it('ends an upload that announces nothing where the room ends', async () => {
    await using w = await world({ maxBytes: 1_000 });
    const location = (await w.call('POST', '/v2/a/blobs/uploads/')).headers.get('location') ?? '';
    const stream = (text: string, chunks: number): ReadableStream<Uint8Array> => {
      let left = chunks;
      return new ReadableStream({
        pull(controller) {
          if (left-- > 0) controller.enqueue(Buffer.from(text));
          else controller.close();
        },
      });
    };
    const send = async (chunks: number): Promise<Response> =>
      await w.call('PATCH', location, { body: stream('x'.repeat(300), chunks), duplex: 'half' } as RequestInit);
    expect((await send(2)).status).toBe(202);
    // What is under way counts too.
    expect(await (await w.pushBlob('b', 'y'.repeat(600))).text()).toContain(
      '0 are used, 600 more by uploads under way',
    );
    expect(await errorOf(await send(2))).toBe('403 DENIED');
    // It is given up: its room is free again.
    expect(await errorOf(await w.call('GET', location))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect((await w.pushBlob('b', 'y'.repeat(600))).status).toBe(201);
  });

  it('counts a blob once for repositories together, and for each when it is for each', async () => {
    await using w = await world({ maxBytes: 1_000 }, { repositories: ['b'], each: true, maxBytes: 500 });
    expect((await w.pushBlob('a', 'x'.repeat(600))).status).toBe(201);
    const mount = (name: string): Promise<Response> =>
      w.call('POST', `/v2/${name}/blobs/uploads/?mount=${digestOf('x'.repeat(600))}&from=a`);
    expect((await mount('c')).status).toBe(201);
    expect(await errorOf(await mount('b'))).toBe('403 DENIED');
  });

  it('has room again after a deletion and a collection', async () => {
    await using w = await world({ maxBytes: 1_000 });
    await w.pushBlob('a', 'x'.repeat(900));
    expect((await w.pushBlob('a', 'y'.repeat(900))).status).toBe(403);
    expect((await w.call('DELETE', `/v2/a/blobs/${digestOf('x'.repeat(900))}`)).status).toBe(202);
    expect((await w.pushBlob('a', 'y'.repeat(900))).status).toBe(201);
  });
});

describe('a quota', () => {
  it('of tags refuses one more, and lets those there are be pushed again', async () => {
    await using w = await world({ repositories: ['team/*'], each: true, maxTags: 2 });
    for (const tag of ['1', '2']) expect((await w.push('team/app', tag)).response.status).toBe(201);
    expect(await errorOf((await w.push('team/app', '3')).response)).toBe('403 DENIED');
    expect((await w.push('team/app', '2', { labels: { new: 'yes' } })).response.status).toBe(201);
    expect((await w.push('team/app', '')).response.status).toBe(201);
    expect((await w.push('team/other', '1')).response.status).toBe(201);
    expect((await w.push('free', '3')).response.status).toBe(201);
    await w.call('DELETE', '/v2/team/app/manifests/1');
    expect((await w.push('team/app', '3')).response.status).toBe(201);
  });

  it('of tags is not gone over by pushes at once', async () => {
    await using w = await world({ maxTags: 3 });
    await w.push('a', '0');
    const pushed = await Promise.all(Array.from({ length: 8 }, (_, at) => w.push('a', `t${at}`)));
    expect(pushed.filter(({ response }) => response.status === 201)).toHaveLength(2);
  });

  it('of repositories refuses a new one', async () => {
    await using w = await world({ maxRepositories: 2 });
    for (const name of ['a', 'b/c']) expect((await w.push(name, '1')).response.status).toBe(201);
    expect(await errorOf(await w.pushBlob('d', 'x'))).toBe('403 DENIED');
    expect((await w.push('a', '2')).response.status).toBe(201);
  });

  it('is told with what is used', async () => {
    await using w = await world({ maxBytes: 1_000_000 }, { repositories: ['team/*'], each: true, maxTags: 5 });
    const { sizeBytes } = await w.push('team/app', '1', { layers: ['layer'] });
    const space = (await w.json('/wharf/v1/space')) as { quotas: unknown[] };
    expect(space.quotas).toEqual([
      {
        repositories: ['*'],
        usedBytes: sizeBytes,
        maxBytes: 1_000_000,
        usedRepositories: expect.any(Number),
        usedTags: 1,
      },
      {
        repositories: ['team/*'],
        repository: 'team/app',
        usedBytes: sizeBytes,
        usedRepositories: 1,
        usedTags: 1,
        maxTags: 5,
      },
    ]);
  });
});
