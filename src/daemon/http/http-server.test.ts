import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WharfError } from '../../contract/errors.ts';
import type { Handlers } from './handler.ts';
import { jsonBodyMaxBytes } from './request-body.ts';
import { type TestServer, testServer } from './test-server.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function ask(server: TestServer, method: string, path: string, body?: string | Buffer, headers = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: server.path, method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const created: Partial<Handlers> = {
  SystemPing: () => ({ text: 'OK', headers: {} }),
  SystemPingHead: () => ({}),
  ContainerCreate: async ({ body, query }) => ({ Id: `${query.name}-${body.Image}`, Warnings: [] }),
  ContainerInspect: ({ params }) => {
    throw new WharfError('container.not-found', `No such container: ${params.id}`);
  },
  ContainerStart: async () => ({ status: 304 }),
  ContainerKill: () => {
    throw new TypeError('a bug');
  },
  ImageInspect: ({ params }) => {
    throw new WharfError('image.not-found', params.name);
  },
};

describe('the API server', () => {
  it('says who it is in the headers of every answer', async () => {
    await using server = await testServer(created);
    const ping = await ask(server, 'GET', '/_ping');
    expect(ping).toMatchObject({ status: 200, text: 'OK' });
    expect(ping.headers).toMatchObject({ 'api-version': '1.51', 'docker-experimental': 'false', ostype: 'linux' });
    expect((await ask(server, 'HEAD', '/_ping')).text).toBe('');
    expect((await ask(server, 'GET', '/nowhere')).headers.server).toBe('Wharf/0 (linux)');
  });

  it.each([
    ['/v1.99/_ping', 400, 'client version 1.99 is too new. Maximum supported API version is 1.51'],
    ['/v1.52/_ping', 400, 'client version 1.52 is too new. Maximum supported API version is 1.51'],
    ['/v1.9/_ping', 400, 'client version 1.9 is too old. Minimum supported API version is 1.24, please upgrade'],
    ['/v1.24/_ping', 200, 'OK'],
    ['/v1.51/_ping', 200, 'OK'],
    ['/v1.24/distribution/busybox/json', 404, 'page not found'],
    ['/v1.51', 404, 'page not found'],
    ['/containers/x/nothing', 404, 'page not found'],
  ])('answers %s with %i', async (path, status, text) => {
    await using server = await testServer(created);
    const answer = await ask(server, 'GET', path);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(text);
  });

  it('parses body and query and answers with the status of the route', async () => {
    await using server = await testServer(created);
    const answer = await ask(server, 'POST', '/v1.43/containers/create?name=web', '{"Image":"nginx"}', json);
    expect(answer).toMatchObject({ status: 201, text: '{"Id":"web-nginx","Warnings":[]}\n' });
  });

  it.each([
    ['{"Image":', 'request.malformed-json'],
    ['', 'request.malformed-json'],
    ['[]', 'request.invalid'],
    ['{"HostConfig":{"Memory":"much"}}', 'request.invalid'],
  ])('refuses the body %j', async (body, code) => {
    await using server = await testServer(created);
    const answer = await ask(server, 'POST', '/containers/create', body, json);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).code).toBe(code);
  });

  it('refuses a body of another type, and one that is too large', async () => {
    await using server = await testServer(created);
    const form = await ask(server, 'POST', '/containers/create', '{}', { 'content-type': 'text/plain' });
    expect(form.status).toBe(400);
    expect(form.text).toContain("unsupported Content-Type header (text/plain): must be 'application/json'");
    const large = await ask(server, 'POST', '/containers/create', Buffer.alloc(jsonBodyMaxBytes + 1, 32), json);
    expect(large.status).toBe(413);
  });

  it('gives errors their status, code and hint', async () => {
    await using server = await testServer(created);
    const answer = await ask(server, 'GET', '/containers/web/json');
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual({
      message: 'No such container: web',
      code: 'container.not-found',
      hint: 'List containers with `wharf ps -a`.',
    });
    expect((await ask(server, 'POST', '/containers/web/start')).status).toBe(304);
    const bug = await ask(server, 'POST', '/containers/web/kill');
    expect(bug.status).toBe(500);
    expect(JSON.parse(bug.text)).toMatchObject({ message: 'a bug', code: 'internal' });
  });

  it.each([
    ['/images/library/busybox:1.36/json', 'library/busybox:1.36'],
    ['/images/localhost:5000%2Fa%2Fb@sha256:00/json', 'localhost:5000/a/b@sha256:00'],
  ])('takes image names with slashes: %s', async (path, name) => {
    await using server = await testServer(created);
    expect(JSON.parse((await ask(server, 'GET', path)).text).message).toBe(name);
  });

  it('refuses paths that are no URL encoding', async () => {
    await using server = await testServer(created);
    expect((await ask(server, 'GET', '/containers/%zz/json')).status).toBe(400);
  });

  it('answers a plain request that merely offers an upgrade', async () => {
    await using server = await testServer(created);
    const answer = await ask(server, 'GET', '/_ping', undefined, { connection: 'Upgrade', upgrade: 'h2c' });
    expect(answer).toMatchObject({ status: 200, text: 'OK' });
  });
});

