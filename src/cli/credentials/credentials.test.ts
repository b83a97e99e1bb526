import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeEngine } from '../test-support/fake-engine.ts';
import { runWharf } from '../test-support/run-wharf.ts';

let dir = '';
let env: Record<string, string> = {};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wharf-login-'));
  env = { HOME: dir, WHARF_HOME: join(dir, 'wharf') };
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function loggedIn(argv: readonly string[], stdin: string) {
  const engine = await fakeEngine();
  engine.on('POST /auth', { body: { Status: 'Login Succeeded', IdentityToken: '' } });
  engine.on('POST /images/create', { body: { status: 'done' } });
  engine.on('POST /images/localhost:5000/a/push', { body: { status: 'done' } });
  const run = await runWharf(['-H', engine.host, 'login', ...argv], { stdin, env });
  return { engine, run };
}

function headerOf(headers: Readonly<Record<string, unknown>>): unknown {
  const header = headers['x-registry-auth'];
  return typeof header === 'string' ? JSON.parse(Buffer.from(header, 'base64url').toString()) : undefined;
}

describe('signing in', () => {
  it('asks the engine, seals the password in private files and sends it with pulls and pushes', async () => {
    const { engine, run } = await loggedIn(['-u', 'ann', '--password-stdin', 'localhost:5000'], 'hunter2\n');
    await using _ = engine;
    expect(run).toMatchObject({ code: 0, stdout: 'Login Succeeded\n', stderr: '' });
    expect(JSON.parse(engine.requests[0]?.body.toString() ?? '')).toEqual({
      username: 'ann',
      password: 'hunter2',
      serveraddress: 'localhost:5000',
    });
    for (const name of ['credentials.json', 'secret.key']) {
      const file = join(dir, 'wharf', name);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, 'latin1')).not.toContain('hunter2');
    }
    await runWharf(['-H', engine.host, 'pull', 'localhost:5000/a'], { env });
    await runWharf(['-H', engine.host, 'push', 'localhost:5000/a'], { env });
    await runWharf(['-H', engine.host, 'pull', 'other:5000/a'], { env });
    const [pull, push, other] = engine.requests.slice(1);
    const auth = { username: 'ann', password: 'hunter2', serveraddress: 'localhost:5000' };
    expect(headerOf(pull?.headers ?? {})).toEqual(auth);
    expect(headerOf(push?.headers ?? {})).toEqual(auth);
    expect(other?.headers['x-registry-auth']).toBeUndefined();
    expect((await runWharf(['logout', 'localhost:5000'], { env })).stdout).toBe(
      'Removing login credentials for localhost:5000\n',
    );
    expect((await runWharf(['logout', 'localhost:5000'], { env })).stdout).toBe('Not logged in to localhost:5000\n');
  });

  it('stores nothing when the registry refuses', async () => {
    await using engine = await fakeEngine();
    engine.on('POST /auth', {
      status: 401,
      body: { message: 'incorrect username or password', code: 'auth.required', hint: 'h' },
    });
    const run = await runWharf(['-H', engine.host, 'login', '-u', 'ann', '--password-stdin', 'reg'], {
      stdin: 'x',
      env,
    });
    expect(run).toMatchObject({ code: 1, stderr: 'wharf: login: incorrect username or password\nh\n' });
    expect(() => statSync(join(dir, 'wharf', 'credentials.json'))).toThrow();
  });

  it('warns of a password on the command line and of one stored in plain text', async () => {
    const { engine, run } = await loggedIn(['-u', 'ann', '-p', 'hunter2', '--plain', 'reg.example'], '');
    await using _ = engine;
    expect(run.stderr).toContain('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
    expect(run.stderr).toContain('stored unencrypted in');
    const config = JSON.parse(readFileSync(join(dir, 'wharf', 'config.json'), 'utf8'));
    expect(config.auths['reg.example'].auth).toBe(Buffer.from('ann:hunter2').toString('base64'));
  });

  it('reads what docker knows, last', async () => {
    mkdirSync(join(dir, '.docker'));
    const auth = Buffer.from('bob:secret').toString('base64');
    writeFileSync(
      join(dir, '.docker', 'config.json'),
      JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth } } }),
    );
    await using engine = await fakeEngine();
    engine.on('POST /images/create', { body: { status: 'done' } });
    await runWharf(['-H', engine.host, 'pull', '-q', 'busybox'], { env });
    expect(headerOf(engine.requests[0]?.headers ?? {})).toEqual({
      username: 'bob',
      password: 'secret',
      serveraddress: 'https://index.docker.io/v1/',
    });
  });

  it('uses a credential helper where one is set', async () => {
    const helper = join(dir, 'docker-credential-test');
    writeFileSync(
      helper,
      `#!/bin/sh\ncase $1 in\nstore) cat > ${dir}/stored;;\nget) cat > /dev/null; cat ${dir}/stored;;\nerase) rm ${dir}/stored;;\nesac\n`,
    );
    chmodSync(helper, 0o755);
    mkdirSync(join(dir, 'wharf'));
    writeFileSync(join(dir, 'wharf', 'config.json'), JSON.stringify({ credsStore: 'test' }));
    const before = process.env.PATH;
    process.env.PATH = `${dir}:${before}`;
    try {
      const { engine } = await loggedIn(['-u', 'ann', '--password-stdin', 'reg.example'], 'hunter2');
      await using _ = engine;
      expect(JSON.parse(readFileSync(join(dir, 'stored'), 'utf8'))).toEqual({
        ServerURL: 'reg.example',
        Username: 'ann',
        Secret: 'hunter2',
      });
      await runWharf(['-H', engine.host, 'pull', '-q', 'reg.example/a'], { env });
      expect(headerOf(engine.requests[1]?.headers ?? {})).toMatchObject({ username: 'ann', password: 'hunter2' });
      await runWharf(['logout', 'reg.example'], { env });
      expect(() => statSync(join(dir, 'stored'))).toThrow();
    } finally {
      process.env.PATH = before;
    }
  });

  it('refuses to ask without a terminal', async () => {
    const run = await runWharf(['-H', 'unix:///nonexistent', 'login', 'reg'], { env });
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot perform an interactive login from a non-TTY device'),
    });
  });
});

