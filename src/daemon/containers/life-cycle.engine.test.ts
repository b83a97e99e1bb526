import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containerTestWorld, request, type TestDaemon, type TestWorld } from './container-test-world.ts';
import { code, logText, testSignal as signal } from './test-runs.ts';

let world: TestWorld;
let daemon: TestDaemon;

beforeAll(async () => {
  world = await containerTestWorld({ Cmd: ['sh'], Env: ['FROM_IMAGE=yes'] });
  daemon = await world.daemon();
});
afterAll(async () => {
  const { warnings } = daemon;
  await world[Symbol.asyncDispose]();
  expect(warnings).toEqual([]);
});

describe('life cycle', () => {
  test('stop, start again, pause, kill and remove, with Docker’s events', async () => {
    const { containers, events } = daemon;
    const { Id } = await containers.create(request(['sleep', '1000']), { name: 'lively', signal });
    expect(await containers.start(Id, { signal })).toBe('started');
    expect(await containers.start(Id, { signal })).toBe('unchanged');
    expect(await code(containers.remove(Id, { force: false, volumes: false }))).toBe('container.running');
    await containers.pause(Id);
    expect((await containers.inspect(Id, { size: false, signal })).State).toMatchObject({
      Status: 'paused',
      Paused: true,
    });
    expect(await code(containers.pause(Id))).toBe('container.paused');
    await containers.unpause(Id);
    await containers.rename(Id, 'livelier');
    // sleep as PID 1 ignores SIGTERM: the timeout ends it.
    expect(await containers.stop(Id, { timeoutSeconds: 0 })).toBe('stopped');
    expect(await containers.stop(Id, {})).toBe('unchanged');
    expect(await code(containers.kill(Id, {}))).toBe('container.not-running');
    expect((await containers.inspect(Id, { size: false, signal })).State).toMatchObject({
      Status: 'exited',
      ExitCode: 137,
    });
    await containers.restart(Id, { timeoutSeconds: 0 });
    await containers.kill(Id, { signalName: 'KILL' });
    await containers.remove(Id, { force: false, volumes: false });
    const actions = events.filter((event) => event.Actor.ID === Id).map((event) => event.Action);
    expect(actions).toEqual([
      ...['create', 'start', 'pause', 'unpause', 'rename', 'kill', 'kill', 'die', 'stop'],
      ...['start', 'restart', 'kill', 'die', 'destroy'],
    ]);
    const died = events.find((event) => event.Actor.ID === Id && event.Action === 'die');
    expect(died?.Actor.Attributes).toMatchObject({ image: 'busybox:latest', name: 'livelier', exitCode: '137' });
  });

  test('becomes an image all the same when it ends in the moment of the commit', async () => {
    const { containers } = daemon;
    for (let time = 0; time < 5; time += 1) {
      const { Id } = await containers.create(request(['sleep', '1000']), { signal });
      await containers.start(Id, { signal });
      const { State } = await containers.inspect(Id, { size: false, signal });
      process.kill(State.Pid, 'SIGKILL');
      const made = await containers.commit({
        container: Id,
        comment: '',
        author: '',
        pause: true,
        changes: [],
        signal,
      });
      expect(made.Id).toMatch(/^sha256:/);
      await containers.remove(Id, { force: true, volumes: false });
    }
  });

  test('on-failure starts it again with a growing delay, then gives up', async () => {
    const { containers } = daemon;
    const { Id } = await containers.create(
      request(['sh', '-c', 'echo ran; exit 3'], {
        HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
      }),
      { signal },
    );
    await containers.start(Id, { signal });
    await expect
      .poll(async () => (await containers.inspect(Id, { size: false, signal })).State.Status, { timeout: 10_000 })
      .toBe('exited');
    const inspected = await containers.inspect(Id, { size: false, signal });
    expect(inspected).toMatchObject({ RestartCount: 2, State: { ExitCode: 3 } });
    expect((await logText(daemon, Id)).split('\n').filter(Boolean)).toEqual(['ran', 'ran', 'ran']);
  });
});

