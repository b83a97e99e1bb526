import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import type { Sandbox } from '../networks/network-service.ts';
import { effectiveCapabilities } from '../runtime/capability-sets.ts';
import { findInitBinary } from '../runtime/init-binary.ts';
import type { RuntimeMount } from '../runtime/runtime.ts';
import type { NamespaceChoice, RuntimeSpecInput } from '../runtime/runtime-spec.ts';
import { lookupUser } from '../runtime/user-lookup.ts';
import type { ContainerContext } from './container-context.ts';
import { type ContainerRecord, containerDir, type MountRecord } from './container-record.ts';
import { plainSettings, withDefaultUlimits } from './container-settings.ts';
import { isLive } from './container-state.ts';
import { allHostDevices, mappedDevices } from './host-devices.ts';
import { processEnv } from './process-env.ts';
import { resourceLimits } from './resource-limits.ts';
import { hostnameOf } from './sandbox-request.ts';
import { parseSecurityOptions, seccompFor } from './security-options.ts';
import { volumeSource } from './volume-mounts.ts';

/** Gathers what the pure spec builder needs: the record, the mounted root, the opened network and facts of this host. */
export async function specInput(
  context: ContainerContext,
  record: ContainerRecord,
  root: string,
  sandbox: Sandbox,
): Promise<RuntimeSpecInput> {
  const { config, hostConfig, id } = record;
  const privileged = hostConfig.Privileged ?? false;
  const capAdd = hostConfig.CapAdd ?? [];
  const capDrop = hostConfig.CapDrop ?? [];
  const settings = context.defaults.settings?.() ?? plainSettings;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? [], {
    ...settings,
    // A privileged container has a profile only when it names one itself.
    seccomp: privileged ? 'builtin' : settings.seccomp,
  });
  const capabilities = effectiveCapabilities({ capAdd, capDrop, privileged }, context.machine);
  const user = lookupUser(root, config.User ?? '', hostConfig.GroupAdd ?? []);
  const hostname = sharedHostname(context, record);
  const tty = config.Tty ?? false;
  const [rows = 0, columns = 0] = hostConfig.ConsoleSize ?? [];
  return {
    id,
    args: record.args,
    env: processEnv(config.Env ?? [], { hostname, home: user.home, tty }),
    cwd: config.WorkingDir || '/',
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    tty,
    consoleSize: rows > 0 && columns > 0 ? { rows, columns } : undefined,
    rootfsPath: root,
    readonlyRootfs: hostConfig.ReadonlyRootfs ?? false,
    hostname,
    domainname: config.Domainname || undefined,
    mounts: await runtimeMounts(context, record),
    tmpfs: tmpfsMap(record.mounts),
    shmSizeBytes: hostConfig.ShmSize || undefined,
    capAdd,
    capDrop,
    privileged,
    writableCgroups: security.writableCgroups,
    seccomp: seccompFor(security.seccomp, privileged, capabilities, {
      defaultProfile: context.seccompProfile,
      host: context.machine.seccomp,
    }),
    noNewPrivileges: security.noNewPrivileges,
    apparmorProfile: context.machine.apparmor ? security.apparmorProfile : undefined,
    devices: privileged ? await allHostDevices() : await mappedDevices(hostConfig.Devices ?? []),
    deviceCgroupRules: hostConfig.DeviceCgroupRules ?? [],
    ulimits: (withDefaultUlimits(hostConfig, settings) ?? []).map(({ Name = '', Soft = -1, Hard = -1 }) => ({
      name: Name,
      soft: Soft,
      hard: Hard,
    })),
    sysctls: hostConfig.Sysctls ?? {},
    namespaces: namespaces(context, record, sandbox),
    maskedPaths: hostConfig.MaskedPaths ?? undefined,
    readonlyPaths: hostConfig.ReadonlyPaths ?? undefined,
    limits: await resourceLimits(hostConfig),
    oomScoreAdj: hostConfig.OomScoreAdj || undefined,
    initBinary: (hostConfig.Init ?? settings.init) ? findInitBinary(context.defaults.initPath) : undefined,
    annotations: hostConfig.Annotations ?? undefined,
    cgroupsPath: join('/', hostConfig.CgroupParent || context.defaults.cgroupParent, id),
  };
}

/** In another's network a container has the other's host name too. */
function sharedHostname(context: ContainerContext, record: ContainerRecord): string {
  const mode = record.hostConfig.NetworkMode ?? '';
  if (!mode.startsWith('container:')) return hostnameOf(record);
  return hostnameOf(context.find(mode.slice('container:'.length)).record);
}

