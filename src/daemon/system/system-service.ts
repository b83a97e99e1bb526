/** What the engine says about itself: `/info`, `/version`, its registries, and who holds the host's ports. */
import { readdirSync } from 'node:fs';
import { apiVersion, minApiVersion } from '../../contract/engine-routes.ts';
import type { PortHolder, RegistryInfo, SystemInfo, SystemVersion } from '../../contract/engine-types.ts';
import type { ContainerCounts } from '../containers/container-service.ts';
import type { DaemonOptions } from '../daemon-options.ts';
import type { SystemService } from '../http/handlers/engine-services.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { buildInfo } from './build-info.ts';
import type { HostInfo } from './host-info.ts';
import { listRegistries, registryConfig } from './registry-list.ts';

export interface SystemParts {
  /** Of this data root, made once. */
  readonly engineId: string;
  /** Asked for at each use: a reload may have replaced them. */
  readonly options: () => DaemonOptions;
  readonly debug: () => boolean;
  readonly host: HostInfo;
  readonly runtime: Runtime['info'];
  /** Docker's name for it. */
  readonly storageDriver: string;
  readonly containers: { counts(): ContainerCounts };
  readonly countImages: () => Promise<number>;
  readonly countEventListeners: () => number;
  readonly portHolders: (query: { readonly port?: number; readonly protocol?: 'tcp' | 'udp' }) => readonly PortHolder[];
  readonly securityOptions: readonly string[];
  /** Of an ordinary user's engine: what carries its packets, and whether it has control groups. */
  readonly rootless?: { readonly network: string; readonly cgroups: 'delegated' | 'none' } | undefined;
}

export function createSystemService(parts: SystemParts): SystemService {
  return {
    info: () => systemInfo(parts),
    version: () => systemVersion(parts),
    registries: (): readonly RegistryInfo[] => listRegistries(parts.options()),
    portHolders: async (query) => parts.portHolders(query),
  };
}

function systemVersion({ host, runtime, rootless, options }: SystemParts): SystemVersion {
  const engine = {
    Version: buildInfo.version,
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    GitCommit: buildInfo.commit,
    GoVersion: `node ${process.version}`,
    Os: 'linux',
    Arch: architecture(),
    KernelVersion: host.kernelVersion,
    BuildTime: buildInfo.buildTime,
  };
  return {
    Platform: { Name: 'Wharf' },
    Components: [
      { Name: 'Engine', Version: engine.Version, Details: { ...engine, Experimental: 'false' } },
      { Name: runtime.name, Version: runtime.version, Details: { Path: runtime.path } },
      ...(rootless === undefined ? [] : [rootlessComponent(rootless.network, options().execRoot)]),
    ],
    ...engine,
    Experimental: false,
  };
}

/** Where dockerd names RootlessKit. */
function rootlessComponent(network: string, stateDir: string) {
  return {
    Name: 'rootless',
    Version: buildInfo.version,
    Details: { NetworkDriver: network, PortDriver: 'parent', StateDir: stateDir },
  };
}

/** Go's name of this machine's architecture, which Docker's clients compare with. */
function architecture(): string {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
  return names[process.arch] ?? process.arch;
}

async function systemInfo(parts: SystemParts): Promise<SystemInfo> {
  const { host, runtime } = parts;
  const options = parts.options();
  const counts = parts.containers.counts();
  const none = { ID: '' };
  return {
    ID: parts.engineId,
    Containers: counts.total,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: await parts.countImages(),
    Driver: parts.storageDriver,
    DriverStatus: [['Backing', options.dataRoot]],
    DockerRootDir: options.dataRoot,
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'null'], Authorization: null, Log: ['json-file'] },
    ...limitFields(host),
    Debug: parts.debug(),
    NFd: countOpenFiles(),
    NGoroutines: process.getActiveResourcesInfo().length,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: parts.rootless?.cgroups === 'none' ? 'none' : 'cgroupfs',
    CgroupVersion: runtime.cgroupVersion,
    NEventsListener: parts.countEventListeners(),
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.machine,
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(options),
    GenericResources: null,
    HttpProxy: hideUser(process.env.HTTP_PROXY ?? process.env.http_proxy ?? ''),
    HttpsProxy: hideUser(process.env.HTTPS_PROXY ?? process.env.https_proxy ?? ''),
    NoProxy: process.env.NO_PROXY ?? process.env.no_proxy ?? '',
    Name: host.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: buildInfo.version,
    Runtimes: runtimes(runtime),
    DefaultRuntime: runtime.name,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: options.liveRestore,
    Isolation: '',
    InitBinary: '',
    ContainerdCommit: none,
    RuncCommit: { ID: `${runtime.name} ${runtime.version}` },
    InitCommit: none,
    SecurityOptions: [...parts.securityOptions],
    Warnings: warnings(host, options),
    CDISpecDirs: [],
  };
}

/** Under its own name, and as `runc`, which clients may ask for by habit. */
function runtimes(runtime: Runtime['info']): SystemInfo['Runtimes'] {
  return {
    [runtime.name]: {
      path: runtime.path,
      status: { 'io.wharf.version': runtime.version, 'io.wharf.reason': runtime.reason },
    },
  };
}

function limitFields({ limits, ipv4Forwarding }: HostInfo) {
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuQuota,
    CpuCfsQuota: limits.cpuQuota,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    OomKillDisable: limits.oomKillDisable,
    IPv4Forwarding: ipv4Forwarding,
  };
}

function warnings({ limits, ipv4Forwarding }: HostInfo, options: DaemonOptions): readonly string[] {
  const found: string[] = [];
  for (const address of options.hosts) {
    if (address.kind === 'tcp') {
      found.push(`WARNING: API is accessible on http://${address.host}:${address.port} without encryption.`);
    }
  }
  if (!limits.memory) found.push('WARNING: No memory limit support');
  if (limits.memory && !limits.swap) found.push('WARNING: No swap limit support');
  if (!limits.cpuQuota) found.push('WARNING: No cpu cfs quota support');
  if (!limits.pids) found.push('WARNING: No pids limit support');
  if (!ipv4Forwarding) found.push('WARNING: IPv4 forwarding is disabled');
  return found;
}

function countOpenFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return -1;
  }
}

/** A proxy's URL may hold a password. */
function hideUser(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//xxxxx:xxxxx@');
}
