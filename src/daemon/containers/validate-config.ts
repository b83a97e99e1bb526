import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig, RestartPolicy } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { parseSignal } from './signals.ts';

/** What the checks need to know about this machine and daemon. */
export interface HostFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Names accepted for HostConfig.Runtime. */
  readonly runtimes: readonly string[];
}

const minMemoryBytes = 6 * 1024 * 1024;

function invalid(message: string, hint?: string): WharfError {
  return new WharfError('container.config-invalid', message, { hint });
}

/** @throws WharfError 'container.config-invalid' with Docker's text */
export function validateConfig(config: ContainerConfig): void {
  if (config.WorkingDir && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  for (const line of config.Env ?? []) {
    if (line === '' || line.startsWith('=')) throw invalid(`invalid environment variable: ${line}`);
  }
  if (config.StopSignal) parseSignal(config.StopSignal);
  for (const port of Object.keys(config.ExposedPorts ?? {})) checkPort(port);
  validateHealth(config.Healthcheck ?? {});
}

function validateHealth(health: NonNullable<ContainerConfig['Healthcheck']>): void {
  const kind = health.Test?.[0];
  if (kind !== undefined && !['NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw invalid(`Unknown healthcheck type "${kind}" (expected 'CMD' or 'CMD-SHELL')`);
  }
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const nanoseconds = health[name] ?? 0;
    if (nanoseconds !== 0 && nanoseconds < 1e6) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

/** @throws WharfError 'container.config-invalid' with Docker's text */
export function validateHostConfig(
  hostConfig: HostConfig,
  config: ContainerConfig,
  facts: HostFacts,
): readonly string[] {
  const warnings: string[] = [];
  validateRestartPolicy(hostConfig.RestartPolicy ?? {});
  if (hostConfig.AutoRemove && !['', 'no'].includes(hostConfig.RestartPolicy?.Name ?? '')) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  validateMemory(hostConfig);
  validateCpu(hostConfig, facts);
  validateModes(hostConfig, config, warnings);
  validatePorts(hostConfig);
  if ((hostConfig.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  if ((hostConfig.PidsLimit ?? 0) < -1) throw invalid('invalid pids limit: give -1 for unlimited or a positive number');
  const score = hostConfig.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  const weight = hostConfig.BlkioWeight ?? 0;
  if (weight !== 0 && (weight < 10 || weight > 1000)) throw invalid('Range of blkio weight is from 10 to 1000');
  validateExtraHosts(hostConfig.ExtraHosts ?? []);
  const driver = hostConfig.LogConfig?.Type || 'json-file';
  if (!['json-file', 'local', 'none'].includes(driver)) {
    throw invalid(`logger: no log driver named '${driver}' is registered`, "Use 'json-file', 'local' or 'none'.");
  }
  if (hostConfig.Runtime && !facts.runtimes.includes(hostConfig.Runtime)) {
    throw invalid(`unknown or invalid runtime name: ${hostConfig.Runtime}`);
  }
  if (hostConfig.Isolation && hostConfig.Isolation !== 'default') {
    throw invalid(`invalid isolation '${hostConfig.Isolation}' on linux`);
  }
  const request = hostConfig.DeviceRequests?.[0];
  if (request) {
    throw invalid(
      `could not select device driver "${request.Driver ?? ''}" with capabilities: ${JSON.stringify(request.Capabilities ?? [])}`,
    );
  }
  return warnings;
}

/** @throws WharfError 'container.config-invalid' */
export function validateRestartPolicy(policy: RestartPolicy): void {
  const name = policy.Name ?? '';
  const retries = policy.MaximumRetryCount ?? 0;
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (name !== 'on-failure' && retries !== 0) {
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  if (retries < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
}

/** @throws WharfError 'container.config-invalid' */
export function validateMemory(limits: HostConfig): void {
  const memory = limits.Memory ?? 0;
  const swap = limits.MemorySwap ?? 0;
  const reservation = limits.MemoryReservation ?? 0;
  if (memory < 0 || (memory !== 0 && memory < minMemoryBytes)) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  const swappiness = limits.MemorySwappiness ?? -1;
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (reservation > 0 && reservation < minMemoryBytes) throw invalid('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && reservation > 0 && memory < reservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

/** @throws WharfError 'container.config-invalid' */
export function validateCpu(limits: HostConfig, facts: HostFacts): void {
  const nano = limits.NanoCpus ?? 0;
  const period = limits.CpuPeriod ?? 0;
  const quota = limits.CpuQuota ?? 0;
  if (nano !== 0 && period !== 0) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano !== 0 && quota !== 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano < 0 || nano > facts.cpus * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${facts.cpus}.00, as there are only ${facts.cpus} CPUs available`);
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (limits.CpusetCpus) {
    const wanted = parseCpuset(limits.CpusetCpus);
    if (!wanted) throw invalid(`Invalid value ${limits.CpusetCpus} for cpuset cpus`);
    if (wanted.some((cpu) => cpu >= facts.cpus)) {
      throw invalid(
        `Requested CPUs are not available - requested ${limits.CpusetCpus}, available: 0-${facts.cpus - 1}`,
      );
    }
  }
  if (limits.CpusetMems && !parseCpuset(limits.CpusetMems)) {
    throw invalid(`Invalid value ${limits.CpusetMems} for cpuset mems`);
  }
}

function parseCpuset(text: string): number[] | undefined {
  const cpus: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first) return undefined;
    cpus.push(first, last);
  }
  return cpus;
}

function validateModes(hostConfig: HostConfig, config: ContainerConfig, warnings: string[]): void {
  const network = hostConfig.NetworkMode ?? '';
  const publishes = Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts;
  if (network === 'host' && publishes) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  if (network.startsWith('container:')) {
    const conflicts: readonly (readonly [boolean, string])[] = [
      [config.Hostname !== undefined && config.Hostname !== '', 'hostname and the network mode'],
      [
        (hostConfig.Links?.length ?? 0) > 0,
        "container type network can't be used with links. This would result in undefined behavior",
      ],
      [(hostConfig.Dns?.length ?? 0) > 0, 'dns and the network mode'],
      [(hostConfig.ExtraHosts?.length ?? 0) > 0, 'custom host-to-IP mapping and the network mode'],
      [publishes === true, 'port publishing and the container type network mode'],
      [Object.keys(config.ExposedPorts ?? {}).length > 0, 'port exposing and the container type network mode'],
    ];
    for (const [conflict, what] of conflicts) if (conflict) throw invalid(`conflicting options: ${what}`);
  }
  if (hostConfig.UTSMode === 'host' && config.Hostname) {
    throw invalid('conflicting options: hostname and the UTS mode');
  }
  const fits = (value: string | undefined, names: readonly string[]) =>
    !value || names.includes(value) || /^container:.+/.test(value);
  if (!fits(hostConfig.IpcMode, ['none', 'private', 'shareable', 'host'])) {
    throw invalid(`invalid IPC mode: ${hostConfig.IpcMode}`);
  }
  if (!fits(hostConfig.PidMode, ['host', 'private'])) throw invalid(`invalid PID mode: ${hostConfig.PidMode}`);
  if (hostConfig.UTSMode && hostConfig.UTSMode !== 'host') throw invalid(`invalid UTS mode: ${hostConfig.UTSMode}`);
  if (hostConfig.CgroupnsMode && !['host', 'private'].includes(hostConfig.CgroupnsMode)) {
    throw invalid(`invalid cgroup namespace mode: ${hostConfig.CgroupnsMode}`);
  }
  if (hostConfig.UsernsMode && hostConfig.UsernsMode !== 'host') {
    throw invalid(`invalid user namespace mode: ${hostConfig.UsernsMode}`);
  }
}

function validatePorts(hostConfig: HostConfig): void {
  for (const [port, bindings] of Object.entries(hostConfig.PortBindings ?? {})) {
    checkPort(port);
    for (const binding of bindings ?? []) {
      const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(binding.HostPort ?? '');
      const valid = !binding.HostPort || (range && Number(range[1]) <= 65_535 && Number(range[2] ?? 0) <= 65_535);
      if (!valid) throw invalid(`invalid port specification: "${binding.HostPort}"`);
      if (binding.HostIp && isIP(binding.HostIp) === 0) throw invalid(`invalid IP address: ${binding.HostIp}`);
    }
  }
}

function checkPort(port: string): void {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(port);
  if (!match || Number(match[1]) > 65_535 || Number(match[1]) < 1) {
    throw invalid(`invalid port specification: "${port}"`, 'A port looks like 80/tcp.');
  }
}

function validateExtraHosts(hosts: readonly string[]): void {
  for (const line of hosts) {
    const colon = line.indexOf(':');
    if (colon < 1) throw invalid(`bad format for add-host: "${line}"`, 'Give name:address.');
    const address = line.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
    if (address !== 'host-gateway' && isIP(address) === 0) {
      throw invalid(`invalid IP address in add-host: "${address}"`);
    }
  }
}
