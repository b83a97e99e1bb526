/** The OCI spec of a managed plugin: its config and settings, as Docker runs it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { errnoText } from '../linux/errno-text.ts';
import { decodeDevice } from '../linux/mount.ts';
import type { MachineFacts } from '../runtime/host-facts.ts';
import type { RuntimeMount, RuntimeSpec } from '../runtime/runtime.ts';
import { buildRuntimeSpec } from '../runtime/runtime-spec.ts';
import type { ContainerDevice } from '../runtime/spec-resources.ts';
import type { PluginRecord } from './plugin-config.ts';

/** Where a plugin finds the folder its socket is to be in (Docker's fixed place). */
const socketFolderInPlugin = '/run/docker/plugins';
const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface PluginSpecPlaces {
  readonly runtimeId: string;
  readonly root: string;
  readonly socketFolder: string;
  /** Where the plugin's mounts come out; undefined when it makes none for others. */
  readonly propagatedMount: string | undefined;
  readonly cgroupParent: string;
}

/** @throws WharfError 'plugin.invalid' | 'container.config-invalid' */
export function pluginSpec(
  { config, settings }: PluginRecord,
  places: PluginSpecPlaces,
  machine: MachineFacts,
): RuntimeSpec {
  const { Linux, Network } = config;
  const network = Network?.Type ?? '';
  const args = [...(config.Entrypoint ?? []), ...settings.Args];
  if (args.length === 0) throw new WharfError('plugin.invalid', 'the plugin config has no Entrypoint', { status: 500 });
  const own = { kind: 'own' } as const;
  const host = { kind: 'host' } as const;
  return buildRuntimeSpec(
    {
      id: places.runtimeId,
      args,
      env: [defaultPath, ...settings.Env],
      cwd: config.WorkDir || '/',
      user: { uid: 0, gid: 0, additionalGids: [] },
      tty: false,
      rootfsPath: places.root,
      readonlyRootfs: false,
      mounts: pluginMounts({ config, settings }, places, network),
      capAdd: Linux?.Capabilities ?? [],
      capDrop: [],
      privileged: false,
      noNewPrivileges: false,
      devices: settings.Devices.map(({ Path }) => deviceAt(Path ?? '')),
      deviceCgroupRules: Linux?.AllowAllDevices ? ['a *:* rwm'] : [],
      ulimits: [],
      sysctls: {},
      namespaces: {
        network: network === 'host' ? host : own,
        pid: config.PidHost ? host : own,
        ipc: config.IpcHost ? host : own,
        uts: own,
      },
      limits: {},
      cgroupsPath: join(places.cgroupParent, places.runtimeId),
    },
    machine,
  );
}

function pluginMounts(
  { config, settings }: Pick<PluginRecord, 'config' | 'settings'>,
  places: PluginSpecPlaces,
  network: string,
): readonly RuntimeMount[] {
  const bind = (source: string, destination: string, options: readonly string[]) => ({
    destination,
    type: 'bind',
    source,
    options,
  });
  const wanted = settings.Mounts.map(({ Destination, Source, Type, Options }): RuntimeMount => {
    if (Source == null) throw new WharfError('plugin.invalid', 'mount source is not specified', { status: 500 });
    return { destination: Destination ?? '', type: Type || 'bind', source: Source, options: Options ?? ['rbind'] };
  });
  return [
    ...(places.propagatedMount === undefined
      ? []
      : [bind(places.propagatedMount, config.PropagatedMount ?? '', ['rbind', 'rw', 'rshared'])]),
    ...wanted,
    bind(places.socketFolder, socketFolderInPlugin, ['rbind', 'rshared']),
    ...(network === '' ? [] : ['/etc/hosts', '/etc/resolv.conf'].map((path) => bind(path, path, ['rbind', 'ro']))),
  ];
}

function deviceAt(path: string): ContainerDevice {
  try {
    const stat = statSync(path);
    if (!stat.isCharacterDevice() && !stat.isBlockDevice()) {
      throw new WharfError('plugin.invalid', `${path}: not a device node`, { status: 500 });
    }
    const { uid, gid } = stat;
    const type = stat.isBlockDevice() ? 'b' : 'c';
    return { path, type, ...decodeDevice(stat.rdev), fileMode: stat.mode & 0o777, uid, gid, access: 'rwm' };
  } catch (cause) {
    if (cause instanceof WharfError) throw cause;
    throw new WharfError('plugin.invalid', `stat ${path}: ${errnoText(cause)}`, { cause, status: 500 });
  }
}