describe('a stream of documents', () => {
  it('that fails before its first document is an error answer', async () => {
    await using server = await testServer({
      ImageCreate: () => Promise.reject(new WharfError('manifest.unknown', 'no such tag')),
    });
    const answer = await ask(server, 'POST', '/images/create?fromImage=a');
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ message: 'no such tag', code: 'manifest.unknown' });
  });

  it('that fails later says so in its last document', async () => {
    await using server = await testServer({
      ImageCreate: async (_context, output) => {
        output.send({ status: 'Pulling' });
        throw new WharfError('digest.mismatch', 'other bytes');
      },
    });
    const answer = await ask(server, 'POST', '/images/create?fromImage=a');
    const documents = answer.text
      .trim()
      .split('\r\n')
      .map((line) => JSON.parse(line));
    expect(answer.status).toBe(200);
    expect(documents).toEqual([
      { status: 'Pulling' },
      {
        error: 'other bytes',
        errorDetail: expect.objectContaining({ message: 'other bytes', wharfCode: 'digest.mismatch' }),
      },
    ]);
  });

  it('ends when its client goes away', async () => {
    const gone = Promise.withResolvers<string>();
    await using server = await testServer({
      SystemEvents: ({ signal }, output) => {
        output.flushHead();
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            gone.resolve(signal.reason.code);
            resolve();
          });
        });
      },
    });
    const client = await server.connect();
    client.socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('\r\n\r\n');
    client.socket.destroy();
    expect(await gone.promise).toBe('request.cancelled');
  });
});

describe('wait', () => {
  it('sends its headers when the wait is registered, its result later', async () => {
    const exit = Promise.withResolvers<{ StatusCode: number }>();
    await using server = await testServer({
      ContainerWait: (context) => {
        context.flushHead();
        return exit.promise;
      },
    });
    const client = await server.connect();
    client.socket.write('POST /containers/a/wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toContain('HTTP/1.1 200 OK');
    expect(client.received()).not.toContain('StatusCode');
    exit.resolve({ StatusCode: 3 });
    expect(await client.ended()).toContain('{"StatusCode":3}');
  });
});

describe('a broken connection', () => {
  it('with bytes that are no HTTP gets 400', async () => {
    await using server = await testServer(created);
    const client = await server.connect();
    client.socket.write('\x16\x03\x01 this is TLS\r\n\r\n');
    expect(await client.ended()).toMatch(/^HTTP\/1\.1 400 .*the request is not valid HTTP/s);
  });

  it('that ends in the middle of a body leaves the server as it was', async () => {
    await using server = await testServer(created);
    const client = await server.connect();
    client.socket.write(
      'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"Im',
    );
    client.socket.end();
    await client.ended();
    expect((await ask(server, 'GET', '/_ping')).text).toBe('OK');
  });

  it('with a header of megabytes gets 431', async () => {
    await using server = await testServer(created);
    const client = await server.connect();
    client.socket.write(`GET /_ping HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(200_000)}\r\n\r\n`);
    expect(await client.ended()).toMatch(/^HTTP\/1\.1 431 /);
  });
});
