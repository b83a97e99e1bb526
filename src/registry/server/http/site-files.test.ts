import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { htpasswdLine } from '../access/htpasswd.ts';
import { createRegistryServer } from '../create-registry-server.ts';
import { runRegistry } from '../run-command.ts';
import { MemoryDriver } from '../storage/memory-driver.ts';

async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-site-'));
  const siteFolder = join(folder, 'site');
  await mkdir(join(siteFolder, 'assets'), { recursive: true });
  await writeFile(join(siteFolder, 'index.html'), '<meta content="%WHARF_STYLE_NONCE%">');
  await writeFile(join(siteFolder, 'assets/index-AbCd12_-.js'), 'export {};');
  await writeFile(join(folder, 'secret'), 'no');
  const htpasswd = join(folder, 'users');
  await writeFile(htpasswd, await htpasswdLine('alice', 'secret'));
  const server = await createRegistryServer({
    driver: new MemoryDriver(),
    auth: { htpasswd, anonymousRead: false },
    siteFolder,
  });
  const url = await server.listen('127.0.0.1', 0);
  return {
    folder,
    get: (path: string, init: RequestInit = {}) => fetch(url + path, { redirect: 'manual', ...init }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

describe('the page of a registry', () => {
  it('is there for everybody, while the API is not', async () => {
    await using w = await world();
    const home = await w.get('/');
    expect([home.status, home.headers.get('location')]).toEqual([302, '/ui/']);
    const page = await w.get('/ui/');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await w.get('/v2/')).status).toBe(401);
  });

  it('allows one style element by a number that is new each time', async () => {
    await using w = await world();
    const nonces = [];
    for (let time = 0; time < 2; time++) {
      const page = await w.get('/ui/');
      const nonce = /content="([^"]+)"/.exec(await page.text())?.[1] ?? '';
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain(`'nonce-${nonce}'`);
      expect(policy).not.toContain('unsafe');
      nonces.push(nonce);
    }
    expect(new Set(nonces).size).toBe(2);
  });

  it('keeps files named by their content, asks again for none of them, and knows no others', async () => {
    await using w = await world();
    const script = await w.get('/ui/assets/index-AbCd12_-.js');
    expect(script.headers.get('cache-control')).toContain('immutable');
    const etag = script.headers.get('etag') ?? '';
    const again = await w.get('/ui/assets/index-AbCd12_-.js', { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    for (const path of ['/ui/../secret', '/ui/%2e%2e/secret', '/ui/..%2fsecret', '/ui/assets/', '/ui/nothing'])
      expect([401, 404]).toContain((await w.get(path)).status);
    expect((await w.get('/ui/', { method: 'POST' })).status).toBe(405);
  });
});

it('a registry told so ends with its standard input', async () => {
  const root = await mkdtemp(join(tmpdir(), 'wharf-site-'));
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const argv = ['serve', '--listen', '127.0.0.1:0', '--root', root, '--quiet', '--end-with-stdin'];
  const ended = runRegistry(argv, { stdin, stdout, stderr, signal: new AbortController().signal });
  const [line] = await once(stdout, 'data');
  expect(String(line)).toContain('listening on http://127.0.0.1:');
  stdin.end();
  expect(await ended).toBe(0);
  stderr.end();
  expect(await text(stderr)).toBe('');
  await rm(root, { recursive: true });
});