describe('contexts', () => {
  it('are made, used and removed, and docker can be given one', async () => {
    const wharf = (...argv: string[]) => runWharf(argv, { env });
    expect(
      await wharf('context', 'create', 'lab', '--docker', 'host=tcp://lab:2375', '--description', 'the lab'),
    ).toMatchObject({ code: 0, stdout: 'lab\n' });
    expect((await wharf('context', 'create', 'lab', '--host', '/x')).code).toBe(1);
    expect((await wharf('context', 'use', 'lab')).stdout).toBe('lab\n');
    expect((await wharf('context', 'show')).stdout).toBe('lab\n');
    expect((await wharf('context', 'ls')).stdout).toBe(
      'NAME      DESCRIPTION                  DOCKER ENDPOINT                ERROR\ndefault   The engine on this machine   unix:///run/wharf/wharf.sock   \nlab *     the lab                      tcp://lab:2375                 \n',
    );
    expect((await wharf('context', 'docker')).stdout).toBe('wharf\n');
    const [meta] = (await import('node:fs')).globSync(join(dir, '.docker/contexts/meta/*/meta.json'));
    expect(JSON.parse(readFileSync(meta ?? '', 'utf8'))).toMatchObject({
      Name: 'wharf',
      Endpoints: { docker: { Host: 'tcp://lab:2375' } },
    });
    expect((await wharf('context', 'rm', 'lab')).code).toBe(1);
    expect((await wharf('context', 'rm', '-f', 'lab')).stdout).toBe('lab\n');
    expect((await wharf('context', 'show')).stdout).toBe('default\n');
    expect((await wharf('--context', 'nope', 'ps')).stderr).toContain('context "nope" does not exist');
  });
});
