import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { engineWorld } from './engine-world.ts';

/** Programs of worlds that this very process has started and that still run. */
function children(): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      return Number(parent) === process.pid && command.includes(`${tmpdir()}/ww-`) ? [command] : [];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

test('a world whose engine does not start leaves no process', async () => {
  await expect(engineWorld({ images: 'none', flags: ['--no-such-flag'] })).rejects.toThrow('no-such-flag');
  expect(children()).toEqual([]);
});
