import { describe, expect, it } from 'vitest';
import { capabilityNames } from '../linux/capabilities.ts';
import { buildRuntimeSpec, type HostFacts, type RuntimeSpecInput } from './runtime-spec.ts';
import { defaultCapabilities, defaultMaskedPaths } from './spec-defaults.ts';
import { limitsToResources, parseDeviceRule } from './spec-resources.ts';

const host: HostFacts = { cgroupVersion: '2', swapLimit: true, capabilities: capabilityNames };

const input: RuntimeSpecInput = {
  id: 'c1',
  args: ['sleep', '1'],
  env: ['PATH=/bin'],
  cwd: '/srv',
  user: { uid: 0, gid: 0, additionalGids: [0] },
  tty: false,
  rootfsPath: '/root/fs',
  readonlyRootfs: false,
  hostname: 'box',
  mounts: [],
  capAdd: [],
  capDrop: [],
  privileged: false,
  noNewPrivileges: false,
  devices: [],
  deviceCgroupRules: [],
  ulimits: [],
  sysctls: {},
  namespaces: {
    network: { kind: 'own', path: '/run/netns/x' },
    pid: { kind: 'own' },
    ipc: { kind: 'own' },
    uts: { kind: 'own' },
  },
  limits: {},
  cgroupsPath: '/wharf/c1',
};

const build = (change: Partial<RuntimeSpecInput> = {}, facts = host) =>
  buildRuntimeSpec({ ...input, ...change }, facts);
const destinations = (change: Partial<RuntimeSpecInput> = {}) => build(change).mounts.map((mount) => mount.destination);

