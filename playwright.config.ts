import { defineConfig } from '@playwright/test';
import type { HostOptions } from './e2e/fixture.ts';
import { realElectronFolder } from './e2e/hosts.ts';

/** The same specs on every host of the app that this machine can run; the list reporter names the host of each. */
export default defineConfig<object, HostOptions>({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: { screenshot: 'only-on-failure', trace: 'off' },
  projects: [
    { name: 'standin', use: { hostKind: 'standin' } },
    { name: 'web', use: { hostKind: 'web' } },
    ...(realElectronFolder() === undefined ? [] : [{ name: 'electron', use: { hostKind: 'electron' as const } }]),
  ],
});
