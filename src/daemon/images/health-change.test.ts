import { expect, test } from 'vitest';
import { applyChanges } from './run-config-changes.ts';

test.each([
  ['HEALTHCHECK NONE', { Test: ['NONE'] }],
  ['healthcheck CMD curl -f x', { Test: ['CMD-SHELL', 'curl -f x'] }],
  [
    'HEALTHCHECK --interval=1m30s --retries=2 CMD ["true"]',
    { Test: ['CMD', 'true'], Interval: 90_000_000_000, Retries: 2 },
  ],
])('%s', (change, check) => {
  expect(applyChanges({}, [change]).Healthcheck).toEqual(check);
});

test.each([
  ['HEALTHCHECK FOO x', 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
  ['HEALTHCHECK --interval=x CMD true', 'time: invalid duration "x"'],
])('%s is refused', (change, message) => {
  expect(() => applyChanges({}, [change])).toThrow(message);
});
