// npm test: set-up with what tests need, then every check and every test. The last line is `N passed, N failed, N skipped`.
// A check (lint, types) counts as one test. Without root the engine tests are counted as skipped, never as passed.
//   npm test -- unit            only these parts: checks unit engine e2e
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from './build.mjs';
import { at, isRoot, node24, run, say } from './lib/project.mjs';
import { setup } from './setup.mjs';

const wanted = process.argv.slice(2);
const wants = (part) => wanted.length === 0 || wanted.includes(part);
const total = { passed: 0, failed: 0, skipped: 0 };
const results = at('test-results');

const add = (counts) => {
  for (const key of Object.keys(total)) total[key] += counts[key] ?? 0;
};

async function check(name, args) {
  say(name);
  const code = await run(node24, args);
  add(code === 0 ? { passed: 1 } : { failed: 1 });
}

/** A result file that is missing or empty is a failure: a runner that died must not count as nothing to do. */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

async function vitest(project) {
  const file = at('test-results', `${project}.json`);
  const code = await run(node24, [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    project,
    '--reporter',
    'default',
    '--reporter',
    'json',
    '--outputFile.json',
    file,
  ]);
  const report = readJson(file);
  if (!report || report.numTotalTests === 0) return add({ failed: 1 });
  add({
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  });
  // A file that does not even load has no test that could fail.
  if (code !== 0 && report.numFailedTests === 0) add({ failed: 1 });
}

async function countOnly(project) {
  const file = at('test-results', `${project}-list.json`);
  await run(node24, ['node_modules/vitest/vitest.mjs', 'list', '--project', project, `--json=${file}`]);
  add({ skipped: readJson(file)?.length ?? 0 });
}

async function playwright() {
  const file = at('test-results', 'e2e.json');
  const code = await run(node24, ['node_modules/@playwright/test/cli.js', 'test', '--reporter', 'list,json'], {
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: file },
  });
  const stats = readJson(file)?.stats;
  if (!stats) return add({ failed: 1 });
  add({ passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped });
  if (code !== 0 && stats.unexpected + stats.flaky === 0) add({ failed: 1 });
}

await setup({ tests: true });
await build();
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

if (wants('checks')) {
  await check('Lint and format', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
  await check('Architecture', ['tools/architecture-lint/main.ts']);
  await check('Types', ['scripts/typecheck.mjs']);
}
if (wants('unit')) await vitest('unit');
if (wants('engine')) {
  if (isRoot) await vitest('engine');
  else {
    say('The engine tests need root: counted as skipped');
    await countOnly('engine');
  }
}
if (wants('e2e')) {
  if (isRoot) await playwright();
  else say('The end-to-end tests need root: run them with sudo');
}

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
