/** Process entry of the registry: the only place that wires the server to the client. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openUpstream } from './open-upstream.ts';
import { runRegistry } from './server/run-command.ts';

const ending = new AbortController();
// When nobody reads its log any more, a registry goes on serving.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort());
/** Beside the bundle; or, where this runs from its source, where the build puts it. */
const built = join(import.meta.dirname, '../registry-site');
process.exitCode = await runRegistry(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: ending.signal,
  openUpstream,
  siteFolder: existsSync(built) ? built : join(import.meta.dirname, '../../out/registry-site'),
});