function namespaces(
  context: ContainerContext,
  { hostConfig }: ContainerRecord,
  sandbox: Sandbox,
): RuntimeSpecInput['namespaces'] {
  const joined = (hostConfig.NetworkMode ?? '').startsWith('container:');
  const network: NamespaceChoice =
    sandbox.netnsPath === undefined ? { kind: 'host' } : { kind: joined ? 'shared' : 'own', path: sandbox.netnsPath };
  return {
    network,
    pid: namespace(context, hostConfig.PidMode, 'pid'),
    // The System V part alone: /dev/shm is each container's own (a mount of another namespace can't be bound).
    ipc: namespace(context, hostConfig.IpcMode, 'ipc'),
    uts: { kind: hostConfig.UTSMode === 'host' ? 'host' : 'own' },
    cgroup: { kind: hostConfig.CgroupnsMode === 'private' ? 'own' : 'host' },
  };
}

function namespace(context: ContainerContext, mode: string | undefined, name: 'pid' | 'ipc'): NamespaceChoice {
  if (mode === 'host') return { kind: 'host' };
  if (!mode?.startsWith('container:')) return { kind: 'own' };
  return { kind: 'shared', path: `/proc/${pidOfJoined(context, mode, name)}/ns/${name}` };
}

/** @throws WharfError 'container.not-running' */
function pidOfJoined(context: ContainerContext, mode: string, name: 'pid' | 'ipc'): number {
  const joined = context.find(mode.slice('container:'.length));
  if (name === 'ipc' && joined.record.hostConfig.IpcMode !== 'shareable') {
    throw new WharfError(
      'container.config-invalid',
      `cannot join IPC of ${joined.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  }
  if (!isLive(joined.state)) {
    throw new WharfError('container.not-running', `cannot join namespace of a non running container: ${joined.id}`);
  }
  return joined.state.pid;
}

async function runtimeMounts(context: ContainerContext, record: ContainerRecord): Promise<readonly RuntimeMount[]> {
  const own = await Promise.all(record.mounts.map((mount) => runtimeMount(context, record.id, mount)));
  const taken = new Set(record.mounts.map((mount) => mount.destination));
  return [...networkFiles(context, record.id, taken), ...own.flat()];
}

/** resolv.conf, hosts and hostname, as the networks wrote them, unless the user put something of their own there. */
function networkFiles(context: ContainerContext, id: string, taken: ReadonlySet<string>): readonly RuntimeMount[] {
  const folder = containerDir(context.dataRoot, id);
  return ['resolv.conf', 'hostname', 'hosts'].flatMap((name) => {
    const destination = `/etc/${name}`;
    const source = join(folder, name);
    if (taken.has(destination) || !existsSync(source)) return [];
    return [{ destination, type: 'bind', source, options: ['rbind', 'rprivate'] }];
  });
}

async function runtimeMount(
  context: ContainerContext,
  containerId: string,
  mount: MountRecord,
): Promise<readonly RuntimeMount[]> {
  const { destination } = mount;
  const access = mount.readOnly ? ['ro'] : ['rw'];
  switch (mount.kind) {
    case 'bind': {
      await requireSource(mount.source, mount.createSource);
      const bind = mount.recursive ? 'rbind' : 'bind';
      return [{ destination, type: 'bind', source: mount.source, options: [bind, mount.propagation, ...access] }];
    }
    case 'volume': {
      const source = await volumeSource(context, containerId, mount);
      return [{ destination, type: 'bind', source, options: ['rbind', 'rprivate', ...access] }];
    }
    case 'tmpfs':
      if (mount.fromTmpfsMap) return [];
      return [
        {
          destination,
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['noexec', 'nosuid', 'nodev', 'rprivate', ...mount.options, ...access],
        },
      ];
  }
}

function tmpfsMap(mounts: readonly MountRecord[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    mounts.flatMap((mount) =>
      mount.kind === 'tmpfs' && mount.fromTmpfsMap
        ? [[mount.destination, [...mount.options, ...(mount.readOnly ? ['ro'] : [])].join(',')]]
        : [],
    ),
  );
}

async function requireSource(source: string, create: boolean): Promise<void> {
  const exists = await stat(source).then(
    () => true,
    () => false,
  );
  if (exists) return;
  if (!create) {
    throw new WharfError(
      'container.config-invalid',
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
    );
  }
  await mkdir(source, { recursive: true, mode: 0o755 });
}
