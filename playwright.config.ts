import { defineConfig } from '@playwright/test';
import type { HostOptions } from './e2e/fixture.ts';
import { realElectronFolder } from './e2e/hosts.ts';

/** The same specs on every host of the app that this machine can run; the list reporter names the host of each. */
export default defineConfig<object, HostOptions>({
  testDir: 'e2e',
  // e2e/ holds engine tests of vitest, too.
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: { screenshot: 'only-on-failure', trace: 'off' },
  projects: [
    { name: 'standin', use: { hostKind: 'standin' } },
    { name: 'web', use: { hostKind: 'web' }, testIgnore: ['**/desktop.spec.ts', '**/standin.spec.ts'] },
    ...(realElectronFolder() === undefined
      ? []
      : [{ name: 'electron', use: { hostKind: 'electron' as const }, testIgnore: '**/standin.spec.ts' }]),
  ],
});
