import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ExtensionUiServer, withScript } from './extension-ui-server.ts';

let home: string;
let server: ExtensionUiServer;
const start = () =>
  ExtensionUiServer.start({
    home,
    lookUp: async (name) => (name === 'acme' ? { folder: path.join(home, 'ui'), script: 'the script' } : undefined),
  });

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'wharf-ui-'));
  await mkdir(path.join(home, 'ui/assets'), { recursive: true });
  await writeFile(path.join(home, 'ui/index.html'), '<!doctype html><html><head><title>x</title></head></html>');
  await writeFile(path.join(home, 'ui/assets/a.js'), 'a');
  await writeFile(path.join(home, 'secret'), 'secret');
  await symlink(path.join(home, 'secret'), path.join(home, 'ui/link.txt'));
  server = await start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

function ask(
  target: string,
  host?: string,
): Promise<{ status: number; text: string; headers: http.IncomingHttpHeaders }> {
  const own = new URL(server.originOf('acme'));
  return new Promise((resolve, reject) => {
    const headers = { host: host ?? own.host };
    http
      .get({ host: '127.0.0.1', port: own.port, path: target, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      })
      .on('error', reject);
  });
}

test('a page gets the script before its own, other files as they are', async () => {
  expect((await ask('/index.html')).text).toContain('<head><script src="/__wharf/dd-client.js"></script><title>');
  expect((await ask('/')).text).toContain('dd-client');
  expect(await ask('/__wharf/dd-client.js')).toMatchObject({ status: 200, text: 'the script' });
  const script = await ask('/assets/a.js?v=1');
  expect(script.text).toBe('a');
  expect(script.headers['content-type']).toContain('javascript');
  expect(script.headers['set-cookie']).toBeUndefined();
});

test('only names of installed extensions are served, each at its own host name', async () => {
  const { port } = new URL(server.originOf('acme'));
  for (const host of [
    `127.0.0.1:${port}`,
    `other.localhost:${port}`,
    'acme.localhost',
    `acme.localhost.evil.example:${port}`,
  ]) {
    expect((await ask('/index.html', host)).status).toBe(404);
  }
});

test('nothing outside the page’s folder is served, through links neither', async () => {
  for (const target of ['/../secret', '/%2e%2e/secret', '/assets/..%2f..%2fsecret', '/link.txt', '/%00', '/%zz']) {
    expect((await ask(target)).status).toBe(404);
  }
});

test('the port is kept, so that a page finds its storage again', async () => {
  const before = server.originOf('acme');
  await server[Symbol.asyncDispose]();
  server = await start();
  expect(server.originOf('acme')).toBe(before);
  expect(server.serves(`${before}/index.html`)).toBe(true);
  expect(server.serves('http://acme.localhost.evil.example/')).toBe(false);
});

test('pages without a head get the script, too', () => {
  const tag = '<script src="/__wharf/dd-client.js"></script>';
  expect(withScript('<!DOCTYPE html><p>x')).toBe(`<!DOCTYPE html>${tag}<p>x`);
  expect(withScript('<header>x</header>')).toBe(`${tag}<header>x</header>`);
});
