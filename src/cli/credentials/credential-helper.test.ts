import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { helperErase, helperGet, helperStore } from './credential-helper.ts';

const { signal } = new AbortController();
const ann = { username: 'ann', password: 'hunter2', identityToken: '' };
let dir = '';
let before: string | undefined;

/** Keeps secrets in a folder, and notes what it was called with: as docker-credential-helpers' programs behave. */
const helper = (folder: string) => `#!/usr/bin/env node
const fs = require('node:fs');
const folder = ${JSON.stringify(folder)};
const input = fs.readFileSync(0, 'utf8');
const file = (server) => folder + '/secret-' + encodeURIComponent(server);
fs.appendFileSync(folder + '/argv', process.argv.slice(2).join(' ') + '\\n');
const fail = (text) => { process.stdout.write(text + '\\n'); process.exit(1); };
const verb = process.argv[2];
if (verb === 'store') fs.writeFileSync(file(JSON.parse(input).ServerURL), input);
else if (!fs.existsSync(file(input))) fail('credentials not found in native keychain');
else if (verb === 'get') process.stdout.write(fs.readFileSync(file(input)));
else if (verb === 'erase') fs.rmSync(file(input));
else fail('Unknown credential action');
`;

const program = (name: string, text: string) => {
  writeFileSync(join(dir, `docker-credential-${name}`), text);
  chmodSync(join(dir, `docker-credential-${name}`), 0o755);
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wharf-helper-'));
  mkdirSync(join(dir, 'kept'));
  program('fake', helper(join(dir, 'kept')));
  before = process.env.PATH;
  process.env.PATH = `${dir}:${before}`;
});
afterEach(() => {
  process.env.PATH = before;
  rmSync(dir, { recursive: true, force: true });
});

describe('a credential helper', () => {
  it('keeps, gives and forgets, each registry for itself; nothing secret is an argument', async () => {
    expect(await helperGet('fake', 'reg.example', signal)).toBeUndefined();
    await helperStore('fake', 'reg.example', ann, signal);
    await helperStore('fake', 'https://index.docker.io/v1/', { ...ann, username: 'bob' }, signal);
    expect(await helperGet('fake', 'reg.example', signal)).toEqual(ann);
    expect(await helperGet('fake', 'https://index.docker.io/v1/', signal)).toMatchObject({ username: 'bob' });
    await helperErase('fake', 'reg.example', signal);
    expect(await helperGet('fake', 'reg.example', signal)).toBeUndefined();
    // Docker's programs say so when there is nothing to forget; that is fine.
    await helperErase('fake', 'reg.example', signal);
    expect(new Set(readFileSync(join(dir, 'kept/argv'), 'utf8').split('\n'))).toEqual(
      new Set(['store', 'get', 'erase', '']),
    );
    expect(readdirSync(join(dir, 'kept'))).toHaveLength(2);
  });

  it('keeps identity tokens under the name that docker has for them', async () => {
    await helperStore('fake', 'reg.example', { username: '', password: '', identityToken: 'tok' }, signal);
    const [file = ''] = readdirSync(join(dir, 'kept')).filter((name) => name.startsWith('secret'));
    expect(JSON.parse(readFileSync(join(dir, 'kept', file), 'utf8'))).toEqual({
      ServerURL: 'reg.example',
      Username: '<token>',
      Secret: 'tok',
    });
    expect(await helperGet('fake', 'reg.example', signal)).toEqual({
      username: '',
      password: '',
      identityToken: 'tok',
    });
  });

  it.each([
    ['fails', '#!/bin/sh\necho the keychain is locked\nexit 1\n', /get failed: the keychain is locked/],
    ['answers nonsense', '#!/bin/sh\necho hello\n', /something else than credentials/],
    ['answers without end', '#!/bin/sh\nexec cat /dev/zero\n', /more than/],
  ])('that %s is named with its reason', async (_, text, message) => {
    program('odd', text);
    await expect(helperGet('odd', 'reg.example', signal)).rejects.toThrow(message);
  });

  it('that is not there, or whose name is a path, is told', async () => {
    await expect(helperGet('absent', 'reg.example', signal)).rejects.toThrow(/no such program in PATH/);
    await expect(helperGet('../fake', 'reg.example', signal)).rejects.toThrow(/not one of a program/);
  });

  it('says what went wrong without the secret', async () => {
    program('full', '#!/bin/sh\ncat > /dev/null\necho the disk is full\nexit 1\n');
    const failure = await helperStore('full', 'reg.example', ann, signal).catch((error: Error) => error.message);
    expect(failure).toContain('store failed: the disk is full');
    expect(failure).not.toContain('hunter2');
  });
});
