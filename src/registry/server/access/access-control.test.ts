import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createRegistryServer } from '../create-registry-server.ts';
import { runRegistry } from '../run-command.ts';
import { MemoryDriver } from '../storage/memory-driver.ts';
import { htpasswdLine, parseHtpasswd } from './htpasswd.ts';
import { RegistryTokens } from './registry-tokens.ts';

const basic = (pair: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
});

async function world(anonymousRead: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-users-'));
  const htpasswd = join(folder, 'users');
  await writeFile(
    htpasswd,
    `# users\n${await htpasswdLine('alice', 'secret')}\nbob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n`,
  );
  const server = await createRegistryServer({ driver: new MemoryDriver(), auth: { htpasswd, anonymousRead } });
  const url = await server.listen('127.0.0.1', 0);
  const status = async (method: string, path: string, pair?: string): Promise<number> => {
    const response = await fetch(url + path, { method, headers: pair === undefined ? {} : basic(pair) });
    await response.arrayBuffer();
    return response.status;
  };
  return {
    htpasswd,
    url,
    status,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

describe('with a users file', () => {
  it('only users get in, and others are asked to sign in', async () => {
    await using w = await world(false);
    const refused = await fetch(`${w.url}/v2/`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Basic realm=/),
    ]);
    for (const pair of ['alice:secret', 'alice:secret', 'bob:password'])
      expect(await w.status('GET', '/v2/', pair)).toBe(200);
    for (const pair of ['alice:wrong', 'alice:', 'eve:secret', ':', 'alice'])
      expect(await w.status('GET', '/v2/', pair)).toBe(401);
  });

  it('anonymous readers may read, not write, and wrong passwords are still wrong', async () => {
    await using w = await world(true);
    expect(await w.status('GET', '/v2/_catalog')).toBe(200);
    expect(await w.status('POST', '/v2/a/blobs/uploads/')).toBe(401);
    expect(await w.status('POST', '/v2/a/blobs/uploads/', 'alice:secret')).toBe(202);
    expect(await w.status('GET', '/v2/', 'alice:wrong')).toBe(401);
  });

  it('clients that ask how to sign in get tokens: readers nameless ones, users theirs', async () => {
    await using w = await world(true);
    const ping = await fetch(`${w.url}/v2/`);
    const challenge = `Bearer realm="${w.url}/v2/_wharf/token",service="wharf-registry"`;
    expect([ping.status, ping.headers.get('www-authenticate')]).toEqual([401, challenge]);
    const token = async (headers: Record<string, string>): Promise<Record<string, string>> => {
      const { token } = (await (await fetch(`${w.url}/v2/_wharf/token?service=x`, { headers })).json()) as {
        token: string;
      };
      return { authorization: `Bearer ${token}` };
    };
    const status = async (method: string, path: string, headers: Record<string, string>): Promise<number> =>
      (await fetch(w.url + path, { method, headers })).status;
    const nobody = await token({});
    expect(await status('GET', '/v2/', nobody)).toBe(200);
    expect(await status('POST', '/v2/a/blobs/uploads/', nobody)).toBe(401);
    expect(await status('POST', '/v2/a/blobs/uploads/', await token(basic('alice:secret')))).toBe(202);
    expect(await w.status('GET', '/v2/_wharf/token', 'alice:wrong')).toBe(401);
    for (const forged of ['x', 'e30.x', `${nobody.authorization?.slice(7)}x`]) {
      expect(await status('GET', '/v2/', { authorization: `Bearer ${forged}` })).toBe(401);
    }
  });

  it('a changed file counts at once', async () => {
    await using w = await world(false);
    expect(await w.status('GET', '/v2/', 'alice:secret')).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await writeFile(w.htpasswd, await htpasswdLine('carol', 'new'));
    expect(await w.status('GET', '/v2/', 'alice:secret')).toBe(401);
    expect(await w.status('GET', '/v2/', 'carol:new')).toBe(200);
  });
});

