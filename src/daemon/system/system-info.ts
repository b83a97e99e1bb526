/** `GET /info`: every field that dockerd 28 has for an engine outside a swarm and without containerd. */
import { readdirSync, readFileSync, statfsSync } from 'node:fs';
import type { SystemInfo } from '../../contract/engine-types.ts';
import type { DaemonOptions } from '../daemon-options.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { buildInfo } from './build-info.ts';
import { infoWarnings } from './info-warnings.ts';
import { registryConfig } from './registry-list.ts';
import type { SystemParts } from './system-service.ts';

export async function systemInfo(parts: SystemParts): Promise<SystemInfo> {
  const { host, runtime, rootless } = parts;
  const options = parts.options();
  const hasCgroups = rootless?.cgroups !== 'none';
  const { ipv4Forwarding, kernelMemoryTcp } = host;
  const facts = { options, resources: parts.resources, cgroupVersion: runtime.cgroupVersion, hasCgroups };
  const warnings = infoWarnings({ ...facts, ipv4Forwarding, kernelMemoryTcp });
  return {
    ID: parts.engineId,
    ...containerFields(parts),
    Images: await parts.countImages(),
    Driver: parts.storageDriver,
    DriverStatus: driverStatus(parts.storageDriver, options.dataRoot, rootless !== undefined),
    DockerRootDir: options.dataRoot,
    Plugins: {
      Volume: [...parts.drivers.volume()],
      Network: [...parts.drivers.network()],
      Authorization: options.authorizationPlugins.length === 0 ? null : options.authorizationPlugins,
      Log: [...parts.drivers.log()],
    },
    ...limitFields(parts),
    ...debugFields(parts),
    SystemTime: new Date().toISOString(),
    LoggingDriver: options.containers.logConfig.type,
    CgroupDriver: hasCgroups ? 'cgroupfs' : 'none',
    CgroupVersion: runtime.cgroupVersion,
    ...hostFields(parts),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(options),
    GenericResources: null,
    ...proxyFields(options),
    Labels: options.labels,
    ExperimentalBuild: options.experimental,
    ServerVersion: buildInfo.version,
    Runtimes: runtimes(runtime, options),
    DefaultRuntime: options.defaultRuntime ?? runtime.name,
    Swarm: noSwarm,
    LiveRestoreEnabled: options.liveRestore,
    Isolation: '',
    InitBinary: options.containers.initPath ?? 'docker-init',
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: `${runtime.name} ${runtime.version}` },
    InitCommit: { ID: '' },
    SecurityOptions: securityOptions(parts, options),
    ...(options.networks.addressPools.length > 0 && {
      DefaultAddressPools: options.networks.addressPools.map(({ base, size }) => ({ Base: base, Size: size })),
    }),
    FirewallBackend: { Driver: 'nftables' },
    CDISpecDirs: [],
    Warnings: warnings.length === 0 ? null : warnings,
  };
}

const noSwarm: SystemInfo['Swarm'] = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
};

function containerFields({ containers }: SystemParts) {
  const { total, running, paused, stopped } = containers.counts();
  return { Containers: total, ContainersRunning: running, ContainersPaused: paused, ContainersStopped: stopped };
}

function limitFields({ host, resources }: SystemParts) {
  return {
    MemoryLimit: resources.memory,
    SwapLimit: resources.swap,
    KernelMemoryTCP: host.kernelMemoryTcp,
    CpuCfsPeriod: resources.cpuQuota,
    CpuCfsQuota: resources.cpuQuota,
    CPUShares: resources.cpuShares,
    CPUSet: resources.cpuset,
    PidsLimit: resources.pids,
    OomKillDisable: resources.oomKillDisable,
    IPv4Forwarding: host.ipv4Forwarding,
  };
}

function debugFields(parts: SystemParts) {
  return {
    Debug: parts.debug(),
    NFd: countOpenFiles(),
    NGoroutines: process.getActiveResourcesInfo().length,
    NEventsListener: parts.countEventListeners(),
  };
}

function hostFields({ host }: SystemParts) {
  return {
    Name: host.name,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.machine,
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
  };
}

/** A proxy's URL may hold a password. */
function proxyFields({ proxies }: DaemonOptions) {
  const { env } = process;
  const hidden = (url: string) => url.replace(/\/\/[^/@]*@/, '//xxxxx:xxxxx@');
  return {
    HttpProxy: hidden(proxies.httpProxy || env.HTTP_PROXY || env.http_proxy || ''),
    HttpsProxy: hidden(proxies.httpsProxy || env.HTTPS_PROXY || env.https_proxy || ''),
    NoProxy: proxies.noProxy || env.NO_PROXY || env.no_proxy || '',
  };
}

/** Those that were found, and those of the settings, which are looked for when a container asks for them. */
function runtimes(runtime: Runtime['info'], options: DaemonOptions): SystemInfo['Runtimes'] {
  const status = (version: string) => ({ 'io.wharf.version': version });
  const found = runtime.found.map(
    ({ name, path, version }) =>
      [
        name,
        {
          path,
          status: name === runtime.name ? { ...status(version), 'io.wharf.reason': runtime.reason } : status(version),
        },
      ] as const,
  );
  const configured = Object.entries(options.containers.runtimes).map(
    ([name, { path, args }]) => [name, { path, ...(args.length > 0 && { runtimeArgs: args }) }] as const,
  );
  return Object.fromEntries([...found, ...configured]);
}

function securityOptions(parts: SystemParts, { containers, usernsRemap }: DaemonOptions): readonly string[] {
  const cgroupns = containers.cgroupnsMode ?? (parts.runtime.cgroupVersion === '2' ? 'private' : 'host');
  return [
    ...(parts.apparmor ? ['name=apparmor'] : []),
    `name=seccomp,profile=${containers.seccompProfile}`,
    ...(usernsRemap === undefined ? [] : ['name=userns']),
    ...(parts.rootless === undefined ? [] : ['name=rootless']),
    ...(cgroupns === 'private' ? ['name=cgroupns'] : []),
    ...(containers.noNewPrivileges ? ['name=no-new-privileges'] : []),
  ];
}

/** statfs(2)'s numbers, with dockerd's names. */
const fileSystems: Readonly<Record<number, string>> = {
  61267: 'extfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
  26985: 'nfs',
};

function driverStatus(driver: string, dataRoot: string, rootless: boolean): SystemInfo['DriverStatus'] {
  const backing = ['Backing Filesystem', fileSystems[statfsSync(dataRoot).type] ?? '<unknown>'];
  if (!driver.startsWith('overlay')) return [backing];
  return [
    backing,
    // Without it overlayfs does not mount, and the other driver would be here.
    ['Supports d_type', 'true'],
    ['Using metacopy', String(readText('/sys/module/overlay/parameters/metacopy').trim() === 'Y')],
    ['Native Overlay Diff', 'true'],
    ['userxattr', String(rootless)],
  ];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function countOpenFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}
