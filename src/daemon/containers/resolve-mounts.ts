/** What Binds, Mounts, Tmpfs, VolumesFrom and the config's Volumes come to, checked but not made. Pure. */
import type { HostConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { MountRecord } from './container-record.ts';
import { cleanPath, destinationFault, destinationOf, duplicateMount, type WantedMount } from './mount-specs.ts';
import { anonymousVolume, parseBind, parseVolumesFrom } from './parse-bind.ts';
import { parseMount } from './parse-mount.ts';

/**
 * Later sources give way to earlier ones at the same place, except that two of the user's own are an error. A tmpfs of --tmpfs
 * may lie at the place of a mount of --mount; then it is the one that is mounted (runtime-mounts.ts).
 * @param inherited the mounts of each `VolumesFrom` container
 * @param dataRoot the daemon's own folder, binds of which must not keep mounts of it busy
 */
export function wantedMounts(
  hostConfig: HostConfig,
  anonymousPaths: readonly string[],
  inherited: (ref: string) => readonly MountRecord[],
  dataRoot: string,
): readonly WantedMount[] {
  const byDestination = new Map<string, WantedMount>();
  const tmpfs = Object.entries(hostConfig.Tmpfs ?? {}).map(([path, options]) => parseTmpfs(path, options));
  const tmpfsPlaces = new Set(tmpfs.map(destinationOf));
  // Checked before anything of other containers is looked up, as dockerd does.
  const mounts = (hostConfig.Mounts ?? []).map(parseMount);
  for (const spec of hostConfig.VolumesFrom ?? []) {
    for (const mount of volumesFrom(spec, inherited)) byDestination.set(mount.destination, { kind: 'ready', mount });
  }
  const driver = hostConfig.VolumeDriver ?? '';
  const own = new Set<string>();
  const binds = (hostConfig.Binds ?? []).map((bind) => parseBind(bind, driver));
  for (const [index, wanted] of [...binds, ...mounts].entries()) {
    const destination = destinationOf(wanted);
    if (own.has(destination) || (index < binds.length && tmpfsPlaces.has(destination))) {
      throw duplicateMount(index < binds.length ? destination : givenTarget(hostConfig, index - binds.length));
    }
    own.add(destination);
    byDestination.set(destination, aroundDataRoot(wanted, dataRoot, hostConfig));
  }
  for (const path of anonymousPaths) {
    const wanted = anonymousVolume(path, driver);
    const destination = destinationOf(wanted);
    if (!byDestination.has(destination) && !tmpfsPlaces.has(destination)) byDestination.set(destination, wanted);
  }
  return [...byDestination.values(), ...tmpfs];
}

function givenTarget(hostConfig: HostConfig, index: number): string {
  return hostConfig.Mounts?.[index]?.Target ?? '';
}

function* volumesFrom(spec: string, inherited: (ref: string) => readonly MountRecord[]): Iterable<MountRecord> {
  const { ref, readOnly } = parseVolumesFrom(spec);
  if (ref === '') throw new WharfError('container.config-invalid', 'invalid name or ID supplied: ""');
  for (const mount of inherited(ref)) {
    switch (mount.kind) {
      case 'bind':
        yield { ...mount, readOnly: mount.readOnly || readOnly, mode: '' };
        break;
      case 'volume':
        yield { ...mount, readOnly: mount.readOnly || readOnly, copyContent: false, mode: '' };
        break;
      case 'tmpfs':
        // --tmpfs is a setting of its container, not a mount point.
        if (!mount.fromTmpfsMap) yield mount;
        break;
      case 'image':
        break;
    }
  }
}

/**
 * A container that holds the data root's mounts in a private copy would keep them busy for ever; so they are to follow the
 * host's (moby: validateBindDaemonRoot).
 */
function aroundDataRoot(wanted: WantedMount, dataRoot: string, hostConfig: HostConfig): WantedMount {
  if (wanted.kind !== 'ready' || wanted.mount.kind !== 'bind') return wanted;
  const { mount } = wanted;
  if (!contains(dataRoot, mount.source) && !contains(mount.source, dataRoot)) return wanted;
  const given = givenPropagation(mount, hostConfig);
  if (given === undefined) return { kind: 'ready', mount: { ...mount, propagation: 'rslave', aroundDataRoot: true } };
  if (given === 'rslave' || given === 'rshared') return wanted;
  throw new WharfError(
    'container.config-invalid',
    `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, daemon root: "${dataRoot}", bind mount source: "${mount.source}", propagation: "${given}"`,
  );
}

function givenPropagation(mount: Extract<MountRecord, { kind: 'bind' }>, hostConfig: HostConfig): string | undefined {
  if (mount.mode.split(',').includes(mount.propagation)) return mount.propagation;
  const spec = hostConfig.Mounts?.find(({ Target }) => Target !== undefined && cleanPath(Target) === mount.destination);
  return spec?.BindOptions?.Propagation || undefined;
}

function contains(folder: string, path: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** The options are looked at when it is mounted. */
function parseTmpfs(path: string, optionText: string): WantedMount {
  const fault = destinationFault(path);
  if (fault !== undefined) throw new WharfError('container.config-invalid', fault);
  const options = optionText === '' ? [] : optionText.split(',');
  const readOnly = options.includes('ro');
  const rest = options.filter((option) => option !== 'ro' && option !== 'rw');
  return {
    kind: 'ready',
    mount: { kind: 'tmpfs', destination: cleanPath(path), readOnly, options: rest, fromTmpfsMap: true },
  };
}
