import { existsSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clientOf, daemonTestWorld, patient } from './daemon-test-world.ts';

const world = daemonTestWorld();

describe('wharfd', () => {
  it('says where it listens, answers there, and leaves no socket and no pidfile when it ends', async () => {
    const daemon = world.start(['-H', `unix://${world.folder}/a.sock`, '-H', 'tcp://127.0.0.1:0']);
    const [unix = '', tcp = ''] = await daemon.ready();
    expect(unix).toBe(`unix://${world.folder}/a.sock`);
    expect(statSync(`${world.folder}/a.sock`).mode & 0o777).toBe(0o660);
    const info = await clientOf(unix).call('SystemInfo');
    expect(info).toMatchObject({ OSType: 'linux', DockerRootDir: `${world.folder}/data`, LiveRestoreEnabled: false });
    expect(Object.keys(info.Runtimes)).toContain(info.DefaultRuntime);
    expect((await clientOf(tcp).call('SystemInfo')).ID).toBe(info.ID);
    expect(info.Warnings?.join()).toContain('without encryption');
    daemon.process.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(existsSync(`${world.folder}/a.sock`)).toBe(false);
    expect(existsSync(`${world.folder}/run/wharfd.pid`)).toBe(false);
  });

  it('keeps its ID, and takes over what a killed one left', async () => {
    const first = world.start();
    const address = await first.address();
    const { ID } = await clientOf(address).call('SystemInfo');
    first.process.kill('SIGKILL');
    await first.ended;
    expect(existsSync(`${world.folder}/run/wharf.sock`)).toBe(true);
    const second = world.start();
    expect((await clientOf(await second.address()).call('SystemInfo')).ID).toBe(ID);
  });

  it('goes on when nobody reads its log any more, and still ends when it is told to', async () => {
    const daemon = world.start(['--log-level', 'debug']);
    const address = await daemon.address();
    daemon.process.stdout?.destroy();
    daemon.process.stderr?.destroy();
    // The first two meet the broken pipe; what comes after them is answered only by a daemon that does not spin on it.
    for (let asked = 0; asked < 3; asked += 1) await clientOf(address).call('SystemPing');
    daemon.process.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
  });

  it('takes over a pidfile whose number belongs to a younger daemon by now', async () => {
    const other = world.start(['--exec-root', `${world.folder}/run2`, '--data-root', `${world.folder}/data2`]);
    await other.ready();
    mkdirSync(`${world.folder}/run`);
    writeFileSync(`${world.folder}/run/wharfd.pid`, `${other.process.pid}\n`);
    utimesSync(`${world.folder}/run/wharfd.pid`, 1, 1);
    expect(await world.start().ready()).toHaveLength(1);
  });

  it('refuses a data root, an exec root and a socket that another one uses', async () => {
    const holder = world.start();
    await holder.ready();
    const refused = async (...argv: string[]) => {
      const daemon = world.start(argv);
      return `${await daemon.ended} ${daemon.output()}`;
    };
    expect(await refused('--exec-root', `${world.folder}/run2`)).toContain(
      `1 wharfd: another daemon (process ${holder.process.pid}) uses the data root ${world.folder}/data`,
    );
    expect(await refused('--data-root', `${world.folder}/data2`)).toMatch(
      /^1 wharfd: process with PID \d+ is still running/,
    );
    const apart = ['--data-root', `${world.folder}/data2`, '--exec-root', `${world.folder}/run2`];
    expect(await refused(...apart, '-H', `unix://${world.folder}/run/wharf.sock`)).toContain(
      'another daemon listens there',
    );
  });

  it('does not replace a file that is no socket, and wants a group that exists', async () => {
    writeFileSync(`${world.folder}/file`, 'mine');
    const onFile = world.start(['-H', `unix://${world.folder}/file`]);
    expect(await onFile.ended).toBe(1);
    expect(onFile.output()).toContain('there is a file that is no socket');
    const group = world.start(['--group', 'no-such-group']);
    expect(await group.ended).toBe(1);
    expect(group.output()).toContain('there is no group "no-such-group"');
  });

  it('takes the log level anew on SIGHUP', async () => {
    const config = `${world.folder}/daemon.json`;
    writeFileSync(config, '{"log-level":"info"}');
    const daemon = world.start(['--config-file', config]);
    const address = await daemon.address();
    await clientOf(address).call('SystemPing');
    expect(daemon.output()).not.toContain('url=/_ping');
    writeFileSync(config, '{"log-level":"debug","registry-fallbacks":["http://127.0.0.1:1"]}');
    daemon.process.kill('SIGHUP');
    await expect.poll(() => daemon.output(), patient).toContain('configuration reloaded');
    await clientOf(address).call('SystemPing');
    await expect.poll(() => daemon.output(), patient).toContain('url=/_ping');
    const names = (await clientOf(address).call('RegistryList')).map(({ name, role }) => `${role} ${name}`);
    expect(names).toEqual(['registry docker.io', 'fallback 127.0.0.1:1']);
    writeFileSync(config, '{"log-level":');
    daemon.process.kill('SIGHUP');
    await expect.poll(() => daemon.output(), patient).toContain('the configuration was not reloaded');
  });

  it('streams events as they happen, and those since a time', async () => {
    const address = await world.start().address();
    const engine = clientOf(address);
    const since = String(Date.now() / 1000);
    const stop = new AbortController();
    const live = engine.jsonStream('SystemEvents', { query: { filters: { type: ['volume'] } }, signal: stop.signal });
    const next = live.next();
    await engine.call('NetworkCreate', { body: { Name: 'quiet', Internal: true } });
    // The subscription is in place once the headers are out; creating until an event comes needs no sleep.
    await expect
      .poll(async () => {
        await engine.call('VolumeCreate', { body: { Name: `v${Math.random()}`.replace('.', '') } });
        return await Promise.race([
          next.then(({ value }) => value?.Type),
          new Promise((resolve) => setTimeout(resolve, 50)),
        ]);
      }, patient)
      .toBe('volume');
    stop.abort();
    const past: string[] = [];
    const until = String(Date.now() / 1000);
    for await (const event of engine.jsonStream('SystemEvents', { query: { since, until } })) past.push(event.Type);
    expect(past).toContain('network');
    expect(past).toContain('volume');
    await engine.call('NetworkDelete', { params: { id: 'quiet' } });
  });
});
