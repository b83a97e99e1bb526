/** How verdicts of the trust policy are told. Pure. */
import type { TrustFinding, TrustImages, TrustReport } from '../../../contract/engine-types.ts';

export type Verdict = TrustReport['verdict'];
export type RowVerdict = TrustImages['images'][number];

export interface ToldVerdict {
  readonly tone: 'good' | 'bad' | 'idle';
  readonly text: string;
}

export function toldVerdict(verdict: Verdict): ToldVerdict {
  switch (verdict) {
    case 'trusted':
      return { tone: 'good', text: 'Trusted' };
    case 'refused':
      return { tone: 'bad', text: 'Refused' };
    case 'unrestricted':
      return { tone: 'idle', text: 'Not checked' };
    case 'no-policy':
      return { tone: 'idle', text: 'No policy' };
  }
}

/** By the reference or ID a row stands for; empty where no policy is in force, or the engine knows of none. */
export function verdictsByTarget(images: TrustImages | undefined): ReadonlyMap<string, RowVerdict> {
  if (images === undefined || images.policy.state === 'none') return new Map();
  return new Map(images.images.map((image) => [image.reference, image]));
}

/** What one signature or attestation says, in a line. */
export function findingText(finding: TrustFinding): string {
  const said = [
    finding.predicateType ?? '',
    finding.signedAs === undefined ? '' : `for ${finding.signedAs}`,
    ...Object.entries(finding.annotations).map(([name, value]) => `${name}=${value}`),
  ].filter((part) => part !== '');
  return finding.accepted ? said.join(', ') : finding.problem;
}

/** Who made it, as far as the policy's keys tell. */
export function signerText({ kind, key }: TrustFinding): string {
  const what = kind === 'signature' ? 'Signature' : 'Attestation';
  return key === undefined ? `${what} of an unknown key` : `${what} by ${key}`;
}
