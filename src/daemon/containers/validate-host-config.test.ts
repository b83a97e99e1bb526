import { describe, expect, test } from 'vitest';
import type { ContainerConfig, HostConfig } from '../../contract/engine-types.ts';
import { capabilityNames } from '../linux/capabilities.ts';
import { supportV1 } from '../runtime/resource-support.ts';
import { withDefaults } from './host-config-defaults.ts';
import { validateHostConfig } from './validate-host-config.ts';

const resources = { ...supportV1(() => true), cpuCount: 2, cpuList: '0-1', memoryNodeList: '0' };
const facts = { resources, capabilities: capabilityNames.slice(0, -1), runtimes: ['runc'] };
const mb = 1024 * 1024;
const defaults = { cgroupVersion: '1', runtimeName: 'runc', oomKillDisable: true } as const;

test.each<[HostConfig, string]>([
  [{ RestartPolicy: { Name: 'sometimes' } }, "invalid restart policy: unknown policy 'sometimes'"],
  [{ RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } }, "can only be used with 'on-failure'"],
  [
    { RestartPolicy: { Name: 'always', MaximumRetryCount: -2 } },
    "can only be used with 'on-failure' and cannot be negative",
  ],
  [{ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -1 } }, 'maximum retry count cannot be negative'],
  [{ AutoRemove: true, RestartPolicy: { Name: 'always' } }, "can't create 'AutoRemove' container with restart policy"],
  [{ NetworkMode: 'container:' }, 'invalid network mode: invalid container format container:<name|id>'],
  [{ NetworkMode: 'container:x', PortBindings: { '80/tcp': [{}] } }, 'port publishing and the container type network'],
  [{ NetworkMode: 'host', Links: ['a:b'] }, "host type networking can't be used with links"],
  [{ PortBindings: { 'http/tcp': [] } }, 'invalid port specification: "http"'],
  [{ PortBindings: { '80/tcp': [{ HostPort: '99999' }] } }, 'invalid port specification: "99999"'],
  [{ PortBindings: { '80/tcp': [{ HostPort: '10-5' }] } }, 'invalid port specification: "10-5"'],
  [{ PortBindings: { '80/tcp': [{ HostIp: 'x' }] } }, 'invalid IP address: x'],
  [{ ExtraHosts: ['a'] }, 'bad format for add-host'],
  [{ ExtraHosts: ['a:b'] }, 'invalid IP address in add-host: "b"'],
  [{ ExtraHosts: ['a:[::1]'] }, 'invalid IP address in add-host: "[::1]"'],
  [{ OomScoreAdj: 2000 }, 'range for oom score adj is [-1000, 1000]'],
  [{ IpcMode: 'odd' }, 'invalid IPC mode: odd'],
  [{ PidMode: 'private' }, 'invalid PID mode: private'],
  [{ LogConfig: { Type: 'odd' } }, 'error looking up logging plugin odd: plugin "odd" not found'],
  [{ Runtime: 'kata' }, 'unknown or invalid runtime name: kata'],
  [{ Isolation: 'hyperv' }, "invalid isolation (hyperv): linux only supports 'default'"],
  [{ CapAdd: ['odd'] }, 'invalid CapAdd: unknown capability: "CAP_ODD"'],
  [{ CapDrop: ['CAP_ALL'] }, 'invalid CapDrop: unknown capability: "CAP_ALL"'],
  [{ CapAdd: ['checkpoint_restore'] }, 'not available in the current environment: "CAP_CHECKPOINT_RESTORE"'],
  [{ Annotations: { '': 'x' } }, 'the empty string is not permitted as an annotation key'],
  [{ Tmpfs: { rel: '' } }, "invalid mount path: 'rel' mount path must be absolute"],
  [{ Tmpfs: { '/': '' } }, "invalid specification: destination can't be '/'"],
  [{ SecurityOpt: ['odd'] }, 'invalid --security-opt 1: "odd"'],
  [{ SecurityOpt: ['no-new-privileges=odd'] }, 'invalid --security-opt 2: "no-new-privileges=odd"'],
  [{ StorageOpt: { size: '10G' } }, "only for overlay over xfs with 'pquota' mount option"],
  [{ StorageOpt: { odd: '1' } }, 'Unknown option odd'],
])('%j is refused: %s', (hostConfig, message) => {
  expect(() => validateHostConfig(hostConfig, {}, facts)).toThrow(message);
});

test.each<[HostConfig, ContainerConfig, string]>([
  [{ NetworkMode: 'container:x' }, { Hostname: 'h' }, 'conflicting options: hostname and the network mode'],
  [{ NetworkMode: 'container:x' }, { ExposedPorts: { '80/tcp': {} } }, 'port exposing and the container type network'],
  [{ UTSMode: 'host' }, { Hostname: 'h' }, 'conflicting options: hostname and the UTS mode'],
])('%j with %j is refused: %s', (hostConfig, config, message) => {
  expect(() => validateHostConfig(hostConfig, config, facts)).toThrow(message);
});

describe('what is fine', () => {
  test('limits in range', () => {
    const hostConfig = {
      Memory: 32 * mb,
      NanoCpus: 5e8,
      CpusetCpus: '0,1',
      PidsLimit: -1,
      ExtraHosts: ['h:host-gateway'],
      CapAdd: ['ALL'],
      SecurityOpt: ['no-new-privileges:true', 'writable-cgroups', 'label=disable', 'seccomp=unconfined'],
    };
    expect(validateHostConfig(hostConfig, {}, facts)).toEqual({ hostConfig, warnings: [] });
  });

  test('published ports on the host network only warn', () => {
    const hostConfig = { NetworkMode: 'host', PortBindings: { '80/tcp': [{ HostPort: '80' }] } };
    expect(validateHostConfig(hostConfig, {}, facts).warnings).toEqual([
      'Published ports are discarded when using host network mode',
    ]);
  });
});

describe('defaults', () => {
  test('twice the memory with swap, the bridge, no unlimited number of pids written out', () => {
    const filled = withDefaults({ Memory: 8 * mb, PidsLimit: 0 }, defaults);
    expect(filled).toMatchObject({ MemorySwap: 16 * mb, NetworkMode: 'bridge', PidsLimit: null, CgroupnsMode: 'host' });
    expect(withDefaults({}, { ...defaults, cgroupVersion: '2' })).toMatchObject({ CgroupnsMode: 'private' });
  });

  test('null stays null, an empty list stays empty, entries of lists are whole, empty maps are left out', () => {
    const filled = withDefaults(
      {
        Dns: [],
        Sysctls: {},
        StorageOpt: {},
        Devices: [{ PathOnHost: '/dev/null' }],
        PortBindings: { '80/tcp': [{ HostPort: '1' }], '81/tcp': null },
      },
      defaults,
    );
    expect(filled).toMatchObject({
      Dns: [],
      DnsSearch: null,
      BlkioDeviceReadBps: null,
      Devices: [{ PathOnHost: '/dev/null', PathInContainer: '', CgroupPermissions: '' }],
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '1' }], '81/tcp': null },
    });
    expect(Object.keys(filled)).not.toContain('Sysctls');
    expect(Object.keys(filled)).not.toContain('StorageOpt');
  });

  test('what shares with the host is said to be without labels', () => {
    expect(withDefaults({ Privileged: true }, defaults).SecurityOpt).toEqual(['label=disable']);
    expect(withDefaults({ PidMode: 'host' }, defaults).SecurityOpt).toEqual(['label=disable']);
    expect(withDefaults({}, defaults).SecurityOpt).toBeNull();
  });
});
