import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeEngine, fakeEngine } from '../../test-support/fake-engine.ts';
import { runWharf } from '../../test-support/run-wharf.ts';

let engine: FakeEngine;
beforeEach(async () => {
  engine = await fakeEngine();
});
afterEach(async () => {
  await engine[Symbol.asyncDispose]();
});

const finding = {
  Kind: 'layer',
  Digest: 'sha256:11',
  Image: 'app:1',
  Problem: 'damaged',
  Detail: 'its 3 bytes have the digest sha256:22',
};

function answer(findings: readonly object[]): void {
  const lines = [
    { status: 'Verified', id: '111111111111', progressDetail: {} },
    { aux: { Blobs: 3, Layers: 2, Bytes: 2_000_000, Findings: findings } },
  ];
  engine.on('POST /wharf/images/verify', {
    stream: async (response) => {
      for (const line of lines) response.write(`${JSON.stringify(line)}\n`);
    },
  });
}

describe('image verify', () => {
  it('says how much was looked at, and ends with 0 when all is well', async () => {
    answer([]);
    const run = await runWharf(['-H', engine.host, 'image', 'verify', 'app']);
    expect(run).toMatchObject({
      code: 0,
      stdout: 'Checked 3 blobs (2MB) and 2 unpacked layers: nothing damaged, nothing missing\n',
    });
    expect(engine.requests.at(-1)?.query.getAll('names')).toEqual(['app']);
  });

  it('names what is damaged and ends with 1 while something is', async () => {
    answer([{ ...finding, Repaired: false, Reason: 'it was not asked for' }]);
    const run = await runWharf(['-H', engine.host, 'image', 'verify']);
    expect(run.code).toBe(1);
    expect(run.stdout).toBe(
      'app:1: layer sha256:11 is damaged: its 3 bytes have the digest sha256:22\n' +
        'Checked 3 blobs (2MB) and 2 unpacked layers: 1 found, 0 repaired, 1 left\n' +
        'Run `wharf image verify --repair` to repair what can be.\n',
    );
  });

  it('ends with 0 when everything was repaired', async () => {
    engine.on('GET /images/json', { body: [] });
    answer([{ ...finding, Repaired: true }]);
    const run = await runWharf(['-H', engine.host, 'image', 'verify', '--repair', '-q']);
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/ \(repaired\)\n$/) });
    expect(engine.requests.at(-1)?.query.get('repair')).toMatch(/^(1|true)$/);
  });
});
