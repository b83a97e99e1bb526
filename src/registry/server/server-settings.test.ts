import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { htpasswdLine } from './access/htpasswd.ts';
import { digestOf, errorOf } from './conformance/conformance-world.ts';
import { createRegistryServer } from './create-registry-server.ts';
import { RequestRate } from './http/request-rate.ts';
import { parseServerSettings, type ServerSettings } from './server-settings.ts';
import { MemoryDriver } from './storage/memory-driver.ts';

async function world(settings: ServerSettings, withUsers = true) {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-settings-'));
  const htpasswd = join(folder, 'users');
  await writeFile(htpasswd, `${await htpasswdLine('alice', 'a')}\n${await htpasswdLine('bob', 'b')}\n`);
  const auditLog = join(folder, 'audit.jsonl');
  const server = await createRegistryServer({
    driver: new MemoryDriver(),
    settings: { ...settings, auditLog },
    ...(withUsers ? { auth: { htpasswd, anonymousRead: false } } : {}),
  });
  const url = await server.listen('127.0.0.1', 0);
  const call = async (method: string, path: string, pair?: string, body?: string): Promise<Response> =>
    await fetch(url + path, {
      method,
      headers: pair === undefined ? {} : { authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
      ...(body === undefined ? {} : { body }),
    });
  const push = async (name: string, text: string, pair?: string): Promise<number> =>
    (await call('POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(text)}`, pair, text)).status;
  return {
    call,
    push,
    audit: async () => {
      await server.close(0);
      return (await readFile(auditLog, 'utf8'))
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line));
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

describe('access rules', () => {
  const access: ServerSettings['access'] = [
    { repositories: ['team/*'], users: ['alice'], allow: ['read', 'write', 'delete'] },
    { repositories: ['team/*'], users: ['*'], allow: ['read'] },
    { repositories: ['public'], users: ['anonymous'], allow: ['read'] },
    { repositories: ['public'], users: ['bob'], allow: ['write'] },
  ];

  it('let each user read, write and delete where they say so, and refuse the rest with 403', async () => {
    await using w = await world({ access });
    const blob = `/v2/team/app/blobs/${digestOf('x')}`;
    expect(await w.push('team/app', 'x', 'alice:a')).toBe(201);
    expect(await w.push('team/app', 'x', 'bob:b')).toBe(403);
    expect((await w.call('GET', blob, 'bob:b')).status).toBe(200);
    expect(await errorOf(await w.call('DELETE', blob, 'bob:b'))).toBe('403 DENIED');
    expect((await w.call('DELETE', blob, 'alice:a')).status).toBe(202);
    expect(await w.push('teams', 'x', 'alice:a')).toBe(403);
  });

  it('let anonymous readers in where they say so, and ask the rest to sign in', async () => {
    await using w = await world({ access });
    expect(await w.push('public', 'x', 'bob:b')).toBe(201);
    expect((await w.call('GET', `/v2/public/blobs/${digestOf('x')}`)).status).toBe(200);
    expect(await errorOf(await w.call('GET', `/v2/team/app/blobs/${digestOf('x')}`))).toBe('401 UNAUTHORIZED');
    expect(await w.push('public', 'y')).toBe(401);
  });

  it('keep blobs of a hidden repository from being mounted', async () => {
    await using w = await world({ access });
    await w.push('team/app', 'secret', 'alice:a');
    const mount = `/v2/public/blobs/uploads/?mount=${digestOf('secret')}`;
    expect((await w.call('POST', `${mount}&from=team/app`, 'bob:b')).status).toBe(201);
    expect((await w.call('POST', `${mount}&from=hidden`, 'bob:b')).status).toBe(202);
    expect((await w.call('POST', mount, 'bob:b')).status).toBe(202);
  });

  it('need users', async () => {
    await expect(createRegistryServer({ driver: new MemoryDriver(), settings: { access } })).rejects.toThrow(
      'need users',
    );
  });
});

it('a blob over the limit is refused with 413, announced or not', async () => {
  await using w = await world({ limits: { blobBytes: 10 } }, false);
  expect(await w.push('a', '0123456789')).toBe(201);
  expect(await w.push('a', '0123456789x')).toBe(413);
  const location = (await w.call('POST', '/v2/a/blobs/uploads/')).headers.get('location') ?? '';
  expect((await w.call('PATCH', location, undefined, '012345')).status).toBe(202);
  expect((await w.call('PATCH', location, undefined, '6789x')).status).toBe(413);
});

it('a client that asks too often is told to wait', () => {
  const rate = new RequestRate(2);
  for (let at = 0; at < 4; at++) rate.take('a', 0);
  expect(() => rate.take('a', 0)).toThrow('too many');
  rate.take('b', 0);
  rate.take('a', 500);
  expect(() => rate.take('a', 500)).toThrow('too many');
});

it('the audit log tells changes and refusals, with the user', async () => {
  await using w = await world({});
  await w.push('a', 'x', 'alice:a');
  await w.call('GET', `/v2/a/blobs/${digestOf('x')}`, 'alice:a');
  await w.call('GET', '/v2/a/tags/list', 'alice:wrong');
  expect(await w.audit()).toEqual([
    expect.objectContaining({ user: 'alice', method: 'POST', path: '/v2/a/blobs/uploads/', status: 201 }),
    expect.objectContaining({ user: '', method: 'GET', path: '/v2/a/tags/list', status: 401 }),
  ]);
});

it('health needs no user, metrics do', async () => {
  await using w = await world({});
  expect(await (await w.call('GET', '/healthz')).json()).toEqual({ status: 'ok' });
  expect((await w.call('GET', '/metrics')).status).toBe(401);
  const text = await (await w.call('GET', '/metrics', 'alice:a')).text();
  expect(text).toContain('wharf_registry_requests_total{method="GET",code="200"} 1');
  expect(text).toContain('wharf_registry_request_seconds_count 2');
});

it('a settings file is read whole', () => {
  const settings = {
    access: [{ repositories: ['*'], users: ['*'], allow: ['read'] }],
    limits: { blobBytes: 1, requestsPerSecond: 0.5 },
    collectEveryMinutes: 5,
    sparse: true,
    auditLog: '/x',
    quotas: [
      { repositories: ['*'], each: false, maxBytes: 10, maxRepositories: 2, maxTags: 3 },
      { repositories: ['team/*'], each: true, maxTags: 0 },
    ],
    retention: {
      everyMinutes: 60,
      rules: [{ repositories: ['*'], tags: ['pr-*'], keepLast: 0, keepDays: 0.5, protect: ['v*'], untaggedDays: 7 }],
    },
    caches: [
      {
        prefix: 'hub',
        upstream: 'https://registry-1.docker.io',
        credentialsFile: '/c',
        tagTtlSeconds: 0,
        maxBytes: 100,
      },
      { prefix: '', upstream: 'http://127.0.0.1:5000/base' },
    ],
  };
  expect(parseServerSettings(JSON.stringify(settings))).toEqual(settings);
});

it.each([
  ['x', 'no JSON'],
  ['{"acces": []}', '"acces" is unknown'],
  ['{"access": [{"repositories": ["*"], "users": ["*"], "allow": ["fly"]}]}', 'access[0].allow'],
  ['{"access": [{"repositories": [], "users": ["*"], "allow": ["read"]}]}', 'access[0].repositories'],
  ['{"limits": {"blobBytes": -1}}', 'limits.blobBytes'],
  ['{"sparse": "yes"}', 'sparse'],
  ['{"access": [{"repositories": ["a"], "users": ["*"], "allow": ["admin"]}]}', 'access[0].repositories'],
  ['{"quotas": [{"repositories": ["*"]}]}', 'quotas[0]'],
  ['{"quotas": [{"maxTags": 1}]}', 'quotas[0].repositories'],
  ['{"quotas": [{"repositories": ["*"], "each": true, "maxRepositories": 1}]}', 'quotas[0].maxRepositories'],
  ['{"retention": {"rules": [{"repositories": ["*"]}]}}', 'retention.rules[0]'],
  ['{"retention": {"rules": [{"repositories": ["*"], "keepLast": 1.5}]}}', 'retention.rules[0].keepLast'],
  ['{"retention": {}}', 'retention.rules'],
  ['{"caches": [{"prefix": "hub"}]}', 'caches[0].upstream'],
  ['{"caches": [{"upstream": "https://u:p@hub.example"}]}', 'without a password'],
  ['{"caches": [{"upstream": "ftp://hub.example"}]}', 'caches[0].upstream'],
  ['{"caches": [{"prefix": "Hub", "upstream": "https://hub.example"}]}', 'caches[0].prefix'],
  ['{"caches": [{"upstream": "https://a.example"}, {"upstream": "https://b.example"}]}', 'different prefixes'],
])('the settings %s are refused', (text, message) => {
  expect(() => parseServerSettings(text)).toThrow(message);
});
