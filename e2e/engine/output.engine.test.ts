import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand } from '../../test-world/engine-world.ts';

const forever = ['busybox', 'sleep', '300'];

describe.skipIf(dockerCommand === undefined)('docker logs', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox'] });
  const run = (script: string) => said('run', '-d', 'busybox', 'sh', '-c', script);

  it('shows what was written, each stream where it belongs', async () => {
    const id = await run('echo one; echo bad >&2; printf "no line end"');
    await said('wait', id);
    expect(await docker('logs', id)).toEqual({ code: 0, stdout: 'one\nno line end', stderr: 'bad\n' });
  });

  it('shows the last lines, those since a time, and their times', async () => {
    const id = await run('echo 1; echo 2; sleep 1.2; echo 3');
    await said('wait', id);
    expect((await docker('logs', '--tail', '2', id)).stdout).toBe('2\n3\n');
    expect((await docker('logs', '-n', '0', id)).stdout).toBe('');
    const timed = (await docker('logs', '-t', id)).stdout.trim().split('\n');
    for (const line of timed) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \d$/);
    const second = timed[1]?.split(' ')[0] ?? '';
    const third = timed[2]?.split(' ')[0] ?? '';
    expect((await docker('logs', '--since', third, id)).stdout).toBe('3\n');
    expect((await docker('logs', '--until', second, id)).stdout).toBe('1\n2\n');
    expect((await docker('logs', '--since', '1h', id)).stdout).toBe('1\n2\n3\n');
  });

  it('follows until the container ends', async () => {
    const id = await run('echo early; sleep 0.7; echo late');
    await using follower = world().start('docker', ['logs', '-f', id]);
    await follower.saw(/early/);
    expect(follower.stdout()).toBe('early\n');
    expect(await follower.ended).toMatchObject({ code: 0, stdout: 'early\nlate\n' });
  });

  it('keeps 100,000 lines in order and whole', async () => {
    const id = await run('i=0; seq 1 100000');
    await said('wait', id);
    const lines = (await docker('logs', id)).stdout.split('\n');
    expect(lines.length).toBe(100_001);
    expect(lines.every((line, at) => at === 100_000 || line === String(at + 1))).toBe(true);
  });

  it('says so when there is no such container', async () => {
    const { code, stderr } = await docker('logs', 'nobody');
    expect(code).toBe(1);
    expect(stderr).toBe('Error response from daemon: No such container: nobody\n');
  });
});

describe.skipIf(dockerCommand === undefined)('docker exec and attach', () => {
  const { world, docker, said } = engineFile({ pulled: ['busybox'] });

  it('runs in the container and hands output and exit code on', async () => {
    await said('run', '-d', '--name', 'box', '-e', 'A=1', '-w', '/tmp', ...forever);
    expect(await docker('exec', 'box', 'sh', '-c', 'echo $A$B; pwd; echo e >&2; exit 5')).toEqual({
      code: 5,
      stdout: '1\n/tmp\n',
      stderr: 'e\n',
    });
    const changed = await docker(
      'exec',
      '-e',
      'B=2',
      '-w',
      '/etc',
      '-u',
      'nobody',
      'box',
      'sh',
      '-c',
      'echo $A$B; pwd; id -un',
    );
    expect(changed.stdout).toBe('12\n/etc\nnobody\n');
    const piped = await world().docker(['exec', '-i', 'box', 'wc', '-c'], { input: Buffer.alloc(3_000_000, 'x') });
    expect(piped.stdout.trim()).toBe('3000000');
  });

  it('tells a missing command, a stopped container and an unknown one apart', async () => {
    await said('run', '-d', '--name', 'box', ...forever);
    const missing = await docker('exec', 'box', 'no-such-command');
    expect(missing.code).toBe(127);
    expect(`${missing.stdout}${missing.stderr}`).toContain('"no-such-command": executable file not found in $PATH');
    await said('stop', '-t', '0', 'box');
    const stopped = await docker('exec', 'box', 'true');
    expect(stopped.code).toBe(1);
    expect(stopped.stderr).toMatch(/container \w{64} is not running/);
    expect((await docker('exec', 'nobody', 'true')).stderr).toContain('No such container: nobody');
  });

  it('gives a shell in a terminal, which the detach keys leave running', async () => {
    await said('run', '-d', '--name', 'box', ...forever);
    await using terminal = world().terminal('docker', ['exec', '-it', 'box', 'sh']);
    await terminal.saw(/# /);
    terminal.type('stty size; exec sleep 123\r');
    await terminal.saw(/30 100/);
    terminal.type('\x10\x11');
    await terminal.ended;
    expect(terminal.text()).toContain('read escape sequence');
    expect(await said('exec', 'box', 'ps')).toContain('sleep 123');
  });

  it('starts in the background with -d', async () => {
    await said('run', '-d', '--name', 'box', ...forever);
    await said('exec', '-d', 'box', 'sh', '-c', 'echo done > /tmp/flag');
    await expect.poll(async () => (await docker('exec', 'box', 'cat', '/tmp/flag')).stdout).toBe('done\n');
  });

  it('attaches to a running container, hands signals on and its exit code back', async () => {
    await said('run', '-di', '--name', 'box', 'busybox', 'sh', '-c', 'read line; echo got $line; exit 4');
    const outcome = await world().docker(['attach', 'box'], { input: 'hello\n' });
    expect(outcome).toMatchObject({ code: 4, stdout: 'got hello\n' });

    await said(
      'run',
      '-d',
      '--name',
      'trap',
      'busybox',
      'sh',
      '-c',
      'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.1; done',
    );
    await using attached = world().start('docker', ['attach', 'trap']);
    await expect.poll(() => said('logs', 'trap')).toBe('ready');
    await new Promise((resolve) => setTimeout(resolve, 300));
    attached.child.kill('SIGTERM');
    expect(await attached.ended).toMatchObject({ code: 9, stdout: 'caught\n' });
  });

  it('leaves an attached terminal with the detach keys of its choice, and comes back', async () => {
    await using terminal = world().terminal('docker', [
      'run',
      '-it',
      '--name',
      'box',
      '--detach-keys',
      'ctrl-a,d',
      'busybox',
      'sh',
    ]);
    await terminal.saw(/# /);
    terminal.type('\x01d');
    expect(await terminal.ended).toBe(0);
    expect(await said('ps', '--format', '{{.Names}}')).toBe('box');
    await using again = world().terminal('docker', ['attach', 'box']);
    again.type('\r');
    await again.saw(/# /);
    again.type('exit 6\r');
    expect(await again.ended).toBe(6);
  });

  it('ends a container in the foreground with Ctrl-C', async () => {
    await using foreground = world().start('docker', [
      'run',
      '--name',
      'box',
      'busybox',
      'sh',
      '-c',
      'trap "exit 3" INT; echo up; while :; do sleep 0.1; done',
    ]);
    await foreground.saw(/up/);
    foreground.child.kill('SIGINT');
    expect((await foreground.ended).code).toBe(3);
  });
});
