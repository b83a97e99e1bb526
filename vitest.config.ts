import { defineConfig } from 'vitest/config';

/**
 * Two projects: `unit` needs nothing but Node and runs in parallel; `engine` starts real containers, so it needs root and
 * runs one file at a time. An engine test is named `*.engine.test.ts` and builds its world with test-world/.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,test-world,tools,scripts,bench,resources}/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', '**/*.engine.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'engine',
          include: ['{src,test-world,e2e}/**/*.engine.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
