/** Whom images must be signed by, and what was found: the policy file, and what the engine answers about it. */
import * as s from '../schema.ts';

export const trustRuleKind = s.oneOf('unrestricted', 'signed', 'reject');

const ruleFields = {
  rule: trustRuleKind,
  /** Names of keys; one of them must have signed, or `atLeast` of them. */
  keys: s.optional(s.list(s.string)),
  /** Different keys that must have signed; 1 unless told, 0 where attestations are enough. */
  atLeast: s.optional(s.integer),
  /** What the signer must have added (`cosign sign -a team=core`). */
  annotations: s.optional(s.map(s.string)),
  /** Repositories the signature may name; the one that is pulled unless told. `**` for any. */
  signedAs: s.optional(s.list(s.string)),
  /** Whether signatures that name no repository are not enough; sigstore bundles name none. */
  mustName: s.optional(s.boolean),
  attestations: s.optional(s.list(s.object({ predicateType: s.string, keys: s.optional(s.list(s.string)) }))),
  /** Shown to whom is refused. */
  reason: s.optional(s.string),
} as const;

/** One rule of the policy file. */
export const TrustRuleFile = s.object(ruleFields);
export type TrustRuleFile = s.Static<typeof TrustRuleFile>;

/** The policy file. Unknown fields are refused: a typing error must not make a rule weaker. */
export const TrustPolicyFile = s.object({
  version: s.integer,
  keys: s.optional(
    s.map(
      s.object({
        /** PEM of a public key: here, or in a file (relative to the policy's folder). */
        pem: s.optional(s.string),
        file: s.optional(s.string),
        /** RFC 3339; from then on the key counts for nothing. */
        expires: s.optional(s.string),
      }),
    ),
  ),
  /** For repositories no other rule is about. */
  default: TrustRuleFile,
  /** Images that were loaded, built, committed or imported here: by the rule of their name unless told. */
  local: s.optional(s.oneOf('by-name', 'unrestricted', 'reject')),
  /** The first one whose `match` fits counts: `registry.example/team/*`, `docker.io/library/busybox`, `ghcr.io/**`. */
  repositories: s.optional(s.list(s.object({ match: s.string, ...ruleFields }))),
});
export type TrustPolicyFile = s.Static<typeof TrustPolicyFile>;

const policyState = s.oneOf('none', 'active', 'broken');
const verdict = s.described(
  s.oneOf('no-policy', 'unrestricted', 'trusted', 'refused'),
  'refused: the engine neither pulls it nor makes containers of it',
);

/** A rule as it counts, with `match` saying where it stands: a pattern, `default` or `local`. */
export const TrustRule = s.object({ match: s.string, ...ruleFields });
export type TrustRule = s.Static<typeof TrustRule>;

export const TrustKeyInfo = s.object({
  name: s.string,
  /** `ECDSA P-256`, `Ed25519`, `RSA 3072`. */
  algorithm: s.string,
  /** SHA-256 of the key's DER, in hexadecimal. */
  fingerprint: s.string,
  expires: s.optional(s.string),
  expired: s.boolean,
});
export type TrustKeyInfo = s.Static<typeof TrustKeyInfo>;

export const TrustPolicyView = s.object({
  state: policyState,
  path: s.string,
  /** Why the file can not be used; then every pull is refused. */
  error: s.optional(s.string),
  local: s.string,
  keys: s.list(TrustKeyInfo),
  /** In the order they are tried; the last one is `default`. */
  rules: s.list(TrustRule),
});
export type TrustPolicyView = s.Static<typeof TrustPolicyView>;

export const TrustPolicyCheckRequest = s.object({
  /** Another policy than the engine's, with keys as `pem`. */
  policy: s.optional(s.any),
  images: s.optional(s.list(s.string)),
});
export type TrustPolicyCheckRequest = s.Static<typeof TrustPolicyCheckRequest>;

export const TrustPolicyCheckResult = s.object({
  policy: TrustPolicyView,
  images: s.list(s.object({ image: s.string, rule: TrustRule })),
});
export type TrustPolicyCheckResult = s.Static<typeof TrustPolicyCheckResult>;

/** One signature or attestation, and what it is worth under the policy. */
export const TrustFinding = s.object({
  kind: s.oneOf('signature', 'attestation'),
  format: s.oneOf('simple-signing', 'dsse', 'bundle'),
  foundBy: s.oneOf('tag', 'referrers'),
  /** The manifest that holds it, and the one it is about. */
  artifact: s.string,
  subject: s.string,
  /** Of the key that made it, where it is one of the policy's. */
  key: s.optional(s.string),
  fingerprint: s.optional(s.string),
  signedAs: s.optional(s.string),
  predicateType: s.optional(s.string),
  annotations: s.map(s.string),
  accepted: s.boolean,
  /** Why it is not accepted; '' when it is. */
  problem: s.string,
});
export type TrustFinding = s.Static<typeof TrustFinding>;

export const TrustReport = s.object({
  image: s.string,
  /** Of the local image, where there is one. */
  id: s.optional(s.string),
  digest: s.optional(s.string),
  policy: s.object({ state: policyState, path: s.string, error: s.optional(s.string) }),
  rule: s.optional(TrustRule),
  verdict,
  reason: s.string,
  /** Whether the registry was asked now; else this is what an earlier check found. */
  live: s.boolean,
  checkedAt: s.optional(s.string),
  findings: s.list(TrustFinding),
});
export type TrustReport = s.Static<typeof TrustReport>;

/** What the policy says of each local image now, by name, or by ID where it has none. */
export const TrustImages = s.object({
  policy: s.object({ state: policyState, path: s.string, error: s.optional(s.string) }),
  images: s.list(s.object({ id: s.string, reference: s.string, verdict, match: s.string, reason: s.string })),
});
export type TrustImages = s.Static<typeof TrustImages>;
