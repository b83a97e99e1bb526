/**
 * The suite every transport passes (decision 4 of the architecture). It speaks to an engine that behaves as told by
 * `node/suite-engine.ts`; an adapter's test starts that engine and whatever stands between (gateway, main process):
 *
 *   transportSuite('socket', async () => { const engine = await startSuiteEngine(); return { transport, close }; });
 *
 * The engine's pages:
 *   GET  /json            {"hello":"world"}                POST /echo        the request's body and type back
 *   GET  /refused         409 with code and hint           GET  /empty       204
 *   GET  /lines           three JSON lines, then waits     GET  /large       8 MiB of bytes 0..255
 *   GET  /forever         bytes until the client leaves    GET  /aborted     how many /forever were left by their clients
 *   GET  /cut             half of an answer                HEAD /head        header x-fact
 *   POST /hijack          echoes in brackets; at end of input says <end> and ends; ?refuse=1 answers 404
 *   POST /hijack-large    4 MiB of output at once, then ends
 */
import { describe, expect, it } from 'vitest';
import { isWharfError } from '../contract/errors.ts';
import { jsonLines } from './json-lines.ts';
import { readText } from './read-text.ts';
import type { HijackedConnection, Transport } from './transport.ts';

export interface TransportWorld {
  readonly transport: Transport;
  close(): Promise<void>;
}

export const largeBodyBytes = 8 * 1024 * 1024;
export const largeHijackBytes = 4 * 1024 * 1024;

export function transportSuite(name: string, makeWorld: () => Promise<TransportWorld>): void {
  const inWorld = (act: (transport: Transport) => Promise<void>) => async () => {
    const world = await makeWorld();
    try {
      await act(world.transport);
    } finally {
      await world.close();
    }
  };
  describe(`transport ${name}: requests`, () => requestSuite(inWorld));
  describe(`transport ${name}: taken-over connections`, () => hijackSuite(inWorld));
}

type InWorld = (act: (transport: Transport) => Promise<void>) => () => Promise<void>;

function requestSuite(inWorld: InWorld): void {
  const text = async (transport: Transport, path: string) =>
    readText((await transport.request({ method: 'GET', path })).body);

  it(
    'get an answer with status, headers in lower case and body',
    inWorld(async (transport) => {
      const { status, headers, body } = await transport.request({ method: 'GET', path: '/json' });
      expect([status, headers['content-type'], await readText(body)]).toEqual([
        200,
        'application/json',
        '{"hello":"world"}',
      ]);
    }),
  );
  it(
    'that the engine refuses are answers too',
    inWorld(async (transport) => {
      const { status, body } = await transport.request({ method: 'GET', path: '/refused' });
      expect(status).toBe(409);
      expect(JSON.parse(await readText(body))).toEqual({ message: 'in use', code: 'image.in-use', hint: 'Stop it.' });
    }),
  );
  it(
    'without a body in the answer end at once',
    inWorld(async (transport) => {
      const empty = await transport.request({ method: 'GET', path: '/empty' });
      expect([empty.status, await readText(empty.body)]).toEqual([204, '']);
      const head = await transport.request({ method: 'HEAD', path: '/head' });
      expect([head.status, head.headers['x-fact'], await readText(head.body)]).toEqual([200, 'known', '']);
    }),
  );
  it(
    'carry a whole body, any bytes',
    inWorld(async (transport) => {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
      const headers = { 'content-type': 'application/x-tar' };
      const answer = await transport.request({ method: 'POST', path: '/echo', headers, body: bytes });
      expect(answer.headers['content-type']).toBe('application/x-tar');
      expect(await readBytes(answer.body)).toEqual(bytes);
    }),
  );
  it(
    'carry a streamed body',
    inWorld(async (transport) => {
      const parts = Array.from({ length: 50 }, (_, index) => new Uint8Array(10_000).fill(index));
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const part = parts.shift();
          if (part === undefined) controller.close();
          else controller.enqueue(part);
        },
      });
      const answer = await transport.request({ method: 'POST', path: '/echo', body });
      expect((await readBytes(answer.body)).length).toBe(500_000);
    }),
  );
  it(
    'give documents as they come, before the answer ends',
    inWorld(async (transport) => {
      const { body } = await transport.request({ method: 'GET', path: '/lines' });
      const seen: unknown[] = [];
      for await (const document of jsonLines(body)) {
        seen.push(document);
        if (seen.length === 3) break;
      }
      expect(seen).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    }),
  );
  it(
    'bring large answers whole',
    inWorld(async (transport) => {
      const bytes = await readBytes((await transport.request({ method: 'GET', path: '/large' })).body);
      expect(bytes.length).toBe(largeBodyBytes);
      expect(bytes.every((byte, index) => byte === index % 256)).toBe(true);
    }),
  );
  it(
    'end at the engine when the reader cancels, and when the signal fires',
    inWorld(async (transport) => {
      const first = await transport.request({ method: 'GET', path: '/forever' });
      const reader = first.body.getReader();
      expect((await reader.read()).done).toBe(false);
      await reader.cancel();
      const stop = new AbortController();
      const second = await transport.request({ method: 'GET', path: '/forever' }, { signal: stop.signal });
      stop.abort(new Error('enough'));
      await expect(readText(second.body)).rejects.toThrow();
      await expect.poll(() => text(transport, '/aborted'), { timeout: 5_000 }).toBe('2');
    }),
  );
  it(
    'with a signal that has fired are not made',
    inWorld(async (transport) => {
      const signal = AbortSignal.abort(new Error('never'));
      await expect(transport.request({ method: 'GET', path: '/json' }, { signal })).rejects.toThrow('never');
    }),
  );
  it(
    'whose answer is cut fail instead of ending early',
    inWorld(async (transport) => {
      const answer = transport.request({ method: 'GET', path: '/cut' }).then(({ body }) => readText(body));
      await expect(answer).rejects.toThrow();
    }),
  );
}