it.each([
  ['alice:$2y$05$abcdefghijklmnopqrstuv', /line 1 .*bcrypt/],
  ['\nalice', /line 2 .*name:hash/],
  ['alice:$scrypt$ln=40,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', /out of bounds/],
  [':{SHA}x', /name:hash/],
])('the users file %j is refused', (file, message) => {
  expect(() => parseHtpasswd(file)).toThrow(message);
});

it('tokens end after their time, and with the server that gave them', () => {
  const tokens = new RegistryTokens();
  const token = tokens.issue('alice', 0);
  expect(tokens.userOf(token, 299_000)).toBe('alice');
  expect(tokens.userOf(token, 301_000)).toBeUndefined();
  expect(new RegistryTokens().userOf(token, 0)).toBeUndefined();
});

describe('the command line', () => {
  async function run(argv: readonly string[], stdin = '') {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const code = await runRegistry(argv, {
      stdin: Readable.from([stdin]),
      stdout,
      stderr,
      signal: AbortSignal.abort(),
    });
    stdout.end();
    stderr.end();
    return { code, out: await text(stdout), err: await text(stderr) };
  }

  it('adds users and changes passwords', async () => {
    await using w = await world(false);
    expect(await run(['user', 'add', '--htpasswd', w.htpasswd, 'dave'], 'pw\n')).toMatchObject({ code: 0 });
    expect(await w.status('GET', '/v2/', 'dave:pw')).toBe(200);
    await run(['user', 'add', '--htpasswd', w.htpasswd, 'alice'], 'other');
    expect(await w.status('GET', '/v2/', 'alice:other')).toBe(200);
    expect(await w.status('GET', '/v2/', 'alice:secret')).toBe(401);
    expect(await run(['user', 'add', '--htpasswd', w.htpasswd, 'x:y'], 'pw')).toMatchObject({ code: 1 });
  });

  it('serves until it is told to end, and says where', async () => {
    const root = await mkdtemp(join(tmpdir(), 'wharf-registry-'));
    const served = await run(['--listen', '127.0.0.1:0', '--root', root]);
    await rm(root, { recursive: true });
    expect(served).toMatchObject({ code: 0, out: expect.stringMatching(/^listening on http:\/\/127\.0\.0\.1:\d+\n$/) });
  });

  it.each([
    [['--listen', 'x', '--root', '/tmp'], /ADDR:PORT/],
    [['serve'], /--root DIR is missing/],
    [['--nope'], /nope/],
    [['fly'], /unknown command "fly"/],
    [['--root', '/tmp', '--anonymous-read'], /needs --htpasswd/],
    [['--root', '/tmp', '--htpasswd', '/nonexistent/users'], /users file can not be read/],
  ])('refuses %j', async (argv, message) => {
    const { code, err } = await run(argv);
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  it('tells a port that is taken', async () => {
    await using w = await world(false);
    const root = await mkdtemp(join(tmpdir(), 'wharf-registry-'));
    const { code, err } = await run(['--listen', new URL(w.url).host, '--root', root]);
    await rm(root, { recursive: true });
    expect([code, err]).toEqual([1, expect.stringMatching(/address already in use/)]);
  });
});

it('who holds a token gets the next one without the password, for half a day', () => {
  const tokens = new RegistryTokens();
  const hourMs = 3_600_000;
  let token = tokens.issue('alice', 0);
  expect(tokens.renew(token, 301_000)).toBeUndefined();
  token = tokens.renew(token, 200_000) ?? '';
  expect(tokens.userOf(token, 400_000)).toBe('alice');
  // As if it had been renewed all day: the sign-in itself is too long ago.
  const old = tokens.issue('alice', 13 * hourMs, 0);
  expect(tokens.userOf(old, 13 * hourMs)).toBe('alice');
  expect(tokens.renew(old, 13 * hourMs)).toBeUndefined();
});
