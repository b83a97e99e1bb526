/**
 * From candidates to findings: which key made it, and what it says. A finding with a signer was made by that key, over a
 * statement about this very manifest; whether that is enough is the rule's to say (judge.ts).
 */
import { base64Bytes } from '../../oci/base64.ts';
import type { Digest } from '../../oci/digest.ts';
import { type DsseEnvelope, inTotoPayloadType, parseDsseEnvelope, preAuthEncoding } from '../../oci/dsse-envelope.ts';
import { parseInTotoStatement, signedPredicateType } from '../../oci/in-toto-statement.ts';
import { OciFormatError } from '../../oci/oci-format-error.ts';
import { parseSigstoreBundle } from '../../oci/sigstore-bundle.ts';
import { parseSimpleSigning } from '../../oci/simple-signing.ts';
import type { SignatureCandidate, Subject } from './signature-candidate.ts';
import { isSignedBy, type TrustKey } from './trust-key.ts';

export interface Finding {
  readonly kind: 'signature' | 'attestation';
  readonly format: 'simple-signing' | 'dsse' | 'bundle';
  readonly foundBy: 'tag' | 'referrers';
  readonly artifact: Digest;
  readonly subject: Digest;
  /** Fingerprint of the key that made it; undefined: it counts for nothing, and `problem` says why. */
  readonly signer: string | undefined;
  /** As the signer named the image; '' when it did not. */
  readonly signedAs: string;
  readonly predicateType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly problem: string;
}

const keyless =
  'it was made without a lasting key (keyless: a certificate of Fulcio, an entry of Rekor), which is not supported; sign with a key';
const noKey = 'none of the configured keys made it';

/** One finding for each key that made it; one that says what is wrong when none did. */
export function findingsOf(
  candidate: SignatureCandidate,
  subject: Subject,
  keys: readonly TrustKey[],
): readonly Finding[] {
  const base = baseOf(candidate, subject);
  try {
    switch (candidate.kind) {
      case 'unreadable':
        return [{ ...base, problem: candidate.problem }];
      case 'simple-signing':
        return [simpleSigning(base, candidate, subject, keys)];
      case 'dsse':
        return statement(base, parseDsseEnvelope(candidate.envelope), candidate.hasCertificate, subject, keys);
      case 'bundle':
        return bundle(base, candidate.bundle, subject, keys);
    }
  } catch (error) {
    if (error instanceof OciFormatError) return [{ ...base, problem: error.message }];
    throw error;
  }
}

function baseOf(candidate: SignatureCandidate, { digest }: Subject): Finding {
  return {
    kind: candidate.kind === 'dsse' ? 'attestation' : 'signature',
    format: candidate.kind === 'unreadable' ? 'simple-signing' : candidate.kind,
    foundBy: candidate.foundBy,
    artifact: candidate.artifact,
    subject: digest,
    signer: undefined,
    signedAs: '',
    predicateType: '',
    annotations: {},
    problem: noKey,
  };
}

function simpleSigning(
  base: Finding,
  candidate: Extract<SignatureCandidate, { kind: 'simple-signing' }>,
  subject: Subject,
  keys: readonly TrustKey[],
): Finding {
  const signature = base64Bytes(candidate.signature);
  if (signature === undefined || signature.length === 0) return { ...base, problem: 'its signature is no base64' };
  const key = keys.find((known) => isSignedBy(known, candidate.payload, signature));
  if (key === undefined) return { ...base, problem: candidate.hasCertificate ? keyless : noKey };
  // Only now: what nobody signed is not worth reading.
  const payload = parseSimpleSigning(textOf(candidate.payload));
  const said = { ...base, signedAs: payload.dockerReference, annotations: payload.annotations };
  if (payload.manifestDigest !== subject.digest)
    return { ...said, problem: `it signs another image: ${payload.manifestDigest}` };
  return { ...said, signer: key.fingerprint, problem: '' };
}

function bundle(base: Finding, text: string, subject: Subject, keys: readonly TrustKey[]): readonly Finding[] {
  const { signer, content } = parseSigstoreBundle(text);
  const hasCertificate = signer.kind === 'certificate';
  if (content.kind === 'dsse') return statement(base, content.envelope, hasCertificate, subject, keys);
  const key = keys.find((known) => isSignedBy(known, subject.bytes, content.signature));
  if (key === undefined) return [{ ...base, problem: hasCertificate ? keyless : noKey }];
  return [{ ...base, signer: key.fingerprint, problem: '' }];
}

function statement(
  base: Finding,
  envelope: DsseEnvelope,
  hasCertificate: boolean,
  subject: Subject,
  keys: readonly TrustKey[],
): readonly Finding[] {
  const signed = preAuthEncoding(envelope);
  const signers = keys.filter((key) => envelope.signatures.some((signature) => isSignedBy(key, signed, signature)));
  if (envelope.payloadType !== inTotoPayloadType)
    return [{ ...base, problem: `its payload is no in-toto statement but ${envelope.payloadType}` }];
  const { predicateType, subjects } = parseInTotoStatement(textOf(envelope.payload));
  const about = subjects.find(({ digests }) => digests.includes(subject.digest));
  const said: Finding = {
    ...base,
    kind: predicateType === signedPredicateType ? 'signature' : 'attestation',
    predicateType,
    annotations: about?.annotations ?? {},
    signedAs: about?.name ?? '',
  };
  if (signers.length === 0) return [{ ...said, problem: hasCertificate ? keyless : noKey }];
  if (about === undefined) return [{ ...said, problem: 'it is about another image' }];
  return signers.map(({ fingerprint }) => ({ ...said, signer: fingerprint, problem: '' }));
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
