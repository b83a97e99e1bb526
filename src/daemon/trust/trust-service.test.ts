import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { WharfError } from '../../contract/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseDigest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseReference } from '../../oci/reference.ts';
import { digestOf, FakeRegistry } from '../images/image-fixture.ts';
import type { LocalImage } from '../images/image-service.ts';
import { EvidenceStore } from './evidence-store.ts';
import { PolicySource } from './policy-source.ts';
import { addAttestation, addBundle, addSimpleSignature, makeSigner } from './signing-fixture.ts';
import { TrustService } from './trust-service.ts';

const signal = new AbortController().signal;
const platform = { os: 'linux', architecture: 'amd64' };
const repo = 'registry.example/team/app';
const [release, second, stranger] = [makeSigner(), makeSigner('ed25519'), makeSigner()];
const provenance = 'https://slsa.dev/provenance/v1';
const unverified = (text: string) => ({ code: 'trust.unverified', message: expect.stringContaining(text) });

const dir = mkdtempSync(join(tmpdir(), 'wharf-trust-'));
const path = join(dir, 'trust-policy.json');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let registry: FakeRegistry;
let trust: TrustService;
let evidence: EvidenceStore;
let image: Descriptor;
let local: LocalImage[];
let nowMs: number;

function policy(rule: object, rest: object = {}): void {
  const keys = { release: { pem: release.pem, expires: '2030-01-01T00:00:00Z' }, second: { pem: second.pem } };
  const repositories = [{ match: 'registry.example/team/*', ...rule }];
  writeFileSync(path, JSON.stringify({ version: 1, keys, default: { rule: 'unrestricted' }, repositories, ...rest }));
}
const signedBy = (...keys: string[]) => ({ rule: 'signed', keys });

beforeEach(() => {
  registry = new FakeRegistry();
  image = registry.add(`${repo}:1`, { layers: [] });
  evidence = new EvidenceStore(new DatabaseSync(':memory:'));
  local = [];
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  trust = new TrustService({
    policy: new PolicySource({ path, required: true }),
    registry,
    evidence,
    nowMs: () => nowMs,
    images: () => ({
      find: (name) => local.find(({ id, repoTags }) => id === name || repoTags.includes(name)),
      list: async () => [],
    }),
  });
});

/** As a pull asks. */
async function admit(name = `${repo}:1`) {
  const reference = parseReference(name);
  const admission = await trust.open(reference);
  const top = await registry.fetchManifest(reference, { signal });
  const line = await admission.verify({ top }, { signal });
  return { line, admission };
}

describe('a signature lets an image in', () => {
  it.each(['tag', 'referrers'] as const)("of cosign's payloads, found by %s", async (place) => {
    policy(signedBy('release'));
    addSimpleSignature(registry, repo, image, release, {}, place);
    expect((await admit()).line).toBe('Trust: signed by release (rule registry.example/team/*)');
  });

  it('of a bundle', async () => {
    policy(signedBy('second'));
    addBundle(registry, repo, image, [second]);
    expect((await admit()).line).toContain('signed by second');
  });

  it('of one key among several signatures of others', async () => {
    policy(signedBy('release'));
    addSimpleSignature(registry, repo, image, stranger, {}, 'referrers');
    addBundle(registry, repo, image, [stranger]);
    addSimpleSignature(registry, repo, image, release);
    expect((await admit()).line).toContain('signed by release');
  });

  it('of the manifest that is taken, where the index is not signed', async () => {
    policy(signedBy('release'));
    const entry = { ...image, platform };
    registry.addManifest(`${repo}:multi`, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] });
    addBundle(registry, repo, image, [release]);
    const reference = parseReference(`${repo}:multi`);
    const top = await registry.fetchManifest(reference, { signal });
    const read = async () =>
      (await registry.fetchManifest(parseReference(`${repo}@${image.digest}`), { signal })).bytes;
    const admission = await trust.open(reference);
    await expect(admission.verify({ top }, { signal })).rejects.toMatchObject(unverified('it is not signed'));
    expect(await admission.verify({ top, manifest: { digest: image.digest, read } }, { signal })).toContain('release');
  });

  it('with the annotations and the number of keys that are asked for', async () => {
    policy({ ...signedBy('release', 'second'), atLeast: 2, annotations: { team: 'core' } });
    addSimpleSignature(registry, repo, image, release, { annotations: { team: 'core', more: 'x' } });
    await expect(admit()).rejects.toMatchObject(unverified('1 of 2 signatures'));
    addBundle(registry, repo, image, [second], { annotations: { team: 'core' } });
    expect((await admit()).line).toContain('signed by release, second');
  });
});

