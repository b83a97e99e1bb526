/** The report on one image: what the policy says of it, and every signature that was found. */
import { WharfError } from '../../contract/errors.ts';
import type { TrustFinding, TrustReport } from '../../contract/types/trust.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { choosePlatform, type Platform } from '../../oci/platform.ts';
import {
  canonical,
  canonicalName,
  parseNamed,
  parseReference,
  type Reference,
  withDigest,
} from '../../oci/reference.ts';
import type { FetchedManifest, RequestOptions } from '../../registry/client/registry-client.ts';
import type { LocalImage } from '../images/image-service.ts';
import { type AppliedRule, type Examination, examine, findingsAbout } from './admission.ts';
import { askedName } from './asked-name.ts';
import type { Finding } from './finding.ts';
import type { JudgedFinding, Judgement } from './judge.ts';
import type { LocalVerdict } from './local-verdict.ts';
import { type PolicyState, stateView } from './policy-source.ts';
import type { TrustKey } from './trust-key.ts';
import { type PolicyRule, ruleFor, ruleView, type SignedRule } from './trust-policy.ts';
import type { TrustService } from './trust-service.ts';

export interface InspectOptions extends RequestOptions {
  /** Whether the registry is asked; else only what is known of a local image. */
  readonly live: boolean;
  /** Of an index, where the image is not here. */
  readonly platform: Platform;
}

/**
 * @throws WharfError 'image.not-found' without `live`, when the image is not here; the registry client's with it
 */
export async function inspectTrust(service: TrustService, name: string, options: InspectOptions): Promise<TrustReport> {
  const { parts } = service;
  const state = await parts.policy.current();
  const image = parts.images().find(name);
  if (image === undefined && !options.live)
    throw new WharfError('image.not-found', `No such image: ${name}`, {
      hint: 'Ask the registry with live=true.',
    });
  const base = { image: name, id: image?.id, policy: stateView(state) };
  if (!options.live && image !== undefined) return { ...base, ...storedReport(service, state, name, image) };
  const reference = image === undefined ? parseReference(name) : pulledReference(name, image);
  if (reference === undefined) {
    if (image === undefined) throw new WharfError('image.not-found', `No such image: ${name}`);
    return { ...base, ...storedReport(service, state, name, image) };
  }
  // Sign-ins are for the registry of the name that was typed; the image may have come from another one.
  const typed = image === undefined ? reference : askedName(name, image);
  const auth = typed?.domain === reference.domain ? options.auth : undefined;
  return { ...base, ...(await liveReport(service, state, reference, image, { ...options, auth })) };
}

type Report = Omit<TrustReport, 'image' | 'id' | 'policy'>;

function storedReport(service: TrustService, state: PolicyState, name: string, image: LocalImage): Report {
  const nothing = { live: false, findings: [] };
  if (state.kind === 'none') return { ...nothing, verdict: 'no-policy', reason: 'there is no trust policy' };
  if (state.kind === 'broken') return { ...nothing, verdict: 'refused', reason: state.error.message };
  const verdict = service.verdictOf(state.policy, name, image);
  return { live: false, ...verdictView(verdict), ...evidenceView(verdict, state.policy.keys) };
}

function verdictView({ kind, rule, reason }: LocalVerdict): Pick<Report, 'verdict' | 'rule' | 'reason'> {
  return { verdict: kind, rule: ruleView(rule), reason };
}

function evidenceView({ judged }: LocalVerdict, keys: readonly TrustKey[]) {
  const shown = judged.find(({ judgement }) => judgement.satisfied) ?? judged[0];
  if (shown === undefined) return { findings: [] };
  return {
    digest: shown.evidence.digest,
    checkedAt: new Date(shown.evidence.checkedAtMs).toISOString(),
    findings: shown.judgement.findings.map((one) => findingView(one, keys)),
  };
}

/** Where a local image came from, by the digest it had there; undefined: it did not come from anywhere. */
function pulledReference(name: string, image: LocalImage): Reference | undefined {
  const origins = image.repoDigests.map(parseNamed);
  const asked = askedName(name, image);
  const repository = asked === undefined ? undefined : canonicalName(asked);
  const own = origins.find((origin) => canonicalName(origin) === repository) ?? origins[0];
  if (own === undefined || asked === undefined || canonicalName(own) !== repository) return own;
  // The tag goes along, for signatures may name it; the digest says which image is meant.
  return { ...own, ...(asked.tag === undefined ? {} : { tag: asked.tag }) };
}

