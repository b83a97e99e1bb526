import { posix } from 'node:path';
import type { HostConfig, Mount } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { MountRecord } from './container-record.ts';

const propagations = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);
const volumeName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** A volume mount whose volume does not exist yet; create.ts makes it and fills in the name. */
export type WantedMount =
  | { readonly kind: 'ready'; readonly mount: MountRecord }
  | {
      readonly kind: 'volume';
      readonly mount: Omit<Extract<MountRecord, { kind: 'volume' }>, 'name' | 'anonymous'>;
      /** undefined: one of its own, without a name. */
      readonly name: string | undefined;
      readonly labels: Readonly<Record<string, string>>;
      readonly options: Readonly<Record<string, string>>;
    };

/**
 * What Binds, Mounts, Tmpfs, VolumesFrom and the config's Volumes come to, checked but not made. Pure.
 * Later sources give way to earlier ones at the same place, except that two of the user's own are an error.
 * @param inherited the mounts of each `VolumesFrom` container
 */
export function wantedMounts(
  hostConfig: HostConfig,
  anonymousPaths: readonly string[],
  inherited: (ref: string) => readonly MountRecord[],
): readonly WantedMount[] {
  const byDestination = new Map<string, WantedMount>();
  for (const spec of hostConfig.VolumesFrom ?? []) {
    for (const mount of volumesFrom(spec, inherited)) byDestination.set(mount.destination, { kind: 'ready', mount });
  }
  const own = [
    ...(hostConfig.Binds ?? []).map((bind) => parseBind(bind, hostConfig.VolumeDriver || 'local')),
    ...(hostConfig.Mounts ?? []).map(parseMount),
    ...Object.entries(hostConfig.Tmpfs ?? {}).map(([path, options]) => parseTmpfs(path, options)),
  ];
  const seen = new Set<string>();
  for (const wanted of own) {
    const { destination } = wanted.mount;
    if (seen.has(destination)) throw invalid(`Duplicate mount point: ${destination}`);
    seen.add(destination);
    byDestination.set(destination, wanted);
  }
  for (const path of anonymousPaths) {
    const destination = cleanDestination(path, path);
    if (!byDestination.has(destination)) {
      byDestination.set(destination, anonymous(destination, hostConfig.VolumeDriver || 'local'));
    }
  }
  return [...byDestination.values()];
}

function anonymous(destination: string, driver: string): WantedMount {
  const mount = {
    kind: 'volume',
    driver,
    destination,
    readOnly: false,
    copyContent: true,
    subpath: '',
    mode: '',
  } as const;
  return { kind: 'volume', mount, name: undefined, labels: {}, options: {} };
}

function* volumesFrom(spec: string, inherited: (ref: string) => readonly MountRecord[]): Iterable<MountRecord> {
  const [ref = '', mode = 'rw'] = spec.split(':');
  if (ref === '') throw invalid(`invalid volumes-from specification: ${spec}`, 'Give container[:ro|rw].');
  if (!['ro', 'rw', 'z', 'Z'].includes(mode)) throw invalid(`invalid mode for volumes-from: ${mode}`);
  for (const mount of inherited(ref)) {
    if (mount.kind === 'tmpfs') continue;
    const taken = { ...mount, readOnly: mount.readOnly || mode === 'ro' };
    yield taken.kind === 'volume' ? { ...taken, anonymous: false, copyContent: false } : taken;
  }
}

