import type { SystemInfo } from '../../contract/engine-types.ts';
import { binarySize } from '../format/sizes.ts';

/** The server half of `docker info`, line for line. */
export function infoText(info: SystemInfo): string {
  const lines = [
    ...countLines(info),
    ...driverLines(info),
    ...runtimeLines(info),
    ...hostLines(info),
    ...registryLines(info),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** docker leaves out lines that have nothing to say. */
function unlessEmpty(label: string, value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : [`${label} ${value}`];
}

function countLines(info: SystemInfo): string[] {
  return [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ...unlessEmpty(' Server Version:', info.ServerVersion),
  ];
}

function driverLines(info: SystemInfo): string[] {
  const authorization = info.Plugins.Authorization ?? [];
  return [
    ...unlessEmpty(' Storage Driver:', info.Driver),
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ...unlessEmpty(' Logging Driver:', info.LoggingDriver),
    ...unlessEmpty(' Cgroup Driver:', info.CgroupDriver),
    ...unlessEmpty(' Cgroup Version:', info.CgroupVersion),
    ' Plugins:',
    `  Volume: ${(info.Plugins.Volume ?? []).join(' ')}`,
    `  Network: ${(info.Plugins.Network ?? []).join(' ')}`,
    ...(authorization.length > 0 ? [`  Authorization: ${authorization.join(' ')}`] : []),
    `  Log: ${(info.Plugins.Log ?? []).join(' ')}`,
    ...((info.CDISpecDirs ?? []).length > 0
      ? [' CDI spec directories:', ...info.CDISpecDirs.map((dir) => `  ${dir}`)]
      : []),
    ` Swarm: ${info.Swarm?.LocalNodeState ?? 'inactive'}`,
  ];
}

function runtimeLines(info: SystemInfo): string[] {
  const runtimes = Object.keys(info.Runtimes ?? {});
  return [
    ...(runtimes.length > 0 ? [` Runtimes: ${runtimes.join(' ')}`, ` Default Runtime: ${info.DefaultRuntime}`] : []),
    ` Init Binary: ${info.InitBinary ?? ''}`,
    ` containerd version: ${info.ContainerdCommit?.ID ?? ''}`,
    ` runc version: ${info.RuncCommit?.ID ?? ''}`,
    ` init version: ${info.InitCommit?.ID ?? ''}`,
    ...securityLines(info.SecurityOptions ?? []),
  ];
}

/** `name=seccomp,profile=builtin` becomes two lines. */
function securityLines(options: readonly string[]): string[] {
  if (options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const fields = new Map(option.split(',').map((field) => splitField(field)));
    const profile = fields.get('profile');
    return [`  ${fields.get('name') ?? option}`, ...(profile === undefined ? [] : [`   Profile: ${profile}`])];
  });
  return [' Security Options:', ...lines];
}

function splitField(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals < 0 ? ['name', field] : [field.slice(0, equals), field.slice(equals + 1)];
}

function hostLines(info: SystemInfo): string[] {
  return [
    ...unlessEmpty(' Kernel Version:', info.KernelVersion),
    ...unlessEmpty(' Operating System:', info.OperatingSystem),
    ...unlessEmpty(' OSType:', info.OSType),
    ...unlessEmpty(' Architecture:', info.Architecture),
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binarySize(info.MemTotal)}`,
    ...unlessEmpty(' Name:', info.Name),
    ...unlessEmpty(' ID:', info.ID),
    // Wharf's data root; docker's word, so that scripts find it.
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${info.Debug === true}`,
    ...unlessEmpty(' HTTP Proxy:', info.HttpProxy),
    ...unlessEmpty(' HTTPS Proxy:', info.HttpsProxy),
    ...unlessEmpty(' No Proxy:', info.NoProxy),
    ...((info.Labels ?? []).length > 0 ? [' Labels:', ...info.Labels.map((label) => `  ${label}`)] : []),
    ` Experimental: ${info.ExperimentalBuild}`,
  ];
}

function registryLines(info: SystemInfo): string[] {
  const config = info.RegistryConfig;
  const insecure = [
    ...Object.values(config?.IndexConfigs ?? {})
      .filter(({ Secure }) => !Secure)
      .map(({ Name }) => Name),
    ...(config?.InsecureRegistryCIDRs ?? []),
  ];
  const mirrors = config?.Mirrors ?? [];
  const pools = info.DefaultAddressPools ?? [];
  return [
    ...(insecure.length > 0 ? [' Insecure Registries:', ...insecure.map((name) => `  ${name}`)] : []),
    ...(mirrors.length > 0 ? [' Registry Mirrors:', ...mirrors.map((mirror) => `  ${mirror}`)] : []),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
    ...(pools.length > 0
      ? [' Default Address Pools:', ...pools.map(({ Base, Size }) => `   Base: ${Base}, Size: ${Size}`)]
      : []),
  ];
}
