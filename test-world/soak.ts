/**
 * The soak test by hand, with a seed of your own and as long as you like (see soak/run-soak.ts for what it does).
 *
 *   node test-world/soak.ts [--kills 200] [--seed 1] [--clients 4]
 */
import { parseArgs } from 'node:util';
import { runSoak } from './soak/run-soak.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '4' },
  },
});
try {
  const result = await runSoak({
    kills: Number(values.kills),
    seed: Number(values.seed),
    clients: Number(values.clients),
    say: (line) => console.log(line),
  });
  console.log(`${result.worksDone} works done; the keepers wrote ${result.counted.join(', ')} lines, none lost`);
  console.log(`${result.warnings.length} kinds of warnings in the daemon's log`);
  for (const line of result.warnings) console.log(`  ${line}`);
  for (const finding of result.findings) console.log(`finding: ${finding}`);
  if (result.findings.length > 0) process.exitCode = 1;
} catch (error) {
  tell(error);
  process.exitCode = 1;
}

/** A failure while the world was taken down hides the one before it. */
function tell(error: unknown): void {
  if (error instanceof SuppressedError) {
    tell(error.suppressed);
    tell(error.error);
  } else {
    console.error(error);
  }
}
