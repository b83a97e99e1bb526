import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isWharfError } from '../../contract/errors.ts';
import { signalProcess } from '../linux/pidfd.ts';
import { identifyProcess, readProcessStat } from '../linux/process.ts';
import type { AttachSession } from './runtime.ts';
import { haveRuntime, never, runtimeWorld } from './runtime-test-world.ts';

const sleepLong = ['/bin/sleep', '1000'];

async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (isWharfError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it did not fail');
}

async function textOf(session: AttachSession): Promise<string> {
  let text = '';
  for await (const { stream, bytes } of session.output) {
    text += stream === 'stderr' ? `<${Buffer.from(bytes)}>` : Buffer.from(bytes).toString();
  }
  return text;
}

async function collect(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  let text = '';
  if (stream !== undefined) for await (const chunk of stream) text += chunk;
  return text;
}

for (const name of ['crun', 'runc'] as const) {
  describe.skipIf(!haveRuntime())(`a container under ${name}`, () => {
    it('runs, logs both streams and reports its exit code and the time of its end', async () => {
      await using world = await runtimeWorld(name);
      expect(world.runtime.info.name).toBe(name);
      const before = Date.now();
      await world.run('c1', ['/bin/sh', '-c', 'echo out; echo err >&2; exit 3']);
      const exit = await world.runtime.waitExit('c1', { signal: never });
      expect(exit).toMatchObject({ exitCode: 3, oomKilled: false });
      expect(exit.finishedAtMs).toBeGreaterThan(before - 100);
      expect(exit.finishedAtMs).toBeLessThan(Date.now() + 100);
      expect(await world.output('c1')).toBe('out\nerr\n');
      expect(await world.runtime.status('c1')).toBe('stopped');
    });

    it('goes through created, running, paused and stopped', async () => {
      await using world = await runtimeWorld(name);
      const { runtime } = world;
      expect(await runtime.status('c1')).toBe('unknown');
      await world.create('c1', sleepLong);
      expect(await runtime.status('c1')).toBe('created');
      await runtime.start('c1', { signal: never });
      expect(await runtime.status('c1')).toBe('running');
      await runtime.pause('c1');
      expect(await runtime.status('c1')).toBe('paused');
      await runtime.resume('c1');
      expect(await runtime.status('c1')).toBe('running');
      await runtime.kill('c1', 9);
      expect(await runtime.waitExit('c1', { signal: never })).toMatchObject({ exitCode: 137 });
      expect(await runtime.status('c1')).toBe('stopped');
    });

    it('is removed without a trace, also while it runs or is paused', async () => {
      await using world = await runtimeWorld(name);
      const { pid, conmonPid } = await world.run('c1', sleepLong);
      await world.runtime.pause('c1');
      const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
      expect(cgroup).toContain('/c1');
      await world.runtime.remove('c1');
      expect(readProcessStat(pid)?.state ?? 'Z').toBe('Z');
      expect(readProcessStat(conmonPid)?.state ?? 'Z').toBe('Z');
      expect(existsSync(`${world.folder}/containers/c1`)).toBe(false);
      expect(existsSync(`${world.folder}/exits/c1`)).toBe(false);
      expect(existsSync(`${world.folder}/runtime/${name}/c1`)).toBe(false);
      for (const controller of ['memory', 'pids', 'freezer', 'cpu']) {
        expect(existsSync(`/sys/fs/cgroup/${controller}/wharf-test-${process.pid}/c1`)).toBe(false);
      }
      await world.runtime.remove('c1');
    });

    it('fails to be created in the words of Docker when its program is missing or may not be run, and leaves nothing', async () => {
      await using world = await runtimeWorld(name);
      const frame = 'failed to create task for container: failed to create shim task: OCI runtime create failed: ';
      const init = 'runc create failed: unable to start container process: error during container init: ';
      expect(await rejection(world.create('c1', ['nope']))).toEqual({
        code: 'container.command-not-found',
        message: `${frame}${init}exec: "nope": executable file not found in $PATH`,
      });
      expect(await rejection(world.create('c1', ['/bin/nope']))).toEqual({
        code: 'container.command-not-found',
        message: `${frame}${init}exec: "/bin/nope": stat /bin/nope: no such file or directory`,
      });
      expect(await rejection(world.create('c1', ['/etc']))).toEqual({
        code: 'container.command-not-executable',
        message: `${frame}${init}exec: "/etc": permission denied`,
      });
      const broken = await rejection(world.create('c1', sleepLong, { rootfsPath: '/nonexistent' }));
      expect(broken.code).toBe('runtime.failed');
      expect(broken.message).toContain('nonexistent');
      expect(await world.runtime.list()).toEqual([]);
      expect(existsSync(`${world.folder}/runtime/${name}/c1`)).toBe(false);
    });

    it('keeps running while no daemon does, and the next daemon finds its exit', async () => {
      await using world = await runtimeWorld(name);
      await world.run('c1', ['/bin/sh', '-c', 'sleep 0.3; exit 4']);
      await world.run('c2', sleepLong);
      const next = await world.reopen();
      expect(await next.status('c1')).toBe('running');
      expect(await next.waitExit('c1', { signal: never })).toMatchObject({ exitCode: 4 });
      const later = await world.reopen();
      expect(await later.waitExit('c1', { signal: never })).toMatchObject({ exitCode: 4 });
      expect([...(await later.list())].sort()).toEqual(['c1', 'c2']);
      await later.kill('c2', 15);
      await later.kill('c2', 9);
      expect(await later.waitExit('c2', { signal: never })).toMatchObject({ exitCode: 137 });
    });

    it('ends with 137 when its supervisor is killed', async () => {
      await using world = await runtimeWorld(name);
      const { pid, conmonPid } = await world.run('c1', sleepLong);
      const conmon = identifyProcess(conmonPid);
      const waiting = world.runtime.waitExit('c1', { signal: never });
      if (conmon !== undefined) signalProcess(conmon, 9);
      expect(await waiting).toMatchObject({ exitCode: 137 });
      expect(readProcessStat(pid)?.state ?? 'Z').toBe('Z');
    });

    it('is told as killed for memory when the kernel did it', async () => {
      await using world = await runtimeWorld(name);
      const limits = { memoryBytes: 16 * 1024 * 1024, memorySwapBytes: 16 * 1024 * 1024 };
      await world.run('c1', ['/bin/sh', '-c', 'x=a; while true; do x=$x$x; done'], { limits });
      expect(await world.runtime.waitExit('c1', { signal: never })).toMatchObject({ exitCode: 137, oomKilled: true });
    });

    it('reports its processes and counters', async () => {
      await using world = await runtimeWorld(name);
      const limits = { memoryBytes: 64 * 1024 * 1024, pidsLimit: 50 };
      const { pid } = await world.run('c1', ['/bin/sh', '-c', 'sleep 1000 & sleep 1000; true'], { limits });
      await expect.poll(async () => (await world.runtime.pids('c1')).length).toBe(3);
      expect(await world.runtime.pids('c1')).toContain(pid);
      const stats = await world.runtime.stats('c1');
      expect(stats).toMatchObject({ memoryLimitBytes: 64 * 1024 * 1024, pids: 3, pidsLimit: 50 });
      expect(stats.cpuTotalNs).toBeGreaterThan(0);
      expect(stats.memoryUsageBytes).toBeGreaterThan(0);
      await world.runtime.update('c1', { memory: { limit: 32 * 1024 * 1024 } });
      expect((await world.runtime.stats('c1')).memoryLimitBytes).toBe(32 * 1024 * 1024);
    });

    it('gives an attached client all of its output in order, and takes its input', async () => {
      await using world = await runtimeWorld(name);
      const script = 'echo first; while read line; do echo "got $line"; done; printf end; echo error >&2; exit 5';
      await world.create('c1', ['/bin/sh', '-c', script], { openStdin: true, stdinOnce: true });
      const session = await world.runtime.attach('c1', { signal: never });
      const text = textOf(session);
      await world.runtime.start('c1', { signal: never });
      session.stdin.write('one\n');
      session.stdin.end('two\n');
      const all = await text;
      // The two streams are two pipes: only within each is there an order.
      expect(all.replace('<error\n>', '')).toBe('first\ngot one\ngot two\nend');
      expect(all).toContain('<error\n>');
      expect(await world.runtime.waitExit('c1', { signal: never })).toMatchObject({ exitCode: 5 });
    });

    it('passes a large input through unharmed and survives a client that reads nothing', async () => {
      await using world = await runtimeWorld(name);
      await world.create('c1', ['/bin/sh', '-c', 'cat | wc -c; seq 1 200000'], { openStdin: true, stdinOnce: true });
      const session = await world.runtime.attach('c1', { signal: never });
      await world.runtime.start('c1', { signal: never });
      session.stdin.end(Buffer.alloc(1_000_000, 'x'));
      expect(await world.runtime.waitExit('c1', { signal: never })).toMatchObject({ exitCode: 0 });
      const lines = (await textOf(session)).trimEnd().split('\n');
      expect(lines[0]).toBe('1000000');
      expect(lines).toHaveLength(200_001);
      expect(lines.at(-1)).toBe('200000');
    });

    it('keeps its input open after a client left when it is not for one client only', async () => {
      await using world = await runtimeWorld(name);
      await world.run('c1', ['/bin/sh', '-c', 'read a; read b; echo $a-$b'], { openStdin: true });
      const first = await world.runtime.attach('c1', { signal: never });
      first.stdin.end('one\n');
      await new Promise((resolve) => setTimeout(resolve, 50));
      first.close();
      const second = await world.runtime.attach('c1', { signal: never });
      const text = textOf(second);
      second.stdin.write('two\n');
      expect(await text).toBe('one-two\n');
    });

    it('has a terminal of the size it is given', async () => {
      await using world = await runtimeWorld(name);
      const script = 'read go; stty size; read go; exit 6';
      await world.create('c1', ['/bin/sh', '-c', script], { tty: true, openStdin: true });
      const session = await world.runtime.attach('c1', { signal: never });
      const text = textOf(session);
      await world.runtime.start('c1', { signal: never });
      await world.runtime.resize('c1', { rows: 37, columns: 111 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      session.stdin.write('\n');
      session.stdin.write('\n');
      expect(await text).toContain('37 111\r\n');
      expect(await world.runtime.waitExit('c1', { signal: never })).toMatchObject({ exitCode: 6 });
    });

    it('leaves nothing when its creation is cancelled', async () => {
      await using world = await runtimeWorld(name);
      const stop = new AbortController();
      const options = { openStdin: false, stdinOnce: false, logPath: world.logPath('c1'), signal: stop.signal };
      const creating = rejection(world.runtime.create('c1', { ...options, spec: world.spec('c1', sleepLong) }));
      setTimeout(() => stop.abort(), 5);
      expect((await creating).code).toBe('request.cancelled');
      expect(await world.runtime.list()).toEqual([]);
      expect(existsSync(`${world.folder}/runtime/${name}/c1`)).toBe(false);
    });

    it('cancels a wait by its signal', async () => {
      await using world = await runtimeWorld(name);
      await world.run('c1', sleepLong);
      const stop = new AbortController();
      const waiting = rejection(world.runtime.waitExit('c1', { signal: stop.signal }));
      stop.abort();
      expect((await waiting).code).toBe('request.cancelled');
    });
  });

  describe.skipIf(!haveRuntime())(`a process more in a container under ${name}`, () => {
    const processOf = (world: Awaited<ReturnType<typeof runtimeWorld>>, args: readonly string[], tty = false) =>
      world.spec('exec', args, { tty, ...(tty ? { consoleSize: { rows: 33, columns: 99 } } : {}) }).process;

    it('has streams of its own that can be opened again, an exit code and a PID on the host', async () => {
      await using world = await runtimeWorld(name);
      await world.run('c1', sleepLong);
      const process = processOf(world, ['/bin/sh', '-c', 'echo out; echo err > /dev/stderr; cat; sleep 0.05; exit 7']);
      const session = await world.runtime.exec('c1', { process, attachStdin: true, signal: never });
      expect(statSync(`/proc/${session.pid}`).isDirectory()).toBe(true);
      session.stdin?.end('input');
      const [out, err, exit] = await Promise.all([collect(session.stdout), collect(session.stderr), session.exited]);
      expect([out, err, exit.exitCode]).toEqual(['out\ninput', 'err\n', 7]);
    });

    it('has a terminal that follows its client and echoes once', async () => {
      await using world = await runtimeWorld(name);
      await world.run('c1', sleepLong);
      const process = processOf(world, ['/bin/sh', '-c', 'stty size; read x; stty size; exit 8'], true);
      const session = await world.runtime.exec('c1', { process, attachStdin: true, signal: never });
      const out = collect(session.stdout);
      session.resize({ rows: 40, columns: 120 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      session.stdin?.write('typed\r');
      expect((await session.exited).exitCode).toBe(8);
      const text = await out;
      expect(text.match(/typed/g)).toHaveLength(1);
      expect(text).toMatch(/40 120\r\n$/);
    });

    it('fails in the words of Docker when the program is missing or may not be run', async () => {
      await using world = await runtimeWorld(name);
      await world.run('c1', sleepLong);
      const start = (command: string) =>
        rejection(
          world.runtime.exec('c1', { process: processOf(world, [command]), attachStdin: false, signal: never }),
        );
      const frame = 'OCI runtime exec failed: exec failed: unable to start container process: exec: ';
      expect(await start('nope')).toEqual({
        code: 'container.command-not-found',
        message: `${frame}"nope": executable file not found in $PATH`,
      });
      expect(await start('/etc')).toEqual({
        code: 'container.command-not-executable',
        message: `${frame}"/etc": permission denied`,
      });
    });

    it('ends with its container', async () => {
      await using world = await runtimeWorld(name);
      await world.run('c1', sleepLong);
      const session = await world.runtime.exec('c1', {
        process: processOf(world, sleepLong),
        attachStdin: false,
        signal: never,
      });
      session.stdout.resume();
      session.stderr?.resume();
      await world.runtime.kill('c1', 9);
      expect((await session.exited).exitCode).toBe(137);
    });
  });
}

describe.skipIf(!haveRuntime())('an OCI runtime that hangs', () => {
  it('is given up after its time, and nothing of it is left', async () => {
    const folder = mkdtempSync(`${tmpdir()}/wharf-hang-`);
    const path = `${folder}/hanging`;
    const script = `#!/bin/sh\ncase "$*" in --version) echo runc version 1.0 ;; *" create "*) echo $$ > ${folder}/pid; exec sleep 1000 ;; esac\n`;
    writeFileSync(path, script, { mode: 0o755 });
    const namedRuntimes = () => ({ hanging: { path, args: [] } });
    await using world = await runtimeWorld('runc', { createLimitMs: 700, namedRuntimes });
    expect(await rejection(world.create('c1', sleepLong, { runtimeName: 'hanging' }))).toEqual({
      code: 'runtime.failed',
      message: expect.stringContaining('hanging did not answer for 0.7 s'),
    });
    const pid = Number(readFileSync(`${folder}/pid`, 'utf8'));
    await expect.poll(() => readProcessStat(pid)?.state ?? 'Z').toBe('Z');
    expect(existsSync(`${world.folder}/containers/c1`)).toBe(false);
    await world.run('c1', ['/bin/true']);
    rmSync(folder, { recursive: true, force: true });
  });
});
