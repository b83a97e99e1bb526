import { describe, expect, it } from 'vitest';
import { base64Bytes } from './base64.ts';
import { parseDigest } from './digest.ts';
import { parseDsseEnvelope, preAuthEncoding } from './dsse-envelope.ts';
import { parseInTotoStatement } from './in-toto-statement.ts';
import { attestationTag, isBundleType, mayHoldSignatures, referrersTag, signatureTag } from './signature-artifacts.ts';
import { parseSigstoreBundle } from './sigstore-bundle.ts';
import { parseSimpleSigning } from './simple-signing.ts';

const hex = 'ab'.repeat(32);
const digest = parseDigest(`sha256:${hex}`);
const base64 = (text: string) => btoa(text);
const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

describe('base64', () => {
  it.each(['', 'a', 'ab', 'abc', 'abcd', '\u0000\u0001ÿ', 'x'.repeat(1000)])('reads back %j', (text) => {
    expect(base64Bytes(base64(text))).toEqual(bytesOf(text));
  });

  it.each(['a', 'ab', 'abc', 'a===', 'ab==c', '====', 'YQ-_', 'YR==', ' YQ==', 'YQ==\n'])('refuses %j', (text) =>
    expect(base64Bytes(text)).toBeUndefined(),
  );
});

describe('where signatures lie', () => {
  it('tags follow the digest', () => {
    expect([signatureTag(digest), attestationTag(digest), referrersTag(digest)]).toEqual([
      `sha256-${hex}.sig`,
      `sha256-${hex}.att`,
      `sha256-${hex}`,
    ]);
  });

  it('bundles are known in each version, other artifacts are left alone', () => {
    expect(isBundleType('application/vnd.dev.sigstore.bundle.v0.3+json')).toBe(true);
    expect(isBundleType('application/vnd.dev.sigstore.bundle+json;version=0.2')).toBe(true);
    expect(isBundleType('application/vnd.dev.sigstore.bundled+json')).toBe(false);
    expect(mayHoldSignatures('application/vnd.dev.cosign.artifact.sig.v1+json')).toBe(true);
    expect(mayHoldSignatures(undefined)).toBe(true);
    expect(mayHoldSignatures('application/vnd.oci.empty.v1+json')).toBe(true);
    expect(mayHoldSignatures('application/spdx+json')).toBe(false);
  });
});

describe('simple signing payloads', () => {
  const payload = (critical: object, optional: unknown = null) => JSON.stringify({ critical, optional });
  const good = {
    identity: { 'docker-reference': 'registry.example/team/app' },
    image: { 'docker-manifest-digest': digest },
    type: 'cosign container image signature',
  };

  it('name a manifest, a repository and the annotations that are texts', () => {
    expect(parseSimpleSigning(payload(good, { team: 'core', at: 1 }))).toEqual({
      dockerReference: 'registry.example/team/app',
      manifestDigest: digest,
      annotations: { team: 'core' },
    });
    expect(parseSimpleSigning(payload({ ...good, identity: undefined })).dockerReference).toBe('');
  });

  it.each([
    ['another type', payload({ ...good, type: 'atomic container signature' })],
    ['no digest', payload({ ...good, image: {} })],
    ['a digest that is none', payload({ ...good, image: { 'docker-manifest-digest': 'sha256:1' } })],
    ['an identity that is no object', payload({ ...good, identity: 'x' })],
    ['no JSON', '{'],
    ['too much', payload(good, { x: 'y'.repeat(70_000) })],
  ])('with %s are refused', (_, text) => expect(() => parseSimpleSigning(text)).toThrow());
});

describe('DSSE envelopes', () => {
  it('are signed over their type and payload, as the protocol has it', () => {
    const envelope = parseDsseEnvelope(
      JSON.stringify({
        payloadType: 'http://example.com/HelloWorld',
        payload: base64('hello world'),
        signatures: [{ sig: base64('s') }],
      }),
    );
    // The example of DSSE's protocol.md.
    expect(textOf(preAuthEncoding(envelope))).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
    expect(envelope.signatures).toHaveLength(1);
  });

  it.each([
    { payloadType: 't', payload: base64('x'), signatures: [] },
    { payloadType: 't', payload: 'not base64!', signatures: [{ sig: base64('s') }] },
    { payloadType: 'ü', payload: base64('x'), signatures: [{ sig: base64('s') }] },
    { payload: base64('x'), signatures: [{ sig: base64('s') }] },
  ])('that make no sense are refused: %j', (json) =>
    expect(() => parseDsseEnvelope(JSON.stringify(json))).toThrow('DSSE envelope'),
  );
});

describe('statements and bundles', () => {
  it('a statement tells its predicate and the digests of its subjects', () => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      subject: [{ name: 'a', digest: { sha256: hex, gitCommit: '12' }, annotations: { team: 'core', n: 1 } }],
    };
    expect(parseInTotoStatement(JSON.stringify(statement))).toEqual({
      predicateType: 'https://slsa.dev/provenance/v1',
      subjects: [{ name: 'a', digests: [`sha256:${hex}`], annotations: { team: 'core' } }],
    });
    expect(() => parseInTotoStatement(JSON.stringify({ ...statement, _type: 'x' }))).toThrow('_type');
  });

  const bundle = (rest: object) =>
    JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', ...rest });
  const message = { messageSignature: { signature: base64('sig') } };

  it('a bundle says whether a key or a certificate signed', () => {
    expect(parseSigstoreBundle(bundle({ verificationMaterial: { publicKey: { hint: 'h' } }, ...message }))).toEqual({
      signer: { kind: 'key', hint: 'h' },
      content: { kind: 'message', signature: bytesOf('sig') },
    });
    const keyless = bundle({ verificationMaterial: { certificate: { rawBytes: 'AA==' } }, ...message });
    expect(parseSigstoreBundle(keyless).signer.kind).toBe('certificate');
  });

  it('a bundle of two kinds, of none, or of another type is refused', () => {
    const verificationMaterial = { publicKey: {} };
    expect(() => parseSigstoreBundle(bundle({ verificationMaterial, ...message, dsseEnvelope: {} }))).toThrow();
    expect(() => parseSigstoreBundle(bundle({ verificationMaterial }))).toThrow();
    expect(() => parseSigstoreBundle(JSON.stringify({ mediaType: 'x', verificationMaterial, ...message }))).toThrow();
  });
});
