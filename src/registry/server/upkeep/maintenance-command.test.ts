import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { parseRegistryArguments } from '../command-line.ts';
import { runRegistry } from '../run-command.ts';
import { FilesystemDriver } from '../storage/filesystem-driver.ts';
import { registryWorld } from '../test-images.ts';

async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'wharf-maintain-'));
  const [root, settings] = [join(folder, 'root'), join(folder, 'settings.json')];
  const rules = [{ repositories: ['*'], keepLast: 1 }];
  await writeFile(settings, JSON.stringify({ retention: { rules } }));
  const run = async (...argv: string[]) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const around = { stdin: new PassThrough(), stdout, stderr, signal: new AbortController().signal };
    const code = await runRegistry(argv, around);
    const text = [stdout, stderr].map((stream) => String(stream.read() ?? '')).join('');
    return { code, text };
  };
  return {
    root,
    settings,
    retention: { rules },
    run,
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true }),
  };
}

it('retention and gc work on a folder that is not served, and tell first what they would do', async () => {
  await using w = await world();
  {
    await using served = await registryWorld({ driver: new FilesystemDriver(w.root) });
    await served.push('app', '1', { layers: ['one'] });
    await served.push('app', '2', { layers: ['two'] });
  }
  const plan = await w.run('retention', '--root', w.root, '--settings', w.settings, '--dry-run');
  expect(plan).toMatchObject({ code: 0, text: expect.stringContaining('would remove app:1: not among the last 1\n') });
  expect(plan.text).toContain('would remove 1 tags and 1 manifests; 1 tags stay\n');
  const done = await w.run('retention', '--root', w.root, '--settings', w.settings);
  expect(done.text).toContain('removed 1 tags and 1 manifests; 1 tags stay\n');
  expect((await w.run('retention', '--root', w.root, '--settings', w.settings)).text).toContain('removed 0 tags');
  // Nothing is old enough to go.
  expect((await w.run('gc', '--root', w.root, '--dry-run')).text).toBe(
    'would remove 0 blobs (0 bytes) and 0 unfinished uploads\n',
  );
});

it('retention and gc are asked of a registry that serves', async () => {
  await using w = await world();
  await using served = await registryWorld({ settings: { retention: w.retention } });
  await served.push('app', '1');
  await served.push('app', '2');
  const { code, text } = await w.run('retention', '--server', served.url, '--dry-run');
  expect([code, text]).toEqual([0, expect.stringContaining('would remove app:1: not among the last 1\n')]);
  expect((await w.run('gc', '--server', served.url)).text).toBe('removed 0 blobs (0 bytes) and 0 unfinished uploads\n');
  await served.server.close(0);
  expect(await w.run('gc', '--server', served.url)).toMatchObject({
    code: 1,
    text: expect.stringContaining(`the registry at ${served.url} could not be asked`),
  });
});

it('a cache is told by flags', () => {
  const flags = ['--upstream', 'https://up.example/', '--tag-ttl', '60', '--cache-size', '2g'];
  expect(parseRegistryArguments(['serve', '--root', '/r', ...flags])).toMatchObject({
    cache: { prefix: '', upstream: 'https://up.example', tagTtlSeconds: 60, maxBytes: 2 ** 31 },
  });
});

it.each([
  [['gc'], '--root DIR, or --server URL is missing'],
  [['retention', '--root', '/r'], '--settings FILE is missing'],
  [['gc', '--server', 'http://x', '--root', '/r'], 'takes neither'],
  [['gc', '--server', 'http://u:p@x'], 'without a password'],
  [['gc', '--root', '/r', '--user', 'alice'], '--user goes with --server'],
  [['serve', '--root', '/r', '--cache-size', '1g'], 'go with --upstream'],
  [['serve', '--root', '/r', '--upstream', 'hub'], '--upstream must be a base URL'],
  [['serve', '--root', '/r', '--upstream', 'https://x', '--cache-size', 'big'], '--cache-size takes a size'],
])('%j is refused: %s', (argv, message) => {
  expect(() => parseRegistryArguments(argv)).toThrow(message);
});
