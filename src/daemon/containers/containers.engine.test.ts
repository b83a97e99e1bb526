import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ContainerCreateRequest } from '../../contract/engine-types.ts';
import {
  containerTestWorld,
  request,
  type TestDaemon,
  type TestWorld,
  testConnection,
  unframe,
} from './container-test-world.ts';

const signal = AbortSignal.timeout(300_000);
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

/** As `docker run`: attach, wait, start. */
async function run(create: ContainerCreateRequest, name?: string) {
  const { containers } = daemon;
  const { Id } = await containers.create(create, { name, signal });
  const session = await containers.attach(Id, { stdin: true, stdout: true, stderr: true, logs: false, stream: true });
  const connection = testConnection();
  const served = session.serve(connection.server);
  const condition = create.HostConfig?.AutoRemove ? 'removed' : 'next-exit';
  const { result } = await containers.wait(Id, { condition, signal });
  return { id: Id, connection, served, result };
}

async function runToEnd(create: ContainerCreateRequest, stdin?: string) {
  const running = await run(create);
  await daemon.containers.start(running.id, { signal });
  if (stdin !== undefined) {
    running.connection.send(stdin);
    running.connection.endInput();
  }
  const { StatusCode } = await running.result;
  await running.served;
  const bytes = running.connection.received();
  return {
    id: running.id,
    code: StatusCode,
    ...(create.Tty ? { stdout: bytes.toString(), stderr: '' } : unframe(bytes)),
  };
}

