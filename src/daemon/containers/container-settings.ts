/** What the daemon's settings say about containers that do not say otherwise. */
import type { HostConfig } from '../../contract/engine-types.ts';
import { defaultShmSizeBytes } from '../runtime/spec-defaults.ts';

export interface UlimitDefault {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

export interface ContainerSettings {
  readonly logConfig: { readonly type: string; readonly config: Readonly<Record<string, string>> };
  readonly shmSizeBytes: number;
  readonly ipcMode: 'private' | 'shareable';
  /** undefined: by the machine's cgroup version. */
  readonly cgroupnsMode: 'private' | 'host' | undefined;
  readonly ulimits: readonly UlimitDefault[];
  readonly init: boolean;
  readonly noNewPrivileges: boolean;
  /** Of containers that say nothing of seccomp: 'builtin', 'unconfined', or the JSON of a profile. */
  readonly seccomp: string;
  /** Name of the runtime for those that name none; undefined: the best that works here. */
  readonly runtime: string | undefined;
  /** Names of runtimes beside crun and runc. */
  readonly runtimes: readonly string[];
}

/** As dockerd without a configuration file. */
export const plainSettings: ContainerSettings = {
  logConfig: { type: 'json-file', config: {} },
  shmSizeBytes: defaultShmSizeBytes,
  ipcMode: 'private',
  cgroupnsMode: undefined,
  ulimits: [],
  init: false,
  noNewPrivileges: false,
  seccomp: 'builtin',
  runtime: undefined,
  runtimes: [],
};

/** The container's own ulimits, and the daemon's of other names: dockerd adds them at each start and in each inspect. */
export function withDefaultUlimits(hostConfig: HostConfig, { ulimits }: ContainerSettings): HostConfig['Ulimits'] {
  const own = hostConfig.Ulimits ?? [];
  const missing = ulimits.filter(({ Name }) => !own.some((limit) => limit.Name === Name));
  return missing.length === 0 ? hostConfig.Ulimits : [...own, ...missing];
}

/** The same as the runtime's specification wants them, for the container's process and for those of its execs. */
export function runtimeUlimits(hostConfig: HostConfig, settings: ContainerSettings) {
  return (withDefaultUlimits(hostConfig, settings) ?? []).map(({ Name = '', Soft = -1, Hard = -1 }) => ({
    name: Name,
    soft: Soft,
    hard: Hard,
  }));
}