describe('an image is kept out', () => {
  beforeEach(() => policy(signedBy('release')));
  const refused = (text: string, name?: string) => expect(admit(name)).rejects.toMatchObject(unverified(text));

  it('without a signature', () => refused('no signature by release: it is not signed'));

  it.each([
    [
      'of another key',
      () => addSimpleSignature(registry, repo, image, stranger),
      'none of the configured keys made it',
    ],
    [
      'of a known key that is not in the rule',
      () => addSimpleSignature(registry, repo, image, second),
      'its key is not one of this rule',
    ],
    [
      'whose payload was changed',
      () => addSimpleSignature(registry, repo, image, release, { tamper: true }),
      'none of the configured keys made it',
    ],
    [
      'of another image',
      () => addSimpleSignature(registry, repo, image, release, { digest: `sha256:${'0'.repeat(64)}` }),
      'it signs another image',
    ],
    [
      'made for another repository',
      () => addSimpleSignature(registry, repo, image, release, { as: 'registry.example/team/other' }),
      'it was made for registry.example/team/other',
    ],
    [
      'made for another tag',
      () => addSimpleSignature(registry, repo, image, release, { as: `${repo}:2` }),
      'it was made for the tag 2',
    ],
    [
      'of another type of payload',
      () => addSimpleSignature(registry, repo, image, release, { type: 'atomic container signature' }),
      'critical.type',
    ],
    [
      'without a lasting key',
      () => addSimpleSignature(registry, repo, image, stranger, { certificate: true }),
      'keyless',
    ],
    [
      'in a bundle about another image',
      () => addBundle(registry, repo, image, [release], { digest: parseDigest(`sha256:${'1'.repeat(64)}`) }),
      'it is about another image',
    ],
    [
      'in a bundle of another key',
      () => addBundle(registry, repo, image, [stranger]),
      'none of the configured keys made it',
    ],
  ])('with a signature %s', async (_, add, text) => {
    add();
    await refused(text);
  });

  it('with an attestation that is no signature', async () => {
    addAttestation(registry, repo, image, release);
    addBundle(registry, repo, image, [release], { predicateType: provenance });
    await refused('it is not signed');
  });

  it('when its key has expired', async () => {
    addSimpleSignature(registry, repo, image, release);
    await admit();
    nowMs = Date.parse('2030-01-01T00:00:00Z');
    await refused('its key release has expired');
  });

  it('when the signature lacks an annotation, or has it with another value', async () => {
    policy({ ...signedBy('release'), annotations: { env: 'prod' } });
    addSimpleSignature(registry, repo, image, release, { annotations: { env: 'test' } });
    await refused('it lacks the annotation env=prod');
  });

  it('when its signature names nothing where it must', async () => {
    policy({ ...signedBy('release'), mustName: true });
    addBundle(registry, repo, image, [release]);
    await refused('it names no repository');
  });

  it('when the bytes of the signature are not what the registry announced', async () => {
    addSimpleSignature(registry, repo, image, release);
    registry.hook = () => {
      throw new WharfError('digest.mismatch', 'other bytes');
    };
    await refused('other bytes');
  });

  it('when the registry can not be asked, with its own error', async () => {
    addSimpleSignature(registry, repo, image, release);
    registry.referrers = async () => {
      throw new WharfError('registry.unreachable', 'down');
    };
    await expect(admit()).rejects.toMatchObject({ code: 'registry.unreachable' });
  });

  it('before its registry is asked, by a rule that refuses it', async () => {
    policy({ rule: 'reject', reason: 'too old' });
    const error = { code: 'trust.rejected', message: expect.stringContaining('too old') };
    await expect(trust.open(parseReference(`${repo}:1`))).rejects.toMatchObject(error);
  });

  it('whatever it is, when the policy can not be read', async () => {
    writeFileSync(path, '{');
    await expect(trust.open(parseReference('busybox'))).rejects.toMatchObject({ code: 'trust.policy-broken' });
  });
});

