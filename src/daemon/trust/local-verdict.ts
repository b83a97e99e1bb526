/**
 * What the policy says of an image that is here already. Nothing is asked of registries: signatures were verified when it was
 * pulled or inspected, and what they vouched for is judged by the policy of this moment.
 *
 *     pulled from somewhere       the rule of the name it is asked by; by ID: one of the rules of where it came from
 *     loaded, built, committed,   `local` of the policy: unrestricted, reject, or by-name: the rule of the name it is asked by;
 *     imported                    an image without a name (a step of a build) is let in
 */
import { canonicalName, familiar, familiarName, parseNamed, type Reference } from '../../oci/reference.ts';
import type { LocalImage } from '../images/image-service.ts';
import type { Evidence } from './evidence-store.ts';
import { type Judgement, judge } from './judge.ts';
import { type PolicyRule, ruleFor, type TrustPolicy } from './trust-policy.ts';

export interface LocalVerdict {
  readonly kind: 'unrestricted' | 'trusted' | 'refused';
  readonly rule: PolicyRule;
  readonly reason: string;
  /** What was judged, newest first, where the rule asks for signatures. */
  readonly judged: readonly { readonly evidence: Evidence; readonly judgement: Judgement }[];
}

type NamedImage = Pick<LocalImage, 'id' | 'repoTags' | 'repoDigests'>;

/**
 * @param asked by which name; undefined: by its ID
 * @param evidenceOf asked only when a rule needs it
 */
export function localVerdict(
  policy: TrustPolicy,
  image: NamedImage,
  asked: Reference | undefined,
  evidenceOf: () => readonly Evidence[],
  nowMs: number,
): LocalVerdict {
  const origins = image.repoDigests.map(parseNamed);
  const names = asked !== undefined ? [asked] : origins.length > 0 ? origins : image.repoTags.map(parseNamed);
  if (origins.length === 0) {
    if (policy.local !== 'by-name') return byLocalRule(policy.local);
    if (names.length === 0) return byLocalRule('unrestricted');
  }
  const verdicts = names.map((name) => byRule(ruleFor(policy, name), name, evidenceOf, nowMs));
  const verdict = verdicts.find(({ kind }) => kind !== 'refused') ?? verdicts[0] ?? byLocalRule('reject');
  if (verdict.kind === 'refused' || asked === undefined || origins.length === 0) return verdict;
  // A name given here lets nothing in that the rules of where it came from keep out.
  const own = origins.map((origin) => byRule(ruleFor(policy, origin), origin, evidenceOf, nowMs));
  return own.some(({ kind }) => kind !== 'refused') ? verdict : (own[0] ?? verdict);
}

function byLocalRule(local: 'unrestricted' | 'reject'): LocalVerdict {
  const rule = { kind: local, match: 'local', reason: '' };
  if (local === 'unrestricted') return { kind: 'unrestricted', rule, reason: 'it was made or loaded here', judged: [] };
  return { kind: 'refused', rule, reason: 'it was made or loaded here, which the policy refuses', judged: [] };
}

function byRule(rule: PolicyRule, name: Reference, evidenceOf: () => readonly Evidence[], nowMs: number): LocalVerdict {
  switch (rule.kind) {
    case 'unrestricted':
      return { kind: 'unrestricted', rule, reason: 'the policy asks for no signature', judged: [] };
    case 'reject':
      return {
        kind: 'refused',
        rule,
        reason: rule.reason || `the policy refuses ${familiarName(name)}`,
        judged: [],
      };
    case 'signed': {
      const judged = evidenceOf().map((evidence) => ({
        evidence,
        judgement: judge(rule, evidence.findings, asPulled(evidence, name), nowMs),
      }));
      const good = judged.find(({ judgement }) => judgement.satisfied);
      if (good !== undefined) return { kind: 'trusted', rule, reason: good.judgement.reason, judged };
      // The one about this repository says best what is wrong.
      const isOwn = ({ evidence }: (typeof judged)[number]) =>
        canonicalName(evidence.reference) === canonicalName(name);
      const latest = judged.find(isOwn) ?? judged[0];
      const reason =
        latest === undefined ? `no signature of it was verified yet under ${familiar(name)}` : latest.judgement.reason;
      return { kind: 'refused', rule, reason, judged };
    }
  }
}

/** Signatures must name the repository of this rule; the tag was compared when they were found. */
function asPulled({ reference }: Evidence, { domain, path }: Reference): Reference {
  return { domain, path, ...(reference.digest === undefined ? {} : { digest: reference.digest }) };
}