describe('the runtime spec of a container', () => {
  it('carries the process as it was asked for', () => {
    const { process } = build({ tty: true, consoleSize: { rows: 24, columns: 80 }, oomScoreAdj: 5 });
    expect(process).toMatchObject({ args: ['sleep', '1'], cwd: '/srv', terminal: true, oomScoreAdj: 5 });
    expect(process.consoleSize).toEqual({ height: 24, width: 80 });
    expect(build({ ulimits: [{ name: 'nofile', soft: 1, hard: 2 }] }).process.rlimits).toEqual([
      { type: 'RLIMIT_NOFILE', soft: 1, hard: 2 },
    ]);
  });

  it("gives root Docker's capabilities, and nobody else any but the right to regain them", () => {
    expect(build().process.capabilities?.effective).toEqual(defaultCapabilities);
    const user = build({ user: { uid: 1000, gid: 0, additionalGids: [] } }).process.capabilities;
    expect(user).toMatchObject({
      bounding: defaultCapabilities,
      effective: [],
      permitted: [],
      inheritable: [],
      ambient: [],
    });
  });

  it('adds and drops capabilities in any spelling', () => {
    const bounding = (capAdd: string[], capDrop: string[]) => build({ capAdd, capDrop }).process.capabilities?.bounding;
    expect(bounding(['net_admin'], ['CAP_CHOWN'])).toContain('CAP_NET_ADMIN');
    expect(bounding(['net_admin'], ['CAP_CHOWN'])).not.toContain('CAP_CHOWN');
    expect(bounding(['kill'], ['ALL'])).toEqual(['CAP_KILL']);
    expect(bounding(['all'], ['sys_admin'])).toHaveLength(capabilityNames.length - 1);
  });

  it('never hands on what the daemon itself lacks', () => {
    const poor = { ...host, capabilities: ['CAP_CHOWN', 'CAP_KILL'] };
    expect(build({ privileged: true }, poor).process.capabilities?.bounding).toEqual(['CAP_CHOWN', 'CAP_KILL']);
    expect(build({}, poor).process.capabilities?.bounding).toEqual(['CAP_CHOWN', 'CAP_KILL']);
  });

  it('mounts the kernel file systems first and puts parents before children', () => {
    const bind = (destination: string) => ({ destination, type: 'bind', source: '/x', options: ['rbind'] });
    const list = destinations({
      mounts: [bind('/a/b/c'), bind('/a'), bind('/dev/shm/')],
      tmpfs: { '/a/b': 'size=1m' },
    });
    expect(list).toEqual([
      '/proc',
      '/dev',
      '/dev/pts',
      '/sys',
      '/sys/fs/cgroup',
      '/dev/mqueue',
      '/a',
      '/dev/shm/',
      '/a/b',
      '/a/b/c',
    ]);
  });

  it('opens everything to a privileged container', () => {
    const { mounts, linux } = build({ privileged: true });
    expect(mounts.find((mount) => mount.destination === '/sys')?.options).not.toContain('ro');
    expect(linux).toMatchObject({ maskedPaths: [], readonlyPaths: [] });
    expect(linux.resources).toMatchObject({ devices: [{ allow: true, type: 'a', access: 'rwm' }] });
    expect(build().linux).toMatchObject({ maskedPaths: defaultMaskedPaths });
  });

  it("shares the host's memory with --ipc=host, and needs no message queues mounted there", () => {
    const { mounts } = build({ namespaces: { ...input.namespaces, ipc: { kind: 'host' } } });
    expect(mounts.find((mount) => mount.destination === '/dev/shm')).toMatchObject({
      type: 'bind',
      source: '/dev/shm',
    });
    expect(mounts.find((mount) => mount.destination === '/dev/mqueue')).toMatchObject({ type: 'mqueue' });
  });

  it('has the namespaces asked for, and a group namespace of its own on v2 only', () => {
    const types = (linux: Readonly<Record<string, unknown>>) => linux.namespaces;
    expect(types(build().linux)).toEqual([
      { type: 'mount' },
      { type: 'network', path: '/run/netns/x' },
      { type: 'uts' },
      { type: 'pid' },
      { type: 'ipc' },
      { type: 'cgroup' },
    ]);
    const hostAll = {
      network: { kind: 'host' },
      pid: { kind: 'host' },
      ipc: { kind: 'host' },
      uts: { kind: 'host' },
    } as const;
    const spec = build({ namespaces: hostAll }, { ...host, cgroupVersion: '1' });
    expect(types(spec.linux)).toEqual([{ type: 'mount' }]);
    expect(spec.hostname).toBeUndefined();
    expect(spec.mounts.find((mount) => mount.destination === '/dev/shm')?.type).toBe('bind');
  });

  it('lets a container of its own network use low ports and ping, and guards those of the host', () => {
    expect(build().linux.sysctl).toMatchObject({ 'net.ipv4.ip_unprivileged_port_start': '0' });
    expect(build({ sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80' } }).linux.sysctl).toMatchObject({
      'net.ipv4.ip_unprivileged_port_start': '80',
    });
    const onHost = { ...input.namespaces, network: { kind: 'host' } } as const;
    expect(build({ namespaces: onHost }).linux.sysctl).toEqual({});
    expect(() => build({ namespaces: onHost, sysctls: { 'net.core.somaxconn': '1' } })).toThrow(
      'not allowed in host network',
    );
  });

  it('runs the command under an init when there is one', () => {
    const { process, mounts } = build({ initBinary: '/usr/bin/tini-static' });
    expect(process.args).toEqual(['/sbin/docker-init', '--', 'sleep', '1']);
    expect(mounts.at(-1)).toMatchObject({ destination: '/sbin/docker-init', source: '/usr/bin/tini-static' });
  });

  it('passes on mounts of its volumes as they ask for', () => {
    const mount = (option: string) => [{ destination: '/v', type: 'bind', source: '/x', options: ['rbind', option] }];
    expect(build({ mounts: mount('rshared') }).linux.rootfsPropagation).toBe('shared');
    expect(build({ mounts: mount('rslave') }).linux.rootfsPropagation).toBe('slave');
    expect(build({ mounts: mount('rprivate') }).linux.rootfsPropagation).toBeUndefined();
  });
});

describe('limits', () => {
  it('become resources, and none is mentioned that was not set', () => {
    expect(limitsToResources({}, host)).toEqual({});
    expect(limitsToResources({ memoryBytes: 100, nanoCpus: 1.5e9, pidsLimit: 10, cpuShares: 512 }, host)).toEqual({
      memory: { limit: 100, swap: 200 },
      cpu: { shares: 512, quota: 150_000, period: 100_000 },
      pids: { limit: 10 },
    });
    expect(limitsToResources({ pidsLimit: -1 }, host)).toEqual({ pids: { limit: -1 } });
  });
  it('leave swap alone where the kernel does not account it', () => {
    expect(limitsToResources({ memoryBytes: 100, memorySwapBytes: 100 }, { swapLimit: false })).toEqual({
      memory: { limit: 100 },
    });
  });
  it('of devices are read as docker writes them', () => {
    expect(parseDeviceRule('c 13:* rwm')).toEqual({
      allow: true,
      type: 'c',
      major: 13,
      minor: undefined,
      access: 'rwm',
    });
    expect(() => parseDeviceRule('c 13 rwm')).toThrow("invalid device cgroup rule format: 'c 13 rwm'");
  });
});