describe('names and attestations', () => {
  it('a signature for another repository counts where the rule says so', async () => {
    policy({ ...signedBy('release'), signedAs: ['upstream.example/**'] });
    addSimpleSignature(registry, repo, image, release, { as: 'upstream.example/app' });
    expect((await admit()).line).toContain('signed by release');
    addSimpleSignature(registry, repo, image, release, { as: repo });
    await expect(admit()).rejects.toMatchObject(unverified(`it was made for ${repo}`));
  });

  it.each([
    ['an envelope under a tag', () => addAttestation(registry, repo, image, second)],
    ['a bundle', () => addBundle(registry, repo, image, [second], { predicateType: provenance })],
  ])('an attestation that is asked for is found in %s, by its own keys', async (_, add) => {
    policy({ ...signedBy('release'), attestations: [{ predicateType: provenance, keys: ['second'] }] });
    addSimpleSignature(registry, repo, image, release);
    await expect(admit()).rejects.toMatchObject(unverified(`no attestation of type ${provenance} by second`));
    add();
    expect((await admit()).line).toContain(`signed by release; attested ${provenance}`);
  });

  it('an attestation of another type, another image or another key is not the one', async () => {
    policy({ ...signedBy('release'), atLeast: 0, attestations: [{ predicateType: provenance }] });
    addBundle(registry, repo, image, [release], { predicateType: 'https://spdx.dev/Document' });
    addBundle(registry, repo, image, [release], { predicateType: provenance, digest: digestOf(Buffer.from('x')) });
    addBundle(registry, repo, image, [second], { predicateType: provenance });
    await expect(admit()).rejects.toMatchObject(unverified('no attestation of type'));
    addBundle(registry, repo, image, [release], { predicateType: provenance });
    expect((await admit()).line).toContain('Trust: attested');
  });
});

describe('an image that is here', () => {
  const id = `sha256:${'c'.repeat(64)}`;
  const pulled = (tags = [`${repo}:1`], digests = [`${repo}@${image.digest}`]): LocalImage => {
    const one = { id, platform, config: {}, topLayer: undefined, repoTags: tags, repoDigests: digests };
    local = [one];
    return one;
  };
  const kept = async () => {
    addSimpleSignature(registry, repo, image, release);
    const { admission } = await admit();
    admission.record([parseDigest(id)]);
    return pulled();
  };

  it('may be run by what its pull verified, by name and by ID', async () => {
    policy(signedBy('release'));
    const one = await kept();
    await trust.admitLocal(`${repo}:1`, one);
    await trust.admitLocal('cccccc', one);
  });

  it('may not be run any more when its key is taken out of the policy, and again when it is back', async () => {
    policy(signedBy('release'));
    const one = await kept();
    policy(signedBy('second'));
    await expect(trust.admitLocal(`${repo}:1`, one)).rejects.toMatchObject(
      unverified('its key is not one of this rule'),
    );
    policy(signedBy('second', 'release'));
    await trust.admitLocal(`${repo}:1`, one);
    nowMs = Date.parse('2031-01-01T00:00:00Z');
    await expect(trust.admitLocal(`${repo}:1`, one)).rejects.toMatchObject(unverified('has expired'));
  });

  it('and was pulled before there was a policy is run after an inspection has verified it', async () => {
    policy(signedBy('release'));
    const one = pulled();
    addSimpleSignature(registry, repo, image, release);
    await expect(trust.admitLocal(`${repo}:1`, one)).rejects.toMatchObject(unverified('was verified yet'));
    const stored = await trust.inspect(`${repo}:1`, { live: false, platform, signal });
    expect(stored).toMatchObject({ verdict: 'refused', live: false, findings: [] });
    const report = await trust.inspect(`${repo}:1`, { live: true, platform, signal });
    expect(report).toMatchObject({ verdict: 'trusted', id, digest: image.digest, live: true });
    expect(report.findings).toMatchObject([{ key: 'release', accepted: true, signedAs: repo, problem: '' }]);
    await trust.admitLocal(`${repo}:1`, one);
    expect(await trust.inspect(id, { live: false, platform, signal })).toMatchObject({
      verdict: 'trusted',
      live: false,
    });
  });

  it('gets no further by another name than where it came from lets it', async () => {
    policy({ rule: 'reject' });
    const one = pulled([`${repo}:1`, 'mine:1']);
    await expect(trust.admitLocal('mine:1', one)).rejects.toMatchObject({ code: 'trust.rejected' });
    policy({ rule: 'unrestricted' });
    await trust.admitLocal('mine:1', one);
  });

  it('and came from elsewhere does not pass for a signed one by its name', async () => {
    policy(signedBy('release'));
    const one = pulled([`${repo}:1`], [`elsewhere.example/x@${image.digest}`]);
    await expect(trust.admitLocal(`${repo}:1`, one)).rejects.toMatchObject({ code: 'trust.unverified' });
    await trust.admitLocal(id, one);
  });

  it.each([
    [undefined, [`${repo}:1`], 'trust.unverified'],
    [undefined, ['mine:1'], undefined],
    [undefined, [], undefined],
    ['unrestricted', [`${repo}:1`], undefined],
    ['reject', ['mine:1'], 'trust.rejected'],
    ['reject', [], 'trust.rejected'],
  ])('and was made here, with local %s and the names %j: %s', async (rule, tags, code) => {
    policy(signedBy('release'), { local: rule });
    const asked = tags[0] ?? id;
    const result = await trust.admitLocal(asked, pulled(tags, [])).catch((error: unknown) => error);
    if (code === undefined) expect(result).toBeUndefined();
    else expect(result).toMatchObject({ code });
  });
});

