import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig, RestartPolicy } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { normalizeCapability } from '../runtime/capability-sets.ts';
import type { ResourceSupport } from '../runtime/resource-support.ts';
import { invalidConfig } from './config-refusal.ts';
import { validatePortBindings } from './port-spec.ts';
import { parseSecurityOptions } from './security-options.ts';
import { validateLogConfig } from './validate-log-config.ts';
import { checkResources } from './validate-resources.ts';

/** What the checks need to know about this machine and daemon. */
export interface HostFacts {
  readonly resources: ResourceSupport;
  /** What the daemon may hand on. */
  readonly capabilities: readonly string[];
  /** Names accepted for HostConfig.Runtime. */
  readonly runtimes: readonly string[];
}

export interface CheckedHostConfig {
  /** Without what the kernel can't keep. */
  readonly hostConfig: HostConfig;
  readonly warnings: readonly string[];
}

/** @throws WharfError 'container.config-invalid' with Docker's text */
export function validateHostConfig(given: HostConfig, config: ContainerConfig, facts: HostFacts): CheckedHostConfig {
  if (given.Isolation && given.Isolation !== 'default') {
    throw invalidConfig(`invalid isolation (${given.Isolation}): linux only supports 'default'`);
  }
  validateNetworkMode(given, config);
  if (given.AutoRemove && !['', 'no'].includes(given.RestartPolicy?.Name ?? '')) {
    throw invalidConfig("can't create 'AutoRemove' container with restart policy");
  }
  validateExtraHosts(given.ExtraHosts ?? []);
  validatePortBindings(given.PortBindings);
  validateRestartPolicy(given.RestartPolicy ?? {});
  validateCapabilities(given, facts.capabilities);
  if (Object.hasOwn(given.Annotations ?? {}, '')) {
    throw invalidConfig('invalid Annotations: the empty string is not permitted as an annotation key');
  }
  const { hostConfig, warnings: limits } = checkResources(given, facts.resources, { update: false });
  const warnings = [...limits];
  validateModes(hostConfig, facts, warnings);
  // For their errors alone; the start reads them again.
  parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  refuseStorageOptions(hostConfig.StorageOpt ?? {});
  validateLogConfig(hostConfig.LogConfig);
  return { hostConfig, warnings };
}

