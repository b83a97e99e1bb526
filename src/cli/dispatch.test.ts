import { describe, expect, it } from 'vitest';
import { fakeEngine } from './test-support/fake-engine.ts';
import { runWharf } from './test-support/run-wharf.ts';

describe('the command line', () => {
  it.each([
    [['foo'], 1, 'wharf: unknown command: wharf foo\n'],
    [['container', 'foo'], 1, 'wharf: unknown command: wharf container foo\n'],
    [['ps', '--nope'], 125, 'wharf: ps: unknown flag: --nope\n'],
    [['run', '--nope'], 125, 'wharf: run: unknown flag: --nope\n'],
    [['--nope'], 125, 'wharf: unknown flag: --nope\n'],
    [['run'], 1, "wharf: run: 'wharf run' requires at least 1 argument\n"],
    [['rm'], 1, "wharf: rm: 'wharf rm' requires at least 1 argument\n"],
    [['exec', 'x'], 1, "wharf: exec: 'wharf exec' requires at least 2 arguments\n"],
    [['ps', 'x'], 1, "wharf: ps: 'wharf ps' accepts no arguments\n"],
    [['rename', 'x'], 1, "wharf: rename: 'wharf rename' requires 2 arguments\n"],
    [
      ['run', 'Upper'],
      125,
      'wharf: run: invalid reference format: repository name (library/Upper) must be lowercase\n',
    ],
    [['-H', 'nonsense', 'ps'], 1, 'wharf: ps: unable to parse engine host "nonsense"\n'],
  ])('%j exits with %i', async (argv, code, message) => {
    const run = await runWharf(argv);
    expect(run.code).toBe(code);
    expect(run.stdout).toBe('');
    expect(run.stderr.startsWith(message)).toBe(true);
  });

  it('suggests the nearest command', async () => {
    expect((await runWharf(['iamges'])).stderr).toContain("Did you mean 'wharf images'?");
    expect((await runWharf(['volume', 'creat'])).stderr).toContain("Did you mean 'wharf volume create'?");
  });

  it('prints help from the same data, for the whole, a group and a command', async () => {
    expect((await runWharf([])).stdout).toContain('Management Commands:\n  container');
    expect((await runWharf(['network'])).stdout).toContain('  disconnect  Disconnect a container from a network');
    const help = await runWharf(['run', '--help'], { columns: 100 });
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('Usage:  wharf run [OPTIONS] IMAGE [COMMAND] [ARG...]');
    expect(help.stdout).toMatch(/^ {2}-d, --detach {2,}Run in the background and print the container ID$/m);
    expect((await runWharf(['help', 'run'], { columns: 100 })).stdout).toBe(help.stdout);
    for (const line of help.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it.each([
    [['ps'], 1],
    [['start', 'x'], 1],
    [['run', 'img'], 125],
    [['version'], 1],
  ])('%j against a dead socket exits with %i and says how to start the engine', async (argv, code) => {
    const run = await runWharf(['-H', 'unix:///nonexistent/engine.sock', ...argv]);
    expect(run.code).toBe(code);
    expect(run.stderr).toContain('cannot connect to the engine at unix:///nonexistent/engine.sock');
    expect(run.stderr).toContain('wharf daemon start');
  });

  it('goes on with the next target after a failure and exits with 1', async () => {
    await using engine = await fakeEngine();
    engine.on('DELETE /containers/a', { status: 204 });
    engine.on('DELETE /containers/b', {
      status: 404,
      body: { message: 'No such container: b', code: 'container.not-found', hint: 'List them.' },
    });
    engine.on('DELETE /containers/c', { status: 204 });
    const run = await runWharf(['-H', engine.host, 'rm', 'a', 'b', 'c']);
    expect(run).toEqual({ code: 1, stdout: 'a\nc\n', stderr: 'wharf: rm: No such container: b\nList them.\n' });
  });

  it('completes commands, flags and names', async () => {
    await using engine = await fakeEngine();
    engine.on('GET /containers/json', { body: [{ Names: ['/web'] }, { Names: ['/worker'] }] });
    const words = async (...typed: string[]) =>
      (await runWharf(['-H', engine.host, 'completion', '__words', ...typed])).stdout.trim().split('\n');
    expect(await words('vol')).toEqual(['volume']);
    expect(await words('volume', '')).toEqual(['create', 'inspect', 'list', 'ls', 'prune', 'remove', 'rm']);
    expect(await words('run', '--det')).toEqual(['--detach', '--detach-keys']);
    expect(await words('run', '--pull', '')).toEqual(['always', 'missing', 'never']);
    expect(await words('rm', 'we')).toEqual(['web']);
    expect((await runWharf(['completion', 'bash'])).stdout).toContain('complete -F _wharf wharf');
  });
});
