import { expect, test } from 'vitest';
import type { TrustFinding, TrustImages } from '../../../contract/engine-types.ts';
import { findingText, signerText, toldVerdict, verdictsByTarget } from './trust-view.ts';

const images: TrustImages = {
  policy: { state: 'active', path: '/etc/wharf/trust-policy.json' },
  images: [
    { id: 'sha256:1', reference: 'team/app:1', verdict: 'trusted', match: '**', reason: 'signed by release' },
    { id: 'sha256:1', reference: 'mine:1', verdict: 'refused', match: 'default', reason: 'not signed' },
  ],
};

const finding: TrustFinding = {
  kind: 'signature',
  format: 'bundle',
  foundBy: 'referrers',
  artifact: 'sha256:a',
  subject: 'sha256:b',
  key: 'release',
  annotations: { team: 'core' },
  signedAs: 'registry.example/team/app',
  accepted: true,
  problem: '',
};

test('each name of an image has a verdict of its own', () => {
  const verdicts = verdictsByTarget(images);
  expect(verdicts.get('team/app:1')?.verdict).toBe('trusted');
  expect(verdicts.get('mine:1')?.reason).toBe('not signed');
});

test('nothing is said where there is no policy, or the engine knows of none', () => {
  expect(verdictsByTarget(undefined).size).toBe(0);
  expect(verdictsByTarget({ ...images, policy: { state: 'none', path: '' } }).size).toBe(0);
});

test('a verdict is told by a word, not by colour alone', () => {
  const told = (['trusted', 'refused', 'unrestricted', 'no-policy'] as const).map(toldVerdict);
  expect(new Set(told.map(({ text }) => text)).size).toBe(4);
  expect(told.map(({ tone }) => tone)).toEqual(['good', 'bad', 'idle', 'idle']);
});

test('a finding tells what it says, or why it does not count', () => {
  expect(findingText(finding)).toBe('for registry.example/team/app, team=core');
  expect(findingText({ ...finding, accepted: false, problem: 'its key release has expired' })).toBe(
    'its key release has expired',
  );
  expect(signerText(finding)).toBe('Signature by release');
  expect(signerText({ ...finding, kind: 'attestation', key: undefined })).toBe('Attestation of an unknown key');
});