function hijackSuite(inWorld: InWorld): void {
  it(
    'carry bytes both ways and tell their kind',
    inWorld(async (transport) => {
      const connection = await transport.hijack({ method: 'POST', path: '/hijack' });
      expect(connection.headers['content-type']).toBe('application/vnd.docker.raw-stream');
      const talk = startTalk(connection);
      await talk.say('one');
      await talk.until('[one]');
      await talk.say('two');
      await talk.until('[one][two]');
      connection.close();
    }),
  );
  it(
    'tell the engine the end of input and still bring its output',
    inWorld(async (transport) => {
      const connection = await transport.hijack({ method: 'POST', path: '/hijack' });
      const talk = startTalk(connection);
      await talk.say('last');
      await talk.until('[last]');
      await connection.closeWrite();
      await connection.closeWrite();
      expect(await talk.ended()).toBe('[last]<end>');
    }),
  );
  it(
    'carry the request body to the engine',
    inWorld(async (transport) => {
      const body = new TextEncoder().encode('{"Tty":true}');
      const headers = { 'content-type': 'application/json' };
      const connection = await transport.hijack({ method: 'POST', path: '/hijack', headers, body });
      const talk = startTalk(connection);
      await talk.until('({"Tty":true})');
      connection.close();
    }),
  );
  it(
    'bring much output whole',
    inWorld(async (transport) => {
      const connection = await transport.hijack({ method: 'POST', path: '/hijack-large' });
      const bytes = await readBytes(connection.readable);
      expect(bytes.length).toBe(largeHijackBytes);
      connection.close();
    }),
  );
  it(
    'that are refused throw what the engine said',
    inWorld(async (transport) => {
      const refusal = await transport
        .hijack({ method: 'POST', path: '/hijack?refuse=1' })
        .catch((error: unknown) => error);
      if (!isWharfError(refusal)) throw new Error(`not a WharfError: ${String(refusal)}`);
      expect([refusal.code, refusal.message, refusal.hint]).toEqual([
        'container.not-found',
        'No such container: a',
        'Look.',
      ]);
    }),
  );
}

function startTalk(connection: HijackedConnection) {
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader();
  const decoder = new TextDecoder();
  let heard = '';
  const hear = async () => {
    const { value, done } = await reader.read();
    if (!done) heard += decoder.decode(value, { stream: true });
    return !done;
  };
  return {
    say: (text: string) => writer.write(new TextEncoder().encode(text)),
    async until(text: string) {
      while (!heard.includes(text)) if (!(await hear())) throw new Error(`the connection ended with: ${heard}`);
    },
    async ended() {
      while (await hear());
      return heard;
    },
  };
}

async function readBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
