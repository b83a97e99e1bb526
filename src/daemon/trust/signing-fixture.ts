/** For tests: signers of each kind of key, and signatures put beside images of a fake registry, as cosign puts them. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestHex, sha256Digest } from '../../oci/digest.ts';
import { inTotoPayloadType, preAuthEncoding } from '../../oci/dsse-envelope.ts';
import { signedPredicateType } from '../../oci/in-toto-statement.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { signatureAnnotation, signatureTypes } from '../../oci/signature-artifacts.ts';
import type { FakeRegistry } from '../images/image-fixture.ts';

export interface Signer {
  /** Of the public key. */
  readonly pem: string;
  sign(data: Uint8Array): Buffer;
}

function keyPair(kind: 'P-256' | 'P-384' | 'ed25519' | 'rsa') {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: kind });
}

export function makeSigner(kind: 'P-256' | 'P-384' | 'ed25519' | 'rsa' = 'P-256', options: object = {}): Signer {
  const { publicKey, privateKey } = keyPair(kind);
  return {
    pem: pemOf(publicKey),
    sign: (data) => sign(kind === 'ed25519' ? null : 'sha256', data, { key: privateKey, ...options }),
  };
}

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

export interface SimpleSignature {
  readonly as?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the payload says is signed; the subject unless told. */
  readonly digest?: string;
  readonly type?: string;
  /** Changed after signing. */
  readonly tamper?: boolean;
  readonly certificate?: boolean;
}

/** `cosign sign --new-bundle-format=false`: beside the image under its tag, or as a referrer. */
export function addSimpleSignature(
  registry: FakeRegistry,
  repository: string,
  subject: Descriptor,
  signer: Signer,
  { as = repository, annotations, digest, type, tamper, certificate }: SimpleSignature = {},
  place: 'tag' | 'referrers' = 'tag',
): void {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': as },
        image: { 'docker-manifest-digest': digest ?? subject.digest },
        type: type ?? 'cosign container image signature',
      },
      optional: annotations ?? null,
    }),
  );
  const signature = signer.sign(payload).toString('base64');
  const stored = tamper === true ? Buffer.from(payload.toString().replace('"optional"', '"Optional"')) : payload;
  const layer = {
    ...addBlob(registry, signatureTypes.simpleSigning, stored),
    annotations: {
      [signatureAnnotation]: signature,
      ...(certificate === true ? { 'dev.sigstore.cosign/certificate': '-----BEGIN CERTIFICATE-----' } : {}),
    },
  };
  addArtifact(registry, repository, subject, place === 'tag' ? 'sig' : undefined, signatureTypes.cosignSignature, [
    layer,
  ]);
}

export interface Statement {
  readonly predicateType?: string;
  readonly digest?: Digest;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** `cosign sign` and `cosign attest` of cosign 3: a bundle as a referrer. Signatures are statements too. */
export function addBundle(
  registry: FakeRegistry,
  repository: string,
  subject: Descriptor,
  signers: readonly Signer[],
  { predicateType = signedPredicateType, digest = subject.digest, annotations }: Statement = {},
): void {
  const dsseEnvelope = envelopeOf(signers, statementOf(predicateType, digest, annotations));
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const bundle = { mediaType: type, verificationMaterial: { publicKey: { hint: '' } }, dsseEnvelope };
  addArtifact(registry, repository, subject, undefined, type, [
    addBlob(registry, type, Buffer.from(JSON.stringify(bundle))),
  ]);
}

/** `cosign attest --new-bundle-format=false`: an envelope under the image's tag. */
export function addAttestation(
  registry: FakeRegistry,
  repository: string,
  subject: Descriptor,
  signer: Signer,
  { predicateType = 'https://slsa.dev/provenance/v1', digest = subject.digest }: Statement = {},
): void {
  const envelope = Buffer.from(JSON.stringify(envelopeOf([signer], statementOf(predicateType, digest))));
  addArtifact(registry, repository, subject, 'att', signatureTypes.dsse, [
    addBlob(registry, signatureTypes.dsse, envelope),
  ]);
}

function statementOf(predicateType: string, digest: Digest, annotations?: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: digestHex(digest) }, annotations }],
      predicateType,
      predicate: {},
    }),
  );
}

function envelopeOf(signers: readonly Signer[], payload: Buffer) {
  const signed = preAuthEncoding({ payloadType: inTotoPayloadType, payload, signatures: [] });
  return {
    payloadType: inTotoPayloadType,
    payload: payload.toString('base64'),
    signatures: signers.map((signer) => ({ sig: signer.sign(signed).toString('base64') })),
  };
}

function addBlob(registry: FakeRegistry, mediaType: string, bytes: Buffer): Descriptor {
  const digest = digestOf(bytes);
  registry.blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

function addArtifact(
  registry: FakeRegistry,
  repository: string,
  subject: Descriptor,
  tagEnd: 'sig' | 'att' | undefined,
  artifactType: string,
  layers: readonly object[],
): void {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: addBlob(registry, mediaTypes.ociEmpty, Buffer.from('{}')),
    layers,
  };
  const tag = `sha256-${digestHex(subject.digest)}.${tagEnd}`;
  if (tagEnd !== undefined) registry.addManifest(`${repository}:${tag}`, manifest);
  else {
    const { mediaType, digest, size } = subject;
    const text = { ...manifest, artifactType, subject: { mediaType, digest, size } };
    registry.addManifest(`${repository}:referrer-${digestOf(Buffer.from(JSON.stringify(text))).slice(7, 19)}`, text);
  }
}

function digestOf(bytes: Uint8Array): Digest {
  return sha256Digest(createHash('sha256').update(bytes).digest('hex'));
}
