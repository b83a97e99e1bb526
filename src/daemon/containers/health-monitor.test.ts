import { describe, expect, test } from 'vitest';
import { healthSettings, nextHealth } from './health-monitor.ts';

describe('nextHealth', () => {
  const failed = { failed: true, inStartPeriod: false };

  test('a success makes healthy at once', () => {
    expect(nextHealth({ status: 'unhealthy', failingStreak: 9 }, { failed: false, inStartPeriod: false }, 3)).toEqual({
      status: 'healthy',
      failingStreak: 0,
    });
  });

  test('only failures in a row make unhealthy', () => {
    let health = nextHealth({ status: 'healthy', failingStreak: 0 }, failed, 2);
    expect(health).toEqual({ status: 'healthy', failingStreak: 1 });
    health = nextHealth(health, failed, 2);
    expect(health).toEqual({ status: 'unhealthy', failingStreak: 2 });
  });

  test('failures in the start period do not count until it was healthy once', () => {
    const inStart = { failed: true, inStartPeriod: true };
    expect(nextHealth({ status: 'starting', failingStreak: 0 }, inStart, 1).status).toBe('starting');
    expect(nextHealth({ status: 'healthy', failingStreak: 0 }, inStart, 1).status).toBe('unhealthy');
  });
});

test('settings have Docker’s defaults, and CMD-SHELL runs in the image’s shell', () => {
  expect(
    healthSettings({ Healthcheck: { Test: ['CMD-SHELL', 'curl x'], Interval: 1e9 }, Shell: ['/bin/bash', '-c'] }),
  ).toEqual({
    command: ['/bin/bash', '-c', 'curl x'],
    intervalMs: 1000,
    startIntervalMs: 5000,
    startPeriodMs: 0,
    timeoutMs: 30_000,
    retries: 3,
  });
  expect(healthSettings({ Healthcheck: { Test: ['NONE'] } })).toBeUndefined();
  expect(healthSettings({})).toBeUndefined();
});
