import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeContexts } from './contexts.ts';
import { formatEngineHost, parseEngineHost, resolveEngineEndpoint } from './engine-endpoint.ts';

test('reads unix sockets, tcp addresses and bare paths', () => {
  expect(parseEngineHost('unix:///run/x/../y.sock')).toEqual({ kind: 'unix', path: '/run/y.sock' });
  expect(parseEngineHost('/run/z.sock')).toEqual({ kind: 'unix', path: '/run/z.sock' });
  expect(parseEngineHost('tcp://10.0.0.2:2375')).toMatchObject({ kind: 'tcp', host: '10.0.0.2', port: 2375 });
  expect(formatEngineHost(parseEngineHost('tcp://[::1]:99'))).toBe('tcp://[::1]:99');
});

test('refuses what is not an engine address', () => {
  expect(() => parseEngineHost('ftp://x')).toThrow('not an engine address');
  expect(() => parseEngineHost('tcp://host:1/path')).toThrow('not an engine address');
  expect(() => parseEngineHost('ssh://host')).toThrow('not supported yet');
});

test('flag beats environment, environment beats context, context beats the default', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'wharf-home-'));
  try {
    const env: NodeJS.ProcessEnv = { WHARF_HOME: home };
    expect(await resolveEngineEndpoint({ env })).toMatchObject({ from: 'default' });
    await writeContexts(home, { current: 'box', contexts: { box: { host: 'tcp://box:2375' } } });
    expect(await resolveEngineEndpoint({ env })).toMatchObject({ from: 'context', context: 'box' });
    env.WHARF_HOST = 'unix:///e.sock';
    expect(await resolveEngineEndpoint({ env })).toMatchObject({ from: 'environment', endpoint: { path: '/e.sock' } });
    expect(await resolveEngineEndpoint({ env, flag: '/f.sock' })).toMatchObject({ from: 'flag' });
    expect(await resolveEngineEndpoint({ env, context: 'box' })).toMatchObject({ from: 'context' });
    await expect(resolveEngineEndpoint({ env, context: 'none' })).rejects.toThrow('context not found: none');
  } finally {
    await rm(home, { recursive: true });
  }
});
