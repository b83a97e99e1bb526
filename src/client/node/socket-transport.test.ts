import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEngineClient } from '../engine-client.ts';
import { transportSuite } from '../transport-suite.ts';
import { createSocketTransport, formatEngineAddress, parseEngineAddress } from './socket-transport.ts';
import { startSuiteEngine } from './suite-engine.ts';

for (const kind of ['unix', 'tcp'] as const) {
  transportSuite(`over a ${kind} socket`, async () => {
    const engine = await startSuiteEngine(kind);
    return { transport: createSocketTransport(engine.address), close: () => engine.close() };
  });
}

describe('an engine address', () => {
  it.each([
    ['unix:///run/wharf/wharf.sock', 'unix:///run/wharf/wharf.sock'],
    ['/run/wharf.sock', 'unix:///run/wharf.sock'],
    ['tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
    ['tcp://engine.lan', 'tcp://engine.lan:2375'],
    ['http://[::1]:80/', 'tcp://[::1]:80'],
  ])('%s is %s', (text, shown) => expect(formatEngineAddress(parseEngineAddress(text))).toBe(shown));

  it.each(['', 'wharf.sock', 'unix://', 'tcp://', 'tcp://a:0', 'tcp://a:99999', 'ssh://host', 'tcp://a b:1'])(
    '%j is refused',
    (text) => expect(() => parseEngineAddress(text)).toThrow('not an engine address'),
  );
});

/** A server that answers every connection with these bytes, each in a packet of its own, then ends. */
async function answering(...packets: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'wharf-answer-'));
  const path = join(folder, 's.sock');
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', async () => {
      for (const packet of packets) {
        socket.write(packet, 'latin1');
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    engine: createEngineClient(createSocketTransport({ kind: 'unix', path })),
    [Symbol.dispose]() {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describe('an answer', () => {
  it('cut into single bytes is read all the same', async () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[{},\r\n3;x=y\r\n{}]\r\n0\r\nTrailer: 1\r\n\r\n';
    using world = await answering(...text);
    expect(await world.engine.call('ContainerList')).toEqual([{}, {}]);
  });

  it('may follow an interim one', async () => {
    using world = await answering('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK');
    expect(await world.engine.call('SystemPing')).toBe('OK');
  });

  it('without a length goes on to the end of the connection', async () => {
    using world = await answering('HTTP/1.0 200 OK\r\n\r\n', '{"Version"', ':"1"}');
    expect(await world.engine.call('SystemVersion')).toEqual({ Version: '1' });
  });

  it.each([
    [
      'that is no HTTP',
      ['SSH-2.0-OpenSSH_9.2\r\n'],
      'engine.protocol',
      'the answer is not HTTP, it starts with "SSH-2',
    ],
    [
      'with a broken chunk size',
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
      'engine.protocol',
      'not a chunk size: xyz',
    ],
    [
      'with a chunk that is too long',
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
      'engine.protocol',
      'longer than announced',
    ],
    [
      'that is cut',
      ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
      'daemon.unreachable',
      'in the middle of its answer',
    ],
    ['that never comes', [], 'daemon.unreachable', 'before it answered'],
    ['that is no JSON', ['HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>'], 'engine.protocol', 'not JSON: <html>'],
  ] as const)('%s is an error that says so', async (_name, packets, code, message) => {
    using world = await answering(...packets);
    const failure = world.engine.call('ContainerList');
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe('an engine that does not run', () => {
  it('is named with its address', async () => {
    const engine = createEngineClient(createSocketTransport({ kind: 'unix', path: '/nowhere/wharf.sock' }));
    await expect(engine.call('SystemPing')).rejects.toMatchObject({
      code: 'daemon.unreachable',
      message: 'cannot connect to the engine at unix:///nowhere/wharf.sock: there is no such socket',
    });
  });
});
