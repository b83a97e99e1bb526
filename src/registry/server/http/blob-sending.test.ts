import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { createRegistryServer } from '../create-registry-server.ts';
import { FilesystemDriver } from '../storage/filesystem-driver.ts';

async function openFilesBelow(root: string): Promise<number> {
  const targets = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(root)).length;
}

it('many readers get their own bytes, and those who leave in the middle leave nothing open', async () => {
  const root = await mkdtemp(join(tmpdir(), 'wharf-sending-'));
  await using server = await createRegistryServer({ driver: new FilesystemDriver(root) });
  const url = await server.listen('127.0.0.1', 0);
  const bytes = [randomBytes(3_000_001), randomBytes(1_500_007)];
  const paths: string[] = [];
  for (const blob of bytes) {
    const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
    const push = { method: 'POST', body: new Uint8Array(blob) };
    expect((await fetch(`${url}/v2/a/blobs/uploads/?digest=${digest}`, push)).status).toBe(201);
    paths.push(`${url}/v2/a/blobs/${digest}`);
  }
  await Promise.all(
    Array.from({ length: 24 }, async (_, at) => {
      const path = paths[at % 2] ?? '';
      if (at % 3 === 0) {
        await new Promise<void>((resolve) => {
          get(path, (response) => response.once('data', () => response.destroy()).once('close', resolve));
        });
        return;
      }
      const got = Buffer.from(await (await fetch(path)).arrayBuffer());
      expect(got.equals(bytes[at % 2] ?? got.subarray(1))).toBe(true);
    }),
  );
  await vi.waitFor(async () => expect(await openFilesBelow(root)).toBe(0), { timeout: 10_000 });
  await rm(root, { recursive: true });
});
