import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WharfError } from '../../contract/errors.ts';
import type { Handlers } from './handler.ts';
import { echoSession, testServer } from './test-server.ts';
import { frameStripper } from './websocket-attach.ts';

const sessions: Partial<Handlers> = {
  ContainerAttach: async ({ params }) => {
    if (params.id === 'unknown') throw new WharfError('container.not-found', 'No such container: unknown');
    return echoSession(params.id === 'tty' ? undefined : 'application/vnd.docker.multiplexed-stream');
  },
  ExecStart: async ({ body }) => (body?.Detach ? undefined : echoSession()),
  ContainerAttachWebsocket: async () => echoSession(),
};

const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';

describe('an upgraded attach', () => {
  it('answers 101 with the kind of stream, then bytes go both ways', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write(`POST /v1.51/containers/a/attach?stream=1 HTTP/1.1\r\n${upgrade}\r\n`);
    const head = await client.until('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n/);
    expect(head).toContain('Content-Type: application/vnd.docker.multiplexed-stream\r\n');
    expect(head).toContain('Upgrade: tcp\r\n');
    expect(head).toContain('Api-Version: 1.51\r\n');
    client.socket.write('hello');
    await client.until('[hello]');
    client.socket.end();
    expect(await client.ended()).toMatch(/\[hello\]<end of input>$/);
  });

  it('tells clients before 1.42 the one type they know', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write(`POST /v1.41/containers/a/attach HTTP/1.1\r\n${upgrade}\r\n`);
    expect(await client.until('\r\n\r\n')).toContain('Content-Type: application/vnd.docker.raw-stream\r\n');
    client.socket.destroy();
  });

  it('loses no input that came in the same packet', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write(`POST /containers/tty/attach HTTP/1.1\r\n${upgrade}\r\nearly`);
    await client.until('[early]');
    client.socket.destroy();
  });

  it('of an unknown container is an error answer, and the connection ends', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write(`POST /containers/unknown/attach HTTP/1.1\r\n${upgrade}\r\n`);
    const text = await client.ended();
    expect(text).toMatch(/^HTTP\/1\.1 404 /);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ code: 'container.not-found' });
  });
});

describe('an upgraded exec start', () => {
  const start = (body: string) =>
    `POST /exec/e/start HTTP/1.1\r\n${upgrade}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;

  it('takes its body from the head packet and leaves what follows as input', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    const body = '{"Detach":false,"Tty":true}';
    client.socket.write(`${start(body)}${body}input`);
    await client.until('[input]');
    expect(client.received()).toMatch(/^HTTP\/1\.1 101 /);
    client.socket.destroy();
  });

  it('takes a body that comes later, in pieces', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    const body = '{"Tty":true}';
    client.socket.write(start(body));
    for (const part of [body.slice(0, 5), `${body.slice(5)}in`, 'put']) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.socket.write(part);
    }
    await client.until('put]');
    expect(client.received().split('\r\n\r\n')[1]).toMatch(/^\[in\]\[put\]$/);
    client.socket.destroy();
  });

  it.each([
    ['{"Tty":"yes"}', 400, 'Tty: expected true or false'],
    ['{"Tty":', 400, 'invalid JSON'],
  ])('with the body %s is refused', async (body, status, message) => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write(`${start(body)}${body}`);
    const text = await client.ended();
    expect(text).toContain(`HTTP/1.1 ${status} `);
    expect(text).toContain(message);
  });

  it('that is cut inside its body ends quietly', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write(`${start('0123456789')}{"Tty`);
    client.socket.end();
    expect(await client.ended()).toContain('the connection ended in the middle of the request body');
  });

  it('that detaches answers 200 and ends', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    const body = '{"Detach":true}';
    client.socket.write(
      `POST /exec/e/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(await client.ended()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe('an attach without upgrade', () => {
  it('answers 200 and takes the connection over, input included', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write('POST /containers/tty/attach HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(client.received()).not.toContain('chunked');
    client.socket.write('one');
    await client.until('[one]');
    client.socket.write('GET / HTTP/1.1\r\n\r\n');
    await client.until('[GET / HTTP/1.1');
    client.socket.end();
    expect(await client.ended()).toMatch(/<end of input>$/);
  });

  it.each([
    ['with the head', ''],
    ['after the head', '{"stream":'],
  ])('skips a body of known length that comes %s: the input follows it', async (_, late) => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    const body = '{"stream":true}';
    const head = `POST /containers/tty/attach HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`;
    client.socket.write(head + (late === '' ? body : late));
    if (late !== '') {
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.socket.write(body.slice(late.length));
    }
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    client.socket.write('one');
    await client.until('[one]');
    client.socket.write('two');
    await client.until('[two]');
    client.socket.end();
    expect(await client.ended()).toMatch(/\r\n\r\n\[one\]\[two\]<end of input>$/);
  });

  it('takes a body that is still being sent as input', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write('POST /containers/tty/attach HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.until('\r\n\r\n');
    client.socket.write('5\r\nhello\r\n');
    await client.until('[hello]');
    client.socket.write('0\r\n\r\n');
    expect(await client.ended()).toMatch(/<end of input>$/);
  });
});

describe('an attach over a WebSocket', () => {
  it('without the upgrade is refused', async () => {
    await using server = await testServer(sessions);
    const client = await server.connect();
    client.socket.write('GET /containers/a/attach/ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const text = await client.ended();
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('not websocket protocol');
  });

  it('carries bytes both ways', async () => {
    await using server = await testServer(sessions);
    const socket = new WebSocket(`ws+unix://${server.path}:/containers/a/attach/ws?stream=1`);
    const got = Promise.withResolvers<string>();
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data, isBinary) => got.resolve(`${isBinary} ${data}`));
    socket.on('error', got.reject);
    expect(await got.promise).toBe('true [hello]');
    socket.close();
  });

  it('gets output without frame headers, however these are cut', () => {
    const frames = Buffer.concat([
      Buffer.from([1, 0, 0, 0, 0, 0, 0, 3]),
      Buffer.from('abc'),
      Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from([2, 0, 0, 0, 0, 0, 0, 2]),
      Buffer.from('de'),
    ]);
    const stripper = frameStripper();
    for (const byte of frames) stripper.write(Buffer.from([byte]));
    expect(String(stripper.read())).toBe('abcde');
  });
});
