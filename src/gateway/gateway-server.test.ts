import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { Transport } from '../client/transport.ts';
import { HostEvents } from '../host/host-events.ts';
import { HostTerminals } from '../host/host-terminals.ts';
import { listStaticFiles } from '../host/static-files.ts';
import { type Gateway, startGateway } from './gateway-server.ts';
import { createEngineRelay } from './relay.ts';
import { SignInLinks } from './sign-in-links.ts';
import { WebSessions } from './web-sessions.ts';

let folder: string;
let gateway: Gateway;
let cookie: string;
const relayed: { path: string; headers: Readonly<Record<string, string>> | undefined }[] = [];
const events = new HostEvents();

const engine: Transport = {
  async request({ path: asked, headers, body }) {
    relayed.push({ path: asked, headers });
    const text = body instanceof ReadableStream ? await new Response(body).text() : '';
    const answer = { 'content-type': 'text/html', 'set-cookie': 'evil=1', 'x-evil': '1', server: 'Wharf/1' };
    return { status: 200, headers: answer, body: new Response(`<b>${asked}</b>${text}`).body ?? new ReadableStream() };
  },
  async hijack() {
    const echo = new TransformStream<Uint8Array, Uint8Array>();
    const closeWrite = () => echo.writable.close();
    return {
      headers: { 'content-type': 'raw' },
      readable: echo.readable,
      writable: echo.writable,
      closeWrite,
      close() {},
    };
  },
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'wharf-gateway-'));
  await mkdir(path.join(folder, 'app/assets'), { recursive: true });
  await writeFile(path.join(folder, 'app/index.html'), '<title>the app</title>');
  await writeFile(path.join(folder, 'app/assets/x.js'), 'let x;');
  await writeFile(path.join(folder, 'secret.txt'), 'secret');
  gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    files: await listStaticFiles(path.join(folder, 'app')),
    relay: createEngineRelay(engine),
    dispatch: { call: async (method, input) => ({ ok: true, value: { method, input } }) },
    events,
    terminals: new HostTerminals(events),
    sessions: await WebSessions.open(path.join(folder, 'sessions.json')),
    links: new SignInLinks(path.join(folder, 'links')),
    frameSources: ['http://*.localhost:9'],
  });
  const signedIn = await ask(new URL(await gateway.newLink()), {});
  cookie = String(signedIn.headers['set-cookie']).split(';', 1)[0] ?? '';
});
afterAll(async () => {
  await gateway.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** With node:http, because fetch would tidy the path and refuse to set Host and Origin. */
function ask(target: string | URL, headers: Record<string, string>, method = 'GET', body?: string): Promise<Answer> {
  const base = new URL(gateway.origin);
  const asked = typeof target === 'string' ? target : target.pathname + target.search;
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: base.hostname, port: base.port, path: asked, method, headers: { host: base.host, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
const signedIn = () => ({ cookie });
const script = () => ({ cookie, origin: gateway.origin, 'x-wharf': '1' });

test('listens on loopback only', async () => {
  const options = { port: 0 } as Parameters<typeof startGateway>[0];
  await expect(startGateway({ ...options, host: '0.0.0.0' })).rejects.toThrow('loopback only');
});

test('a sign-in link works once and sets an HttpOnly, SameSite=Strict cookie', async () => {
  const link = new URL(await gateway.newLink());
  const first = await ask(link, {});
  expect(first.status).toBe(303);
  expect(first.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\//);
  const second = await ask(link, {});
  expect(second.status).toBe(401);
  expect(second.headers['set-cookie']).toBeUndefined();
});

test('of two tries with one link at the same time one wins', async () => {
  const link = new URL(await gateway.newLink());
  const statuses = (await Promise.all([ask(link, {}), ask(link, {})])).map(({ status }) => status);
  expect(statuses.sort()).toEqual([303, 401]);
});

test('without the session cookie only the page that asks for the link is shown', async () => {
  const page = await ask('/', {});
  expect(page.status).toBe(401);
  expect(page.text).toContain('Open the link Wharf printed');
  for (const target of ['/engine/info', '/host/app.info', '/assets/x.js']) {
    expect((await ask(target, { 'x-wharf': '1', origin: gateway.origin }, 'GET')).status).toBe(401);
  }
  const guess = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  expect((await ask('/', { cookie: guess })).status).toBe(401);
});

test('another Host name is refused, whoever asks (DNS rebinding)', async () => {
  for (const host of ['evil.example', `evil.example:${new URL(gateway.origin).port}`, 'localhost']) {
    expect((await ask('/', { ...signedIn(), host })).status).toBe(403);
  }
});

test('calls from another site, and plain forms, are refused', async () => {
  const post = (headers: Record<string, string>) => ask('/host/app.info', headers, 'POST', 'null');
  expect((await post({ ...signedIn(), 'x-wharf': '1', origin: 'http://evil.example' })).status).toBe(403);
  expect((await post({ ...signedIn(), 'x-wharf': '1', origin: 'null' })).status).toBe(403);
  expect((await post({ ...signedIn(), 'x-wharf': '1' })).status).toBe(403);
  expect((await post({ ...signedIn(), origin: gateway.origin })).status).toBe(403);
  expect((await ask('/engine/info', { ...signedIn(), 'x-wharf': '1', 'sec-fetch-site': 'same-site' })).status).toBe(
    403,
  );
  expect((await post(script())).status).toBe(200);
});

test('the app is served with a strict policy, for its routes too', async () => {
  for (const target of ['/', '/index.html', '/containers/abc']) {
    const page = await ask(target, signedIn());
    expect(page.text).toContain('the app');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain('frame-src http://*.localhost:9');
    expect(page.headers['x-content-type-options']).toBe('nosniff');
  }
});

test('no path leads out of the folder of the app', async () => {
  const paths = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..\\secret.txt',
    '//secret.txt',
    '/%00',
  ];
  for (const target of paths) expect((await ask(target, signedIn())).text).not.toContain('secret\n');
  for (const target of paths) expect([400, 404, 200]).toContain((await ask(target, signedIn())).status);
  for (const target of paths) expect((await ask(target, signedIn())).text).not.toBe('secret');
});

test('the engine gets operations of its API only, with its own headers only', async () => {
  relayed.length = 0;
  const asked = { ...script(), 'x-registry-auth': 'abc', 'x-forwarded-for': '1.2.3.4', authorization: 'Basic x' };
  const answer = await ask('/engine/containers/json?all=1', asked);
  expect(relayed).toEqual([{ path: '/containers/json?all=1', headers: { 'x-registry-auth': 'abc' } }]);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect(answer.headers['x-evil']).toBeUndefined();
  expect(answer.headers['content-security-policy']).toBe("default-src 'none'; sandbox");
  for (const target of [
    '/engine/../host/app.info',
    '/engine/containers/%2e%2e/json',
    '/engine/no/such',
    '/engine//json',
  ]) {
    expect((await ask(target, script())).status).toBeGreaterThanOrEqual(400);
  }
  expect(relayed).toHaveLength(1);
});

test('an upload reaches the engine whole', async () => {
  const answer = await ask('/engine/images/load', script(), 'POST', 'x'.repeat(100_000));
  expect(answer.text).toContain('x'.repeat(100_000));
});

test('host calls are answered in an envelope; broken JSON too', async () => {
  const good = await ask('/host/settings.set', script(), 'POST', '{"theme":"dark"}');
  expect(JSON.parse(good.text)).toEqual({ ok: true, value: { method: 'settings.set', input: { theme: 'dark' } } });
  const bad = await ask('/host/settings.set', script(), 'POST', '{"theme"');
  expect(JSON.parse(bad.text)).toMatchObject({ ok: false, error: { code: 'request.malformed-json' } });
});

function openSocket(target: string, headers: Record<string, string>): Promise<WebSocket> {
  const { origin = gateway.origin, ...rest } = headers;
  const socket = new WebSocket(gateway.origin.replace('http', 'ws') + target, { headers: rest, origin });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

test('sockets need the cookie and our own Origin', async () => {
  await expect(openSocket('/host-socket', {})).rejects.toThrow('403');
  await expect(openSocket('/host-socket', { cookie, origin: 'http://evil.example' })).rejects.toThrow('403');
  await expect(openSocket('/other', { cookie })).rejects.toThrow('403');
  (await openSocket('/host-socket', { cookie })).terminate();
});

test('the host socket carries events, and ordered calls in their order', async () => {
  const socket = await openSocket('/host-socket', { cookie });
  const messages: unknown[] = [];
  const complete = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      messages.push(JSON.parse(String(data)));
      if (messages.length === 3) resolve();
    });
  });
  events.emit('extensions.changed', { name: 'x' });
  for (const id of [1, 2]) socket.send(JSON.stringify({ id, method: 'terminal.write', input: { data: String(id) } }));
  await complete;
  expect(messages).toEqual([
    { event: 'extensions.changed', payload: { name: 'x' } },
    { id: 1, reply: { ok: true, value: { method: 'terminal.write', input: { data: '1' } } } },
    { id: 2, reply: { ok: true, value: { method: 'terminal.write', input: { data: '2' } } } },
  ]);
  socket.terminate();
});

test('a hijacked connection goes both ways over its socket and ends in order', async () => {
  const socket = await openSocket('/engine-socket', { cookie });
  const received: string[] = [];
  socket.on('message', (data, isBinary) => {
    received.push(String(data));
    if (!isBinary) socket.send(Buffer.from('echo me'));
    else socket.send('{"end":true}');
  });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.send(JSON.stringify({ method: 'POST', path: '/exec/abc/start', body: 'e30=' }));
  expect(await closed).toBe(1000);
  expect(received).toEqual([JSON.stringify({ status: 101, headers: { 'content-type': 'raw' } }), 'echo me']);
});

test('a hijack of something that is no operation is refused in words', async () => {
  const socket = await openSocket('/engine-socket', { cookie });
  const message = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
  socket.send(JSON.stringify({ method: 'POST', path: '/../../etc' }));
  expect(JSON.parse(await message)).toMatchObject({ status: 400, body: expect.stringContaining('not a path') });
  socket.terminate();
});
