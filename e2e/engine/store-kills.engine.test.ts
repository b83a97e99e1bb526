import { expect, it } from 'vitest';
import { runStoreKills } from '../../test-world/soak/run-store-kills.ts';

/** `node test-world/store-kills.ts --kills N --seed N` goes on for as long as you like. */
const kills = 15;

it(`killed at ${kills} random instants the store keeps what was answered, and every blob and layer in it is right`, {
  timeout: 10 * 60_000,
}, async () => {
  const { findings, looked } = await runStoreKills({ kills, seed: 20261123, maxPauseMs: 600 });
  expect(findings).toEqual([]);
  expect(Math.min(looked.images, looked.blobs, looked.layers)).toBeGreaterThan(0);
});
