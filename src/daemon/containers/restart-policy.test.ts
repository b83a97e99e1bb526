import { describe, expect, test } from 'vitest';
import { decideRestart, startsWithDaemon } from './restart-policy.ts';

function run(exitCode: number, ranForMs: number, restart = { count: 0, delayMs: 0 }) {
  return {
    startedAtMs: 1_000,
    end: { exitCode, finishedAtMs: 1_000 + ranForMs, oomKilled: false, message: '' },
    restart,
  };
}

describe('decideRestart', () => {
  test.each([
    [{ Name: '' }, 1, undefined],
    [{ Name: 'no' }, 1, undefined],
    [undefined, 1, undefined],
    [{ Name: 'always' }, 0, { count: 1, delayMs: 100 }],
    [{ Name: 'unless-stopped' }, 0, { count: 1, delayMs: 100 }],
    [{ Name: 'on-failure' }, 0, undefined],
    [{ Name: 'on-failure' }, 2, { count: 1, delayMs: 100 }],
  ])('%j after exit code %i', (policy, exitCode, expected) => {
    expect(decideRestart(policy, run(exitCode, 50))).toEqual(expected);
  });

  test('on-failure gives up after its maximum', () => {
    const policy = { Name: 'on-failure', MaximumRetryCount: 2 };
    expect(decideRestart(policy, run(1, 50, { count: 1, delayMs: 100 }))).toEqual({ count: 2, delayMs: 200 });
    expect(decideRestart(policy, run(1, 50, { count: 2, delayMs: 200 }))).toBeUndefined();
  });

  test('the delay doubles up to a minute, and starts afresh after ten seconds of running', () => {
    const policy = { Name: 'always' };
    expect(decideRestart(policy, run(1, 50, { count: 3, delayMs: 400 }))?.delayMs).toBe(800);
    expect(decideRestart(policy, run(1, 50, { count: 30, delayMs: 51_200 }))?.delayMs).toBe(60_000);
    expect(decideRestart(policy, run(1, 10_000, { count: 30, delayMs: 51_200 }))?.delayMs).toBe(100);
  });
});

test('only always brings back at daemon start what the user had stopped', () => {
  expect(startsWithDaemon({ Name: 'always' }, true)).toBe(true);
  expect(startsWithDaemon({ Name: 'unless-stopped' }, true)).toBe(false);
  expect(startsWithDaemon({ Name: 'unless-stopped' }, false)).toBe(true);
  expect(startsWithDaemon({ Name: 'on-failure' }, false)).toBe(false);
});
