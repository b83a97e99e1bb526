/**
 * The test of the image store under kills, by hand (see soak/run-store-kills.ts for what it does).
 *
 *   node test-world/store-kills.ts [--kills 100] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { runStoreKills } from './soak/run-store-kills.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const { worksDone, findings, looked } = await runStoreKills({
  kills: Number(values.kills),
  seed: Number(values.seed),
  say: (line) => console.log(line),
});
console.log(
  `${worksDone} works done; looked at ${looked.images} images, ${looked.blobs} blobs, ${looked.layers} layers`,
);
for (const finding of findings) console.log(`finding: ${finding}`);
if (findings.length > 0) process.exitCode = 1;