/** `src:dst[:options]`, or `dst` alone for a volume of its own. */
function parseBind(bind: string, driver: string): WantedMount {
  const parts = bind.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) throw invalid(`invalid volume specification: '${bind}'`);
  if (parts.length === 1) return anonymous(cleanDestination(bind, bind), driver);
  const [source = '', target = '', mode = ''] = parts;
  const destination = cleanDestination(target, bind);
  const options = parseBindOptions(mode, bind);
  if (source.startsWith('/')) {
    return {
      kind: 'ready',
      mount: {
        kind: 'bind',
        source: posix.normalize(source),
        destination,
        readOnly: options.readOnly,
        propagation: options.propagation ?? 'rprivate',
        recursive: true,
        createSource: true,
        mode,
      },
    };
  }
  if (!volumeName.test(source)) {
    throw new WharfError(
      'volume.invalid',
      `create ${source}: "${source}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  if (options.propagation) throw invalid(`invalid mode: ${mode}`);
  return {
    kind: 'volume',
    name: source,
    labels: {},
    options: {},
    mount: {
      kind: 'volume',
      driver,
      destination,
      readOnly: options.readOnly,
      copyContent: !options.noCopy,
      subpath: '',
      mode: mode || 'z',
    },
  };
}

function parseBindOptions(mode: string, bind: string) {
  let readOnly = false;
  let noCopy = false;
  let propagation: string | undefined;
  let accessGiven = false;
  for (const option of mode === '' ? [] : mode.split(',')) {
    if (option === 'ro' || option === 'rw') {
      if (accessGiven) throw invalid(`invalid mode: ${mode}`);
      accessGiven = true;
      readOnly = option === 'ro';
    } else if (option === 'nocopy') noCopy = true;
    else if (propagations.has(option)) {
      if (propagation) throw invalid(`invalid mode: ${mode}`);
      propagation = option;
      // z, Z: SELinux labels; cached, consistent, delegated: hints for other systems. Taken and of no effect here.
    } else if (!['z', 'Z', 'cached', 'consistent', 'delegated'].includes(option)) {
      throw invalid(`invalid mode: ${mode}`, `Check the options of '${bind}'.`);
    }
  }
  return { readOnly, noCopy, propagation };
}

function parseMount(mount: Mount): WantedMount {
  const type = mount.Type ?? '';
  const fail = (why: string): never => {
    throw invalid(`invalid mount config for type "${type}": ${why}`);
  };
  if (!mount.Target) return fail('field Target must not be empty');
  const destination = cleanDestination(mount.Target, mount.Target, type);
  const readOnly = mount.ReadOnly ?? false;
  const source = mount.Source ?? '';
  switch (type) {
    case 'bind': {
      if (source === '') return fail('field Source must not be empty');
      if (!source.startsWith('/')) return fail(`invalid mount path: '${source}' mount path must be absolute`);
      const propagation = mount.BindOptions?.Propagation || 'rprivate';
      if (!propagations.has(propagation)) return fail(`invalid propagation mode: ${propagation}`);
      if (mount.VolumeOptions) return fail('field VolumeOptions must not be specified');
      if (mount.TmpfsOptions) return fail('field TmpfsOptions must not be specified');
      const recursive = !mount.BindOptions?.NonRecursive;
      return {
        kind: 'ready',
        mount: {
          kind: 'bind',
          source: posix.normalize(source),
          destination,
          readOnly,
          propagation,
          recursive,
          mode: '',
          createSource: mount.BindOptions?.CreateMountpoint ?? false,
        },
      };
    }
    case 'volume': {
      if (mount.BindOptions) return fail('field BindOptions must not be specified');
      if (mount.TmpfsOptions) return fail('field TmpfsOptions must not be specified');
      const options = mount.VolumeOptions ?? {};
      const subpath = options.Subpath ?? '';
      if (subpath !== '' && source === '') return fail('must not set Subpath when using anonymous volumes');
      if (leavesRoot(subpath)) return fail('subpath must be a relative path within the volume');
      return {
        kind: 'volume',
        name: source || undefined,
        labels: options.Labels ?? {},
        options: options.DriverConfig?.Options ?? {},
        mount: {
          kind: 'volume',
          driver: options.DriverConfig?.Name || 'local',
          destination,
          readOnly,
          copyContent: !options.NoCopy,
          subpath: posix.normalize(subpath || '.') === '.' ? '' : posix.normalize(subpath),
          mode: 'z',
        },
      };
    }
    case 'tmpfs': {
      if (source !== '') return fail('field Source must not be specified');
      if (mount.BindOptions) return fail('field BindOptions must not be specified');
      if (mount.VolumeOptions) return fail('field VolumeOptions must not be specified');
      const { SizeBytes, Mode } = mount.TmpfsOptions ?? {};
      if ((SizeBytes ?? 0) < 0) return fail('size must not be negative');
      const options: string[] = [];
      if (SizeBytes) options.push(`size=${SizeBytes}`);
      if (Mode) options.push(`mode=${Mode.toString(8)}`);
      return { kind: 'ready', mount: { kind: 'tmpfs', destination, readOnly, options, fromTmpfsMap: false } };
    }
    default:
      throw invalid(`mount type unknown: "${type}"`, 'Types are bind, volume and tmpfs.');
  }
}

const tmpfsOption =
  /^(ro|rw|suid|nosuid|dev|nodev|exec|noexec|sync|async|dirsync|atime|noatime|diratime|nodiratime|relatime|norelatime|strictatime|nostrictatime|(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=[^,]+)$/;

function parseTmpfs(path: string, optionText: string): WantedMount {
  const options = optionText === '' ? [] : optionText.split(',');
  for (const option of options) {
    if (!tmpfsOption.test(option)) throw invalid(`invalid tmpfs option ["${option}"]`);
  }
  const destination = cleanDestination(path, path, 'tmpfs');
  const readOnly = options.includes('ro');
  const rest = options.filter((option) => option !== 'ro' && option !== 'rw');
  return { kind: 'ready', mount: { kind: 'tmpfs', destination, readOnly, options: rest, fromTmpfsMap: true } };
}

function cleanDestination(path: string, spec: string, type = 'bind'): string {
  if (!path.startsWith('/')) {
    throw invalid(
      `invalid volume specification: '${spec}': invalid mount config for type "${type}": invalid mount path: '${path}' mount path must be absolute`,
    );
  }
  const clean = posix.normalize(path);
  const destination = clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
  if (destination === '/') {
    throw invalid(
      `invalid volume specification: '${spec}': invalid mount config for type "${type}": invalid specification: destination can't be '/'`,
    );
  }
  return destination;
}

function leavesRoot(path: string): boolean {
  const clean = posix.normalize(path || '.');
  return clean.startsWith('/') || clean === '..' || clean.startsWith('../');
}

function invalid(message: string, hint?: string): WharfError {
  return new WharfError('container.config-invalid', message, { hint });
}
