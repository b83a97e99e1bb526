import { describe, expect, test } from 'vitest';
import type { HostConfig } from '../../contract/engine-types.ts';
import { supportV1, supportV2 } from '../runtime/resource-support.ts';
import { checkResources } from './validate-resources.ts';

const machine = { cpuCount: 2, cpuList: '0-1', memoryNodeList: '0' };
const full = { ...supportV1(() => true), ...machine };
const v2 = { ...supportV2(['cpuset', 'cpu', 'io', 'memory', 'pids']), ...machine };
const bare = { ...supportV1(() => false), ...machine };
const mb = 1024 * 1024;
const create = { update: false };

test.each<[HostConfig, string]>([
  [{ Memory: mb }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: -1 }, 'Minimum memory limit allowed is 6MB'],
  [{ Memory: 16 * mb, MemorySwap: 8 * mb }, 'Minimum memoryswap limit should be larger than memory limit'],
  [{ MemorySwap: 8 * mb }, 'You should always set the Memory limit'],
  [{ Memory: 8 * mb, MemoryReservation: 9 * mb }, 'can not be less than memory reservation'],
  [{ MemorySwappiness: 101 }, 'valid memory swappiness range is 0-100'],
  [{ NanoCpus: 3e9 }, 'as there are only 2 CPUs available'],
  [{ NanoCpus: 1e9, CpuQuota: 1000 }, 'Nano CPUs and CPU Quota cannot both be set'],
  [{ CpuPeriod: 10 }, 'CPU cfs period can not be less than 1ms'],
  [{ CpuShares: -1 }, 'invalid CPU shares (-1): value must be a positive integer'],
  [{ CpuRealtimePeriod: 1000, CpuRealtimeRuntime: 2000 }, 'cpu real-time runtime cannot be higher'],
  [{ CpusetCpus: 'x' }, 'Invalid value x for cpuset cpus: invalid format: x'],
  [{ CpusetCpus: '1-0' }, 'invalid format: 1-0'],
  [{ CpusetCpus: '9000' }, 'value of out range, maximum is 8192'],
  [{ CpusetCpus: '0-7' }, 'Requested CPUs are not available - requested 0-7, available: 0-1'],
  [{ CpusetMems: '1' }, 'Requested memory nodes are not available - requested 1, available: 0'],
  [{ BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
  [{ IOMaximumIOps: 1 }, 'QoS maximum IOPs configuration is not supported on linux'],
])('%j is refused: %s', (limits, message) => {
  expect(() => checkResources(limits, full, create)).toThrow(message);
});

describe('what the kernel has no control for is taken out with a warning', () => {
  test.each<[HostConfig, HostConfig, string]>([
    [{ Memory: 8 * mb }, { Memory: 0, MemorySwap: -1 }, 'memory limit capabilities'],
    [{ BlkioWeight: 5 }, { BlkioWeight: 0 }, 'Weight discarded.'],
    [{ BlkioDeviceReadBps: [{ Path: '/dev/x', Rate: 1 }] }, { BlkioDeviceReadBps: [] }, 'BPS Block I/O read limit'],
    [{ PidsLimit: 5 }, { PidsLimit: null }, 'PIDs limit discarded.'],
    [{ CpuShares: 5 }, { CpuShares: 0 }, 'Shares discarded.'],
    [{ CpuQuota: 5000 }, { CpuQuota: 0, CpuPeriod: 0 }, 'CPU period/quota discarded.'],
    [{ CpusetCpus: '7' }, { CpusetCpus: '', CpusetMems: '' }, 'Cpuset discarded.'],
    [{ CpuPercent: 5 }, { CpuPercent: 0 }, 'Percent discarded.'],
  ])('%j', (limits, left, warning) => {
    const checked = checkResources(limits, bare, create);
    expect(checked.hostConfig).toEqual(left);
    expect(checked.warnings).toEqual([expect.stringContaining(warning)]);
  });

  test('v2 has neither swappiness nor a switch for the killer', () => {
    const checked = checkResources({ MemorySwappiness: 10, OomKillDisable: true }, v2, create);
    expect(checked.hostConfig).toEqual({ MemorySwappiness: null, OomKillDisable: null });
    expect(checked.warnings).toEqual([
      expect.stringContaining('Memory swappiness discarded.'),
      'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    ]);
  });

  test('real-time limits are refused instead', () => {
    expect(() => checkResources({ CpuRealtimeRuntime: 10 }, v2, create)).toThrow(
      'kernel does not support CPU real-time scheduler',
    );
  });
});

test('a killer that is off without a limit of memory is warned of', () => {
  expect(checkResources({ OomKillDisable: true }, full, create).warnings).toEqual([
    expect.stringContaining('no memory limit is set'),
  ]);
});

test('an update may speak of swap alone', () => {
  expect(checkResources({ MemorySwap: 64 * mb }, full, { update: true }).warnings).toEqual([]);
});