describe('logs', () => {
  test('can be followed to the end, and cut by tail', async () => {
    const { containers } = daemon;
    const { Id } = await containers.create(request(['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done']), {
      signal,
    });
    await containers.start(Id, { signal });
    expect(await logText(daemon, Id, { follow: true })).toBe('1\n2\n3\n');
    expect(await logText(daemon, Id, { tail: '1' })).toBe('3\n');
    expect(await logText(daemon, Id, { tail: '1', timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z 3\n$/);
  });
});

describe('stats', () => {
  test('count memory, processes and CPU time of a running container', async () => {
    const { containers } = daemon;
    const { Id } = await containers.create(request(['sleep', '1000'], { HostConfig: { Memory: 64 * 1024 * 1024 } }), {
      signal,
    });
    await containers.start(Id, { signal });
    const documents = [];
    for await (const document of await containers.stats(Id, { stream: false, oneShot: false, signal }))
      documents.push(document);
    expect(documents).toHaveLength(1);
    expect(documents[0]).toMatchObject({ pids_stats: { current: 1 }, memory_stats: { limit: 64 * 1024 * 1024 } });
    expect(documents[0]?.precpu_stats.system_cpu_usage).toBeGreaterThan(0);
    await containers.update(Id, { Memory: 32 * 1024 * 1024, MemorySwap: 64 * 1024 * 1024 });
    for await (const document of await containers.stats(Id, { stream: false, oneShot: true, signal })) {
      expect(document.memory_stats.limit).toBe(32 * 1024 * 1024);
    }
    await containers.remove(Id, { force: true, volumes: true });
  });
});

describe('list', () => {
  test('shows what runs, filters, and formats as docker ps', async () => {
    const { containers } = daemon;
    const { Id } = await containers.create(request(['sleep', '1000'], { Labels: { tier: 'web' } }), {
      name: 'listed',
      signal,
    });
    const filters = new Map([['label', ['tier=web']]]);
    const list = (all: boolean) => containers.list({ all, size: false, filters }, { signal });
    expect(await list(false)).toEqual([]);
    expect(await list(true)).toMatchObject([{ Id, Names: ['/listed'], State: 'created', Status: 'Created' }]);
    await containers.start(Id, { signal });
    expect(await list(false)).toMatchObject([
      { Image: 'busybox:latest', Command: 'sleep 1000', State: 'running', Status: expect.stringMatching(/^Up /) },
    ]);
    expect(await containers.prune(filters)).toMatchObject({ ContainersDeleted: null });
    await containers.kill(Id, {});
    expect(await containers.prune(filters)).toMatchObject({ ContainersDeleted: [Id] });
  });
});

describe('networks', () => {
  test('a published port answers, names resolve, and an unknown network is not a missing image', async () => {
    const { containers } = daemon;
    // As dockerd: the network may be made until the start.
    const unknown = await containers.create(request(['true'], { HostConfig: { NetworkMode: 'nowhere' } }), { signal });
    await expect(containers.start(unknown.Id, { signal })).rejects.toMatchObject({
      code: 'network.not-found',
      message: 'failed to set up container networking: network nowhere not found',
      status: 404,
    });
    const { Id } = await containers.create(
      request(['sh', '-c', 'echo hello from inside > /tmp/index.html; busybox httpd -f -p 80 -h /tmp'], {
        ExposedPorts: { '80/tcp': {} },
        HostConfig: { NetworkMode: 'bridge', PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
      }),
      { signal },
    );
    await containers.start(Id, { signal });
    const { NetworkSettings } = await containers.inspect(Id, { size: false, signal });
    expect(NetworkSettings.IPAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const port = NetworkSettings.Ports?.['80/tcp']?.[0]?.HostPort;
    const answer = async () => (await fetch(`http://127.0.0.1:${port}/index.html`)).text().catch(() => '');
    await expect.poll(() => answer().catch(() => ''), { timeout: 5000 }).toBe('hello from inside\n');
    const [listed] = await containers.list({ all: false, size: false, filters: new Map([['id', [Id]]]) }, { signal });
    expect(listed?.Ports).toEqual([{ IP: '127.0.0.1', PrivatePort: 80, PublicPort: Number(port), Type: 'tcp' }]);
    await containers.remove(Id, { force: true, volumes: true });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });
});

describe('health', () => {
  test('follows the check’s exit code, with an event for each change', async () => {
    const { containers, events } = daemon;
    const { Id } = await containers.create(
      request(['sleep', '1000'], {
        Healthcheck: { Test: ['CMD-SHELL', 'echo looked; test -e /tmp/ok'], Interval: 1e8, Retries: 2 },
      }),
      { signal },
    );
    await containers.start(Id, { signal });
    const health = async () => (await containers.inspect(Id, { size: false, signal })).State.Health;
    await expect.poll(async () => (await health())?.Status, { timeout: 10_000 }).toBe('unhealthy');
    expect((await health())?.Log?.[0]).toMatchObject({ ExitCode: 1, Output: 'looked\n' });
    const { Id: execId } = await containers.createExec(Id, { Cmd: ['touch', '/tmp/ok'] });
    expect(await containers.startExec(execId, { detach: true, tty: false })).toBeUndefined();
    await expect.poll(async () => (await health())?.Status, { timeout: 10_000 }).toBe('healthy');
    await containers.remove(Id, { force: true, volumes: true });
    const changes = events.filter((event) => event.Actor.ID === Id && event.Action.startsWith('health_status'));
    expect(changes.map((event) => event.Action)).toEqual(['health_status: unhealthy', 'health_status: healthy']);
  });
});

describe('restart of the daemon', () => {
  test('running containers go on with logs, attach and exit codes; what ended meanwhile is known', async () => {
    const gate = join(world.root, 'gate');
    mkdirSync(gate, { recursive: true });
    const waits = (name: string, exit: number) =>
      request(['sh', '-c', `echo before; until test -e /gate/${name}; do sleep 0.05; done; echo after; exit ${exit}`], {
        HostConfig: { Binds: [`${gate}:/gate`] },
      });
    const stays = await daemon.containers.create(waits('stays', 4), { signal });
    const ends = await daemon.containers.create(waits('ends', 9), { signal });
    for (const { Id } of [stays, ends]) await daemon.containers.start(Id, { signal });
    await daemon[Symbol.asyncDispose]();
    writeFileSync(join(gate, 'ends'), '');
    await expect.poll(() => existsSync(join(world.root, 'exec/exits', ends.Id)), { timeout: 10_000 }).toBe(true);
    daemon = await world.daemon();
    const ended = await daemon.containers.inspect(ends.Id, { size: false, signal });
    expect(ended.State).toMatchObject({ Status: 'exited', ExitCode: 9 });
    expect(await logText(daemon, ends.Id)).toBe('before\nafter\n');
    const running = await daemon.containers.inspect(stays.Id, { size: false, signal });
    expect(running.State).toMatchObject({ Status: 'running', Running: true });
    const { result } = await daemon.containers.wait(stays.Id, { condition: 'not-running', signal });
    writeFileSync(join(gate, 'stays'), '');
    expect(await result).toEqual({ StatusCode: 4 });
    expect(await logText(daemon, stays.Id)).toBe('before\nafter\n');
  });
});

describe('the end of the daemon', () => {
  test('with the containers stops them all, and the next daemon starts those that belong to it', async () => {
    const always = { HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } };
    const trap = ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 0.05; done'];
    const back = await daemon.containers.create(request(trap, always), { name: 'comes-back', signal });
    const stays = await daemon.containers.create(request(trap), { name: 'stays-down', signal });
    const asked = await daemon.containers.create(request(trap, always), { name: 'was-stopped', signal });
    for (const { Id } of [back, stays, asked]) await daemon.containers.start(Id, { signal });
    await daemon.containers.stop(asked.Id, {});
    await daemon.containers.shutdown({ stopContainers: true });
    await daemon[Symbol.asyncDispose]();
    daemon = await world.daemon();
    const status = async (name: string) =>
      (await daemon.containers.inspect(name, { size: false, signal })).State.Status;
    await expect.poll(() => status('comes-back'), { timeout: 10_000 }).toBe('running');
    expect(await status('stays-down')).toBe('exited');
    expect(await status('was-stopped')).toBe('exited');
  });
});
