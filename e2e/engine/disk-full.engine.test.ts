import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

const disk = mkdtempSync(path.join(tmpdir(), 'wharf-disk-'));
const dataRoot = path.join(disk, 'd');
const filler = path.join(disk, 'filler');
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=755', 'tmpfs', disk]);

/** Writes until nothing more fits, a last byte included. */
function fillDisk(): void {
  const fd = openSync(filler, 'w');
  try {
    for (let size = 1 << 20; size > 0; ) {
      try {
        if (writeSync(fd, Buffer.alloc(size, 1)) === 0) throw new Error('nothing written');
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(fd);
  }
  expect(statfsSync(disk).bavail).toBe(0);
}
const emptyDisk = () => rmSync(filler, { force: true });

describe.skipIf(dockerCommand === undefined)('a full disk', () => {
  const { world, docker, said } = engineFile({ dataRoot, pulled: ['busybox'] });
  beforeAll(async () => {
    await said('save', 'busybox', '-o', path.join(world().root, 'saved.tar'));
  });
  afterEach(emptyDisk);
  afterAll(() => {
    emptyDisk();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  const blobs = () => readdirSync(path.join(dataRoot, 'content/blobs/sha256')).sort();
  const layers = () => readdirSync(path.join(dataRoot, 'snapshots/overlay/layers')).sort();
  const unfinished = () => [
    ...readdirSync(path.join(dataRoot, 'content/ingest')),
    ...readdirSync(path.join(dataRoot, 'snapshots/overlay/incoming')),
  ];

  /** Each way to write. Where there is no space it says so, leaves nothing half-made, and works once there is. */
  const archive = () => path.join(world().root, 'saved.tar');
  it.each<[string, () => readonly string[], RegExp]>([
    ['pull', () => ['pull', `${world().registryHost}/library/big`], /no space left/],
    ['load', () => ['load', '-i', archive()], /no space left/],
    ['import', () => ['import', archive(), 'imported:1'], /no space left/],
    ['commit', () => ['commit', 'writer', 'committed:1'], /no space left/],
    ['create', () => ['create', '--name', 'new', 'busybox', 'true'], /no space left|database or disk is full/],
    ['run', () => ['run', '--name', 'new', 'busybox', 'true'], /no space left|database or disk is full/],
    ['cp', () => ['cp', archive(), 'writer:/in'], /no space left/],
    ['volume create', () => ['volume', 'create', 'new'], /no space left|database or disk is full/],
    ['network create', () => ['network', 'create', 'new'], /no space left|database or disk is full/],
    ['rename', () => ['rename', 'writer', 'renamed'], /no space left|database or disk is full/],
    ['tag', () => ['tag', 'busybox', 'new:1'], /no space left|database or disk is full/],
  ])('lets %s fail with its reason', async (_what, argsOf, reason) => {
    const id = await said('run', '-d', '--name', 'writer', 'busybox', 'sleep', '1000');
    await said('exec', 'writer', 'dd', 'if=/dev/urandom', 'of=/big', 'bs=1M', 'count=4');
    const before = { blobs: blobs(), layers: layers() };
    fillDisk();
    const full = await world().docker(argsOf(), { timeoutMs: 60_000 });
    // Small things may still fit into what the database keeps free; then they are simply done.
    if (full.code === 0) expect(reason.source).toContain('database');
    else {
      expect(full.stderr).toMatch(reason);
      expect({ blobs: blobs(), layers: layers() }).toEqual(before);
      expect(unfinished()).toEqual([]);
    }
    // What reads, and what only takes away, works on a full disk.
    expect(await said('exec', id, 'echo', 'alive')).toBe('alive');
    expect((await said('ps', '-q', '--no-trunc')).split('\n')).toContain(id);
    emptyDisk();
    if (full.code !== 0) expect(await world().docker(argsOf(), { timeoutMs: 60_000 })).toMatchObject({ code: 0 });
    for (const image of ['imported:1', 'committed:1', 'new:1']) await docker('rmi', '-f', image);
    await docker('rmi', `${world().registryHost}/library/big`);
  });

  it('does not keep containers, images and volumes from being removed', async () => {
    await said('run', '-d', '--name', 'gone', '-v', 'data:/v', 'busybox', 'sh', '-c', 'echo x > /v/x; sleep 1000');
    await said('tag', 'busybox', 'other:1');
    fillDisk();
    await said('rm', '-f', 'gone');
    await said('volume', 'rm', 'data');
    await said('rmi', 'other:1');
    expect((await said('ps', '-a', '--format', '{{.Names}}')).split('\n')).not.toContain('gone');
  });

  it('lets a container that writes output go on, and its log too once there is space', async () => {
    const script = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done';
    await said('run', '-d', '--name', 'talker', 'busybox', 'sh', '-c', script);
    fillDisk();
    await said('exec', 'talker', 'sleep', '0.5');
    expect(await said('inspect', '-f', '{{.State.Running}}', 'talker')).toBe('true');
    emptyDisk();
    // Lines that are written while the log is read come after the last one.
    const last = async () => Number((await said('logs', '--tail', '1', 'talker')).split('\n').at(-1));
    const before = await last();
    await expect.poll(last, { timeout: 10_000 }).toBeGreaterThan(before);
    expect(await said('stop', '-t', '0', 'talker')).toBe('talker');
  });

  it('is no reason for a daemon not to start again', async () => {
    await said('run', '-d', '--name', 'kept', 'busybox', 'sleep', '1000');
    fillDisk();
    await world().daemon.kill9();
    await world().daemon.start();
    expect(await said('exec', 'kept', 'echo', 'alive')).toBe('alive');
    await said('rm', '-f', 'kept');
  });
});
