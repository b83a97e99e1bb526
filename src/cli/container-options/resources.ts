import type {
  ContainerUpdateRequest,
  DeviceMapping,
  HostConfig,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
} from '../../contract/engine-types.ts';
import type { FlagValues } from '../command.ts';
import { parseByteSize } from '../format/sizes.ts';
import { optionError } from './option-error.ts';
import type { resourceFlags } from './resource-flags.ts';

type ResourceValues = FlagValues<typeof resourceFlags>;

/** Limits for create and update: only what was given, so that the engine's own defaults stay. */
export function buildResources(flags: ResourceValues): ContainerUpdateRequest {
  return withoutUndefined({
    BlkioWeight: flags['blkio-weight'],
    CpuPeriod: flags['cpu-period'],
    CpuQuota: flags['cpu-quota'],
    CpuRealtimePeriod: flags['cpu-rt-period'],
    CpuRealtimeRuntime: flags['cpu-rt-runtime'],
    CpuShares: flags['cpu-shares'],
    NanoCpus: flags.cpus === undefined ? undefined : Math.round(flags.cpus * 1e9),
    CpusetCpus: flags['cpuset-cpus'],
    CpusetMems: flags['cpuset-mems'],
    Memory: flags.memory,
    MemoryReservation: flags['memory-reservation'],
    MemorySwap: flags['memory-swap'],
    PidsLimit: flags['pids-limit'],
  });
}

/** The object without its undefined fields: JSON would drop them anyway, tests and diffs should not see them. */
export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** `no`, `always`, `unless-stopped`, `on-failure[:N]`. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = '', count, extra] = text.split(':');
  if (extra !== undefined) throw optionError('invalid restart policy format: more than one colon');
  if (!['no', 'always', 'unless-stopped', 'on-failure', ''].includes(name)) {
    throw optionError(
      `invalid restart policy: unknown policy '${name}'`,
      'Use no, always, unless-stopped or on-failure[:N].',
    );
  }
  if (count === undefined) return { Name: name, MaximumRetryCount: 0 };
  if (!/^\d+$/.test(count)) throw optionError('invalid restart policy format: maximum retry count must be an integer');
  if (name !== 'on-failure')
    throw optionError("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  return { Name: name, MaximumRetryCount: Number(count) };
}

const ulimitNames = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc', 'rss'],
  ...['rtprio', 'rttime', 'sigpending', 'stack'],
];

/** `nofile=1024:2048`; -1 is no limit. */
export function parseUlimit(text: string): Ulimit {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null)
    throw optionError(`invalid argument ${JSON.stringify(text)} for "--ulimit" flag: invalid ulimit argument: ${text}`);
  if (!ulimitNames.includes(match[1] ?? '')) {
    throw optionError(
      `invalid argument ${JSON.stringify(text)} for "--ulimit" flag: invalid ulimit type: ${match[1]}`,
      `Limits are ${ulimitNames.join(', ')}.`,
    );
  }
  const soft = Number(match[2]);
  const hard = match[3] === undefined ? soft : Number(match[3]);
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw optionError(
      `invalid argument ${JSON.stringify(text)} for "--ulimit" flag: ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  }
  return { Name: match[1] ?? '', Soft: soft, Hard: hard };
}

/** `/dev/fuse[:/dev/inside][:rwm]`. */
export function parseDevice(text: string): DeviceMapping {
  const [host = '', second, third, extra] = text.split(':');
  if (extra !== undefined || host === '') throw optionError(`invalid device specification: ${text}`);
  const isMode = (part: string | undefined): part is string => part !== undefined && /^[rwm]{1,3}$/.test(part);
  if (third !== undefined && !isMode(third)) throw optionError(`invalid device specification: ${text}`);
  const inside = second === undefined || isMode(second) ? host : second;
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: third ?? (isMode(second) ? second : 'rwm') };
}

/** `/dev/sda:1mb` or `/dev/sda:1000` for operations. */
export function parseThrottle(text: string, kind: 'bytes' | 'operations'): ThrottleDevice {
  const colon = text.lastIndexOf(':');
  const path = text.slice(0, Math.max(colon, 0));
  const value = text.slice(colon + 1);
  const rate = kind === 'bytes' ? parseByteSize(value) : /^\d+$/.test(value) ? Number(value) : undefined;
  if (!path.startsWith('/dev/') || rate === undefined)
    throw optionError(`invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]`);
  return { Path: path, Rate: rate };
}

export function throttles(specs: readonly string[], kind: 'bytes' | 'operations'): HostConfig['BlkioDeviceReadBps'] {
  return specs.length === 0 ? undefined : specs.map((spec) => parseThrottle(spec, kind));
}

/** `/dev/sda:200`. */
export function weights(specs: readonly string[]): HostConfig['BlkioWeightDevice'] {
  return specs.length === 0 ? undefined : specs.map(parseWeight);
}

function parseWeight(text: string): { readonly Path: string; readonly Weight: number } {
  const match = /^(\/dev\/[^:]*):(\d+)$/.exec(text);
  const weight = Number(match?.[2]);
  if (match === null || (weight !== 0 && (weight < 10 || weight > 1000))) {
    throw optionError(
      `invalid argument ${JSON.stringify(text)} for "--blkio-weight-device" flag: invalid weight for device: ${text}`,
      'It looks like /dev/sda:200, with a weight from 10 to 1000.',
    );
  }
  return { Path: match[1] ?? '', Weight: weight };
}
