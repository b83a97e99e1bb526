import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { daemonHelp } from './daemon-flags.ts';
import { type DaemonOptions, readDaemonCommand } from './daemon-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'wharfd-options-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function options(...argv: string[]): DaemonOptions {
  const command = readDaemonCommand(argv);
  if (command.kind !== 'run') throw new Error(command.kind);
  return command.options;
}

function configFile(content: unknown): string {
  const path = join(folder, `${Math.random()}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return `--config-file=${path}`;
}

describe('flags', () => {
  it('have the usual places by default', () => {
    expect(options()).toMatchObject({
      dataRoot: '/var/lib/wharf',
      execRoot: '/run/wharf',
      hosts: [{ kind: 'unix', path: '/run/wharf/wharf.sock' }],
      pidfile: '/run/wharf/wharfd.pid',
      liveRestore: true,
      logLevel: 'info',
      group: undefined,
    });
  });

  it('move socket and pidfile with the exec root', () => {
    expect(options('--exec-root', '/tmp/x')).toMatchObject({
      hosts: [{ kind: 'unix', path: '/tmp/x/wharf.sock' }],
      pidfile: '/tmp/x/wharfd.pid',
    });
  });

  it('may be given more than once where that makes sense', () => {
    const argv = ['-H', 'unix:///a.sock', '--host=tcp://0.0.0.0:2375', '-H', 'tcp://[::1]:0', '-H', 'tcp://'];
    expect(options(...argv).hosts).toEqual([
      { kind: 'unix', path: '/a.sock' },
      { kind: 'tcp', host: '0.0.0.0', port: 2375 },
      { kind: 'tcp', host: '::1', port: 0 },
      { kind: 'tcp', host: '127.0.0.1', port: 2375 },
    ]);
  });

  it.each([
    [['--live-restore=false'], false],
    [['--no-live-restore'], false],
    [['--live-restore=true'], true],
    [['--live-restore'], true],
  ])('take switches as Go writes them: %j', (argv, liveRestore) =>
    expect(options(...argv)).toMatchObject({ liveRestore }),
  );

  it('take lists, pools and levels', () => {
    const argv = [
      '--registry-mirror',
      'https://mirror.lan/',
      '--registry-fallback=http://127.0.0.1:5055',
      '-D',
      '-s',
      'overlay2',
    ];
    expect(options(...argv, '--insecure-registry', '10.0.0.0/8')).toMatchObject({
      registryMirrors: ['https://mirror.lan'],
      registryFallbacks: ['http://127.0.0.1:5055'],
      insecureRegistries: ['10.0.0.0/8'],
      logLevel: 'debug',
      storageDriver: 'overlay',
    });
  });

  it.each([
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['--log-level', 'loud'], 'invalid value for --log-level: "loud": expected one of debug, info'],
    [['-H', 'npipe://x'], 'invalid value for --host: "npipe://x"'],
    [['--registry-mirror', 'mirror'], 'invalid value for --registry-mirror: "mirror": expected an http or https URL'],
    [['--registry-mirror', 'https://u:secret@m'], 'invalid value for --registry-mirror: "https://m"'],
    [['extra'], "Unexpected argument 'extra'"],
    [['--data-root'], "Option '--data-root <value>' argument missing"],
  ])('that make no sense are refused: %j', (argv, message) => expect(() => options(...argv)).toThrow(message));

  it('end early with help, version or validation', () => {
    expect(readDaemonCommand(['--help', '--debug'])).toEqual({ kind: 'help' });
    expect(readDaemonCommand(['-v'])).toEqual({ kind: 'version' });
    expect(readDaemonCommand(['--validate'])).toEqual({ kind: 'validate' });
    expect(() => readDaemonCommand(['--validate', '--log-level=x'])).toThrow('invalid value');
    expect(daemonHelp()).toContain('-H, --host ADDRESS');
  });
});

describe('the configuration file', () => {
  it('adds to the flags', () => {
    const file = configFile({
      hosts: ['unix:///b.sock'],
      'log-level': 'warn',
      'live-restore': false,
    });
    expect(options(file, '--data-root=/d')).toMatchObject({
      dataRoot: '/d',
      hosts: [{ kind: 'unix', path: '/b.sock' }],
      logLevel: 'warn',
      liveRestore: false,
    });
  });

  it('must not say what a flag says too', () => {
    const file = configFile({ debug: false, hosts: ['unix:///a'] });
    expect(() => options(file, '--debug', '-H', 'unix:///b')).toThrow(
      'the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: false), hosts: (from flag: [unix:///b], from file: [unix:///a])',
    );
  });

  it.each([
    [{ bogus: 1, 'log-level': 'info' }, "the following directives don't match any configuration option: bogus"],
    [{ hosts: 'unix:///a' }, 'hosts: expected a list'],
    [{ hosts: [1] }, 'hosts: expected a list of strings'],
    [{ debug: 'yes' }, 'debug: expected true or false'],
    [[], 'the file must hold one JSON object'],
    ['{', 'unable to configure the Wharf daemon with file'],
  ])('that makes no sense is refused: %j', (content, message) =>
    expect(() => options(configFile(content))).toThrow(message),
  );

  it('that was named must be there', () => {
    expect(() => options('--config-file', '/nowhere/daemon.json')).toThrow('ENOENT');
  });
});
