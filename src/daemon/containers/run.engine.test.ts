import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containerTestWorld, request, type TestDaemon, type TestWorld } from './container-test-world.ts';
import { testConnection, unframe } from './test-connection.ts';
import { code, run, runToEnd, testSignal as signal } from './test-runs.ts';

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

describe('run', () => {
  test('gives all output apart, and the exit code', async () => {
    const {
      code: exitCode,
      stdout,
      stderr,
    } = await runToEnd(daemon, request(['sh', '-c', 'echo out; echo err >&2; exit 7']));
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('with --rm leaves nothing of the container', async () => {
    const { id, stdout } = await runToEnd(daemon, request(['echo', 'hello'], { HostConfig: { AutoRemove: true } }));
    expect(stdout).toBe('hello\n');
    expect(() => daemon.containers.resolve(id)).toThrow('No such container');
    expect(existsSync(join(world.root, 'containers', id))).toBe(false);
    expect(existsSync(join(world.root, 'snapshots/containers', id))).toBe(false);
  });

  test('feeds stdin until its end', async () => {
    const create = request(['cat'], { OpenStdin: true, StdinOnce: true, AttachStdin: true });
    expect((await runToEnd(daemon, create, 'line one\nline two\n')).stdout).toBe('line one\nline two\n');
  });

  test('with a terminal is raw', async () => {
    const { stdout } = await runToEnd(
      daemon,
      request(['sh', '-c', 'test -t 1 && echo tty'], { Tty: true, OpenStdin: true }),
    );
    expect(stdout).toBe('tty\r\n');
  });

  test('megabytes of output come complete', async () => {
    const { stdout } = await runToEnd(daemon, request(['seq', '1', '200000']));
    expect(stdout.length).toBe(1_288_895);
    expect(stdout.endsWith('199999\n200000\n')).toBe(true);
  });

  test('environment, user, folder, hostname and labels are as asked', async () => {
    const { stdout, id } = await runToEnd(
      daemon,
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
      daemon,
      request(['sh', '-c', 'echo hi > /b/f; touch /r/f 2>/dev/null || echo refused'], {
        HostConfig: { Binds: [`${source}:/b`, `${source}:/r:ro`] },
      }),
    );
    expect(stdout).toBe('refused\n');
    expect(readFileSync(join(source, 'f'), 'utf8')).toBe('hi\n');
  });

  test('a volume starts with the image’s content and outlives its container', async () => {
    const binds = { HostConfig: { Binds: ['boxes:/data'], AutoRemove: true } };
    expect(
      (await runToEnd(daemon, request(['sh', '-c', 'cat /data/seed.txt; echo new > /data/new'], binds))).stdout,
    ).toBe('from the image\n');
    expect((await runToEnd(daemon, request(['cat', '/data/new'], binds))).stdout).toBe('new\n');
  });

  test('a tmpfs has the size that was asked for', async () => {
    const { stdout } = await runToEnd(
      daemon,
      request(['sh', '-c', 'dd if=/dev/zero of=/t/f bs=1024 count=128 2>/dev/null; ls -l /t/f'], {
        HostConfig: { Tmpfs: { '/t': 'size=64k' } },
      }),
    );
    expect(stdout).toContain(' 65536 ');
  });
});

describe('attach', () => {
  test('several clients share the output; one that detaches leaves the container running', async () => {
    const { containers } = daemon;
    const create = request(['sh', '-c', 'while read line; do echo "<$line>"; done'], { Tty: true, OpenStdin: true });
    const { id, connection, served, result } = await run(daemon, create);
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

test('input that comes when the way in is gone, as at a container’s end, is no fault of the engine', async () => {
  const { containers, warnings } = daemon;
  const { Id } = await containers.create(request(['cat'], { OpenStdin: true }), { signal });
  await containers.start(Id, { signal });
  rmSync(join(world.root, 'exec/containers', Id, 'attach'));
  const session = await containers.attach(Id, { stdin: true, stdout: true, stderr: true, logs: false, stream: true });
  const connection = testConnection();
  const served = session.serve(connection.server);
  connection.send('late\n');
  await containers.kill(Id, { signalName: 'KILL' });
  await served;
  expect(warnings).toEqual([]);
});

describe('exec', () => {
  test('runs beside, as another user, with its own exit code and input, and within the limits of the container', async () => {
    const { containers, events } = daemon;
    const { Id } = await containers.create(
      request(['sleep', '1000'], { HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }] } }),
      { signal },
    );
    await containers.start(Id, { signal });
    const exec = await containers.createExec(Id, {
      Cmd: ['sh', '-c', 'id -u; echo $X; ulimit -Hn; cat; exit 5'],
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
    expect(unframe(connection.received()).stdout).toBe('1000\ny\n200\ntyped\n');
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
