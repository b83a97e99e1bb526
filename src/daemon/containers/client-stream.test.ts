import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createClientOutput, pumpInput } from './client-stream.ts';
import { createDetachWatch, parseDetachKeys } from './detach-keys.ts';
import { testConnection } from './test-connection.ts';

const out = (text: string) => [{ stream: 'stdout' as const, bytes: Buffer.from(text) }];

describe('a client’s output', () => {
  const options = { tty: true, streams: new Set(['stdout'] as const), onLeave() {} };

  test('is kept until the connection is there, and ends it at the end', async () => {
    const client = createClientOutput(options);
    client.write(out('early '));
    const { server, received } = testConnection();
    const served = client.serve(server);
    client.write(out('late'));
    client.end();
    await served;
    expect(received().toString()).toBe('early late');
    expect(server.writableEnded).toBe(true);
  });

  test('makes the source wait when the client is behind, and lets it go when the client leaves', async () => {
    const client = createClientOutput(options);
    const slow = new PassThrough({ highWaterMark: 10 });
    const served = client.serve(slow);
    const room = client.write(out('more than ten bytes'));
    expect(room).toBeInstanceOf(Promise);
    slow.destroy();
    await room;
    await served;
    expect(client.write(out('x'))).toBeUndefined();
  });

  test('a session that is never served holds nobody up', async () => {
    const client = createClientOutput(options);
    const room = client.write(out('x'.repeat(2 * 1024 * 1024)));
    client.cancel();
    await room;
  });
});

describe('a client’s input', () => {
  const signal = new AbortController().signal;

  test('is passed on to its end', async () => {
    const { server, send, endInput } = testConnection();
    const target = new PassThrough();
    const pumped = pumpInput(server, target, { detachKeys: undefined, signal });
    send('typed');
    endInput();
    expect(await pumped).toBe('end');
    expect(target.read().toString()).toBe('typed');
    expect(server.destroyed).toBe(false);
  });

  test('stops at the detach keys, which are not passed on', async () => {
    const { server, send } = testConnection();
    const target = new PassThrough();
    const pumped = pumpInput(server, target, { detachKeys: parseDetachKeys(''), signal });
    send('a\x10');
    send('\x11b');
    expect(await pumped).toBe('detached');
    expect(target.read().toString()).toBe('a');
  });

  test('a process that takes no more input ends it', async () => {
    const { server, send } = testConnection();
    const target = new PassThrough({ highWaterMark: 1 });
    const pumped = pumpInput(server, target, { detachKeys: undefined, signal });
    send('too much');
    setTimeout(() => target.destroy(), 10);
    expect(await pumped).toBe('gone');
  });
});

describe('detach keys', () => {
  test.each([
    ['', [16, 17]],
    ['ctrl-a', [1]],
    ['a,ctrl-@,ctrl-_', [97, 0, 31]],
  ])('%j', (text, bytes) => {
    expect([...parseDetachKeys(text)]).toEqual(bytes);
  });

  test('others are refused', () => {
    expect(() => parseDetachKeys('ctrl-1')).toThrow('Invalid detach keys (ctrl-1) provided');
  });

  test('the first key alone is passed on with what follows it', () => {
    const watch = createDetachWatch(Uint8Array.of(16, 17));
    expect([...watch.feed(Uint8Array.of(16)).pass]).toEqual([]);
    expect([...watch.feed(Uint8Array.of(65)).pass]).toEqual([16, 65]);
    expect([...watch.feed(Uint8Array.of(16, 16)).pass]).toEqual([16]);
    expect(watch.feed(Uint8Array.of(17)).detached).toBe(true);
  });
});
