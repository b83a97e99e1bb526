import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { uploadOf } from './upload.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(onRequest: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer({}, onRequest).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a reader that gives up half-way can still be answered, however much the client goes on to send', async () => {
  const port = await serve((request, response) => {
    const upload = uploadOf(request);
    upload.once('data', () => {
      upload.destroy();
      response.writeHead(400).end('no');
    });
  });
  const call = httpRequest({ port, method: 'PUT' });
  const answer = once(call, 'response');
  for (let i = 0; i < 64; i++) call.write(Buffer.alloc(256 * 1024));
  call.end();
  const [response] = (await answer) as [IncomingMessage];
  expect(response.statusCode).toBe(400);
  response.resume();
});

test('a client that goes away in the middle of its upload is an error to the reader, not an end', async () => {
  const failure = Promise.withResolvers<unknown>();
  const port = await serve((request) => {
    const upload = uploadOf(request);
    upload.once('error', failure.resolve);
    upload.resume();
  });
  const call = httpRequest({ port, method: 'PUT', headers: { 'content-length': '1000' } });
  call.on('error', () => {});
  call.write('half');
  setTimeout(() => call.destroy(), 50);
  expect(await failure.promise).toMatchObject({ message: expect.stringMatching(/went away|aborted/) });
});