async function liveReport(
  service: TrustService,
  state: PolicyState,
  reference: Reference,
  image: LocalImage | undefined,
  options: InspectOptions,
): Promise<Report> {
  const { parts } = service;
  const asked = { auth: options.auth, signal: options.signal };
  const at = reference.digest === undefined ? reference : withDigest(reference, reference.digest);
  const top = await parts.registry.fetchManifest(at, asked);
  const manifest = await takenManifest(service, reference, top, image, options);
  const base = { live: true, digest: top.descriptor.digest, checkedAt: new Date(parts.nowMs()).toISOString() };
  const keys = state.kind === 'active' ? state.policy.keys : [];
  const rule = state.kind === 'active' ? ruleFor(state.policy, reference) : undefined;
  if (state.kind === 'active' && rule?.kind === 'signed') {
    const applied: AppliedRule<SignedRule> = { policy: state.policy, path: state.path, rule };
    const named = image === undefined ? reference : { ...reference, digest: undefined };
    const examined = await examine(parts, applied, named, { top, manifest }, asked);
    if (image !== undefined) keep(service, image, reference, top, examined);
    return { ...base, ...judgedView(rule, examined.judgement, keys) };
  }
  const subject = { digest: top.descriptor.digest, bytes: top.bytes };
  const findings = await findingsAbout(parts, keys, reference, subject, asked, top.endpoint);
  return { ...base, ...plainVerdict(state, rule), findings: findings.map((finding) => unjudged(finding, keys)) };
}

/** So that containers may be made of it: what was found is as good as at a pull. */
function keep(
  { parts }: TrustService,
  image: LocalImage,
  reference: Reference,
  { descriptor }: FetchedManifest,
  { findings }: Examination,
): void {
  const { digest: _, ...named } = reference;
  const asPulled = named.tag === undefined ? withDigest(reference, descriptor.digest) : named;
  parts.evidence.put(image.id, canonical(asPulled), {
    digest: descriptor.digest,
    checkedAtMs: parts.nowMs(),
    findings,
  });
}

function judgedView(rule: PolicyRule, { satisfied, reason, findings }: Judgement, keys: readonly TrustKey[]) {
  return {
    verdict: satisfied ? ('trusted' as const) : ('refused' as const),
    rule: ruleView(rule),
    reason,
    findings: findings.map((one) => findingView(one, keys)),
  };
}

function plainVerdict(state: PolicyState, rule: PolicyRule | undefined): Pick<Report, 'verdict' | 'rule' | 'reason'> {
  if (state.kind === 'broken') return { verdict: 'refused', reason: state.error.message };
  if (rule === undefined) return { verdict: 'no-policy', reason: 'there is no trust policy' };
  const view = ruleView(rule);
  if (rule.kind === 'reject')
    return { verdict: 'refused', rule: view, reason: rule.reason || 'the policy refuses this repository' };
  return { verdict: 'unrestricted', rule: view, reason: 'the policy asks for no signature' };
}

/** The manifest below an index that is meant: the local image's platform, or the one that would be pulled. */
async function takenManifest(
  { parts }: TrustService,
  reference: Reference,
  top: FetchedManifest,
  image: LocalImage | undefined,
  { platform, auth, signal }: InspectOptions,
) {
  const document = parseManifest(Buffer.from(top.bytes).toString('utf8'), top.descriptor.mediaType);
  if (document.kind === 'manifest') return undefined;
  const chosen = choosePlatform(document.manifests, image?.platform ?? platform);
  if (chosen === undefined) return undefined;
  const read = async () =>
    (await parts.registry.fetchManifest(withDigest(reference, chosen.digest), { auth, signal })).bytes;
  return { digest: chosen.digest, read };
}

function findingView({ finding, key, accepted, problem }: JudgedFinding, keys: readonly TrustKey[]): TrustFinding {
  const { kind, format, foundBy, artifact, subject, signer, signedAs, predicateType, annotations } = finding;
  return {
    kind,
    format,
    foundBy,
    artifact,
    subject,
    key: key ?? keys.find(({ fingerprint }) => fingerprint === signer)?.name,
    fingerprint: signer,
    signedAs: signedAs === '' ? undefined : signedAs,
    predicateType: predicateType === '' ? undefined : predicateType,
    annotations,
    accepted,
    problem,
  };
}

/** Where no rule asks for signatures: whether a known key made it. */
function unjudged(finding: Finding, keys: readonly TrustKey[]): TrustFinding {
  return findingView(
    { finding, key: undefined, accepted: finding.signer !== undefined, problem: finding.problem },
    keys,
  );
}
