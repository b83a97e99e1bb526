import { expect, test } from 'vitest';
import type { ContainerConfig } from '../../contract/engine-types.ts';
import { validateConfig } from './validate-config.ts';

test.each<[ContainerConfig, string]>([
  [{ WorkingDir: 'a' }, "the working directory 'a' is invalid"],
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ StopSignal: 'SIGODD' }, 'invalid signal: SIGODD'],
  [{ ExposedPorts: { '0/tcp': {} } }, 'invalid port specification'],
  [{ ExposedPorts: { '80/odd': {} } }, 'invalid port specification: "80/odd"'],
  [{ Healthcheck: { Test: ['ODD'] } }, 'Unknown healthcheck type "ODD"'],
  [{ Healthcheck: { Interval: 5 } }, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ Healthcheck: { StartInterval: -5 } }, 'StartInterval in Healthcheck cannot be less than 1ms'],
])('%j is refused: %s', (config, message) => {
  expect(() => validateConfig(config)).toThrow(message);
});

test('signals by name, number and real-time offset, and ports with and without a protocol are fine', () => {
  for (const StopSignal of ['15', 'usr1', 'SIGRTMIN+3']) validateConfig({ StopSignal });
  validateConfig({ ExposedPorts: { '80': {}, '53/UDP': {}, '9/sctp': {} }, WorkingDir: '/a' });
});
