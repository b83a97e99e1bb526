/** What the settings say about containers that do not say otherwise. */

import { type ContainerSettings, plainSettings, type UlimitDefault } from '../containers/container-settings.ts';
import { refuse, refuseValue, type SettingReader } from './setting-reader.ts';
import { bytesOf, isRecord } from './setting-values.ts';

/** One more OCI runtime, spoken to as runc is. */
export interface RuntimeDefinition {
  readonly path: string;
  /** Before its own arguments. */
  readonly args: readonly string[];
}

/** As the containers take them, but for what is still a path or a definition here. */
export interface ContainerOptions extends Omit<ContainerSettings, 'seccomp' | 'runtime' | 'runtimes'> {
  readonly initPath: string | undefined;
  /** 'builtin', 'unconfined', or the path of a profile. */
  readonly seccompProfile: string;
  /** undefined: the daemon's own. */
  readonly cgroupParent: string | undefined;
  /** By name: what `--runtime NAME` means beside crun and runc. */
  readonly runtimes: Readonly<Record<string, RuntimeDefinition>>;
}

export function containerOptions(read: SettingReader): ContainerOptions {
  checkExecOptions(read.list('exec-opt'));
  const shmSize = read.given('default-shm-size');
  return {
    logConfig: { type: read.text('log-driver') ?? 'json-file', config: read.textMap('log-opt') },
    shmSizeBytes:
      shmSize === undefined
        ? plainSettings.shmSizeBytes
        : bytesOf(shmSize, (wanted) =>
            refuseValue('default-shm-size', String(shmSize), wanted.replace('expected ', '')),
          ),
    ipcMode: ipcMode(read.text('default-ipc-mode')),
    cgroupnsMode: cgroupnsMode(read.text('default-cgroupns-mode')),
    ulimits: ulimits(read.items('default-ulimit')),
    init: read.switch('init', false),
    initPath: read.text('init-path'),
    noNewPrivileges: read.switch('no-new-privileges', false),
    seccompProfile: read.text('seccomp-profile') ?? 'builtin',
    cgroupParent: cgroupParent(read.text('cgroup-parent')),
    runtimes: runtimes(read.items('add-runtime')),
  };
}

function ipcMode(value: string | undefined): ContainerOptions['ipcMode'] {
  if (value === undefined || value === 'private' || value === 'shareable') return value ?? 'private';
  return refuse(`IPC mode ${JSON.stringify(value)} is not supported as default value; use "shareable" or "private"`);
}

function cgroupnsMode(value: string | undefined): ContainerOptions['cgroupnsMode'] {
  if (value === undefined || value === 'private' || value === 'host') return value;
  return refuse(`invalid default cgroup namespace (${value}): use "host" or "private"`);
}

function cgroupParent(value: string | undefined): string | undefined {
  if (value?.endsWith('.slice')) {
    return refuse(
      `cgroup-parent ${value}: slices belong to the systemd cgroup driver`,
      'Give a path, such as /wharf: the cgroup driver of this engine is cgroupfs.',
    );
  }
  return value === undefined || value.startsWith('/') ? value : `/${value}`;
}

function checkExecOptions(options: readonly string[]): void {
  for (const option of options) {
    const [name, value, ...more] = option.split('=');
    if (name === '' || value === undefined || value === '' || more.length > 0)
      refuse(`invalid exec-opt (${option}): must be formatted 'opt=value'`);
    if (name !== 'native.cgroupdriver') refuse(`invalid exec-opt (${option}): unknown option: '${name}'`);
    if (value === 'systemd') {
      refuse(
        'native.cgroupdriver=systemd is not supported: this engine makes control groups itself',
        'Leave it out, or say native.cgroupdriver=cgroupfs. Delegate=yes in the unit keeps systemd from touching them.',
      );
    }
    if (value !== 'cgroupfs') refuse(`native.cgroupdriver option ${value} not supported`);
  }
}