async function code(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

describe('run', () => {
  test('gives all output apart, and the exit code', async () => {
    const { code: exitCode, stdout, stderr } = await runToEnd(request(['sh', '-c', 'echo out; echo err >&2; exit 7']));
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('with --rm leaves nothing of the container', async () => {
    const { id, stdout } = await runToEnd(request(['echo', 'hello'], { HostConfig: { AutoRemove: true } }));
    expect(stdout).toBe('hello\n');
    expect(() => daemon.containers.resolve(id)).toThrow('No such container');
    expect(existsSync(join(world.root, 'containers', id))).toBe(false);
    expect(existsSync(join(world.root, 'snapshots/containers', id))).toBe(false);
  });

  test('feeds stdin until its end', async () => {
    const create = request(['cat'], { OpenStdin: true, StdinOnce: true, AttachStdin: true });
    expect((await runToEnd(create, 'line one\nline two\n')).stdout).toBe('line one\nline two\n');
  });

  test('with a terminal is raw', async () => {
    const { stdout } = await runToEnd(request(['sh', '-c', 'test -t 1 && echo tty'], { Tty: true, OpenStdin: true }));
    expect(stdout).toBe('tty\r\n');
  });

  test('megabytes of output come complete', async () => {
    const { stdout } = await runToEnd(request(['seq', '1', '200000']));
    expect(stdout.length).toBe(1_288_895);
    expect(stdout.endsWith('199999\n200000\n')).toBe(true);
  });

  test('environment, user, folder, hostname and labels are as asked', async () => {
    const { stdout, id } = await runToEnd(
      request(['sh', '-c', 'echo $FROM_IMAGE $MINE $HOME; id -u; id -g; pwd; hostname'], {
        Env: ['MINE=too'],
        User: 'boat',
        WorkingDir: '/made/here',
        Hostname: 'ship',
        Labels: { a: 'b' },
      }),
    );
    expect(stdout).toBe('yes too /home/boat\n1000\n1000\n/made/here\nship\n');
    expect((await daemon.containers.inspect(id, { size: false, signal })).Config.Labels).toEqual({ a: 'b' });
  });

  test.each([
    [['nosuch'], 127, 'container.command-not-found', 'executable file not found in $PATH'],
    [['/etc/passwd'], 126, 'container.command-not-executable', 'permission denied'],
  ])('of %j fails as a shell would, and leaves the container as created', async (cmd, exitCode, errorCode, text) => {
    const { Id } = await daemon.containers.create(request(cmd), { signal });
    const failed = daemon.containers.start(Id, { signal });
    await expect(failed).rejects.toThrow(text);
    expect(await code(failed)).toBe(errorCode);
    const { State } = await daemon.containers.inspect(Id, { size: false, signal });
    expect(State).toMatchObject({ Status: 'created', ExitCode: exitCode, Running: false, Pid: 0 });
    expect(State.Error).toContain(text);
  });
});

describe('create', () => {
  test('answers an unknown image and a taken name in Docker’s words', async () => {
    const { containers } = daemon;
    await expect(containers.create({ Image: 'nope:latest' }, { signal })).rejects.toThrow('No such image: nope:latest');
    await containers.create(request(['true']), { name: 'taken', signal });
    await expect(containers.create(request(['true']), { name: 'taken', signal })).rejects.toThrow(
      'Conflict. The container name "/taken" is already in use by container',
    );
    await expect(containers.create(request(['true']), { name: 'a b', signal })).rejects.toThrow(
      'Invalid container name (a b)',
    );
    const mounts = [{ Type: 'bind', Source: '/no/such/place', Target: '/x' }];
    await expect(containers.create(request(['true'], { HostConfig: { Mounts: mounts } }), { signal })).rejects.toThrow(
      'bind source path does not exist: /no/such/place',
    );
  });
});

describe('mounts', () => {
  test('a bind is shared with the host, a missing source is made, ro is kept', async () => {
    const source = join(world.root, 'host/data');
    const { stdout } = await runToEnd(
      request(['sh', '-c', 'echo hi > /b/f; touch /r/f 2>/dev/null || echo refused'], {
        HostConfig: { Binds: [`${source}:/b`, `${source}:/r:ro`] },
      }),
    );
    expect(stdout).toBe('refused\n');
    expect(readFileSync(join(source, 'f'), 'utf8')).toBe('hi\n');
  });

  test('a volume starts with the image’s content and outlives its container', async () => {
    const binds = { HostConfig: { Binds: ['boxes:/data'], AutoRemove: true } };
    expect((await runToEnd(request(['sh', '-c', 'cat /data/seed.txt; echo new > /data/new'], binds))).stdout).toBe(
      'from the image\n',
    );
    expect((await runToEnd(request(['cat', '/data/new'], binds))).stdout).toBe('new\n');
  });

  test('a tmpfs has the size that was asked for', async () => {
    const { stdout } = await runToEnd(
      request(['sh', '-c', 'dd if=/dev/zero of=/t/f bs=1024 count=128 2>/dev/null; ls -l /t/f'], {
        HostConfig: { Tmpfs: { '/t': 'size=64k' } },
      }),
    );
    expect(stdout).toContain(' 65536 ');
  });
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
    expect((await logText(Id)).split('\n').filter(Boolean)).toEqual(['ran', 'ran', 'ran']);
  });
});

async function logText(id: string, query = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  const { body } = await daemon.containers.logs(id, {
    follow: false,
    stdout: true,
    stderr: true,
    timestamps: false,
    signal,
    ...query,
  });
  for await (const chunk of body) chunks.push(chunk);
  return unframe(Buffer.concat(chunks)).stdout;
}

describe('logs', () => {
  test('can be followed to the end, and cut by tail', async () => {
    const { containers } = daemon;
    const { Id } = await containers.create(request(['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done']), {
      signal,
    });
    await containers.start(Id, { signal });
    expect(await logText(Id, { follow: true })).toBe('1\n2\n3\n');
    expect(await logText(Id, { tail: '1' })).toBe('3\n');
    expect(await logText(Id, { tail: '1', timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z 3\n$/);
  });
});

describe('exec', () => {
  test('runs beside, as another user, with its own exit code and input', async () => {
    const { containers, events } = daemon;
    const { Id } = await containers.create(request(['sleep', '1000']), { signal });
    await containers.start(Id, { signal });
    const exec = await containers.createExec(Id, {
      Cmd: ['sh', '-c', 'id -u; echo $X; cat; exit 5'],
      User: 'boat',
      Env: ['X=y'],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const session = await containers.startExec(exec.Id, { detach: false, tty: false });
    const connection = testConnection();
    const served = session?.serve(connection.server);
    connection.send('typed\n');
    connection.endInput();
    await served;
    expect(unframe(connection.received()).stdout).toBe('1000\ny\ntyped\n');
    expect(await containers.inspectExec(exec.Id)).toMatchObject({ Running: false, ExitCode: 5, ContainerID: Id });
    expect(await code(containers.startExec(exec.Id, { detach: false, tty: false }))).toBe('request.conflict');
    const actions = events.filter((event) => event.Actor.ID === Id).map((event) => event.Action.split(':')[0]);
    expect(actions.slice(2)).toEqual(['exec_create', 'exec_start', 'exec_die']);

    const bad = await containers.createExec(Id, { Cmd: ['nosuch'], AttachStdout: true });
    const badSession = await containers.startExec(bad.Id, { detach: false, tty: false });
    const badConnection = testConnection();
    await badSession?.serve(badConnection.server);
    expect(unframe(badConnection.received()).stdout).toContain('executable file not found in $PATH');
    expect((await containers.inspectExec(bad.Id)).ExitCode).toBe(127);

    const { Titles, Processes } = await containers.top(Id, '');
    expect(Titles).toContain('PID');
    expect(Processes.map((row) => row.at(-1))).toEqual(['sleep 1000']);
    await containers.kill(Id, {});
    expect(await code(containers.createExec(Id, { Cmd: ['true'] }))).toBe('container.not-running');
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

describe('archive', () => {
  test('copies in and out, of running and stopped containers alike', async () => {
    const { containers } = daemon;
    const { Id } = await containers.create(request(['sleep', '1000']), { signal });
    for (const running of [false, true]) {
      if (running) await containers.start(Id, { signal });
      const { stat, body } = await containers.readArchive(Id, '/data/seed.txt', { signal });
      expect(stat).toMatchObject({ name: 'seed.txt', size: 15, linkTarget: '' });
      const archive = Buffer.concat(await body.toArray());
      expect(archive.includes('from the image')).toBe(true);
      const { Readable } = await import('node:stream');
      await containers.writeArchive(Id, '/tmp', Readable.from([archive]), {
        noOverwriteDirNonDir: false,
        copyUidGid: false,
        signal,
      });
      expect((await containers.statPath(Id, '/tmp/seed.txt')).size).toBe(15);
      expect((await containers.statPath(Id, '/bin/sh')).linkTarget).toBe('/bin/busybox');
      await expect(containers.statPath(Id, '/nope')).rejects.toThrow(
        `Could not find the file /nope in container ${Id}`,
      );
      expect(await code(containers.readArchive(Id, '/nope', { signal }))).toBe('container.path-not-found');
    }
    const changes = await containers.changes(Id, { signal });
    expect(changes).toContainEqual({ Path: '/tmp/seed.txt', Kind: 1 });
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
      { Image: 'busybox:latest', Command: 'sleep 1000', State: 'running', Status: 'Up Less than a second' },
    ]);
    expect(await containers.prune(filters)).toMatchObject({ ContainersDeleted: [] });
    await containers.kill(Id, {});
    expect(await containers.prune(filters)).toMatchObject({ ContainersDeleted: [Id] });
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
    expect(await logText(ends.Id)).toBe('before\nafter\n');
    const running = await daemon.containers.inspect(stays.Id, { size: false, signal });
    expect(running.State).toMatchObject({ Status: 'running', Running: true });
    const { result } = await daemon.containers.wait(stays.Id, { condition: 'not-running', signal });
    writeFileSync(join(gate, 'stays'), '');
    expect(await result).toEqual({ StatusCode: 4 });
    expect(await logText(stays.Id)).toBe('before\nafter\n');
  });
});

describe('networks', () => {
  test('a published port answers, names resolve, and an unknown network is not a missing image', async () => {
    const { containers } = daemon;
    const unknown = containers.create(request(['true'], { HostConfig: { NetworkMode: 'nope' } }), { signal });
    await expect(unknown).rejects.toMatchObject({ code: 'network.not-found', status: 400 });
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

describe('attach', () => {
  test('several clients share the output; one that detaches leaves the container running', async () => {
    const { containers } = daemon;
    const create = request(['sh', '-c', 'while read line; do echo "<$line>"; done'], { Tty: true, OpenStdin: true });
    const { id, connection, served, result } = await run(create);
    await containers.start(id, { signal });
    const late = await containers.attach(id, { stdin: true, stdout: true, stderr: true, logs: false, stream: true });
    const second = testConnection();
    const secondServed = late.serve(second.server);
    connection.send('one\n');
    for (const client of [connection, second]) {
      await expect.poll(() => client.received().toString(), { timeout: 5000 }).toContain('<one>');
    }
    await containers.resize(id, { rows: 30, columns: 100 });
    second.send('\x10\x11');
    await secondServed;
    expect((await containers.inspect(id, { size: false, signal })).State.Running).toBe(true);
    connection.send('two\n');
    await expect.poll(() => connection.received().toString(), { timeout: 5000 }).toContain('<two>');
    expect(second.received().toString()).not.toContain('<two>');
    // Ctrl-D on an empty line is the terminal's end of file.
    connection.send('\x04');
    expect(await result).toEqual({ StatusCode: 0 });
    await served;
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