/** @throws WharfError 'container.config-invalid' */
export function validateRestartPolicy(policy: RestartPolicy): void {
  const name = policy.Name ?? '';
  const retries = policy.MaximumRetryCount ?? 0;
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name)) {
    throw invalidConfig(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (name !== 'on-failure' && retries !== 0) {
    const more = retries < 0 ? ' and cannot be negative' : '';
    throw invalidConfig(`invalid restart policy: maximum retry count can only be used with 'on-failure'${more}`);
  }
  if (retries < 0) throw invalidConfig('invalid restart policy: maximum retry count cannot be negative');
}

function validateNetworkMode(hostConfig: HostConfig, config: ContainerConfig): void {
  const network = hostConfig.NetworkMode ?? '';
  if (network === 'container' || network === 'container:') {
    throw invalidConfig('invalid network mode: invalid container format container:<name|id>');
  }
  if (network.startsWith('container:')) refuseWithJoinedNetwork(hostConfig, config);
  if (hostConfig.UTSMode === 'host' && config.Hostname) {
    throw invalidConfig('conflicting options: hostname and the UTS mode');
  }
  if (network === 'host' && (hostConfig.Links?.length ?? 0) > 0) {
    throw invalidConfig(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  }
}

function refuseWithJoinedNetwork(hostConfig: HostConfig, config: ContainerConfig): void {
  const publishes = Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts === true;
  const conflicts: readonly (readonly [boolean, string])[] = [
    [Boolean(config.Hostname), 'hostname and the network mode'],
    [
      (hostConfig.Links?.length ?? 0) > 0,
      "container type network can't be used with links. This would result in undefined behavior",
    ],
    [(hostConfig.Dns?.length ?? 0) > 0, 'dns and the network mode'],
    [(hostConfig.ExtraHosts?.length ?? 0) > 0, 'custom host-to-IP mapping and the network mode'],
    [publishes, 'port publishing and the container type network mode'],
    [Object.keys(config.ExposedPorts ?? {}).length > 0, 'port exposing and the container type network mode'],
  ];
  for (const [conflict, what] of conflicts) if (conflict) throw invalidConfig(`conflicting options: ${what}`);
}

/** Docker's clients take the brackets off an IPv6 address before they send it. */
function validateExtraHosts(hosts: readonly string[]): void {
  for (const line of hosts) {
    const colon = line.indexOf(':');
    if (colon < 1) throw invalidConfig(`bad format for add-host: "${line}"`, 'Give name:address.');
    const address = line.slice(colon + 1);
    if (address !== 'host-gateway' && isIP(address) === 0) {
      throw invalidConfig(`invalid IP address in add-host: "${address}"`);
    }
  }
}

function validateCapabilities(hostConfig: HostConfig, available: readonly string[]): void {
  for (const list of ['CapAdd', 'CapDrop'] as const) {
    for (const given of hostConfig[list] ?? []) {
      const name = normalizeCapability(given);
      if (name === undefined) {
        const upper = given.toUpperCase();
        const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
        throw invalidConfig(`invalid ${list}: unknown capability: "${full}"`);
      }
      if (name !== 'ALL' && !available.includes(name)) {
        throw invalidConfig(
          `invalid ${list}: capability not supported by your kernel or not available in the current environment: "${name}"`,
        );
      }
    }
  }
}

function validateModes(hostConfig: HostConfig, facts: HostFacts, warnings: string[]): void {
  const fits = (value: string | undefined, names: readonly string[]) =>
    !value || names.includes(value) || /^container:.+/.test(value);
  if (!fits(hostConfig.IpcMode, ['none', 'private', 'shareable', 'host'])) {
    throw invalidConfig(`invalid IPC mode: ${hostConfig.IpcMode}`);
  }
  if (!fits(hostConfig.PidMode, ['host'])) throw invalidConfig(`invalid PID mode: ${hostConfig.PidMode}`);
  if ((hostConfig.ShmSize ?? 0) < 0) throw invalidConfig('SHM size can not be less than 0');
  if (hostConfig.UTSMode && hostConfig.UTSMode !== 'host') {
    throw invalidConfig(`invalid UTS mode: ${hostConfig.UTSMode}`);
  }
  const score = hostConfig.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) {
    throw invalidConfig(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  }
  if (hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  if (hostConfig.Runtime && !facts.runtimes.includes(hostConfig.Runtime)) {
    throw invalidConfig(`unknown or invalid runtime name: ${hostConfig.Runtime}`);
  }
  for (const destination of Object.keys(hostConfig.Tmpfs ?? {})) validateTmpfsDestination(destination);
  if (hostConfig.CgroupnsMode && !['host', 'private'].includes(hostConfig.CgroupnsMode)) {
    throw invalidConfig(`invalid cgroup namespace mode: ${hostConfig.CgroupnsMode}`);
  }
  if (hostConfig.UsernsMode && !['host', 'private'].includes(hostConfig.UsernsMode)) {
    throw invalidConfig(`invalid user namespace mode: ${hostConfig.UsernsMode}`);
  }
}

function validateTmpfsDestination(destination: string): void {
  if (/^\/+\.?$/.test(destination)) throw invalidConfig("invalid specification: destination can't be '/'");
  if (!destination.startsWith('/')) {
    throw invalidConfig(`invalid mount path: '${destination}' mount path must be absolute`);
  }
}

/** A limit of the writable layer needs project quotas, which overlay roots here don't use. Docker answers 500. */
function refuseStorageOptions(options: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(options)) {
    const message =
      name.toLowerCase() === 'size'
        ? "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"
        : `Unknown option ${name}`;
    throw new WharfError('container.config-invalid', message, { status: 500 });
  }
}
