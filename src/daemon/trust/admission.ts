/** One pull before the policy: refused at once, let in, or let in when its signatures are enough. */
import { setImmediate } from 'node:timers/promises';
import { WharfError } from '../../contract/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { canonical, familiar, type Reference } from '../../oci/reference.ts';
import type { FetchedManifest, RegistryClient, RequestOptions } from '../../registry/client/registry-client.ts';
import type { PullAdmission, PulledManifests } from '../images/image-gate.ts';
import type { EvidenceStore } from './evidence-store.ts';
import { findSignatures } from './find-signatures.ts';
import { type Finding, findingsOf } from './finding.ts';
import { type Judgement, judge } from './judge.ts';
import type { Subject } from './signature-candidate.ts';
import type { TrustKey } from './trust-key.ts';
import type { PolicyRule, SignedRule, TrustPolicy } from './trust-policy.ts';

export interface TrustParts {
  readonly registry: Pick<RegistryClient, 'fetchManifest' | 'fetchBlob' | 'referrers'>;
  readonly evidence: EvidenceStore;
  readonly nowMs: () => number;
}

/** Of a rule, with the file it stands in. */
export interface AppliedRule<R extends PolicyRule = PolicyRule> {
  readonly policy: TrustPolicy;
  readonly path: string;
  readonly rule: R;
}

export const letIn: PullAdmission = { verify: async () => undefined, record: () => undefined };

/** @throws WharfError 'trust.rejected' */
export function admissionOf(parts: TrustParts, applied: AppliedRule, reference: Reference): PullAdmission {
  const { rule } = applied;
  switch (rule.kind) {
    case 'unrestricted':
      return letIn;
    case 'reject':
      throw rejected(familiar(reference), rule, applied.path);
    case 'signed':
      return signedAdmission(parts, { ...applied, rule }, reference);
  }
}

function signedAdmission(parts: TrustParts, applied: AppliedRule<SignedRule>, reference: Reference): PullAdmission {
  let verified: { readonly digest: Digest; readonly findings: readonly Finding[] } | undefined;
  return {
    async verify(pulled, options) {
      const { findings, judgement } = await examine(parts, applied, reference, pulled, options);
      if (!judgement.satisfied) throw unverified(familiar(reference), applied, judgement.reason);
      verified = { digest: pulled.top.descriptor.digest, findings };
      return `Trust: ${judgement.reason} (rule ${applied.rule.match})`;
    },
    record(imageIds) {
      if (verified === undefined) throw new WharfError('internal', 'an image was recorded before it was verified');
      const evidence = { ...verified, checkedAtMs: parts.nowMs() };
      for (const id of imageIds) parts.evidence.put(id, canonical(reference), evidence);
    },
  };
}

export interface Examination {
  readonly findings: readonly Finding[];
  readonly judgement: Judgement;
}

/**
 * The index first, since that is what is signed as a rule; then the manifest that is taken of it. Either will do: a signature
 * of the index covers the manifests it lists, and one of the manifest covers what is run.
 */
export async function examine(
  parts: TrustParts,
  { rule, policy }: AppliedRule<SignedRule>,
  reference: Reference,
  { top, manifest }: PulledManifests,
  options: RequestOptions,
): Promise<Examination> {
  const findings = [...(await findingsAbout(parts, policy.keys, reference, subjectOf(top), options, top.endpoint))];
  const first = judge(rule, findings, reference, parts.nowMs());
  if (first.satisfied || manifest === undefined || manifest.digest === top.descriptor.digest)
    return { findings, judgement: first };
  const subject = { digest: manifest.digest, bytes: await manifest.read() };
  findings.push(...(await findingsAbout(parts, policy.keys, reference, subject, options, top.endpoint)));
  return { findings, judgement: judge(rule, findings, reference, parts.nowMs()) };
}

export async function findingsAbout(
  { registry }: TrustParts,
  keys: readonly TrustKey[],
  reference: Reference,
  subject: Subject,
  options: RequestOptions,
  endpoint?: string,
): Promise<readonly Finding[]> {
  const candidates = await findSignatures(registry, reference, subject, { ...options, endpoint });
  const findings: Finding[] = [];
  for (const candidate of candidates) {
    findings.push(...findingsOf(candidate, subject, keys));
    // Hashing large attestations takes a while: others are served in between.
    await setImmediate();
    options.signal.throwIfAborted();
  }
  return findings;
}

function subjectOf({ descriptor, bytes }: FetchedManifest): Subject {
  return { digest: descriptor.digest, bytes };
}

export function rejected(name: string, rule: PolicyRule, path: string): WharfError {
  const why = rule.reason === '' ? '' : `: ${rule.reason}`;
  return new WharfError('trust.rejected', `the trust policy refuses ${name}${why}`, {
    hint: `The rule ${rule.match} of ${path} says so.`,
  });
}

export function unverified(name: string, { rule, path }: AppliedRule, reason: string): WharfError {
  const why = rule.reason === '' ? '' : ` (${rule.reason})`;
  return new WharfError('trust.unverified', `the trust policy does not let ${name} in: ${reason}${why}`, {
    hint: `The rule ${rule.match} of ${path} asks for more; \`wharf trust inspect ${name}\` shows what was found.`,
  });
}
