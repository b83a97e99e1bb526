import { join } from 'node:path';
import type { Sandbox } from '../networks/network-service.ts';
import { effectiveCapabilities } from '../runtime/capability-sets.ts';
import { findInitBinary } from '../runtime/init-binary.ts';
import type { RuntimeSpecInput } from '../runtime/runtime-spec.ts';
import { lookupUser } from '../runtime/user-lookup.ts';
import type { ContainerContext } from './container-context.ts';
import { linkEnvOf } from './container-links.ts';
import type { ContainerRecord } from './container-record.ts';
import { plainSettings, runtimeUlimits } from './container-settings.ts';
import { refuseDeviceRequests } from './device-requests.ts';
import { allHostDevices, mappedDevices } from './host-devices.ts';
import { namespaceChoices } from './namespace-choices.ts';
import { processEnv } from './process-env.ts';
import { resourceLimits } from './resource-limits.ts';
import { runtimeMounts } from './runtime-mounts.ts';
import { hostnameOf } from './sandbox-request.ts';
import { parseSecurityOptions, seccompFor } from './security-options.ts';
import { openSharedMemory } from './shared-memory.ts';

/** Gathers what the pure spec builder needs: the record, the mounted root, the opened network and facts of this host. */
export async function specInput(
  context: ContainerContext,
  record: ContainerRecord,
  root: string,
  sandbox: Sandbox,
): Promise<RuntimeSpecInput> {
  const { config, hostConfig, id } = record;
  refuseDeviceRequests(hostConfig.DeviceRequests ?? []);
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
    env: processEnv(config.Env ?? [], { hostname, home: user.home, tty, links: linkEnvOf(context, { id, record }) }),
    cwd: config.WorkingDir || '/',
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    tty,
    consoleSize: rows > 0 && columns > 0 ? { rows, columns } : undefined,
    rootfsPath: root,
    readonlyRootfs: hostConfig.ReadonlyRootfs ?? false,
    hostname,
    domainname: config.Domainname || undefined,
    mounts: await runtimeMounts(context, record),
    shmSizeBytes: hostConfig.ShmSize || undefined,
    shm: await openSharedMemory(context, record),
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
    ulimits: runtimeUlimits(hostConfig, settings),
    sysctls: hostConfig.Sysctls ?? {},
    namespaces: namespaceChoices(context, record, sandbox),
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
