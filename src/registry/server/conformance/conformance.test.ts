import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistryServer } from '../create-registry-server.ts';
import { FilesystemDriver } from '../storage/filesystem-driver.ts';
import { MemoryDriver } from '../storage/memory-driver.ts';
import { S3Driver } from '../storage/s3/s3-driver.ts';
import { fakeDriverOptions } from '../storage/s3/s3-fake-client.ts';
import { fakeS3 } from '../storage/s3/s3-fake-server.ts';
import type { StorageDriver } from '../storage/storage-driver.ts';
import { isUploadData } from '../storage/storage-paths.ts';
import { conformanceSuite } from './conformance-suite.ts';
import type { RegistryUnderTest } from './conformance-world.ts';

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

/** Each request goes to the other server than the one before: neither may know what the bucket does not. */
conformanceSuite('in S3, by two servers in turn', async () => {
  const fake = await fakeS3({ minPartBytes: 100 * 1024, pageSize: 10 });
  const drivers = [0, 1].map(() => new S3Driver({ ...fakeDriverOptions(fake), mayGrow: isUploadData }));
  const servers = await Promise.all(
    drivers.map(async (driver) => await createRegistryServer({ driver, settings: { sparse: true } })),
  );
  let turn = 0;
  const front = createServer((request, response) => servers[turn++ % servers.length]?.handler(request, response));
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const { port } = front.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      for (const server of servers) await server[Symbol.asyncDispose]();
      for (const driver of drivers) await driver.close();
      await fake[Symbol.asyncDispose]();
    },
  };
});
