import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

/** From Debian's package faketime: it gives the daemon, and only it, another time of day. */
const [fakeTime] = globSync('/usr/lib/*/faketime/libfaketime.so.1');
const folder = mkdtempSync(path.join(tmpdir(), 'wharf-clock-'));
const clockFile = path.join(folder, 'clock');
const setClock = (offset: string) => writeFileSync(clockFile, offset);
setClock('+0s');
const patient = { timeout: 20_000 };

describe.skipIf(dockerCommand === undefined || fakeTime === undefined)('when the clock steps back an hour', () => {
  const { world, docker, said } = engineFile({
    pulled: ['busybox'],
    daemonEnv: {
      LD_PRELOAD: fakeTime ?? '',
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const healthOf = async () => JSON.parse(await said('inspect', '-f', '{{json .State.Health}}', 'checked'));

  it('nothing waits for the lost hour', async () => {
    const check = ['--health-cmd', 'true', '--health-interval', '300ms', '--health-start-period', '1s'];
    await said('run', '-d', '--name', 'checked', ...check, 'busybox', 'sleep', '1000');
    await said('run', '-d', '--name', 'stubborn', 'busybox', 'sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done');
    await using events = world().start('docker', ['events', '--format', '{{.Action}} {{.Actor.Attributes.name}}']);
    const before = Date.parse((await healthOf()).Log.at(-1)?.End ?? new Date().toISOString());
    setClock('-3600s');
    // The daemon itself sees the other time.
    await expect
      .poll(async () => Date.parse((await healthOf()).Log.at(-1)?.End), patient)
      .toBeLessThan(before - 3_000_000);
    await expect.poll(async () => (await healthOf()).Status, patient).toBe('healthy');
    const began = performance.now();
    await said('stop', '-t', '1', 'stubborn');
    expect(performance.now() - began).toBeLessThan(15_000);
    await said('pause', 'checked');
    await said('unpause', 'checked');
    expect(await said('run', '--rm', 'busybox', 'echo', 'fine')).toBe('fine');
    await events.saw(/^destroy /m);
    expect(await said('ps', '--format', '{{.Status}}', '--filter', 'name=checked')).toMatch(/^Up .*\(healthy\)$/);
    expect(await said('ps', '-a', '--format', '{{.Status}}', '--filter', 'name=stubborn')).toMatch(
      /^Exited \(137\) .*ago$/,
    );
    await said('pull', '-q', `${world().registryHost}/library/big`);
    await said('run', '-d', '--name', 'again', '--restart', 'always', 'busybox', 'sleep', '0.2');
    await expect.poll(() => said('inspect', '-f', '{{.RestartCount}}', 'again'), patient).not.toBe('0');
    await world().daemon.restart();
    expect(await said('inspect', '-f', '{{.State.Running}}', 'checked')).toBe('true');
    expect((await docker('logs', 'checked')).code).toBe(0);
  });
});
