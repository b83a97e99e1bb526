/**
 * Where signatures of an image lie in its registry. Source: cosign's SIGNATURE_SPEC.md and BUNDLE_SPEC.md, OCI distribution
 * spec 1.1 "Referrers Tag Schema".
 *
 *     repo:sha256-<hex>.sig        a manifest whose layers are simple-signing payloads, the signature in an annotation
 *     repo:sha256-<hex>.att        a manifest whose layers are DSSE envelopes (attestations)
 *     referrers of sha256:<hex>    manifests of the same layers, or with one sigstore bundle
 */

import { type Digest, digestAlgorithm, digestHex } from './digest.ts';
import { mediaTypes } from './media-types.ts';

export const signatureTypes = {
  simpleSigning: 'application/vnd.dev.cosign.simplesigning.v1+json',
  dsse: 'application/vnd.dsse.envelope.v1+json',
  cosignSignature: 'application/vnd.dev.cosign.artifact.sig.v1+json',
  cosignAttestation: 'application/vnd.dev.cosign.artifact.att.v1+json',
} as const;

/** `application/vnd.dev.sigstore.bundle.v0.3+json`, and `…bundle+json;version=0.2` before it. */
const bundleForm = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d+(?:\.\d+)*)?\+json(?:;\s*version=[\d.]+)?$/;

export const signatureAnnotation = 'dev.cosignproject.cosign/signature';
/** A signature that carries one was made with a short-lived key (keyless), vouched for by a certificate. */
export const certificateAnnotations = ['dev.sigstore.cosign/certificate', 'dev.cosignproject.cosign/certificate'];

export function isBundleType(mediaType: string): boolean {
  return bundleForm.test(mediaType);
}

/**
 * Whether a referrer of this artifact type may hold signatures; one without a type may hold anything. So may one whose type
 * is its config's: cosign lists bundles so where it writes the list itself, for a registry without the referrers API.
 */
export function mayHoldSignatures(artifactType: string | undefined): boolean {
  if (artifactType === undefined || isBundleType(artifactType)) return true;
  if (artifactType === mediaTypes.ociEmpty || artifactType === mediaTypes.ociConfig) return true;
  return Object.values(signatureTypes).some((type) => type === artifactType);
}

/** The tag under which a registry without the referrers API lists what refers to this digest. */
export function referrersTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}`.slice(0, 128);
}

export function signatureTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}.sig`;
}

export function attestationTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}.att`;
}
