import { constants, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseReference } from '../../oci/reference.ts';
import { PolicySource } from './policy-source.ts';
import { parseRepositoryPattern } from './repository-pattern.ts';
import { makeSigner, pemOf } from './signing-fixture.ts';
import { isSignedBy, parseTrustKey } from './trust-key.ts';
import { parsePolicyFile, readPolicy, ruleFor } from './trust-policy.ts';

const signer = makeSigner();
const data = Buffer.from('what is signed');
const broken = { code: 'trust.policy-broken' };

describe('keys', () => {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  it.each([
    ['ECDSA P-256', makeSigner('P-256')],
    ['ECDSA P-384', makeSigner('P-384')],
    ['Ed25519', makeSigner('ed25519')],
    ['RSA 2048', makeSigner('rsa')],
    ['RSA 2048', makeSigner('rsa', pss)],
  ])('of %s verify what they signed, and nothing else', (algorithm, own) => {
    const key = parseTrustKey('k', own.pem, undefined);
    expect(key.algorithm).toBe(algorithm);
    expect(key.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(isSignedBy(key, data, own.sign(data))).toBe(true);
    expect(isSignedBy(key, Buffer.from('another text'), own.sign(data))).toBe(false);
    expect(isSignedBy(parseTrustKey('k', makeSigner().pem, undefined), data, own.sign(data))).toBe(false);
    expect(isSignedBy(key, data, Buffer.from('no signature'))).toBe(false);
    expect(isSignedBy(key, data, Buffer.alloc(0))).toBe(false);
  });

  it.each([
    ['a private key', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['no PEM', 'ssh-ed25519 AAAA'],
    ['damaged PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
    ['a weak RSA key', pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['another curve', pemOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['a key that can not sign', pemOf(generateKeyPairSync('x25519').publicKey)],
  ])('that are %s are refused', (_, pem) =>
    expect(() => parseTrustKey('k', pem, undefined)).toThrow(expect.objectContaining(broken)),
  );
});

describe('patterns', () => {
  it.each([
    ['registry.example/team/app', 'registry.example/team/app', true],
    ['registry.example/team/app', 'registry.example/team/app2', false],
    ['registry.example/team/*', 'registry.example/team/app', true],
    ['registry.example/team/*', 'registry.example/team/a/b', false],
    ['registry.example/team/*-svc', 'registry.example/team/pay-svc', true],
    ['registry.example/**', 'registry.example/team/a/b', true],
    ['registry.example/**', 'registryXexample/team', false],
    ['registry.example/team/**', 'registry.example/team', false],
    ['registry.example/team/**', 'registry.example/teams/x', false],
    ['registry.example:5000/**', 'registry.example/x', false],
    ['docker.io/library/*', 'docker.io/library/busybox', true],
    ['*/library/busybox', 'docker.io/library/busybox', true],
    ['**', 'docker.io/library/busybox', true],
    ['[::1]:5000/x', '[::1]:5000/x', true],
  ])('%s about %s: %s', (pattern, name, matches) =>
    expect(parseRepositoryPattern(pattern).matches(name)).toBe(matches),
  );

  it.each([
    'busybox',
    'team/app',
    'docker.io/busybox',
    'index.docker.io/library/x',
    'a.b/x:1',
    'a.b/X',
    'a.b//x',
    'a.b/**x',
    '',
    'a.b/X y',
  ])('%j never matches what its writer means, and is refused', (pattern) => {
    expect(() => parseRepositoryPattern(pattern)).toThrow(expect.objectContaining(broken));
  });
});

describe('the policy file', () => {
  const keys = { release: { pem: signer.pem }, ci: { pem: makeSigner().pem } };
  const read = (file: object) => readPolicy(parsePolicyFile(JSON.stringify(file)), () => '');
  const signed = (rest: object) => ({ version: 1, keys, default: { rule: 'signed', keys: ['release'], ...rest } });

  it('the first rule that fits counts, else the default', () => {
    const policy = read({
      version: 1,
      keys,
      default: { rule: 'reject', reason: 'ask first' },
      repositories: [
        { match: 'registry.example/team/open', rule: 'unrestricted' },
        { match: 'registry.example/team/*', rule: 'signed', keys: ['release'] },
      ],
    });
    const kind = (name: string) => ruleFor(policy, parseReference(name)).kind;
    expect(['registry.example/team/open', 'registry.example/team/app:2', 'busybox'].map(kind)).toEqual([
      'unrestricted',
      'signed',
      'reject',
    ]);
    expect(policy.local).toBe('by-name');
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['nothing', ''],
    ['no default', JSON.stringify({ version: 1 })],
    ['another version', JSON.stringify({ version: 2, default: { rule: 'reject' } })],
    ['an unknown field', JSON.stringify({ version: 1, default: { rule: 'reject' }, Repositories: [] })],
    ['a typing error in a rule', JSON.stringify(signed({ atleast: 2 }))],
    ['a typing error below', JSON.stringify(signed({ attestations: [{ predicatetype: 'x', predicateType: 'y' }] }))],
    ['an unknown rule', JSON.stringify({ version: 1, default: { rule: 'allow' } })],
    ['a rule without keys', JSON.stringify({ version: 1, keys, default: { rule: 'signed' } })],
    ['a key that is not there', JSON.stringify(signed({ keys: ['relase'] }))],
    [
      'keys for a rule that asks for none',
      JSON.stringify({ version: 1, keys, default: { rule: 'reject', keys: ['ci'] } }),
    ],
    ['more signatures than keys', JSON.stringify(signed({ atLeast: 2 }))],
    [
      'one key twice for two',
      JSON.stringify({ ...signed({ keys: ['release', 'same'], atLeast: 2 }), keys: { ...keys, same: keys.release } }),
    ],
    ['no signature at all', JSON.stringify(signed({ atLeast: 0 }))],
    ['a key of both kinds', JSON.stringify({ ...signed({}), keys: { release: { pem: signer.pem, file: 'x' } } })],
    [
      'a date that is none',
      JSON.stringify({ ...signed({}), keys: { release: { pem: signer.pem, expires: 'tomorrow' } } }),
    ],
    [
      'a pattern without a registry',
      JSON.stringify({
        version: 1,
        default: { rule: 'reject' },
        repositories: [{ match: 'busybox', rule: 'unrestricted' }],
      }),
    ],
  ])('with %s is no policy', (_, text) =>
    expect(() => readPolicy(parsePolicyFile(text), () => '')).toThrow(expect.objectContaining(broken)),
  );

  it('attestations alone may be enough', () => {
    const { otherwise } = read(signed({ atLeast: 0, attestations: [{ predicateType: 'x' }] }));
    expect(otherwise).toMatchObject({ kind: 'signed', atLeast: 0 });
  });
});

describe('the file on disk', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-trust-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'trust-policy.json');
  const write = (rule: string, extra: object = {}) =>
    writeFileSync(path, JSON.stringify({ version: 1, default: { rule }, ...extra }));

  it('counts at once when it appears or changes, and nothing is let in when it breaks or goes', async () => {
    rmSync(path, { force: true });
    const source = new PolicySource({ path, required: false });
    expect((await source.current()).kind).toBe('none');
    write('unrestricted');
    expect(await source.current()).toMatchObject({ kind: 'active', policy: { otherwise: { kind: 'unrestricted' } } });
    write('reject');
    expect(await source.current()).toMatchObject({ kind: 'active', policy: { otherwise: { kind: 'reject' } } });
    writeFileSync(path, '{"version":');
    expect(await source.current()).toMatchObject({ kind: 'broken', error: broken });
    rmSync(path);
    expect(await source.current()).toMatchObject({ kind: 'broken', error: broken });
    source.replace({ path, required: false });
    expect((await source.current()).kind).toBe('none');
  });

  it('that the settings ask for must be there', async () => {
    const source = new PolicySource({ path: join(dir, 'other.json'), required: true });
    expect(await source.current()).toMatchObject({ kind: 'broken', error: broken });
  });

  it('that everybody may change decides nothing', async () => {
    write('unrestricted');
    chmodSync(path, 0o666);
    const state = await new PolicySource({ path, required: false }).current();
    chmodSync(path, 0o644);
    expect(state).toMatchObject({ kind: 'broken', error: { message: expect.stringContaining('everybody') } });
  });

  it('names key files beside it, which are read anew too', async () => {
    const [first, second] = [makeSigner(), makeSigner()];
    const key = join(dir, 'release.pub');
    writeFileSync(key, first.pem);
    write('reject', { keys: { release: { file: 'release.pub' } } });
    const source = new PolicySource({ path, required: false });
    const fingerprint = async () => {
      const state = await source.current();
      return state.kind === 'active' ? state.policy.keys[0]?.fingerprint : state.kind;
    };
    const before = await fingerprint();
    expect(before).toBe(parseTrustKey('k', first.pem, undefined).fingerprint);
    writeFileSync(key, second.pem);
    expect(await fingerprint()).toBe(parseTrustKey('k', second.pem, undefined).fingerprint);
    rmSync(key);
    expect(await fingerprint()).toBe('broken');
  });

  it('what was understood is kept while nothing changes', async () => {
    write('reject');
    const source = new PolicySource({ path, required: false });
    const policyOf = async () => {
      const state = await source.current();
      return state.kind === 'active' ? state.policy : undefined;
    };
    expect(await policyOf()).toBe(await policyOf());
  });
});
