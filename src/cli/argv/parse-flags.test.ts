import { describe, expect, it } from 'vitest';
import { parseFlags } from './parse-flags.ts';
import { UsageError } from './usage-error.ts';

const table = {
  detach: { type: 'bool', short: 'd', help: '' },
  interactive: { type: 'bool', short: 'i', help: '' },
  tty: { type: 'bool', short: 't', help: '' },
  env: { type: 'list', short: 'e', help: '' },
  memory: { type: 'bytes', short: 'm', help: '' },
  'memory-swap': { type: 'bytes', unlimited: true, help: '' },
  name: { type: 'string', help: '' },
  pull: { type: 'string', choices: ['always', 'never'], help: '' },
  retries: { type: 'int', help: '' },
  cpus: { type: 'decimal', help: '' },
  every: { type: 'duration', help: '' },
  subnet: { type: 'list', commas: true, help: '' },
  'sig-proxy': { type: 'bool', initial: true, help: '' },
} as const;

function problem(argv: readonly string[]): UsageError {
  try {
    parseFlags(table, argv);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('parseFlags', () => {
  it('reads long and short spellings of every type', () => {
    const argv = [
      '--name',
      'web',
      '-m512m',
      '--memory-swap=-1',
      '-e',
      'A=1',
      '-e=B=2',
      '--retries',
      '3',
      '--cpus=.5',
      '--every',
      '1m30s',
    ];
    const { flags } = parseFlags(table, argv);
    expect(flags).toMatchObject({
      name: 'web',
      memory: 536_870_912,
      'memory-swap': -1,
      env: ['A=1', 'B=2'],
      retries: 3,
      cpus: 0.5,
      every: 90_000,
    });
  });

  it('reads combined switches, the last of them with a value', () => {
    const { flags } = parseFlags(table, ['-dite', 'A=1']);
    expect(flags).toMatchObject({ detach: true, interactive: true, tty: true, env: ['A=1'] });
  });

  it('leaves what is not given undefined, switches at their default and lists empty', () => {
    const { flags, given } = parseFlags(table, []);
    expect(flags.name).toBeUndefined();
    expect(flags['sig-proxy']).toBe(true);
    expect(flags.env).toEqual([]);
    expect(given.size).toBe(0);
  });

  it('turns a switch off with =false or --no-', () => {
    expect(parseFlags(table, ['--sig-proxy=false']).flags['sig-proxy']).toBe(false);
    expect(parseFlags(table, ['--no-sig-proxy']).flags['sig-proxy']).toBe(false);
  });

  it('takes flags after arguments unless they belong to the container', () => {
    expect(parseFlags(table, ['img', '-d']).args).toEqual(['img']);
    expect(parseFlags(table, ['-d', 'img', 'ls', '-t'], { flagsFirst: true })).toMatchObject({
      args: ['img', 'ls', '-t'],
      flags: { detach: true, tty: false },
    });
  });

  it('ends flags at two dashes and keeps a single dash as an argument', () => {
    expect(parseFlags(table, ['-', '--', '-d']).args).toEqual(['-', '-d']);
  });

  it('splits comma lists only where the flag says so', () => {
    const { flags } = parseFlags(table, ['--subnet', '10.0.0.0/8,fd00::/8', '-e', 'A=1,2']);
    expect(flags.subnet).toEqual(['10.0.0.0/8', 'fd00::/8']);
    expect(flags.env).toEqual(['A=1,2']);
  });

  it.each([
    [['--nope'], 'unknown flag: --nope'],
    [['-dx'], "unknown shorthand flag: 'x' in -x"],
    [['--name'], 'flag needs an argument: --name'],
    [['-e'], "flag needs an argument: 'e' in -e"],
    [['-m', 'abc'], 'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\''],
    [['-d=x'], 'invalid argument "x" for "-d, --detach" flag: strconv.ParseBool: parsing "x": invalid syntax'],
    [
      ['--retries', 'two'],
      'invalid argument "two" for "--retries" flag: strconv.ParseInt: parsing "two": invalid syntax',
    ],
    [['--every', '5'], 'invalid argument "5" for "--every" flag: time: invalid duration "5"'],
    [['--pull', 'maybe'], 'invalid argument "maybe" for "--pull" flag: must be one of always, never'],
  ])('%j is refused in the words of docker with exit code 125', (argv, message) => {
    expect(problem(argv)).toMatchObject({ message, exitCode: 125 });
  });

  it('names the flag that was probably meant', () => {
    expect(problem(['--detahc']).hint).toBe('Did you mean --detach?');
  });

  it('recognises help in both spellings, and -h only where no flag has that letter', () => {
    expect(parseFlags(table, ['--help']).help).toBe(true);
    expect(parseFlags(table, ['-h']).help).toBe(true);
    expect(parseFlags({ hostname: { type: 'string', short: 'h', help: '' } }, ['-h', 'box'])).toMatchObject({
      help: false,
      flags: { hostname: 'box' },
    });
  });
});
