import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { parseDigest } from '../../oci/digest.ts';
import { EvidenceStore } from './evidence-store.ts';
import type { Finding } from './finding.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
const finding: Finding = {
  kind: 'signature',
  format: 'bundle',
  foundBy: 'referrers',
  artifact: digest,
  subject: digest,
  signer: 'f'.repeat(64),
  signedAs: '',
  predicateType: '',
  annotations: { team: 'core' },
  problem: '',
};
const evidence = (checkedAtMs: number) => ({ digest, checkedAtMs, findings: [finding] });

it('evidence is read back, newest first, and only what a key made is kept', () => {
  const store = new EvidenceStore(new DatabaseSync(':memory:'));
  store.put('sha256:1', 'a.example/x:1', evidence(1));
  const unsigned = { ...finding, signer: undefined, problem: 'none of the configured keys made it' };
  store.put('sha256:1', 'a.example/y:1', { ...evidence(2), findings: [unsigned, finding] });
  expect(store.of('sha256:1').map(({ reference, findings }) => [reference.path, findings])).toEqual([
    ['y', [finding]],
    ['x', [finding]],
  ]);
  expect(store.of('sha256:2')).toEqual([]);
});

it('what was checked again replaces what was found before, and old rows of an image go', () => {
  const store = new EvidenceStore(new DatabaseSync(':memory:'));
  for (let at = 0; at < 40; at++) store.put('sha256:1', `a.example/x:${at}`, evidence(at));
  store.put('sha256:1', 'a.example/x:39', evidence(100));
  const kept = store.of('sha256:1').map(({ checkedAtMs }) => checkedAtMs);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([32, 100, 8]);
});

it('a row that can not be read is no evidence', () => {
  const db = new DatabaseSync(':memory:');
  const store = new EvidenceStore(db);
  store.put('sha256:1', 'a.example/x:1', evidence(1));
  for (const damaged of ['', 'null', '[{"kind":"signature"}]', JSON.stringify([{ ...finding, subject: 'x' }])]) {
    db.prepare('UPDATE trust_evidence SET findings = ?').run(damaged);
    expect(store.of('sha256:1').flatMap(({ findings }) => findings)).toEqual([]);
  }
});

it('what is known of an image goes with it', () => {
  const store = new EvidenceStore(new DatabaseSync(':memory:'));
  for (const id of ['sha256:1', 'sha256:2']) store.put(id, 'a.example/x:1', evidence(1));
  store.keepOnly((id) => id === 'sha256:2');
  expect([store.of('sha256:1').length, store.of('sha256:2').length]).toEqual([0, 1]);
});
