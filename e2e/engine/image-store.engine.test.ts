import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';

describe('the image store', () => {
  const { world, wharf } = engineFile();
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await wharf(...args);
    if (code !== 0) throw new Error(`wharf ${args.join(' ')} ended with code ${code}: ${stdout}${stderr}`);
    return stdout.replace(/\n$/, '');
  };
  const host = () => world().registryHost;
  const forget = async () => {
    for (const id of new Set((await ok('images', '-q', '--no-trunc')).split('\n').filter(Boolean)))
      await ok('rmi', '-f', id);
  };
  const blobs = async () => {
    const folder = path.join(world().dataRoot, 'content/blobs/sha256');
    return (await readdir(folder)).map((name) => path.join(folder, name)).sort();
  };
  const raw = async (name: string) =>
    createHash('sha256')
      .update(await ok('manifest', 'inspect', '--raw', name))
      .digest('hex');

  /** One name for two fixtures, the second said to be for another architecture. */
  async function makeIndex(name: string): Promise<void> {
    await ok('manifest', 'create', name, `${host()}/library/busybox:latest`);
    await ok('manifest', 'add', '--arch', 'arm64', name, `${host()}/library/layered:latest`);
    await ok('manifest', 'push', '--purge', name);
  }

  it('puts an index together, keeps all of it, runs any of it and pushes it byte for byte', async () => {
    const [one, two, three] = [`${host()}/multi:1`, `${host()}/copy/multi:2`, `${host()}/again:3`];
    await makeIndex(one);
    await ok('pull', '--all-platforms', one);
    expect(await ok('image', 'inspect', '--platform', 'linux/arm64', '-f', '{{.Architecture}}', one)).toBe('amd64');
    expect(await ok('run', '--rm', one, 'echo', 'host')).toBe('host');
    // Its entrypoint shows which image it is.
    expect(await ok('run', '--rm', '--platform', 'linux/arm64', one)).toMatch(/^entry/);
    expect((await ok('images', '-q')).split('\n')).toHaveLength(1);
    await ok('tag', one, two);
    await ok('push', '-q', two);
    expect(await raw(two)).toBe(await raw(one));
    const archive = path.join(world().home, 'multi.tar');
    await ok('save', '-o', archive, two);
    await forget();
    expect(await blobs()).toEqual([]);
    await ok('load', '-i', archive);
    await rm(archive);
    await ok('tag', two, three);
    await ok('push', '-q', three);
    expect(await raw(three)).toBe(await raw(one));
    await forget();
  });

  it('finds what a disk forgot, and repairs it from the registry', async () => {
    await ok('pull', `${host()}/library/layered`);
    expect(await ok('image', 'verify')).toMatch(/: nothing damaged, nothing missing$/);
    const [first = '', second = ''] = await blobs();
    const bytes = await readFile(first);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(first, bytes);
    await rm(second);
    const found = await wharf('image', 'verify');
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/is damaged: its \d+ bytes have the digest sha256:/);
    expect(found.stdout).toMatch(/is missing: there is no such blob/);
    expect(await ok('image', 'verify', '--repair')).toMatch(/ 0 left$/);
    expect(await ok('image', 'verify')).toMatch(/: nothing damaged, nothing missing$/);
    await forget();
  });

  it('is whole, or made whole, after kill -9 in the middle of a pull of all platforms and of a repair', async () => {
    const name = `${host()}/killed:1`;
    await ok('manifest', 'create', name, `${host()}/library/busybox:latest`);
    await ok('manifest', 'add', '--arch', 'arm64', name, `${host()}/library/big:latest`);
    await ok('manifest', 'push', '--purge', name);
    for (const line of [/Pulling fs layer/, /Download complete|Verifying/, /Pull complete/]) {
      const pull = world().start('wharf', ['pull', '--all-platforms', name]);
      await pull.saw(line);
      await world().daemon.kill9();
      await pull.ended;
      await world().daemon.start();
      expect(await ok('image', 'verify')).toMatch(/: nothing damaged, nothing missing$/);
      await forget();
    }
    await ok('pull', '--all-platforms', name);
    for (const blob of await blobs()) await writeFile(blob, 'not what it was');
    const repair = world().start('wharf', ['image', 'verify', '--repair']);
    await expect.poll(async () => (await intactBlobs()) > 0, { timeout: 60_000 }).toBe(true);
    await world().daemon.kill9();
    await repair.ended;
    await world().daemon.start();
    expect(await ok('image', 'verify', '--repair')).toMatch(/ 0 left$|nothing damaged, nothing missing$/);
    expect(await ok('image', 'verify')).toMatch(/: nothing damaged, nothing missing$/);
    await forget();
  }, 240_000);

  async function intactBlobs(): Promise<number> {
    const contents = await Promise.all((await blobs()).map((blob) => readFile(blob)));
    return contents.filter((bytes) => bytes.toString('latin1', 0, 20) !== 'not what it was').length;
  }
});
