import { expect, test } from 'vitest';
import type { ContainerState } from './container-state.ts';
import { statusText } from './state-text.ts';
import { spanText, timeText } from './time-text.ts';

const restart = { count: 0, delayMs: 0 };
const live = { pid: 1, startedAtMs: 0, previousFinishedAtMs: undefined, restart };
const ended = { startedAtMs: 0, end: { exitCode: 3, finishedAtMs: 0, oomKilled: false, message: '' }, restart };
const hour = 3_600_000;

test.each<[ContainerState, string]>([
  [{ kind: 'created', failure: undefined }, 'Created'],
  [{ kind: 'running', ...live }, 'Up 2 hours'],
  [{ kind: 'stopping', by: 'user', ...live }, 'Up 2 hours'],
  [{ kind: 'paused', ...live }, 'Up 2 hours (Paused)'],
  [{ kind: 'restarting', ...ended }, 'Restarting (3) 2 hours ago'],
  [{ kind: 'exited', byUser: false, ...ended }, 'Exited (3) 2 hours ago'],
  [{ kind: 'removing', last: ended }, 'Removal In Progress'],
  [{ kind: 'dead', last: ended, message: '' }, 'Dead'],
])('the status of %j', (state, text) => {
  expect(statusText(state, 2 * hour, undefined)).toBe(text);
});

test('health is shown beside a running one', () => {
  expect(statusText({ kind: 'running', ...live }, hour, 'healthy')).toBe('Up About an hour (healthy)');
  expect(statusText({ kind: 'running', ...live }, hour, 'starting')).toBe('Up About an hour (health: starting)');
});

test.each([
  [500, 'Less than a second'],
  [1000, '1 second'],
  [59_000, '59 seconds'],
  [61_000, 'About a minute'],
  [5 * 60_000, '5 minutes'],
  [47 * hour, '47 hours'],
  [3 * 24 * hour, '3 days'],
  [21 * 24 * hour, '3 weeks'],
  [90 * 24 * hour, '3 months'],
  [3 * 366 * 24 * hour, '3 years'],
])('%i ms is %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test('times have nanoseconds, and never is the zero time', () => {
  expect(timeText(1_700_000_000_123.25)).toBe('2023-11-14T22:13:20.123250000Z');
  expect(timeText(undefined)).toBe('0001-01-01T00:00:00Z');
});
