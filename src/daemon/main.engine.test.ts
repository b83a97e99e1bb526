import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngineClient } from '../client/engine-client.ts';
import { createSocketTransport, parseEngineAddress } from '../client/node/socket-transport.ts';

const mainPath = fileURLToPath(new URL('./main.ts', import.meta.url));

let folder: string;
const running = new Set<Daemon>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wharfd-'));
});
afterEach(async () => {
  for (const daemon of running) {
    daemon.process.kill('SIGTERM');
    await daemon.ended;
  }
  running.clear();
  rmSync(folder, { recursive: true, force: true });
});

interface Daemon {
  readonly process: ChildProcess;
  /** What it wrote so far, both streams. */
  output(): string;
  /** Addresses of its ready lines. */
  ready(): Promise<readonly string[]>;
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** `--live-restore=false`, so that the end takes bridges and rules away too. */
function start(...argv: string[]): Daemon {
  const roots = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/run`, '--live-restore=false'];
  const given = (flag: string) => argv.some((arg) => arg.startsWith(flag));
  const kept = roots.filter((_, index) => !(index < 2 ? given('--data-root') : index < 4 && given('--exec-root')));
  const child = spawn(process.execPath, [mainPath, ...kept, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (bytes) => {
    text += String(bytes);
  });
  child.stderr.on('data', (bytes) => {
    text += String(bytes);
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  const daemon: Daemon = {
    process: child,
    output: () => text,
    async ready() {
      await expect.poll(() => text, { timeout: 15_000, interval: 20 }).toMatch(/^API listening on /m);
      return [...text.matchAll(/^API listening on (.*)$/gm)].map(([, address = '']) => address);
    },
    ended,
  };
  running.add(daemon);
  void ended.then(() => running.delete(daemon));
  return daemon;
}

const clientOf = (address: string) => createEngineClient(createSocketTransport(parseEngineAddress(address)));

describe('wharfd', () => {
  it('says where it listens, answers there, and leaves no socket and no pidfile when it ends', async () => {
    const daemon = start('-H', `unix://${folder}/a.sock`, '-H', 'tcp://127.0.0.1:0');
    const [unix = '', tcp = ''] = await daemon.ready();
    expect(unix).toBe(`unix://${folder}/a.sock`);
    expect(statSync(`${folder}/a.sock`).mode & 0o777).toBe(0o660);
    const info = await clientOf(unix).call('SystemInfo');
    expect(info).toMatchObject({ OSType: 'linux', DockerRootDir: `${folder}/data`, LiveRestoreEnabled: false });
    expect(Object.keys(info.Runtimes)).toContain(info.DefaultRuntime);
    expect((await clientOf(tcp).call('SystemInfo')).ID).toBe(info.ID);
    expect(info.Warnings?.join()).toContain('without encryption');
    daemon.process.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(existsSync(`${folder}/a.sock`)).toBe(false);
    expect(existsSync(`${folder}/run/wharfd.pid`)).toBe(false);
  });

  it('keeps its ID, and takes over what a killed one left', async () => {
    const first = start();
    const [address = ''] = await first.ready();
    const { ID } = await clientOf(address).call('SystemInfo');
    first.process.kill('SIGKILL');
    await first.ended;
    expect(existsSync(`${folder}/run/wharf.sock`)).toBe(true);
    const second = start();
    expect((await clientOf((await second.ready())[0] ?? '').call('SystemInfo')).ID).toBe(ID);
  });

  it('takes over a pidfile whose number belongs to a younger daemon by now', async () => {
    const other = start('--exec-root', `${folder}/run2`, '--data-root', `${folder}/data2`);
    await other.ready();
    mkdirSync(`${folder}/run`);
    writeFileSync(`${folder}/run/wharfd.pid`, `${other.process.pid}\n`);
    utimesSync(`${folder}/run/wharfd.pid`, 1, 1);
    expect(await start().ready()).toHaveLength(1);
  });

  it('refuses a data root, an exec root and a socket that another one uses', async () => {
    const holder = start();
    await holder.ready();
    const refused = async (...argv: string[]) => {
      const daemon = start(...argv);
      return `${await daemon.ended} ${daemon.output()}`;
    };
    expect(await refused('--exec-root', `${folder}/run2`)).toContain(
      `1 wharfd: another daemon (process ${holder.process.pid}) uses the data root ${folder}/data`,
    );
    expect(await refused('--data-root', `${folder}/data2`)).toMatch(/^1 wharfd: process with PID \d+ is still running/);
    const apart = ['--data-root', `${folder}/data2`, '--exec-root', `${folder}/run2`];
    expect(await refused(...apart, '-H', `unix://${folder}/run/wharf.sock`)).toContain('another daemon listens there');
  });

  it('does not replace a file that is no socket, and wants a group that exists', async () => {
    writeFileSync(`${folder}/file`, 'mine');
    const onFile = start('-H', `unix://${folder}/file`);
    expect(await onFile.ended).toBe(1);
    expect(onFile.output()).toContain('there is a file that is no socket');
    const group = start('--group', 'no-such-group');
    expect(await group.ended).toBe(1);
    expect(group.output()).toContain('there is no group "no-such-group"');
  });

  it('takes the log level anew on SIGHUP', async () => {
    const config = `${folder}/daemon.json`;
    writeFileSync(config, '{"log-level":"info"}');
    const daemon = start('--config-file', config);
    const [address = ''] = await daemon.ready();
    await clientOf(address).call('SystemPing');
    expect(daemon.output()).not.toContain('url=/_ping');
    writeFileSync(config, '{"log-level":"debug","registry-fallbacks":["http://127.0.0.1:1"]}');
    daemon.process.kill('SIGHUP');
    await expect.poll(() => daemon.output()).toContain('configuration reloaded');
    await clientOf(address).call('SystemPing');
    await expect.poll(() => daemon.output()).toContain('url=/_ping');
    const names = (await clientOf(address).call('RegistryList')).map(({ name, role }) => `${role} ${name}`);
    expect(names).toEqual(['registry docker.io', 'fallback 127.0.0.1:1']);
    writeFileSync(config, '{"log-level":');
    daemon.process.kill('SIGHUP');
    await expect.poll(() => daemon.output()).toContain('the configuration was not reloaded');
  });

  it('streams events as they happen, and those since a time', async () => {
    const [address = ''] = await start().ready();
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
      })
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
