import { describe, expect, test } from 'vitest';
import type { ContainerConfig, HostConfig } from '../../contract/engine-types.ts';
import { withDefaults } from './host-config-defaults.ts';
import { validateConfig, validateHostConfig } from './validate-config.ts';

const facts = { cpus: 2, memoryBytes: 8e9, runtimes: ['runc'] };
const mb = 1024 * 1024;

test.each<[HostConfig, string]>([
  [{ Memory: mb }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: 16 * mb, MemorySwap: 8 * mb }, 'Minimum memoryswap limit should be larger than memory limit'],
  [{ MemorySwap: 8 * mb }, 'You should always set the Memory limit'],
  [{ Memory: 8 * mb, MemoryReservation: 9 * mb }, 'can not be less than memory reservation'],
  [{ MemorySwappiness: 101 }, 'valid memory swappiness range is 0-100'],
  [{ NanoCpus: 3e9 }, 'as there are only 2 CPUs available'],
  [{ NanoCpus: 1e9, CpuQuota: 1000 }, 'Nano CPUs and CPU Quota cannot both be set'],
  [{ CpuPeriod: 10 }, 'CPU cfs period can not be less than 1ms'],
  [{ CpusetCpus: 'x' }, 'Invalid value x for cpuset cpus'],
  [{ CpusetCpus: '0-7' }, 'Requested CPUs are not available - requested 0-7, available: 0-1'],
  [{ RestartPolicy: { Name: 'sometimes' } }, "invalid restart policy: unknown policy 'sometimes'"],
  [{ RestartPolicy: { Name: 'always', MaximumRetryCount: 2 } }, "can only be used with 'on-failure'"],
  [{ AutoRemove: true, RestartPolicy: { Name: 'always' } }, "can't create 'AutoRemove' container with restart policy"],
  [{ NetworkMode: 'container:x', PortBindings: { '80/tcp': [{}] } }, 'port publishing and the container type network'],
  [{ PortBindings: { 'http/tcp': [] } }, 'invalid port specification: "http/tcp"'],
  [{ PortBindings: { '80/tcp': [{ HostPort: '99999' }] } }, 'invalid port specification: "99999"'],
  [{ PortBindings: { '80/tcp': [{ HostIp: 'x' }] } }, 'invalid IP address: x'],
  [{ ExtraHosts: ['a'] }, 'bad format for add-host'],
  [{ ExtraHosts: ['a:b'] }, 'invalid IP address in add-host: "b"'],
  [{ OomScoreAdj: 2000 }, 'range for oom score adj is [-1000, 1000]'],
  [{ IpcMode: 'odd' }, 'invalid IPC mode: odd'],
  [{ LogConfig: { Type: 'syslog' } }, "no log driver named 'syslog' is registered"],
  [{ Runtime: 'kata' }, 'unknown or invalid runtime name: kata'],
])('%j is refused: %s', (hostConfig, message) => {
  expect(() => validateHostConfig(hostConfig, {}, facts)).toThrow(message);
});

test.each<[ContainerConfig, string]>([
  [{ WorkingDir: 'a' }, "the working directory 'a' is invalid"],
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ StopSignal: 'SIGODD' }, 'invalid signal: SIGODD'],
  [{ ExposedPorts: { '0/tcp': {} } }, 'invalid port specification'],
  [{ Healthcheck: { Test: ['ODD'] } }, 'Unknown healthcheck type "ODD"'],
  [{ Healthcheck: { Interval: 5 } }, 'Interval in Healthcheck cannot be less than 1ms'],
])('%j is refused: %s', (config, message) => {
  expect(() => validateConfig(config)).toThrow(message);
});

describe('what is fine', () => {
  test('limits in range', () => {
    const hostConfig = {
      Memory: 32 * mb,
      NanoCpus: 5e8,
      CpusetCpus: '0,1',
      PidsLimit: -1,
      ExtraHosts: ['h:host-gateway'],
    };
    expect(validateHostConfig(hostConfig, {}, facts)).toEqual([]);
  });

  test('published ports on the host network only warn', () => {
    const hostConfig = { NetworkMode: 'host', PortBindings: { '80/tcp': [{ HostPort: '80' }] } };
    expect(validateHostConfig(hostConfig, {}, facts)).toEqual([
      'Published ports are discarded when using host network mode',
    ]);
  });

  test('defaults: twice the memory with swap, the bridge, no unlimited number of pids written out', () => {
    const filled = withDefaults({ Memory: 8 * mb, PidsLimit: 0 }, { cgroupVersion: '1', runtimeName: 'runc' });
    expect(filled).toMatchObject({ MemorySwap: 16 * mb, NetworkMode: 'bridge', PidsLimit: null, CgroupnsMode: 'host' });
  });
});
