/** Process entry of the registry. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runRegistry } from './run-command.ts';

const ending = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());
/** Beside the bundle; or, where this runs from its source, where the build puts it. */
const built = join(import.meta.dirname, '../registry-site');
process.exitCode = await runRegistry(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: ending.signal,
  siteFolder: existsSync(built) ? built : join(import.meta.dirname, '../../../out/registry-site'),
});
