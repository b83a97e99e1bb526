import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { healthDocument, readHealth, writeHealth } from './health-record.ts';
import { goDuration } from './time-text.ts';

test('health is read as it was written, and a broken file is as good as none', async () => {
  const root = await mkdtemp(join(tmpdir(), 'wharf-health-'));
  try {
    await mkdir(join(root, 'containers/a'), { recursive: true });
    expect(await readHealth(root, 'a')).toBeUndefined();
    const probe = { startedAtMs: 1000, endedAtMs: 2000, exitCode: 0, output: 'fine' };
    const record = { runStartedAtMs: 5, status: 'healthy', failingStreak: 0, log: [probe] } as const;
    writeHealth(root, 'a', record);
    expect(await readHealth(root, 'a')).toEqual(record);
    expect(await readdir(join(root, 'containers/a'))).toEqual(['health.json']);
    expect(healthDocument(record)).toMatchObject({ Status: 'healthy', Log: [{ ExitCode: 0, Output: 'fine' }] });
    await writeFile(join(root, 'containers/a/health.json'), '{"status":"odd"');
    expect(await readHealth(root, 'a')).toBeUndefined();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test.each([
  [500, '500ms'],
  [1000, '1s'],
  [1500, '1.5s'],
  [90_000, '1m30s'],
  [7_200_000, '2h0m0s'],
])('%d ms is %s to Go', (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});
