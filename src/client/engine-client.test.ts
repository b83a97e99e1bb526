import { describe, expect, it } from 'vitest';
import { createEngineClient } from './engine-client.ts';
import { jsonLines, progressError } from './json-lines.ts';
import { demultiplex, encodeFrame } from './stdcopy.ts';
import type { Transport, WireRequest } from './transport.ts';

function streamOf(...parts: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(typeof part === 'string' ? new TextEncoder().encode(part) : part);
      controller.close();
    },
  });
}

async function gathered(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function recording(status: number, body: string) {
  const requests: WireRequest[] = [];
  const transport: Transport = {
    async request(request) {
      requests.push(request);
      return { status, headers: { 'content-type': 'application/json' }, body: streamOf(body) };
    },
    hijack: () => Promise.reject(new Error('not in this test')),
  };
  return { engine: createEngineClient(transport), requests };
}

describe('the engine client', () => {
  it('makes path, query and body from the route', async () => {
    const { engine, requests } = recording(200, '[]');
    await engine.call('ContainerList', { query: { all: true, filters: { status: ['running'] }, limit: undefined } });
    await engine.call('ContainerCreate', { query: { name: 'web' }, body: { Image: 'nginx' } });
    await engine.call('ImageInspect', { params: { name: 'localhost:5000/a b/c@sha256:0' } });
    await engine.call('ContainerInspect', { params: { id: 'a/b' } });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /containers/json?all=1&filters=%7B%22status%22%3A%5B%22running%22%5D%7D',
      'POST /containers/create?name=web',
      'GET /images/localhost:5000/a%20b/c@sha256:0/json',
      'GET /containers/a%2Fb/json',
    ]);
    expect(new TextDecoder().decode(requests[1]?.body as Uint8Array)).toBe('{"Image":"nginx"}');
    expect(requests[1]?.headers).toEqual({ 'content-type': 'application/json' });
  });

  it('throws what the engine said, with its code and hint', async () => {
    const { engine } = recording(404, '{"message":"No such container: x","code":"container.not-found","hint":"Look."}');
    await expect(engine.call('ContainerStart', { params: { id: 'x' } })).rejects.toMatchObject({
      message: 'No such container: x',
      code: 'container.not-found',
      hint: 'Look.',
      status: 404,
    });
  });

  it.each([
    [404, '{"message":"nope"}', 'request.not-found', 'nope'],
    [409, '{"message":"busy","code":"made.up"}', 'request.conflict', 'busy'],
    [500, '<html>', 'engine.failed', '<html>'],
    [503, '', 'engine.unavailable', 'the engine answered with status 503'],
  ])('gives the answer %i of another engine a code by its status', async (status, body, code, message) => {
    const { engine } = recording(status, body);
    const failure = await engine.call('SystemInfo').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message, hint: undefined });
  });

  it('takes 304 as done', async () => {
    const { engine } = recording(304, '');
    expect(await engine.call('ContainerStart', { params: { id: 'x' } })).toBeUndefined();
  });
});

describe('JSON lines', () => {
  it('come whatever the packets are', async () => {
    const documents = await gathered(jsonLines(streamOf('{"a":"', 'ü"}\r\n\n', '{"b":2}', '\n{"c":3}')));
    expect(documents).toEqual([{ a: 'ü' }, { b: 2 }, { c: 3 }]);
  });

  it('that are none are an error', async () => {
    await expect(gathered(jsonLines(streamOf('{"a":1}\n<html>\n')))).rejects.toMatchObject({
      code: 'engine.protocol',
    });
  });

  it('of progress tell failures apart', () => {
    expect(progressError({ status: 'Pulling' })).toBeUndefined();
    expect(
      progressError({ error: 'gone', errorDetail: { message: 'gone', wharfCode: 'manifest.unknown', hint: 'h' } }),
    ).toMatchObject({
      code: 'manifest.unknown',
      message: 'gone',
      hint: 'h',
    });
    expect(progressError({ error: 'gone' })).toMatchObject({ code: 'engine.failed' });
  });
});

describe('framed output', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const gather = async (stream: ReadableStream<Uint8Array>) => {
    let text = '';
    for await (const chunk of demultiplex(stream)) text += `${chunk.stream}:${new TextDecoder().decode(chunk.bytes)} `;
    return text;
  };

  it('is taken apart however it is cut', async () => {
    const wire = Uint8Array.from([
      ...encodeFrame('stdout', bytes('out')),
      ...encodeFrame('stderr', bytes('')),
      ...encodeFrame('stderr', bytes('err')),
    ]);
    expect(await gather(streamOf(wire))).toBe('stdout:out stderr:err ');
    expect(await gather(streamOf(...Array.from(wire, (byte) => Uint8Array.of(byte))))).toBe(
      'stdout:o stdout:u stdout:t stderr:e stderr:r stderr:r ',
    );
  });

  it('that is not framed or is cut is an error', async () => {
    await expect(gather(streamOf('plain text'))).rejects.toMatchObject({ code: 'engine.protocol' });
    await expect(gather(streamOf(encodeFrame('stdout', bytes('out')).subarray(0, 10)))).rejects.toThrow(
      'cut inside a frame',
    );
    await expect(gather(streamOf(encodeFrame('stdout', bytes('out')).subarray(0, 5)))).rejects.toThrow(
      'cut inside a frame',
    );
  });
});
