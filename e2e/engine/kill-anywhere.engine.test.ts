import { expect, it } from 'vitest';
import { dockerCommand } from '../../test-world/engine-world.ts';
import { runSoak } from '../../test-world/soak/run-soak.ts';

/** `node test-world/soak.ts --seed N` repeats a run, and goes on where this one ends. */
const kills = 200;

it.skipIf(dockerCommand === undefined)(
  `killed at ${kills} random instants under load, the daemon keeps its word and its containers do not notice`,
  { timeout: 25 * 60_000 },
  async () => {
    const result = await runSoak({ kills, seed: 20261122, maxPauseMs: 600, clients: 3 });
    expect(result.findings).toEqual([]);
    expect(result.worksDone).toBeGreaterThan(kills);
    expect(Math.min(...result.counted)).toBeGreaterThan(0);
  },
);
