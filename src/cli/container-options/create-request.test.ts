import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseFlags } from '../argv/parse-flags.ts';
import { containerFlags } from './container-flags.ts';
import { buildCreateRequest } from './create-request.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wharf-create-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function request(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { flags, given, args } = parseFlags(containerFlags, argv, { flagsFirst: true });
  const [image = '', ...command] = args;
  return buildCreateRequest({ flags, given, image, command, env });
}

describe('buildCreateRequest', () => {
  it('asks for nothing that was not given', () => {
    expect(request(['img', 'ls', '-l'])).toEqual({
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Cmd: ['ls', '-l'],
      Image: 'img',
      Labels: {},
      HostConfig: {
        AutoRemove: false,
        NetworkMode: 'default',
        PortBindings: {},
        Privileged: false,
        PublishAllPorts: false,
        ReadonlyRootfs: false,
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      },
      NetworkingConfig: { EndpointsConfig: {} },
    });
  });

  it('publishes ports, ranges and addresses', () => {
    const { ExposedPorts, HostConfig } = request([
      '-p',
      '8080:80',
      '-p',
      '127.0.0.1::53/udp',
      '-p',
      '9000-9001:9000-9001',
      '-p',
      '[::1]:70:70',
      '-p',
      '8000-8010:81',
      '--expose',
      '99',
      'img',
    ]);
    expect(HostConfig?.PortBindings).toEqual({
      '80/tcp': [{ HostIp: '', HostPort: '8080' }],
      '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }],
      '9000/tcp': [{ HostIp: '', HostPort: '9000' }],
      '9001/tcp': [{ HostIp: '', HostPort: '9001' }],
      '70/tcp': [{ HostIp: '::1', HostPort: '70' }],
      '81/tcp': [{ HostIp: '', HostPort: '8000-8010' }],
    });
    expect(Object.keys(ExposedPorts ?? {})).toContain('99/tcp');
  });

  it('tells binds, volumes, mounts and tmpfs apart and makes relative sources absolute', () => {
    const { Volumes, HostConfig } = request([
      '-v',
      './a:/a:ro',
      '-v',
      'data:/data',
      '-v',
      '/anon',
      '--tmpfs',
      '/run:size=1m',
      '--mount',
      'type=bind,"src=/x,y",dst=/z,readonly',
      '--mount',
      'type=volume,source=v,target=/v,volume-opt=a=b',
      'img',
    ]);
    expect(HostConfig?.Binds).toEqual([`${process.cwd()}/a:/a:ro`, 'data:/data']);
    expect(Volumes).toEqual({ '/anon': {} });
    expect(HostConfig?.Tmpfs).toEqual({ '/run': 'size=1m' });
    expect(HostConfig?.Mounts).toEqual([
      { Type: 'bind', Source: '/x,y', Target: '/z', ReadOnly: true },
      { Type: 'volume', Source: 'v', Target: '/v', VolumeOptions: { DriverConfig: { Options: { a: 'b' } } } },
    ]);
  });

  it('merges environment files, this shell and flags, and reads labels', () => {
    const file = join(dir, 'env');
    writeFileSync(file, '# comment\nA=1\n\nFROM_SHELL\nMISSING\n');
    const { Env, Labels } = request(
      ['--env-file', file, '-e', 'B=2', '-e', 'FROM_SHELL', '-e', 'GONE', '-l', 'k=v', '-l', 'bare', 'img'],
      { FROM_SHELL: 'yes' },
    );
    expect(Env).toEqual(['A=1', 'FROM_SHELL=yes', 'B=2', 'FROM_SHELL=yes', 'GONE']);
    expect(Labels).toEqual({ k: 'v', bare: '' });
  });

  it('sets limits in the units of the API', () => {
    const { HostConfig } = request([
      '-m',
      '64m',
      '--memory-swap',
      '-1',
      '--cpus',
      '1.5',
      '--pids-limit',
      '20',
      '--ulimit',
      'nofile=10:20',
      '--shm-size',
      '1g',
      '--device',
      '/dev/fuse',
      '--restart',
      'on-failure:3',
      '--oom-score-adj',
      '5',
      'img',
    ]);
    expect(HostConfig).toMatchObject({
      Memory: 67_108_864,
      MemorySwap: -1,
      NanoCpus: 1_500_000_000,
      PidsLimit: 20,
      Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
      ShmSize: 1_073_741_824,
      Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' }],
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      OomScoreAdj: 5,
    });
  });

  it('describes ends of networks', () => {
    const { HostConfig, NetworkingConfig } = request([
      '--network',
      'lab',
      '--network-alias',
      'db',
      '--ip',
      '10.0.0.5',
      '--network',
      'name=other,alias=x,ip=10.1.0.5',
      'img',
    ]);
    expect(HostConfig?.NetworkMode).toBe('lab');
    expect(NetworkingConfig?.EndpointsConfig).toEqual({
      lab: { Aliases: ['db'], IPAMConfig: { IPv4Address: '10.0.0.5' } },
      other: { Aliases: ['x'], IPAMConfig: { IPv4Address: '10.1.0.5' } },
    });
  });

  it('reads health checks, entrypoints and security options', () => {
    const profile = join(dir, 'seccomp.json');
    writeFileSync(profile, '{ "defaultAction": "SCMP_ACT_ALLOW" }');
    const made = request([
      '--health-cmd',
      'true',
      '--health-interval',
      '1m',
      '--entrypoint',
      '',
      '--security-opt',
      `seccomp=${profile}`,
      '--security-opt',
      'systempaths=unconfined',
      '--init',
      'img',
    ]);
    expect(made.Healthcheck).toEqual({ Test: ['CMD-SHELL', 'true'], Interval: 60_000_000_000 });
    expect(made.Entrypoint).toEqual(['']);
    expect(made.HostConfig).toMatchObject({
      SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'],
      MaskedPaths: [],
      Init: true,
    });
    expect(request(['--no-healthcheck', 'img']).Healthcheck).toEqual({ Test: ['NONE'] });
  });

  it('names capabilities in full, each once; what is added and dropped is added', () => {
    const { HostConfig } = request([
      ...['--cap-add', 'sys_time', '--cap-add', 'CAP_NET_ADMIN', '--cap-add', 'NET_ADMIN'],
      ...['--cap-drop', 'net_admin', '--cap-drop', 'all', 'img'],
    ]);
    expect(HostConfig?.CapAdd).toEqual(['CAP_NET_ADMIN', 'CAP_SYS_TIME']);
    expect(HostConfig?.CapDrop).toEqual(['ALL']);
  });

  it('reads ports as fields, and sends settings that only older engines or Windows know along', () => {
    const { HostConfig, ExposedPorts } = request([
      ...['-p', 'target=80,published=8080,protocol=udp,mode=host', '-p', 'target=90'],
      ...['--isolation', 'default', '--kernel-memory', '10m', '--blkio-weight-device', '/dev/sda:200', 'img'],
    ]);
    expect(Object.keys(ExposedPorts ?? {})).toEqual(['80/udp', '90/tcp']);
    expect(HostConfig?.PortBindings).toEqual({
      '80/udp': [{ HostIp: '', HostPort: '8080' }],
      '90/tcp': [{ HostIp: '', HostPort: '' }],
    });
    expect(HostConfig?.Isolation).toBe('default');
    expect(HostConfig?.BlkioWeightDevice).toEqual([{ Path: '/dev/sda', Weight: 200 }]);
  });

  it.each([
    [['-p', '99999:80', 'img'], 'invalid hostPort: 99999'],
    [['-p', '80:x', 'img'], 'invalid containerPort: x'],
    [['-p', '1-2:1-3', 'img'], 'invalid ranges specified for container and host Ports: 1-3 and 1-2'],
    [['-p', '80/xxx', 'img'], 'invalid proto: xxx'],
    [['--mount', 'type=bind', 'img'], 'target is required'],
    [['--mount', 'nonsense', 'img'], "invalid field 'nonsense' must be a key=value pair"],
    [['--mount', 'type=tmpfs,dst=/a,volume-nocopy', 'img'], "cannot mix 'volume-*' options with mount type 'tmpfs'"],
    [['-v', 'relative', 'img'], 'path must be absolute'],
    [['--rm', '--restart', 'always', 'img'], 'cannot specify both --restart and --rm'],
    [['--restart', 'always:2', 'img'], "maximum retry count can only be used with 'on-failure'"],
    [['--gpus', 'all', 'img'], 'GPU devices are not supported'],
    [['--no-healthcheck', '--health-cmd', 'x', 'img'], '--no-healthcheck conflicts with --health-* options'],
    [['--network-alias', 'x', 'img'], 'network-scoped aliases are only supported for user-defined networks'],
    [['--add-host', 'name', 'img'], 'bad format for add-host'],
    [['-a', 'stdfoo', 'img'], 'valid streams are STDIN, STDOUT and STDERR'],
    [['--env-file', '/no/such/file', 'img'], 'no such file or directory'],
    [['--ulimit', 'nofile=5:3', 'img'], 'soft limit must be less than or equal to hard limit'],
    [['--ulimit', 'foo=5', 'img'], 'invalid ulimit type: foo'],
    [['--add-host', 'x:1.2', 'img'], 'invalid IP address in add-host: "1.2"'],
    [['--dns', 'here', 'img'], 'IP address is not correctly formatted: here'],
    [['--device-cgroup-rule', 'c 1 rwm', 'img'], "invalid device cgroup format 'c 1 rwm'"],
    [['--mac-address', 'zz', 'img'], 'zz is not a valid mac address'],
    [['--security-opt', 'foo', 'img'], 'Invalid --security-opt: "foo"'],
    [['--security-opt', 'seccomp=/nope', 'img'], 'opening seccomp profile (/nope) failed: open /nope: no such file or'],
    [['--network', '', 'img'], 'no name set for network'],
    [['-l', '=x', 'img'], "invalid label '=x': empty name"],
    [['--health-retries', '-1', 'img'], '--health-retries cannot be negative'],
    [['--blkio-weight-device', '/dev/sda:9', 'img'], 'invalid weight for device: /dev/sda:9'],
    [['-p', 'published=80', 'img'], 'missing mandatory field "target"'],
  ])('%j is refused with exit code 125', (argv, message) => {
    expect(() => request(argv)).toThrow(
      expect.objectContaining({ exitCode: 125, message: expect.stringContaining(message) }),
    );
  });
});
