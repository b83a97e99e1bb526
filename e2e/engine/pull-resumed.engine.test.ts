import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { engineWorld } from '../../test-world/engine-world.ts';
import { hostileRegistry } from '../../test-world/hostile-registry.ts';

it('a pull that a kill of the daemon cut goes on, after the next start, from the bytes that had come', async () => {
  await using registry = await hostileRegistry('stalled');
  await using world = await engineWorld({ images: 'none', flags: ['--insecure-registry', registry.host] });
  const ingest = join(world.dataRoot, 'content/ingest');
  const parts = () => (existsSync(ingest) ? readdirSync(ingest).filter((name) => /^sha256-/.test(name)) : []);
  const query = { fromImage: registry.image };
  const drain = async () => {
    for await (const message of world.engine.jsonStream('ImageCreate', { query }))
      if (message.error !== undefined) throw new Error(message.error);
  };
  const cut = drain().catch(() => 'cut');
  // Half of each of the three layers comes; what is gathered in memory is lost.
  await expect
    .poll(() => parts().filter((name) => statSync(join(ingest, name)).size > 2 << 20), { timeout: 60_000 })
    .toHaveLength(3);
  await world.daemon.kill9();
  expect(await cut).toBe('cut');
  registry.recover();
  await world.daemon.start();
  expect(parts()).toHaveLength(3);
  await drain();
  expect(registry.offsets).toHaveLength(3);
  for (const offset of registry.offsets) expect(offset).toBeGreaterThan(2 << 20);
  expect(parts()).toEqual([]);
});
