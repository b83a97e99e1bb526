/**
 * The OCI runtime spec of a container out of plain facts. Pure: reads no file, asks no kernel; what it needs to know of the
 * host comes in, so that every combination can be tested anywhere.
 */
import { effectiveCapabilities } from './capability-sets.ts';
import type { RuntimeMount, RuntimeProcess, RuntimeSpec } from './runtime.ts';
import { refusedSpec } from './runtime-failure.ts';
import type { OciSeccomp } from './seccomp.ts';
import {
  defaultMaskedPaths,
  defaultMounts,
  defaultReadonlyPaths,
  defaultShmSizeBytes,
  type SharedMemory,
} from './spec-defaults.ts';
import {
  type ContainerDevice,
  cpuSharesProblem,
  deviceRules,
  limitsToResources,
  type ResourceLimits,
} from './spec-resources.ts';
import { rlimits, type Ulimit } from './spec-rlimits.ts';
import { checkSysctls } from './spec-sysctls.ts';

/** What the builder must know of the machine; see host-facts.ts. */
export interface HostFacts {
  readonly cgroupVersion: '1' | '2';
  readonly swapLimit: boolean;
  /** What the daemon itself may hand on. */
  readonly capabilities: readonly string[];
  /** In a user namespace: groups beyond it can not be named. Absent: all exist. */
  readonly highestGroupId?: number;
  readonly inUserNamespace?: boolean;
}

/** `own`: a namespace of the container's, made by the runtime or found at `path`; `shared`: another container's. */
export type NamespaceChoice =
  | { readonly kind: 'own'; readonly path?: string }
  | { readonly kind: 'shared'; readonly path: string }
  | { readonly kind: 'host' };

export interface SpecNamespaces {
  readonly network: NamespaceChoice;
  readonly pid: NamespaceChoice;
  readonly ipc: NamespaceChoice;
  readonly uts: NamespaceChoice;
  /** Absent: own on cgroup v2, host on v1, as in Docker. */
  readonly cgroup?: NamespaceChoice;
}

export interface SpecUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

export interface RuntimeSpecInput {
  readonly id: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: SpecUser;
  readonly tty: boolean;
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  readonly rootfsPath: string;
  readonly readonlyRootfs: boolean;
  readonly hostname?: string;
  readonly domainname?: string;
  /** Binds and volumes; one at a default's destination (/dev/shm) takes its place. */
  readonly mounts: readonly RuntimeMount[];
  /** Destination to options (`size=64m,mode=1770`), as --tmpfs. */
  readonly tmpfs?: Readonly<Record<string, string>>;
  readonly shmSizeBytes?: number;
  /** What is at /dev/shm. Absent: the host's with the host's IPC, else one of its own. */
  readonly shm?: SharedMemory;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
  /** Absent: with privileges alone. */
  readonly writableCgroups?: boolean;
  /** Compiled by seccomp.ts; undefined is unconfined. */
  readonly seccomp?: OciSeccomp;
  readonly noNewPrivileges: boolean;
  /** Only where the host has AppArmor. */
  readonly apparmorProfile?: string;
  readonly devices: readonly ContainerDevice[];
  readonly deviceCgroupRules: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly namespaces: SpecNamespaces;
  /** Absent: Docker's; an empty list masks nothing. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly limits: ResourceLimits;
  readonly oomScoreAdj?: number;
  /** A host path of tini's kind; it becomes the first process and the command its child. */
  readonly initBinary?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly cgroupsPath: string;
}

/** Where Docker puts the init binary. */
const initDestination = '/sbin/docker-init';

/** @throws WharfError 'container.config-invalid' for a broken device rule, 'runtime.failed' for what runc would refuse */
export function buildRuntimeSpec(input: RuntimeSpecInput, host: HostFacts): RuntimeSpec {
  const ownUts = input.namespaces.uts.kind === 'own';
  return {
    ociVersion: '1.0.2',
    process: buildProcess(input, host),
    root: { path: input.rootfsPath, readonly: input.readonlyRootfs },
    ...(ownUts && input.hostname !== undefined ? { hostname: input.hostname } : {}),
    ...(ownUts && input.domainname ? { domainname: input.domainname } : {}),
    mounts: buildMounts(input, host),
    ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
    linux: buildLinux(input, host),
  };
}

function buildProcess(input: RuntimeSpecInput, host: HostFacts): RuntimeProcess {
  return {
    terminal: input.tty,
    ...(input.tty && input.consoleSize !== undefined
      ? { consoleSize: { height: input.consoleSize.rows, width: input.consoleSize.columns } }
      : {}),
    user: input.user,
    args: input.initBinary === undefined ? input.args : [initDestination, '--', ...input.args],
    env: input.env,
    cwd: input.cwd === '' ? '/' : input.cwd,
    capabilities: processCapabilities(effectiveCapabilities(input, host), input.user.uid),
    rlimits: rlimits(input.ulimits),
    noNewPrivileges: input.noNewPrivileges,
    ...(input.apparmorProfile === undefined ? {} : { apparmorProfile: input.apparmorProfile }),
    ...(input.oomScoreAdj === undefined ? {} : { oomScoreAdj: input.oomScoreAdj }),
  };
}

/** Someone who is not root starts without any, but may gain them by a set-user-ID program (moby: oci.SetCapabilities). */
export function processCapabilities(capabilities: readonly string[], uid: number): RuntimeProcess['capabilities'] {
  const effective = uid === 0 ? capabilities : [];
  return { bounding: capabilities, effective, permitted: effective, inheritable: [], ambient: [] };
}

