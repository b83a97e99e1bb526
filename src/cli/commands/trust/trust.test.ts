import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TrustPolicyView, TrustReport } from '../../../contract/engine-types.ts';
import { fakeEngine } from '../../test-support/fake-engine.ts';
import { runWharf } from '../../test-support/run-wharf.ts';

const policy: TrustPolicyView = {
  state: 'active',
  path: '/etc/wharf/trust-policy.json',
  local: 'by-name',
  keys: [{ name: 'release', algorithm: 'ECDSA P-256', fingerprint: 'ab12', expired: false }],
  rules: [
    { match: 'reg.example/team/*', rule: 'signed', keys: ['release'], atLeast: 1, annotations: { env: 'prod' } },
    { match: 'default', rule: 'reject', reason: 'ask first' },
  ],
};

const report: TrustReport = {
  image: 'reg.example/team/app:1',
  digest: 'sha256:aaaa',
  policy: { state: 'active', path: policy.path },
  rule: policy.rules[0],
  verdict: 'trusted',
  reason: 'signed by release',
  live: true,
  findings: [
    {
      kind: 'signature',
      format: 'simple-signing',
      foundBy: 'tag',
      artifact: 'sha256:bbbb',
      subject: `sha256:${'c'.repeat(64)}`,
      key: 'release',
      signedAs: 'reg.example/team/app',
      annotations: { env: 'prod' },
      accepted: true,
      problem: '',
    },
  ],
};

describe('wharf trust inspect', () => {
  it('asks the registry and shows who signed', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /wharf/trust/inspect', { body: report });
    const run = await runWharf(['-H', engine.host, 'trust', 'inspect', 'reg.example/team/app:1']);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('Verdict:  trusted: signed by release\n');
    expect(run.stdout).toContain('Rule:     reg.example/team/* (signed by release saying env=prod)\n');
    expect(run.stdout).toMatch(/^signature +release +yes +tag +cccccccccccc +as reg\.example\/team\/app env=prod$/m);
    expect(Object.fromEntries(engine.requests[0]?.query ?? [])).toEqual({
      image: 'reg.example/team/app:1',
      live: '1',
    });
  });

  it('ends with 1 when the policy refuses the image, and tells why nothing counts', async () => {
    await using engine = await fakeEngine();
    const [finding] = report.findings;
    const refused = { ...finding, key: undefined, accepted: false, problem: 'none of the configured keys made it' };
    engine.on('GET /wharf/trust/inspect', {
      body: { ...report, verdict: 'refused', reason: 'no signature by release', live: false, findings: [refused] },
    });
    const run = await runWharf(['-H', engine.host, 'trust', 'inspect', '--stored', 'reg.example/team/app:1']);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain('REFUSED: no signature by release');
    expect(run.stdout).toMatch(/^signature +<unknown> +no .*none of the configured keys made it$/m);
    expect(run.stdout).toContain('Checked:  never\n');
    expect(engine.requests[0]?.query.get('live')).toBe('0');
  });

  it('prints the report as JSON for programs', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /wharf/trust/inspect', { body: report });
    const run = await runWharf(['-H', engine.host, 'trust', 'inspect', '-f', '{{.verdict}}', 'reg.example/team/app:1']);
    expect(run).toEqual({ code: 0, stdout: 'trusted\n', stderr: '' });
  });
});

describe('wharf trust policy', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wharf-cli-trust-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('shows rules and keys', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /wharf/trust/policy', { body: policy });
    const run = await runWharf(['-H', engine.host, 'trust', 'policy', 'show']);
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/^reg\.example\/team\/\* +signed by release saying env=prod/m);
    expect(run.stdout).toMatch(/^default +reject +ask first$/m);
    expect(run.stdout).toMatch(/^release +ECDSA P-256 +ab12/m);
  });

  it('ends with 1 when it can not be used', async () => {
    await using engine = await fakeEngine();
    const broken = { ...policy, state: 'broken', error: '/etc/wharf/trust-policy.json: no JSON', keys: [], rules: [] };
    engine.on('GET /wharf/trust/policy', { body: broken });
    const run = await runWharf(['-H', engine.host, 'trust', 'policy', 'show']);
    expect(run).toMatchObject({ code: 1, stdout: expect.stringContaining('No image is let in') });
  });

  it('checks a file of this machine with its keys, and tells the rule of each image', async () => {
    await using engine = await fakeEngine();
    const images = [{ image: 'busybox', rule: policy.rules[1] }];
    engine.on('POST /wharf/trust/policy/check', { body: { policy, images } });
    writeFileSync(join(dir, 'release.pub'), 'THE KEY');
    const file = join(dir, 'policy.json');
    writeFileSync(file, JSON.stringify({ version: 1, keys: { release: { file: 'release.pub' } } }));
    const run = await runWharf(['-H', engine.host, 'trust', 'policy', 'check', '--file', file, 'busybox']);
    expect(run).toEqual({ code: 0, stdout: 'busybox: default (reject)\n', stderr: '' });
    expect(JSON.parse(engine.requests[0]?.body.toString() ?? '')).toEqual({
      policy: { version: 1, keys: { release: { pem: 'THE KEY' } } },
      images: ['busybox'],
    });
  });

  it('says which file can not be read', async () => {
    await using engine = await fakeEngine();
    const run = await runWharf(['-H', engine.host, 'trust', 'policy', 'check', '--file', join(dir, 'nope.json')]);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('nope.json can not be read');
  });
});
