/** Whether what was found is enough for a rule. Pure: the same findings are judged anew when the policy has changed. */
import { OciFormatError } from '../../oci/oci-format-error.ts';
import { canonicalName, parseNamed, type Reference } from '../../oci/reference.ts';
import type { Finding } from './finding.ts';
import type { TrustKey } from './trust-key.ts';
import type { SignedRule } from './trust-policy.ts';

export interface JudgedFinding {
  readonly finding: Finding;
  /** Name of its key in this rule. */
  readonly key: string | undefined;
  readonly accepted: boolean;
  /** '' when it is accepted. */
  readonly problem: string;
}

export interface Judgement {
  readonly satisfied: boolean;
  /** What lacks, or who signed. */
  readonly reason: string;
  readonly findings: readonly JudgedFinding[];
}

/**
 * @param reference as the image was asked for when the findings were made
 * @param nowMs keys that have expired by then count for nothing
 */
export function judge(rule: SignedRule, findings: readonly Finding[], reference: Reference, nowMs: number): Judgement {
  const judged = findings.map((finding) => judgeOne(rule, finding, reference, nowMs));
  const accepted = judged.filter((one) => one.accepted);
  const signers = keysOf(accepted.filter(({ finding }) => finding.kind === 'signature'));
  const lacks: string[] = [];
  if (signers.fingerprints.size < rule.atLeast) lacks.push(lackingSignature(rule, judged, signers.fingerprints.size));
  for (const { predicateType, keys } of rule.attestations) {
    const found = accepted.some(
      ({ finding }) =>
        finding.kind === 'attestation' && finding.predicateType === predicateType && isOneOf(keys, finding, nowMs),
    );
    if (!found) lacks.push(`no attestation of type ${predicateType} by ${names(keys)}`);
  }
  const attested = rule.attestations.map(({ predicateType }) => predicateType);
  const praise = [
    ...(signers.names.size === 0 ? [] : [`signed by ${[...signers.names].sort().join(', ')}`]),
    ...(attested.length === 0 ? [] : [`attested ${attested.join(', ')}`]),
  ];
  const reason = (lacks.length === 0 ? praise : lacks).join('; ');
  return { satisfied: lacks.length === 0, reason, findings: judged };
}

function judgeOne(rule: SignedRule, finding: Finding, reference: Reference, nowMs: number): JudgedFinding {
  const allowed = [...rule.keys, ...rule.attestations.flatMap(({ keys }) => keys)];
  const key = allowed.find(({ fingerprint }) => fingerprint === finding.signer);
  const problem = problemOf(rule, finding, key, reference, nowMs);
  return { finding, key: key?.name, accepted: problem === '', problem };
}

function problemOf(
  rule: SignedRule,
  finding: Finding,
  key: TrustKey | undefined,
  reference: Reference,
  nowMs: number,
): string {
  if (finding.signer === undefined) return finding.problem;
  if (key === undefined) return 'its key is not one of this rule';
  if (isExpired(key, nowMs)) return `its key ${key.name} has expired`;
  if (finding.kind === 'attestation') return '';
  if (!rule.keys.some(({ fingerprint }) => fingerprint === finding.signer))
    return `its key ${key.name} is for attestations only`;
  const missing = Object.entries(rule.annotations).find(
    ([name, value]) => !Object.hasOwn(finding.annotations, name) || finding.annotations[name] !== value,
  );
  if (missing !== undefined) return `it lacks the annotation ${missing.join('=')}`;
  return nameProblem(rule, finding.signedAs, reference);
}

/**
 * A signature made for another repository must not count here: whoever may write to this one could copy old images of the
 * other into it. cosign's payloads name the repository; its bundles name nothing.
 */
function nameProblem(rule: SignedRule, signedAs: string, reference: Reference): string {
  if (signedAs === '') return rule.mustName ? 'it names no repository' : '';
  let named: Reference;
  try {
    named = parseNamed(signedAs);
  } catch (error) {
    if (error instanceof OciFormatError) return `it names something that is no repository: ${signedAs.slice(0, 200)}`;
    throw error;
  }
  const name = canonicalName(named);
  if (rule.signedAs !== undefined) {
    return rule.signedAs.some((pattern) => pattern.matches(name)) ? '' : `it was made for ${name}`;
  }
  if (name !== canonicalName(reference)) return `it was made for ${name}`;
  const otherTag = named.tag !== undefined && reference.tag !== undefined && reference.digest === undefined;
  return otherTag && named.tag !== reference.tag ? `it was made for the tag ${named.tag}` : '';
}

function lackingSignature(rule: SignedRule, judged: readonly JudgedFinding[], count: number): string {
  const wanted = rule.atLeast === 1 ? `no signature by ${names(rule.keys)}` : `${count} of ${rule.atLeast} signatures`;
  const problems = judged
    .filter(({ finding, accepted }) => finding.kind === 'signature' && !accepted)
    .map(({ problem }) => problem);
  const [first] = problems;
  if (first === undefined) return count === 0 ? `${wanted}: it is not signed` : `${wanted} by ${names(rule.keys)}`;
  const others = new Set(problems).size - 1;
  return `${wanted} counts: ${first}${others > 0 ? ` (and ${others} more)` : ''}`;
}

function keysOf(judged: readonly JudgedFinding[]) {
  return {
    fingerprints: new Set(judged.map(({ finding }) => finding.signer)),
    names: new Set(judged.flatMap(({ key }) => (key === undefined ? [] : [key]))),
  };
}

function isOneOf(keys: readonly TrustKey[], finding: Finding, nowMs: number): boolean {
  return keys.some((key) => key.fingerprint === finding.signer && !isExpired(key, nowMs));
}

export function isExpired({ expiresAtMs }: TrustKey, nowMs: number): boolean {
  return expiresAtMs !== undefined && expiresAtMs <= nowMs;
}

function names(keys: readonly TrustKey[]): string {
  return keys.map(({ name }) => name).join(' or ');
}
