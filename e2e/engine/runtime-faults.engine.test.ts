import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';
import { until } from '../../test-world/run-program.ts';

const programs = mkdtempSync(path.join(tmpdir(), 'wharf-programs-'));
const modeFile = path.join(programs, 'mode');
const held = path.join(programs, 'held');
const real = execFileSync('sh', ['-c', 'command -v crun || command -v runc'], { encoding: 'utf8' }).trim();
const wrapper = path.join(programs, path.basename(real));

/** The real runtime, unless the mode says that one of its commands does something else. */
function placeRuntime(): void {
  const script = [
    '#!/bin/sh',
    `mode=$(cat ${modeFile})`,
    'case "$mode:$*" in',
    '  "crash-create:"*" create "*) kill -SEGV $$ ;;',
    '  "silent-create:"*" create "*) exit 3 ;;',
    '  "garbage-create:"*" create "*) head -c 20000 /dev/urandom >&2; exit 1 ;;',
    `  "hang-create:"*" create "*) : > ${held}; exec sleep 1000 ;;`,
    '  "crash-exec:"*" exec "*) kill -SEGV $$ ;;',
    'esac',
    `exec ${real} "$@"`,
  ];
  writeFileSync(wrapper, `${script.join('\n')}\n`);
  chmodSync(wrapper, 0o755);
}
const setMode = (mode: string) => writeFileSync(modeFile, mode);
setMode('none');
placeRuntime();

describe.skipIf(dockerCommand === undefined)('an OCI runtime that', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox'], programs });
  beforeEach(() => said('run', '-d', '--name', 'bystander', 'busybox', 'sleep', '1000'));
  afterEach(() => {
    setMode('none');
    placeRuntime();
    rmSync(held, { force: true });
  });
  afterAll(() => rmSync(programs, { recursive: true, force: true }));

  /** Nothing of a container that did not start but itself, and it starts once the runtime is well again. */
  async function recovers(name: string): Promise<void> {
    expect(await said('inspect', '-f', '{{.State.Status}}', name)).toBe('created');
    setMode('none');
    placeRuntime();
    expect(await said('start', '-a', name)).toBe('fine');
    expect(await said('exec', 'bystander', 'echo', 'still here')).toBe('still here');
  }

  it.each([
    ['crashes while it makes a container', 'crash-create'],
    ['ends without a word', 'silent-create'],
    ['prints nonsense', 'garbage-create'],
  ])('%s: the start says so, and works afterwards', async (_what, mode) => {
    await said('create', '--name', 'poor', 'busybox', 'echo', 'fine');
    setMode(mode);
    const { code, stderr } = await docker('start', 'poor');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error response from daemon: .*OCI runtime/);
    expect(stderr.length).toBeLessThan(6000);
    await recovers('poor');
  });

  it('is gone: the start says which program is missing', async () => {
    await said('create', '--name', 'poor', 'busybox', 'echo', 'fine');
    rmSync(wrapper);
    const { code, stderr } = await docker('start', 'poor');
    expect(code).not.toBe(0);
    expect(stderr).toContain(path.basename(wrapper));
    await recovers('poor');
  });

  it('crashes in an exec: the exec fails, the container goes on', async () => {
    setMode('crash-exec');
    const { code } = await docker('exec', 'bystander', 'echo', 'hi');
    expect(code).not.toBe(0);
    setMode('none');
    expect(await said('exec', 'bystander', 'echo', 'hi')).toBe('hi');
  });

  it('hangs: everything else goes on, and a restarted daemon clears it away', async () => {
    await said('create', '--name', 'poor', 'busybox', 'echo', 'fine');
    setMode('hang-create');
    await using starting = world().start('docker', ['start', 'poor']);
    await until(
      () => existsSync(held),
      10_000,
      () => 'the runtime was not called',
    );
    setMode('none');
    // Every list and every other container answers while one hangs.
    expect(await said('run', '--rm', 'busybox', 'echo', 'other')).toBe('other');
    expect(await said('exec', 'bystander', 'echo', 'hi')).toBe('hi');
    expect(await said('ps', '-a', '--format', '{{.Names}}')).toContain('poor');
    expect(await said('inspect', '-f', '{{.State.Status}}', 'poor')).toBe('created');
    await world().daemon.kill9();
    await starting.ended;
    await world().daemon.start();
    await until(
      () => !hangs(),
      10_000,
      () => 'the hanging runtime was left behind',
    );
    await recovers('poor');
  });

  function hangs(): boolean {
    const pids = execFileSync('sh', ['-c', 'pgrep -x sleep || true'], { encoding: 'utf8' }).split('\n');
    return pids.some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(world().execRoot);
      } catch {
        return false;
      }
    });
  }
});
