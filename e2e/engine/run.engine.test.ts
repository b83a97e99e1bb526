import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

describe.skipIf(dockerCommand === undefined)('docker run', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox', 'layered'] });
  const sh = (script: string, ...options: string[]) => docker('run', '--rm', ...options, 'busybox', 'sh', '-c', script);

  it('shows both streams apart and hands the exit code on', async () => {
    expect(await sh('echo out; echo err >&2; exit 7')).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    expect(await sh('exit 0')).toMatchObject({ code: 0 });
  });

  it('ends with 127 for a command that does not exist, 126 for one that may not run, 125 for what the engine refuses', async () => {
    const missing = await docker('run', '--rm', 'busybox', 'no-such-command');
    expect(missing).toMatchObject({ code: 127, stdout: '' });
    expect(missing.stderr).toMatch(/exec: "no-such-command": executable file not found in \$PATH/);
    const folder = await docker('run', '--rm', 'busybox', '/etc');
    expect(folder.code).toBe(126);
    expect(folder.stderr).toMatch(/permission denied|is a directory/i);
    const refused = await docker('run', '--rm', '--memory', '1k', 'busybox', 'true');
    expect(refused.code).toBe(125);
    expect(refused.stderr).toMatch(/Minimum memory limit allowed is 6MB/);
    expect(await said('ps', '-aq')).toBe('');
  });

  it('reads standard input with -i, to its end', async () => {
    const input = 'line one\nline two\n';
    expect(await world().docker(['run', '-i', '--rm', 'busybox', 'cat'], { input })).toMatchObject({
      code: 0,
      stdout: input,
    });
    const large = Buffer.alloc(5_000_000, 'wharf ');
    const counted = await world().docker(['run', '-i', '--rm', 'busybox', 'wc', '-c'], { input: large });
    expect(counted.stdout.trim()).toBe(String(large.length));
    expect(await docker('run', '--rm', 'busybox', 'cat')).toMatchObject({ code: 0, stdout: '' });
  });

  it('gives a terminal with -t, of the size of the one in front', async () => {
    await using terminal = world().terminal('docker', ['run', '-it', '--rm', 'busybox', 'sh']);
    await terminal.saw(/# /);
    terminal.type('tty; stty size; echo $((6 * 7))\r');
    await terminal.saw(/\/dev\/pts\/0\r\n30 100\r\n42/);
    terminal.resize(120, 40);
    await expect
      .poll(async () => {
        terminal.type('stty size\r');
        await new Promise((resolve) => setTimeout(resolve, 100));
        return terminal.text();
      })
      .toMatch(/40 120/);
    terminal.type('exit 3\r');
    expect(await terminal.ended).toBe(3);
  });

  it('sets environment, user, folder, host name, labels and entry point', async () => {
    const told = await sh(
      'echo $ONE $TWO; id -u; id -g; pwd; hostname',
      ...['-e', 'ONE=1', '-e', 'TWO=2', '-u', '33:100', '-w', '/var/new', '-h', 'box'],
    );
    expect(told.stdout).toBe('1 2\n33\n100\n/var/new\nbox\n');
    expect((await docker('run', '--rm', 'layered')).stdout).toBe('entry default\n');
    expect((await docker('run', '--rm', 'layered', 'other')).stdout).toBe('entry other\n');
    const looked = await docker(
      'run',
      '--rm',
      '--entrypoint',
      'sh',
      'layered',
      '-c',
      'id -un; pwd; echo $GREETING; ls',
    );
    expect(looked.stdout).toBe('www-data\n/srv\nhello\nadded\nkept\n');
  });

  it('removes the container and its anonymous volumes with --rm, keeps them without', async () => {
    await docker('run', '--rm', 'layered');
    expect(await said('volume', 'ls', '-q')).toBe('');
    await docker('run', '--name', 'kept', 'layered');
    expect(await said('ps', '-a', '--format', '{{.Names}} {{.Status}}')).toMatch(/^kept Exited \(0\) /);
    expect((await said('volume', 'ls', '-q')).length).toBe(64);
  });

  it('mounts folders of the host, for writing and for reading only', async () => {
    const folder = path.join(world().home, 'bound');
    await mkdir(folder);
    await writeFile(path.join(folder, 'in'), 'given\n');
    expect((await sh('cat /b/in; echo made > /b/out', '-v', `${folder}:/b`)).stdout).toBe('given\n');
    expect(await readFile(path.join(folder, 'out'), 'utf8')).toBe('made\n');
    const refused = await sh('touch /b/x', '-v', `${folder}:/b:ro`);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Read-only file system') });
    const missing = await sh('true', '--mount', 'type=bind,src=/no/such/folder,dst=/b');
    expect(missing.code).toBe(125);
    expect(missing.stderr).toContain('bind source path does not exist: /no/such/folder');
    await rm(folder, { recursive: true });
  });

  it('fills a new volume with what the image has there, once', async () => {
    const read = ['run', '--rm', '-v', 'filled:/data', '--entrypoint', 'sh', '-u', '0', 'layered', '-c'];
    const first = await docker(...read, 'stat -c "%a %u:%g" /data; cat /data/first; echo changed > /data/first');
    expect(first.stdout).toBe('750 33:33\nfrom the image\n');
    expect((await docker(...read, 'cat /data/first')).stdout).toBe('changed\n');
    const empty = await docker(
      'run',
      '--rm',
      '-v',
      'fresh:/data:nocopy',
      '--entrypoint',
      'ls',
      '-u',
      '0',
      'layered',
      '/data',
    );
    expect(empty.stdout).toBe('');
  });

  it('gives memory file systems and a root that cannot be written', async () => {
    const told = await sh(
      'df -k /scratch | tail -1; touch /x; touch /scratch/y && echo ok',
      '--read-only',
      '--tmpfs',
      '/scratch:size=4m',
    );
    expect(told.stdout).toMatch(/^tmpfs +4096 .*\nok\n$/);
    expect(told.stderr).toContain('Read-only file system');
  });

  it('limits memory, processors and processes in the kernel', async () => {
    const id = await said(
      'run',
      '-d',
      '--memory',
      '64m',
      '--cpus',
      '0.5',
      '--pids-limit',
      '50',
      'busybox',
      'sleep',
      '60',
    );
    const pid = await said('inspect', '-f', '{{.State.Pid}}', id);
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    expect(groups).toContain(`/wharf-${world().instance}/`);
    expect(await groupValue(groups, 'memory', ['memory.max', 'memory.limit_in_bytes'])).toBe(String(64 * 1024 * 1024));
    expect(await groupValue(groups, 'pids', ['pids.max'])).toBe('50');
    expect(await groupValue(groups, 'cpu', ['cpu.max', 'cpu.cfs_quota_us'])).toMatch(/^50000\b/);
    expect(await said('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', id)).toMatch(/^\d.*\/ 64MiB 1$/);
    const killed = await sh('x=$(head -c 100000000 /dev/zero | tr "\\0" x); echo survived', '--memory', '16m');
    expect(killed.code).toBe(137);
  });

  it('takes capabilities away, gives devices, and all of them to the privileged', async () => {
    const chown = 'touch /tmp/f && chown 33 /tmp/f && echo may';
    expect((await sh(chown)).stdout).toBe('may\n');
    expect((await sh(chown, '--cap-drop', 'CHOWN')).code).toBe(1);
    expect((await sh('mount -t tmpfs x /mnt 2>&1 || echo refused')).stdout).toMatch(/refused/);
    const privileged = await sh('mkdir -p /mnt && mount -t tmpfs x /mnt && echo mounted; ls /dev/kmsg', '--privileged');
    expect(privileged.stdout).toBe('mounted\n/dev/kmsg\n');
    expect((await sh('ls /dev/fuse /dev/kmsg 2>&1', '--device', '/dev/kmsg:/dev/fuse')).stdout).toBe(
      'ls: /dev/kmsg: No such file or directory\n/dev/fuse\n',
    );
  });

  it('filters system calls unless told otherwise', async () => {
    const mode = 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status';
    expect((await sh(mode)).stdout).toBe('NoNewPrivs:\t0\nSeccomp:\t2\n');
    const off = await sh(mode, '--security-opt', 'seccomp=unconfined', '--security-opt', 'no-new-privileges');
    expect(off.stdout).toBe('NoNewPrivs:\t1\nSeccomp:\t0\n');
    const own = path.join(world().home, 'seccomp.json');
    const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 };
    await writeFile(own, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] }));
    expect(await sh('mkdir /made', '--security-opt', `seccomp=${own}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Operation not permitted'),
    });
  });

  it('joins the network and the processes of another container', async () => {
    await said('run', '-d', '--name', 'base', '-h', 'basebox', 'busybox', 'sleep', '60');
    expect((await sh('hostname', '--network', 'container:base')).stdout).toBe('basebox\n');
    expect((await sh('ps | grep -c "sleep 60"', '--pid', 'container:base')).stdout.trim()).not.toBe('0');
    expect((await sh('ip -o link | wc -l', '--network', 'none')).stdout.trim()).toBe('1');
  });
});

/** Of the one tree of v2 or the controller's own tree of v1. */
async function groupValue(groups: string, controller: string, files: readonly string[]): Promise<string> {
  const line = groups.split('\n').find((each) => new RegExp(`^\\d+:([^:]*,)?${controller}(,[^:]*)?:`).test(each));
  const own = line?.split(':')[2] ?? /^0::(.*)$/m.exec(groups)?.[1] ?? '';
  const trees =
    line === undefined ? ['/sys/fs/cgroup'] : [`/sys/fs/cgroup/${controller}`, '/sys/fs/cgroup/cpu,cpuacct'];
  for (const tree of trees)
    for (const file of files) {
      const value = await readFile(path.join(tree, own, file), 'utf8').catch(() => undefined);
      if (value !== undefined) return value.trim();
    }
  throw new Error(`no ${files.join(' or ')} of ${controller} in ${groups}`);
}
