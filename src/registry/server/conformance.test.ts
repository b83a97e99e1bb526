import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformanceSuite } from './conformance-suite.ts';
import type { RegistryUnderTest } from './conformance-world.ts';
import { createRegistryServer } from './create-registry-server.ts';
import { FilesystemDriver } from './filesystem-driver.ts';
import { MemoryDriver } from './memory-driver.ts';
import type { StorageDriver } from './storage-driver.ts';

async function start(driver: StorageDriver, ended: () => Promise<void>): Promise<RegistryUnderTest> {
  const server = await createRegistryServer({ driver, settings: { sparse: true } });
  const url = await server.listen('127.0.0.1', 0);
  return {
    url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await ended();
    },
  };
}

conformanceSuite('in memory', async () => await start(new MemoryDriver(), async () => undefined));

conformanceSuite('in a folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'wharf-conformance-'));
  return await start(new FilesystemDriver(root), async () => await rm(root, { recursive: true }));
});