function buildMounts(input: RuntimeSpecInput, host: HostFacts): readonly RuntimeMount[] {
  const chosen = [...input.mounts, ...tmpfsMounts(input.tmpfs ?? {})];
  if (input.initBinary !== undefined) {
    const options = ['bind', 'ro'];
    chosen.push({ destination: initDestination, type: 'bind', source: input.initBinary, options });
  }
  const defaults = defaultMounts({
    // The host's processes are not this user namespace's, so a new mount of theirs is refused; the one that is there will do.
    boundProc: input.namespaces.pid.kind === 'host' && host.inUserNamespace === true,
    privileged: input.privileged,
    writableCgroups: input.writableCgroups ?? input.privileged,
    shm: input.shm ?? { kind: input.namespaces.ipc.kind === 'host' ? 'host' : 'own' },
    shmSizeBytes: input.shmSizeBytes ?? defaultShmSizeBytes,
  });
  const replaced = new Set(chosen.map((mount) => cleanPath(mount.destination)));
  // A mount over a parent would hide what was mounted below it, so parents come first.
  const ordered = chosen
    .map((mount, index) => ({ mount, index, depth: depthOf(mount.destination) }))
    .sort((a, b) => a.depth - b.depth || a.index - b.index)
    .map(({ mount }) => mount);
  return [...defaults.filter((mount) => !replaced.has(mount.destination)), ...ordered];
}

function cleanPath(path: string): string {
  return path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}

function depthOf(path: string): number {
  return cleanPath(path).split('/').filter(Boolean).length;
}

function tmpfsMounts(tmpfs: Readonly<Record<string, string>>): readonly RuntimeMount[] {
  return Object.entries(tmpfs).map(([destination, text]) => {
    const given = text.split(',').filter(Boolean);
    // Docker's defaults; the user's own come later and win.
    return {
      destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['noexec', 'nosuid', 'nodev', ...given.filter((option) => option !== 'defaults')],
    };
  });
}

function buildLinux(input: RuntimeSpecInput, host: HostFacts): Readonly<Record<string, unknown>> {
  const propagation = rootPropagation(input.mounts);
  return {
    cgroupsPath: input.cgroupsPath,
    namespaces: buildNamespaces(input.namespaces, host),
    sysctl: buildSysctls(input, host),
    devices: input.devices.map(({ access: _, ...device }) => device),
    resources: {
      devices: deviceRules(input.privileged, input.devices, input.deviceCgroupRules),
      ...limitsToResources(newGroupLimits(input.limits), host),
    },
    ...(input.seccomp === undefined ? {} : { seccomp: input.seccomp }),
    maskedPaths: input.maskedPaths ?? (input.privileged ? [] : defaultMaskedPaths),
    readonlyPaths: input.readonlyPaths ?? (input.privileged ? [] : defaultReadonlyPaths),
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
  };
}

/** A new group has no quota, and crun can't write that on v1. @throws WharfError for shares out of the kernel's range */
function newGroupLimits(limits: ResourceLimits): ResourceLimits {
  const problem = cpuSharesProblem(limits);
  if (problem !== undefined) {
    throw refusedSpec(
      `unable to start container process: error during container init: error setting cgroup config for procHooks process: ${problem}`,
    );
  }
  return (limits.cpuQuotaMicros ?? 0) < 0 ? { ...limits, cpuQuotaMicros: undefined } : limits;
}

function buildNamespaces(choices: SpecNamespaces, host: HostFacts): readonly { type: string; path?: string }[] {
  const cgroup: NamespaceChoice = choices.cgroup ?? { kind: host.cgroupVersion === '2' ? 'own' : 'host' };
  const entries: readonly (readonly [string, NamespaceChoice])[] = [
    ['mount', { kind: 'own' }],
    ['network', choices.network],
    ['uts', choices.uts],
    ['pid', choices.pid],
    ['ipc', choices.ipc],
    ['cgroup', cgroup],
  ];
  return entries.flatMap(([type, choice]) => {
    if (choice.kind === 'host') return [];
    return [choice.path === undefined ? { type } : { type, path: choice.path }];
  });
}

/** In a network of its own a container may open ports under 1024 and ping without privileges (moby since 20.10). */
function buildSysctls(input: RuntimeSpecInput, host: HostFacts): Readonly<Record<string, string>> {
  const network = input.namespaces.network.kind;
  const isOwn = (choice: NamespaceChoice) => choice.kind !== 'host';
  const { ipc, uts } = input.namespaces;
  checkSysctls(input.sysctls, { network: network !== 'host', ipc: isOwn(ipc), uts: isOwn(uts) });
  const pingGroups = `0 ${Math.min(2_147_483_647, host.highestGroupId ?? 2_147_483_647)}`;
  const defaults = { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': pingGroups };
  return network === 'own' ? { ...defaults, ...input.sysctls } : input.sysctls;
}

/** The root must pass on what its volumes are to share with the host or receive from it. */
function rootPropagation(mounts: readonly RuntimeMount[]): 'shared' | 'slave' | undefined {
  const options = new Set(mounts.flatMap((mount) => mount.options ?? []));
  if (options.has('shared') || options.has('rshared')) return 'shared';
  return options.has('slave') || options.has('rslave') ? 'slave' : undefined;
}