/** From flags `nofile=1024:2048`; from the file `{"nofile": {"Name": "nofile", "Hard": 2048, "Soft": 1024}}`. */
function ulimits(items: readonly unknown[]): readonly UlimitDefault[] {
  const found = items.flatMap((item) => {
    if (typeof item === 'string') return [parseUlimit(item)];
    if (!isRecord(item)) return refuse('invalid value for default-ulimits: expected an object of ulimits by name');
    return Object.entries(item).map(([name, limit]): UlimitDefault => {
      if (!isRecord(limit)) return refuse(`invalid value for default-ulimits.${name}: expected {Name, Soft, Hard}`);
      const { Soft = -1, Hard = Soft } = limit;
      if (!Number.isSafeInteger(Soft) || !Number.isSafeInteger(Hard))
        return refuse(`invalid value for default-ulimits.${name}: Soft and Hard must be whole numbers`);
      return checkedUlimit({ Name: name, Soft: Number(Soft), Hard: Number(Hard) });
    });
  });
  return [...new Map(found.map((limit) => [limit.Name, limit])).values()];
}

const ulimitNames =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

function parseUlimit(text: string): UlimitDefault {
  const [, Name, soft, hard = soft] = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (Name === undefined) return refuseValue('default-ulimit', text, 'name=soft[:hard]');
  return checkedUlimit({ Name, Soft: Number(soft), Hard: Number(hard) });
}

function checkedUlimit(limit: UlimitDefault): UlimitDefault {
  if (!ulimitNames.includes(limit.Name)) refuse(`invalid ulimit type: ${limit.Name}`);
  if (limit.Hard >= 0 && (limit.Soft > limit.Hard || limit.Soft < 0)) {
    refuse(`ulimit soft limit must be less than or equal to hard limit: ${limit.Soft} > ${limit.Hard}`);
  }
  return limit;
}

/** From flags `name=path`; from the file `{"name": {"path": "...", "runtimeArgs": [...]}}`. */
function runtimes(items: readonly unknown[]): Readonly<Record<string, RuntimeDefinition>> {
  const found: Record<string, RuntimeDefinition> = {};
  for (const item of items) {
    for (const [name, definition] of runtimeEntries(item)) {
      if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) refuse(`runtime name ${JSON.stringify(name)} is invalid`);
      if (ownNames.includes(name)) refuse(`runtime name '${name}' is reserved`);
      if (found[name] !== undefined) refuse(`runtime '${name}' was already defined`);
      found[name] = runtimeDefinition(name, definition);
    }
  }
  return found;
}

const ownNames = ['crun', 'runc'];

function runtimeEntries(item: unknown): readonly (readonly [string, unknown])[] {
  if (isRecord(item)) return Object.entries(item);
  if (typeof item !== 'string') return refuse('invalid value for runtimes: expected an object of runtimes by name');
  const [, name = '', path = ''] = /^([^=]+)=(.+)$/.exec(item) ?? refuseValue('add-runtime', item, 'name=path');
  return [[name, { path }]];
}

function runtimeDefinition(name: string, definition: unknown): RuntimeDefinition {
  if (!isRecord(definition)) return refuse(`invalid value for runtimes.${name}: expected an object`);
  const { path, runtimeArgs = [], runtimeType, options } = definition;
  if (runtimeType !== undefined && runtimeType !== '' && runtimeType !== 'io.containerd.runc.v2') {
    refuse(
      `runtime ${name}: runtimeType ${String(runtimeType)} can not be honoured: shims belong to containerd`,
      'Give the path of a program that takes the arguments of runc.',
    );
  }
  const binary = isRecord(options) && typeof options.BinaryName === 'string' ? options.BinaryName : path;
  if (typeof binary !== 'string' || binary === '')
    return refuse(`runtime ${name}: either a runtimeType or a path must be configured`);
  if (!Array.isArray(runtimeArgs) || !runtimeArgs.every((arg) => typeof arg === 'string'))
    return refuse(`invalid value for runtimes.${name}.runtimeArgs: expected a list of strings`);
  return { path: binary, args: runtimeArgs };
}
