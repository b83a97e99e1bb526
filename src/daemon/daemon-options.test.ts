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
    argv.push('-H', '10.0.0.1:2377');
    expect(options(...argv).hosts).toEqual([
      { kind: 'unix', path: '/a.sock' },
      { kind: 'tcp', host: '0.0.0.0', port: 2375 },
      { kind: 'tcp', host: '::1', port: 0 },
      { kind: 'tcp', host: '127.0.0.1', port: 2375 },
      { kind: 'tcp', host: '10.0.0.1', port: 2377 },
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

  it('may be joined and written as Go reads them', () => {
    expect(options('-Dlwarn', '-G=7', '--icc=0', '--tls=F')).toMatchObject({
      debug: true,
      group: '7',
      networks: { interContainer: false },
      tls: undefined,
    });
  });

  it.each([
    [['--tls'], true],
    [['--tlsverify'], true],
    [['--tls', '--tlsverify=false'], false],
    [['--tlsverify=false'], false],
  ])('turn TLS on, and verify clients unless told not to: %j', (argv, verify) => {
    const { tls, hosts } = options(...argv, '--tlscert=/c.pem', '-H', 'tcp://0.0.0.0', '-H', 'fd://', '-H', 'fd://api');
    expect(tls).toEqual({ verify, ca: '/etc/wharf/tls/ca.pem', cert: '/c.pem', key: '/etc/wharf/tls/key.pem' });
    expect(hosts).toEqual([
      { kind: 'tcp', host: '0.0.0.0', port: 2376 },
      { kind: 'fd', name: undefined },
      { kind: 'fd', name: 'api' },
    ]);
  });

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

  it('the trust policy is beside the configuration file, or must be where it is said to be', () => {
    expect(options().trustPolicy).toEqual({ path: '/etc/wharf/trust-policy.json', required: false });
    expect(options('--trust-policy', '/srv/policy.json').trustPolicy).toEqual({
      path: '/srv/policy.json',
      required: true,
    });
  });

  it.each([
    [['--nonsense'], 'unknown flag: --nonsense'],
    [['-x'], "unknown shorthand flag: 'x' in -x"],
    [['--log-level', 'loud'], 'invalid logging level: loud'],
    [['--log-format', 'xml'], 'invalid log format: xml'],
    [['--debug=maybe'], 'invalid argument "maybe" for "-D, --debug" flag: expected true or false'],
    [['--mtu=big'], 'invalid argument "big" for "--mtu" flag: expected a whole number'],
    [['--log-opt', 'max-size'], 'invalid argument "max-size" for "--log-opt" flag: expected key=value'],
    [['--containerd=/run/c.sock'], '--containerd (containerd) can not be honoured: Wharf runs containers itself'],
    [['--swarm-default-advertise-addr=eth0'], 'Wharf has no swarm mode'],
    [['--selinux-enabled'], 'containers get no SELinux labels'],
    [['--exec-opt', 'native.cgroupdriver=systemd'], 'native.cgroupdriver=systemd is not supported'],
    [['--exec-opt', 'foo'], "invalid exec-opt (foo): must be formatted 'opt=value'"],
    [['--default-runtime', 'youki'], "specified default runtime 'youki' does not exist"],
    [['--add-runtime', 'runc=/bin/runc'], "runtime name 'runc' is reserved"],
    [['--default-ulimit', 'nofile=20:10'], 'ulimit soft limit must be less than or equal to hard limit: 20 > 10'],
    [['--default-ulimit', 'files=1'], 'invalid ulimit type: files'],
    [['--default-shm-size', 'lots'], 'invalid value for --default-shm-size: "lots"'],
    [['--default-ipc-mode', 'host'], 'IPC mode "host" is not supported as default value; use "shareable" or "private"'],
    [['--default-cgroupns-mode', 'x'], 'invalid default cgroup namespace (x): use "host" or "private"'],
    [['--dns', 'one'], 'invalid IP address: one'],
    [['--mtu', '-1'], 'invalid default MTU: -1'],
    [['--max-concurrent-downloads', '-1'], 'invalid max concurrent downloads: -1'],
    [['--label', 'foo'], 'bad attribute format: foo'],
    [['--label', 'a=1', '--label', 'a=2'], 'conflict labels for a=2 and a=1'],
    [['--feature', 'containerd-snapshotter'], 'expected key=value'],
    [['--feature', 'containerd-snapshotter=true'], 'feature containerd-snapshotter can not be honoured'],
    [['--metrics-addr', 'here'], 'invalid value for --metrics-addr: "here"'],
    [['--storage-opt', 'overlay2.size=1G'], 'storage-opt overlay2.size can not be honoured'],
    [['--default-address-pool', 'base=10.0.0.0/8,size=4'], 'invalid address pool 10.0.0.0/8: size 4'],
    [['-H', 'npipe://x'], 'invalid value for --host: "npipe://x"'],
    [['--registry-mirror', 'mirror'], 'invalid mirror: no scheme specified for "mirror"'],
    [['--registry-mirror', 'https://a/x?y'], 'invalid value for --registry-mirror: "https://a/x?y"'],
    [['--registry-mirror', 'https://u:secret@m'], 'invalid value for --registry-mirror: "https://m"'],
    [['extra'], '"wharfd" accepts no arguments: extra'],
    [['--data-root'], 'flag needs an argument: --data-root'],
    [['-H'], "flag needs an argument: 'H' in -H"],
  ])('that make no sense are refused: %j', (argv, message) => expect(() => options(...argv)).toThrow(message));

  it('end early with help, version or validation', () => {
    expect(readDaemonCommand(['--help', '--debug'])).toEqual({ kind: 'help' });
    expect(readDaemonCommand(['-v'])).toEqual({ kind: 'version' });
    expect(readDaemonCommand(['--validate'])).toEqual({ kind: 'validate' });
    expect(() => readDaemonCommand(['--validate', '--log-level=x'])).toThrow('invalid logging level');
    expect(daemonHelp()).toContain('-H, --host ADDRESS');
    expect(daemonHelp()).not.toContain('--containerd');
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
    const file = configFile({ debug: false, hosts: ['unix:///a'], dns: ['1.2.3.4'] });
    expect(() => options(file, '--debug', '-H', 'unix:///b')).toThrow(
      'the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: false), hosts: (from flag: [unix:///b], from file: [unix:///a])',
    );
    const proxies = configFile({ proxies: { 'http-proxy': 'http://me:secret@p' } });
    expect(() => options(proxies, '--http-proxy=http://q')).toThrow(
      'http-proxy: (from flag: http://q, from file: http://xxxxx:xxxxx@p)',
    );
  });

  it('and flags together name runtimes, as in dockerd', () => {
    const file = configFile({ runtimes: { a: { path: '/a', runtimeArgs: ['--debug'] } }, 'default-runtime': 'a' });
    const { containers, defaultRuntime } = options(file, '--add-runtime', 'b=/b');
    expect(containers.runtimes).toEqual({ a: { path: '/a', args: ['--debug'] }, b: { path: '/b', args: [] } });
    expect(defaultRuntime).toBe('a');
  });

  it('sets what holds for containers and networks', () => {
    const file = configFile({
      'log-driver': 'local',
      'log-opts': { 'max-size': '10m' },
      'default-ulimits': { nofile: { Name: 'nofile', Soft: 1024, Hard: 2048 } },
      'default-shm-size': '128M',
      'default-address-pools': [{ base: '10.9.0.0/16', size: 24 }],
      'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': '1450' } },
      proxies: { 'https-proxy': 'http://p:3128', 'no-proxy': 'localhost' },
      features: { buildkit: true },
      'seccomp-profile': 'unconfined',
      'host-gateway-ip': '192.0.2.1',
      'cri-containerd': false,
      'allow-nondistributable-artifacts': ['a.lan'],
    });
    expect(options(file, '--init', '--icc=false', '--dns-search', '.')).toMatchObject({
      containers: {
        logConfig: { type: 'local', config: { 'max-size': '10m' } },
        ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 2048 }],
        shmSizeBytes: 128 * 1024 * 1024,
        seccompProfile: 'unconfined',
        init: true,
      },
      networks: {
        addressPools: [{ base: '10.9.0.0/16', size: 24 }],
        networkOptions: { bridge: { 'com.docker.network.driver.mtu': '1450' } },
        interContainer: false,
        dnsSearch: ['.'],
        hostGateways: ['192.0.2.1'],
      },
      proxies: { httpsProxy: 'http://p:3128', noProxy: 'localhost', httpProxy: '' },
      features: { buildkit: true },
      warnings: [expect.stringContaining('allow-nondistributable-artifacts is deprecated')],
    });
  });

  it('may be empty, and may start with a byte order mark', () => {
    expect(options(configFile(' ')).logLevel).toBe('info');
    expect(options(configFile('\uFEFF{"debug":true}')).logLevel).toBe('debug');
  });

  it.each([
    [{ bogus: 1, 'log-level': 'info' }, "the following directives don't match any configuration option: bogus"],
    [{ hosts: 'unix:///a' }, 'hosts: expected a list'],
    [{ hosts: [1] }, 'hosts: expected a list of strings'],
    [{ debug: 'yes' }, 'debug: expected true or false'],
    [{ Debug: true }, "the following directives don't match any configuration option: Debug"],
    [{ proxies: { ftp: 'x' } }, "the following directives don't match any configuration option: ftp"],
    [{ 'log-opts': { a: 1 } }, 'invalid value for log-opts.a: expected a string'],
    [{ features: { a: 1 } }, 'invalid value for features.a: expected a boolean'],
    [{ mtu: 1.5 }, 'invalid value for mtu: expected a whole number'],
    [{ runtimes: { a: {} } }, 'runtime a: either a runtimeType or a path must be configured'],
    [{ runtimes: { a: { runtimeType: 'io.x' } } }, 'runtime a: runtimeType io.x can not be honoured'],
    [{ 'host-gateway-ip': '::1', 'host-gateway-ips': ['::2'] }, 'host-gateway-ip and host-gateway-ips must not both'],
    [{ 'node-generic-resources': ['a=1'] }, 'Wharf has no swarm mode'],
    [[], 'the file must hold one object'],
    ['{', 'unable to configure the Wharf daemon with file'],
  ])('that makes no sense is refused: %j', (content, message) =>
    expect(() => options(configFile(content))).toThrow(message),
  );

  it('that was named must be there', () => {
    expect(() => options('--config-file', '/nowhere/daemon.json')).toThrow('open /nowhere/daemon.json: no such file');
  });
});
