import { expect, test } from 'vitest';
import { createSocketTransport } from '../client/node/socket-transport.ts';
import { startSuiteEngine } from '../client/node/suite-engine.ts';
import { createPortTransport } from '../client/port-transport.ts';
import type { Transport, WireRequest } from '../client/transport.ts';
import { transportSuite } from '../client/transport-suite.ts';
import { initialCredit } from '../contract/engine-frames.ts';
import { WharfError } from '../contract/errors.ts';
import type { EnginePort } from '../contract/host-api.ts';
import { EngineFrameServer } from './engine-frame-server.ts';

/** A port as IPC is one: in order, later, and by structured clone. */
function connect(relay: Transport): { transport: Transport; server: EngineFrameServer } {
  const listeners = new Set<(frame: unknown) => void>();
  const server = new EngineFrameServer(relay, (frame) => {
    const copy = structuredClone(frame);
    setImmediate(() => {
      for (const listener of listeners) listener(copy);
    });
  });
  const port: EnginePort = {
    post(frame) {
      const copy = structuredClone(frame);
      setImmediate(() => server.receive(copy));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { transport: createPortTransport(port), server };
}

const streamOf = (chunks: readonly Uint8Array[]) => ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
const bytes = (text: string) => new TextEncoder().encode(text);
const refuse = async () => {
  throw new Error('not used');
};

transportSuite('over a port, through main', async () => {
  const engine = await startSuiteEngine('unix');
  const { transport, server } = connect(createSocketTransport(engine.address));
  return {
    transport,
    async close() {
      server.closeAll();
      await engine.close();
    },
  };
});

test('a request with a streamed body and a streamed answer goes through whole', async () => {
  const seen: WireRequest[] = [];
  const { transport } = connect({
    async request(request) {
      seen.push(request);
      const upload =
        request.body instanceof ReadableStream ? await new Response(request.body).bytes() : new Uint8Array(0);
      return { status: 201, headers: { 'content-type': 'x/y' }, body: streamOf([bytes(`got ${upload.length}`)]) };
    },
    hijack: refuse,
  });
  const upload = Array.from({ length: 40 }, () => new Uint8Array(100_000));
  const answer = await transport.request({ method: 'PUT', path: '/x', headers: { a: 'b' }, body: streamOf(upload) });
  expect(answer.status).toBe(201);
  expect(answer.headers).toEqual({ 'content-type': 'x/y' });
  expect(await new Response(answer.body).text()).toBe('got 4000000');
  expect(seen[0]).toMatchObject({ method: 'PUT', path: '/x', headers: { a: 'b' } });
});

test('an answer nobody reads is not produced beyond the credit', async () => {
  let produced = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      produced += 50_000;
      controller.enqueue(new Uint8Array(50_000));
    },
  });
  const { transport } = connect({ request: async () => ({ status: 200, headers: {}, body }), hijack: refuse });
  const answer = await transport.request({ method: 'GET', path: '/' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(produced).toBeLessThan(initialCredit + 200_000);
  const reader = answer.body.getReader();
  for (let taken = 0; taken < 3 * initialCredit; ) taken += (await reader.read()).value?.length ?? 0;
  await reader.cancel();
});

test('an abort reaches the engine and rejects the reader', async () => {
  const told = Promise.withResolvers<void>();
  const { transport } = connect({
    async request(_request, options) {
      options?.signal?.addEventListener('abort', () => told.resolve());
      return { status: 200, headers: {}, body: new ReadableStream() };
    },
    hijack: refuse,
  });
  const abort = new AbortController();
  const answer = await transport.request({ method: 'GET', path: '/events' }, { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(answer.body.getReader().read()).rejects.toThrow('enough');
  await told.promise;
});

test('a hijacked connection carries bytes both ways and ends stdin', async () => {
  const { transport } = connect({
    request: refuse,
    async hijack() {
      const echo = new TransformStream<Uint8Array, Uint8Array>();
      const closeWrite = async () => {};
      return {
        headers: { 'content-type': 'raw' },
        readable: echo.readable,
        writable: echo.writable,
        closeWrite,
        close() {},
      };
    },
  });
  const connection = await transport.hijack({ method: 'POST', path: '/exec/1/start' });
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader();
  await writer.write(bytes('ls\n'));
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('ls\n');
  await connection.closeWrite();
  expect((await reader.read()).done).toBe(true);
});

test('a refusal keeps its code and hint', async () => {
  const failing = async () => {
    throw new WharfError('container.not-running', 'container x is not running', { hint: 'Start it.' });
  };
  const { transport } = connect({ request: failing, hijack: failing });
  await expect(transport.hijack({ method: 'POST', path: '/x' })).rejects.toMatchObject({
    code: 'container.not-running',
    hint: 'Start it.',
  });
  await expect(transport.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({
    code: 'container.not-running',
  });
});

test('frames that are not frames are dropped', async () => {
  const { server } = connect({ request: refuse, hijack: refuse });
  for (const frame of [null, 7, {}, { type: 'open', id: -1 }, { type: 'data', id: 1, bytes: 'text' }])
    server.receive(frame);
});
