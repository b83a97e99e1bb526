/** Limits as the API takes them, turned into the OCI `linux.resources` object. Pure. */
import { WharfError } from '../../contract/errors.ts';
import { type DeviceRule, defaultDeviceRules } from './spec-defaults.ts';

export interface ThrottledDevice {
  readonly major: number;
  readonly minor: number;
  /** Bytes or operations a second. */
  readonly rate: number;
}

export interface WeightedDevice {
  readonly major: number;
  readonly minor: number;
  /** 10 to 1000. */
  readonly weight: number;
}

/** All optional; absent means the kernel's default. */
export interface ResourceLimits {
  readonly memoryBytes?: number;
  readonly memoryReservationBytes?: number;
  /** Memory and swap together; -1 for any amount of swap. Absent with a memory limit: twice that, as in Docker. */
  readonly memorySwapBytes?: number;
  readonly memorySwappiness?: number;
  readonly kernelTcpMemoryBytes?: number;
  readonly oomKillDisable?: boolean;
  readonly cpuShares?: number;
  readonly cpuQuotaMicros?: number;
  readonly cpuPeriodMicros?: number;
  /** Billionths of a CPU; takes the place of quota and period. */
  readonly nanoCpus?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly cpuRealtimePeriodMicros?: number;
  readonly cpuRealtimeRuntimeMicros?: number;
  /** -1 or 0 for any number. */
  readonly pidsLimit?: number;
  readonly blkioWeight?: number;
  readonly blkioWeightDevices?: readonly WeightedDevice[];
  readonly blkioReadBps?: readonly ThrottledDevice[];
  readonly blkioWriteBps?: readonly ThrottledDevice[];
  readonly blkioReadIops?: readonly ThrottledDevice[];
  readonly blkioWriteIops?: readonly ThrottledDevice[];
}

export interface HostLimits {
  /** The kernel accounts swap to control groups. */
  readonly swapLimit: boolean;
}

const nanoCpuPeriodMicros = 100_000;
const minCpuShares = 2;
const maxCpuShares = 262_144;

/** The resources object without devices; also what an update of a running container takes. */
export function limitsToResources(limits: ResourceLimits, host: HostLimits): Readonly<Record<string, unknown>> {
  return withoutEmpty({
    memory: memoryResources(limits, host),
    cpu: cpuResources(limits),
    pids: limits.pidsLimit === undefined ? undefined : { limit: limits.pidsLimit > 0 ? limits.pidsLimit : -1 },
    blockIO: blockIoResources(limits),
  });
}

function memoryResources(limits: ResourceLimits, host: HostLimits) {
  const limited = limits.memoryBytes !== undefined && limits.memoryBytes > 0;
  const swap = limits.memorySwapBytes ?? (limited ? (limits.memoryBytes ?? 0) * 2 : undefined);
  return withoutEmpty({
    limit: positive(limits.memoryBytes),
    reservation: positive(limits.memoryReservationBytes),
    swap: host.swapLimit && swap !== 0 ? swap : undefined,
    swappiness: limits.memorySwappiness === -1 ? undefined : limits.memorySwappiness,
    kernelTCP: positive(limits.kernelTcpMemoryBytes),
    disableOOMKiller: limits.oomKillDisable === true ? true : undefined,
  });
}

function cpuResources(limits: ResourceLimits) {
  const nano = positive(limits.nanoCpus);
  return withoutEmpty({
    shares: positive(limits.cpuShares),
    quota: nano === undefined ? cpuQuota(limits.cpuQuotaMicros) : Math.trunc((nano * nanoCpuPeriodMicros) / 1e9),
    period: nano === undefined ? positive(limits.cpuPeriodMicros) : nanoCpuPeriodMicros,
    realtimePeriod: positive(limits.cpuRealtimePeriodMicros),
    realtimeRuntime: positive(limits.cpuRealtimeRuntimeMicros),
    cpus: nonEmpty(limits.cpusetCpus),
    mems: nonEmpty(limits.cpusetMems),
  });
}

function blockIoResources(limits: ResourceLimits) {
  return withoutEmpty({
    weight: positive(limits.blkioWeight),
    weightDevice: list(limits.blkioWeightDevices),
    throttleReadBpsDevice: list(limits.blkioReadBps),
    throttleWriteBpsDevice: list(limits.blkioWriteBps),
    throttleReadIOPSDevice: list(limits.blkioReadIops),
    throttleWriteIOPSDevice: list(limits.blkioWriteIops),
  });
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

/** What runc says of shares the kernel does not take; crun would take the nearest. undefined: they are fine. */
export function cpuSharesProblem(limits: ResourceLimits): string | undefined {
  const shares = positive(limits.cpuShares);
  if (shares === undefined || (shares >= minCpuShares && shares <= maxCpuShares)) return undefined;
  return shares < minCpuShares
    ? `the minimum allowed cpu-shares is ${minCpuShares}`
    : `the maximum allowed cpu-shares is ${maxCpuShares}`;
}

/** Any negative quota means none; crun takes only -1 for that. */
function cpuQuota(value: number | undefined): number | undefined {
  return value === undefined || value === 0 ? undefined : Math.max(value, -1);
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function list<T>(values: readonly T[] | undefined): readonly T[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values;
}

/** Drops absent members; undefined when none is left, so `{}` never reaches the runtime. */
function withoutEmpty(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined && !isEmptyObject(value)));
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** A device node to make in the container, with what may be done with it. */
export interface ContainerDevice {
  readonly path: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  /** Some of `rwm`. */
  readonly access: string;
}

export function deviceRules(
  privileged: boolean,
  devices: readonly ContainerDevice[],
  rules: readonly string[],
): readonly DeviceRule[] {
  if (privileged) return [{ allow: true, type: 'a', access: 'rwm' }];
  return [
    ...defaultDeviceRules,
    ...devices.map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access })),
    ...rules.map(parseDeviceRule),
  ];
}

/**
 * Docker's --device-cgroup-rule: `c 13:* rwm`.
 * @throws WharfError 'container.config-invalid'
 */
export function parseDeviceRule(rule: string): DeviceRule {
  const match = /^([acb]) (\*|\d+):(\*|\d+) ([rwm]{1,3})$/.exec(rule);
  const [, type, major, minor, access] = match ?? [];
  if (access === undefined || (type !== 'a' && type !== 'b' && type !== 'c')) {
    throw new WharfError('container.config-invalid', `invalid device cgroup rule format: '${rule}'`);
  }
  const number = (text: string | undefined) => (text === undefined || text === '*' ? undefined : Number(text));
  return { allow: true, type, major: number(major), minor: number(minor), access };
}
