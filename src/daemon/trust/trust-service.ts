/**
 * Trust: who must have signed what comes in, and what is run. The policy is read anew at each question.
 *
 *     pull    ── open ──► policy ──► reject │ let in │ verify signatures before any layer ──► evidence ──► image visible
 *     create  ── admitLocal ──► policy + evidence ──► let in │ refuse
 *     inspect ── evidence, or the registry asked now ──► report (and evidence, for images that are here)
 *
 * 1. Nothing is let in while the policy can not be read.
 * 2. A registry that can not be asked for signatures fails the pull with its own error; it is never taken for "not signed", nor
 *    for "signed".
 */
import { WharfError } from '../../contract/errors.ts';
import type { TrustImages, TrustPolicyCheckResult, TrustPolicyView, TrustReport } from '../../contract/types/trust.ts';
import { parseReference, type Reference } from '../../oci/reference.ts';
import type { ImageGate, PullAdmission } from '../images/image-gate.ts';
import type { ImageService, LocalImage } from '../images/image-service.ts';
import { admissionOf, letIn, rejected, type TrustParts, unverified } from './admission.ts';
import { askedName } from './asked-name.ts';
import { type InspectOptions, inspectTrust } from './inspect-trust.ts';
import { isExpired } from './judge.ts';
import { type LocalVerdict, localVerdict } from './local-verdict.ts';
import { type PolicyPlace, type PolicySource, type PolicyState, stateView, usable } from './policy-source.ts';
import { policyFileFromJson, readPolicy, ruleFor, ruleView, type TrustPolicy } from './trust-policy.ts';

export interface TrustServiceOptions extends TrustParts {
  readonly policy: PolicySource;
  /** Asked late: the images have this service for their gate. */
  readonly images: () => Pick<ImageService, 'find' | 'list'>;
}

export class TrustService implements ImageGate {
  readonly parts: TrustServiceOptions;

  constructor(parts: TrustServiceOptions) {
    this.parts = parts;
  }

  /** Once at start: forgets what is known of images that are gone, and warns of a policy that can not be used. */
  async begin(warn: (message: string) => void): Promise<void> {
    this.parts.evidence.keepOnly((imageId) => this.parts.images().find(imageId) !== undefined);
    const state = await this.parts.policy.current();
    if (state.kind === 'broken') warn(`no image is let in until the trust policy is repaired: ${state.error.message}`);
  }

  async open(reference: Reference): Promise<PullAdmission> {
    const state = usable(await this.parts.policy.current());
    if (state.kind === 'none') return letIn;
    const { policy, path } = state;
    return admissionOf(this.parts, { policy, path, rule: ruleFor(policy, reference) }, reference);
  }

  /**
   * Before a container is made of it.
   * @param asked what the user typed: a name or an ID
   * @throws WharfError 'trust.rejected' | 'trust.unverified' | 'trust.policy-broken'
   */
  async admitLocal(asked: string, image: LocalImage): Promise<void> {
    const state = usable(await this.parts.policy.current());
    if (state.kind === 'none') return;
    const verdict = this.verdictOf(state.policy, asked, image);
    if (verdict.kind !== 'refused') return;
    const { rule, reason } = verdict;
    if (rule.kind === 'signed') throw unverified(asked, { policy: state.policy, path: state.path, rule }, reason);
    throw rejected(asked, rule.match === 'local' ? { ...rule, reason } : rule, state.path);
  }

  verdictOf(policy: TrustPolicy, asked: string, image: LocalImage): LocalVerdict {
    // Another platform of an index has the names of the image that stands for the index.
    const named = this.parts.images().find(asked) ?? image;
    const { repoTags, repoDigests } = image.repoDigests.length > 0 ? image : named;
    const seen = { id: image.id, repoTags, repoDigests };
    return localVerdict(
      policy,
      seen,
      askedName(asked, seen),
      () => this.parts.evidence.of(image.id),
      this.parts.nowMs(),
    );
  }

  /** Every local image by each of its names, as the policy stands now. */
  async list(): Promise<TrustImages> {
    const state = await this.parts.policy.current();
    const policy = stateView(state);
    if (state.kind === 'none') return { policy, images: [] };
    const listed = await this.parts.images().list({ all: false, filters: new Map(), sharedSize: false });
    const images = listed.flatMap(({ Id, RepoTags }) =>
      (RepoTags.length === 0 ? [Id] : RepoTags).map((reference) => {
        if (state.kind === 'broken')
          return { id: Id, reference, verdict: 'refused' as const, match: '', reason: state.error.message };
        const image = this.parts.images().find(reference);
        // Removed meanwhile.
        if (image === undefined) return undefined;
        const { kind, rule, reason } = this.verdictOf(state.policy, reference, image);
        return { id: Id, reference, verdict: kind, match: rule.match, reason };
      }),
    );
    return { policy, images: images.filter((image) => image !== undefined) };
  }

  /** @throws WharfError 'image.not-found' where only local images are asked for; else the registry client's */
  inspect(name: string, options: InspectOptions): Promise<TrustReport> {
    return inspectTrust(this, name, options);
  }

  async policyView(): Promise<TrustPolicyView> {
    return this.#view(await this.parts.policy.current());
  }

  /**
   * Which rule each image falls under, by the engine's policy or by one that is given.
   * @throws WharfError 'trust.policy-broken' when the given one is not valid
   */
  async check(given: unknown, images: readonly string[]): Promise<TrustPolicyCheckResult> {
    const state = given === undefined ? await this.parts.policy.current() : givenPolicy(given);
    const policy = this.#view(state);
    if (state.kind !== 'active') {
      if (images.length === 0 || state.kind === 'broken') return { policy, images: [] };
      throw new WharfError('request.conflict', `there is no trust policy: ${state.path} does not exist`, {
        hint: 'Without one every image is let in.',
      });
    }
    const rules = images.map((image) => ({ image, rule: ruleView(ruleFor(state.policy, parseReference(image))) }));
    return { policy, images: rules };
  }

  /** At a reload of the daemon. */
  reload(place: PolicyPlace): void {
    this.parts.policy.replace(place);
  }

  #view(state: PolicyState): TrustPolicyView {
    const view = { ...stateView(state), local: '', keys: [], rules: [] };
    if (state.kind !== 'active') return view;
    const { keys, rules, otherwise, local } = state.policy;
    return {
      ...view,
      local,
      keys: keys.map((key) => ({
        name: key.name,
        algorithm: key.algorithm,
        fingerprint: key.fingerprint,
        expires: key.expiresAtMs === undefined ? undefined : new Date(key.expiresAtMs).toISOString(),
        expired: isExpired(key, this.parts.nowMs()),
      })),
      rules: [...rules.map(({ rule }) => rule), otherwise].map(ruleView),
    };
  }
}

/** Keys must be there as PEM: the files are the sender's, who may be on another machine. */
function givenPolicy(json: unknown): PolicyState {
  const policy = readPolicy(policyFileFromJson(json), (name) => {
    throw new WharfError('trust.policy-broken', `the key file ${name} was not sent along`, {
      hint: 'Send keys as pem; `wharf trust policy check FILE` does.',
    });
  });
  return { kind: 'active', path: '', policy };
}
