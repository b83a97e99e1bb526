import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

const counting = [
  'busybox',
  'sh',
  '-c',
  'trap "exit 5" TERM; i=0; while :; do i=$((i + 1)); echo line $i; sleep 0.05; done',
];

describe.skipIf(dockerCommand === undefined)('containers outlive the daemon', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox'] });
  const state = (name: string) => said('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name);
  /** Numbers of the lines, which have to be 1, 2, 3, … with no gap. */
  async function expectNoGap(name: string): Promise<number> {
    const lines = (await said('logs', name)).split('\n');
    expect(lines).toEqual(lines.map((_, at) => `line ${at + 1}`));
    return lines.length;
  }

  it('when it is killed: output goes on, exit codes are right, everything can be done to them', async () => {
    await said('run', '-d', '--name', 'counter', '-p', '127.0.0.1::80', ...counting);
    await said('run', '-d', '--name', 'ending', 'busybox', 'sh', '-c', 'sleep 1; echo bye; exit 33');
    await said('run', '-d', '--name', 'removed', '--rm', 'busybox', 'sleep', '1');
    await said('create', '--name', 'waiting', 'busybox', 'true');
    const pid = await said('inspect', '-f', '{{.State.Pid}}', 'counter');
    const address = await said('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'counter');
    await world().daemon.kill9();
    expect((await docker('ps')).code).toBe(1);
    await delay(1200);
    await world().daemon.start();
    expect(await state('counter')).toBe('running 0');
    expect(await said('inspect', '-f', '{{.State.Pid}}', 'counter')).toBe(pid);
    expect(await state('ending')).toBe('exited 33');
    expect(await said('logs', 'ending')).toBe('bye');
    expect(await state('waiting')).toBe('created 0');
    await expect.poll(async () => (await docker('inspect', 'removed')).code).toBe(1);
    const lines = await expectNoGap('counter');
    expect(lines).toBeGreaterThan(15);
    await expect.poll(() => expectNoGap('counter')).toBeGreaterThan(lines);
    expect(await said('exec', 'counter', 'echo', 'inside')).toBe('inside');
    expect(await said('port', 'counter')).toMatch(/80\/tcp -> 127\.0\.0\.1:\d+/);
    // The next one gets another address: what is in use was not forgotten.
    const next = await said('run', '--rm', 'busybox', 'hostname', '-i');
    expect(next).not.toBe(address);
    await said('stop', '-t', '3', 'counter');
    expect(await state('counter')).toBe('exited 5');
    expect(await said('start', 'waiting')).toBe('waiting');
  });

  it('when it is killed again and again while containers come and go', async () => {
    const made: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const runs = [1, 2, 3].map((each) =>
        docker('run', '-d', '--name', `r${round}x${each}`, 'busybox', 'sleep', '300'),
      );
      await delay(40 + round * 60);
      await world().daemon.kill9();
      for (const { code, stdout } of await Promise.all(runs)) if (code === 0) made.push(stdout.trim());
      await world().daemon.start();
    }
    const running = (await said('ps', '-q', '--no-trunc')).split('\n');
    // What was answered for is there.
    expect(running).toEqual(expect.arrayContaining(made));
    for (const name of (await said('ps', '-aq')).split('\n').filter(Boolean)) await said('rm', '-f', name);
    expect(await said('run', '--rm', 'busybox', 'echo', 'fine')).toBe('fine');
  });

  it('when it is killed while somebody has a shell in one: the shell ends, nothing turns in circles', async () => {
    await said('run', '-d', '--name', 'box', 'busybox', 'sleep', '300');
    await using terminal = world().terminal('docker', ['exec', '-it', 'box', 'sh']);
    await terminal.saw(/# /);
    await using piped = world().start('docker', ['exec', '-i', 'box', 'cat'], { input: 'x\n' });
    await said('exec', '-d', 'box', 'sleep', '222');
    await world().daemon.kill9();
    await Promise.all([terminal.ended, piped.ended]);
    await world().daemon.start();
    await expect.poll(() => said('exec', 'box', 'ps'), { timeout: 5000 }).not.toMatch(/ sh$/m);
    expect(await said('exec', 'box', 'ps')).toContain('sleep 222');
  });

  it('when its monitor is killed: the container counts as ended, and can be removed', async () => {
    await said('run', '-d', '--name', 'orphan', ...counting);
    await world().daemon.kill9();
    const pid = Number(await readPid());
    process.kill(pid, 'SIGKILL');
    await world().daemon.start();
    await expect.poll(() => state('orphan')).toMatch(/^exited/);
    await said('rm', '-f', 'orphan');
    async function readPid(): Promise<string> {
      const { execFileSync } = await import('node:child_process');
      return execFileSync('pgrep', ['-of', `${world().execRoot}/.*conmon|conmon.*${world().execRoot}`], {
        encoding: 'utf8',
      });
    }
  });

  it('when it is told to end, and ends within its time', async () => {
    await said('run', '-d', '--name', 'counter', ...counting);
    expect(await world().daemon.stop()).toBe(0);
    await delay(300);
    await world().daemon.start();
    expect(await state('counter')).toBe('running 0');
    await expectNoGap('counter');
  });

  it('but not with --live-restore=false: then they are stopped, and those to be restarted come back', async () => {
    await world().daemon.restart(['--live-restore=false']);
    await said('run', '-d', '--name', 'counter', ...counting);
    await said('run', '-d', '--name', 'always', '--restart', 'always', ...counting);
    await expect.poll(() => said('logs', 'counter')).toContain('line 1');
    expect(await world().daemon.stop()).toBe(0);
    await world().daemon.start();
    expect(await state('counter')).toBe('exited 5');
    await expect.poll(() => state('always')).toBe('running 0');
  });

  it('ends a client that follows or waits, and does not hang on it', async () => {
    await said('run', '-d', '--name', 'counter', ...counting);
    await using follower = world().start('docker', ['logs', '-f', 'counter']);
    await using waiter = world().start('docker', ['wait', 'counter']);
    await using watcher = world().start('docker', ['events']);
    await follower.saw(/line 2/);
    const before = Date.now();
    await world().daemon.stop();
    expect(Date.now() - before).toBeLessThan(5000);
    await Promise.all([follower.ended, waiter.ended, watcher.ended]);
    await world().daemon.start();
  });
});