describe('reports and checks', () => {
  it('a sign-in goes to the registry of the name that was typed, and to no other', async () => {
    policy(signedBy('release'));
    const seen: (string | undefined)[] = [];
    const fetchManifest = registry.fetchManifest.bind(registry);
    registry.fetchManifest = (reference, options) => {
      seen.push(options.auth?.password);
      return fetchManifest(reference, options);
    };
    const id = `sha256:${'c'.repeat(64)}`;
    const repoDigests = [`${repo}@${image.digest}`];
    local = [{ id, platform, config: {}, topLayer: undefined, repoTags: [`${repo}:1`, 'mine:1'], repoDigests }];
    const options = { live: true, platform, signal, auth: { password: 'secret' } };
    await trust.inspect(`${repo}:1`, options);
    expect(new Set(seen)).toEqual(new Set(['secret']));
    seen.length = 0;
    for (const name of ['mine:1', id]) await trust.inspect(name, options);
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  it('an image that is not here is told about from its registry, and nothing is kept', async () => {
    policy(signedBy('release'));
    addBundle(registry, repo, image, [stranger]);
    const report = await trust.inspect(`${repo}:1`, { live: true, platform, signal });
    expect(report).toMatchObject({ verdict: 'refused', live: true, rule: { match: 'registry.example/team/*' } });
    expect(report.findings).toMatchObject([{ accepted: false, format: 'bundle', foundBy: 'referrers' }]);
    await expect(trust.inspect(`${repo}:1`, { live: false, platform, signal })).rejects.toMatchObject({
      code: 'image.not-found',
    });
  });

  it('rules that ask for nothing still tell who signed', async () => {
    policy({ rule: 'unrestricted' });
    addBundle(registry, repo, image, [second]);
    const report = await trust.inspect(`${repo}:1`, { live: true, platform, signal });
    expect(report).toMatchObject({ verdict: 'unrestricted', findings: [{ key: 'second', accepted: true }] });
  });

  it('another policy is checked before it is put in place', async () => {
    policy(signedBy('release'));
    const given = { version: 1, keys: { new: { pem: second.pem } }, default: { rule: 'signed', keys: ['new'] } };
    const { policy: view, images } = await trust.check(given, ['busybox']);
    expect(view).toMatchObject({ state: 'active', keys: [{ name: 'new', algorithm: 'Ed25519', expired: false }] });
    expect(images).toEqual([
      { image: 'busybox', rule: { match: 'default', rule: 'signed', keys: ['new'], atLeast: 1 } },
    ]);
    await expect(trust.check({ ...given, keys: { new: { file: 'x' } } }, [])).rejects.toMatchObject({
      code: 'trust.policy-broken',
    });
    expect((await trust.policyView()).rules.map(({ match }) => match)).toEqual(['registry.example/team/*', 'default']);
  });
});
