import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { engineFile } from '../../test-world/engine-file.ts';
import { dockerCommand, wharfCommand } from '../../test-world/engine-world.ts';

describe('wharf', () => {
  const { world, wharf } = engineFile({ pulled: ['busybox', 'layered'] });
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await wharf(...args);
    if (code !== 0) throw new Error(`wharf ${args.join(' ')} ended with code ${code}: ${stderr}`);
    return stdout.replace(/\n$/, '');
  };

  it('runs containers: streams apart, exit codes as docker has them', async () => {
    expect(await wharf('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const missing = await wharf('run', '--rm', 'busybox', 'no-such-command');
    expect(missing.code).toBe(127);
    expect(missing.stderr).toMatch(/^wharf: .*"no-such-command": executable file not found in \$PATH/);
    expect((await wharf('run', '--rm', 'busybox', '/etc')).code).toBe(126);
    expect((await wharf('run', '--rm', '--memory', '1k', 'busybox', 'true')).code).toBe(125);
    expect(
      (
        await world().wharf(['run', '-i', '--rm', 'busybox', 'wc', '-c'], { input: Buffer.alloc(3_000_000) })
      ).stdout.trim(),
    ).toBe('3000000');
    expect((await world().wharf(['run', '-i', '--rm', 'busybox', 'cat'], { input: 'in\n' })).stdout).toBe('in\n');
    expect(await ok('ps', '-aq')).toBe('');
  });

  it('does the day-to-day job: pull, run, look, enter, copy, stop, remove', async () => {
    expect(await ok('pull', 'busybox:1.35')).toMatch(
      /Status: (Downloaded newer image|Image is up to date) for busybox:1\.35/,
    );
    const id = await ok(
      'run',
      '-d',
      '--name',
      'box',
      '-p',
      '127.0.0.1::80',
      '-e',
      'A=1',
      '-v',
      'data:/data',
      'busybox:1.35',
      'sh',
      '-c',
      'echo up; sleep 300',
    );
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    await expect.poll(() => ok('logs', 'box')).toBe('up');
    expect(await ok('exec', 'box', 'sh', '-c', 'echo $A')).toBe('1');
    expect((await wharf('exec', 'box', 'sh', '-c', 'exit 9')).code).toBe(9);
    expect(await ok('port', 'box')).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+$/);
    expect(await ok('inspect', '-f', '{{.State.Status}}', 'box')).toBe('running');
    expect(await ok('top', 'box')).toContain('sleep 300');
    expect(await ok('stats', '--no-stream', '--format', '{{.Name}}', 'box')).toBe('box');
    await ok('rename', 'box', 'crate');
    await ok('pause', 'crate');
    await ok('unpause', 'crate');
    expect(await ok('stop', '-t', '0', 'crate')).toBe('crate');
    expect(await ok('wait', 'crate')).toBe('137');
    await ok('rm', 'crate');
    await ok('rmi', 'busybox:1.35');
    expect(await ok('volume', 'ls', '-q')).toBe('data');
  });

  it('gives a terminal, and leaves it with the detach keys', async () => {
    await using terminal = world().terminal('wharf', ['run', '-it', '--name', 'box', 'busybox', 'sh']);
    await terminal.saw(/# /);
    terminal.type('tty; stty size\r');
    await terminal.saw(/\/dev\/pts\/0\r\n30 100/);
    terminal.type('\x10\x11');
    expect(await terminal.ended).toBe(0);
    expect(await ok('ps', '--format', '{{.Names}}')).toBe('box');
    await using again = world().terminal('wharf', ['attach', 'box']);
    again.type('\r');
    await again.saw(/# /);
    again.type('exit 6\r');
    expect(await again.ended).toBe(6);
    await using shell = world().terminal('wharf', ['run', '-it', '--rm', 'busybox', 'sh']);
    await shell.saw(/# /);
    // Ctrl-C belongs to the shell inside.
    shell.type('sleep 100\r');
    await new Promise((resolve) => setTimeout(resolve, 300));
    shell.type('\x03');
    shell.type('echo still; exit 2\r');
    await shell.saw(/\r\nstill/);
    expect(await shell.ended).toBe(2);
  });

  it('hands Ctrl-C to a container in the foreground', async () => {
    await using foreground = world().start('wharf', [
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      'trap "exit 3" INT; echo up; while :; do sleep 0.1; done',
    ]);
    await foreground.saw(/up/);
    foreground.child.kill('SIGINT');
    expect((await foreground.ended).code).toBe(3);
  });

  it('ends quietly when nobody reads any more', async () => {
    await ok('run', '-d', '--name', 'box', 'busybox', 'sh', '-c', 'seq 1 200000; sleep 300');
    const child = spawn(
      'bash',
      ['-c', `set -o pipefail; ${wharfCommand} logs box | head -1; echo "\${PIPESTATUS[0]}"`],
      { env: world().env },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => {
        text += String(bytes);
      });
    await new Promise((resolve) => child.once('close', resolve));
    expect(text).toMatch(/^1\n(0|141)\n$/);
  });

  it.skipIf(dockerCommand === undefined)('prints lists as docker does on the same engine', async () => {
    await ok('network', 'create', 'net');
    await ok(
      'run',
      '-d',
      '--name',
      'one',
      '--network',
      'net',
      '-p',
      '127.0.0.1::80',
      '--label',
      'a=b',
      'busybox',
      'sleep',
      '300',
    );
    await ok('run', '--name', 'two', 'layered');
    await ok('volume', 'create', 'vol');
    for (const list of [
      ['ps', '-a', '--no-trunc'],
      ['ps', '-a', '--format', '{{.ID}} {{.Names}} {{.Image}} {{.Ports}} {{.Labels}} {{.State}}'],
      ['ps', '-a', '--format', 'json'],
      ['images'],
      ['images', '--digests', '--no-trunc'],
      ['network', 'ls'],
      ['network', 'ls', '--no-trunc', '--filter', 'driver=bridge'],
      ['volume', 'ls'],
      ['history', 'layered'],
      ['port', 'one'],
      ['inspect', 'one', 'two'],
      ['diff', 'two'],
    ]) {
      // "1 second ago" moves on between two calls: docker is asked before and after, until it says the same both times.
      let before = await world().docker(list);
      for (let attempt = 0; ; attempt++) {
        const ours = await wharf(...list);
        const after = await world().docker(list);
        if (before.stdout !== after.stdout && attempt < 10) {
          before = after;
          continue;
        }
        expect(`${list.join(' ')}\n${ours.stdout}`).toBe(`${list.join(' ')}\n${after.stdout}`);
        break;
      }
    }
  });

  it('says what failed, why, and what to do', async () => {
    const nobody = await wharf('start', 'nobody');
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toMatch(/^wharf: .*: No such container: nobody\n/m);
    const typo = await wharf('rnu');
    expect(typo.code).not.toBe(0);
    expect(typo.stderr).toMatch(/^wharf: .*rnu/);
    expect(typo.stderr).toMatch(/run/);
    const flag = await wharf('run', '--no-such-flag', 'busybox');
    expect(flag.code).toBe(125);
    expect(flag.stderr).toMatch(/^wharf: .*--no-such-flag/);
    const image = await wharf('run', '--rm', `${world().registryHost}/library/nothing`);
    expect(image.code).toBe(125);
    expect(image.stderr).toMatch(/wharf: /);
    const away = await world().wharf(['ps'], {
      env: { ...world().env, WHARF_HOST: `unix://${world().root}/nobody.sock` },
    });
    expect(away.code).toBe(1);
    expect(away.stderr).toMatch(/^wharf: .*nobody\.sock/);
    expect(away.stderr.trim().split('\n').length).toBeGreaterThan(1);
    for (const { stderr } of [nobody, typo, flag, image, away]) expect(stderr).not.toMatch(/ {4}at |node:internal/);
  });

  it('names who has a port that is taken', async () => {
    await ok('run', '-d', '--name', 'first', '-p', '127.0.0.1::80', 'busybox', 'sleep', '300');
    const port = (await ok('port', 'first', '80')).split(':')[1];
    const second = await wharf(
      'run',
      '-d',
      '--name',
      'second',
      '-p',
      `127.0.0.1:${port}:80`,
      'busybox',
      'sleep',
      '300',
    );
    expect(second.code).toBe(125);
    expect(second.stderr).toContain(`${port}`);
    expect(second.stderr).toContain('first');
  });

  it('completes commands, flags and names', async () => {
    await ok('run', '-d', '--name', 'completed', 'busybox', 'sleep', '300');
    expect(await ok('completion', 'bash')).toContain('wharf');
    expect(await ok('completion', '__words', 'st')).toMatch(/^stop\b/m);
    expect(await ok('completion', '__words', 'stop', 'comp')).toMatch(/^completed\b/m);
    expect(await ok('completion', '__words', 'run', '--mem')).toMatch(/^--memory\b/m);
  });

  it('agrees with itself on its version, and finds images in the registry', async () => {
    expect(await ok('version', '--format', '{{.Client.Version}}')).toBe(
      await ok('version', '--format', '{{.Server.Version}}'),
    );
    expect(await ok('search', '--format', '{{.Name}}', 'layered')).toContain('layered');
  });
});
