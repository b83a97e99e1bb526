/** `HostConfig.Mounts` and `--mount`. Pure; whether a bind's source exists is looked at by whoever makes the container. */
import type { Mount } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import {
  absoluteFault,
  cleanPath,
  destinationFault,
  propagations,
  staysInside,
  type WantedMount,
} from './mount-specs.ts';

/** @throws WharfError 'container.config-invalid' */
export function parseMount(mount: Mount): WantedMount {
  const type = mount.Type ?? '';
  const target = mount.Target ?? '';
  const fault = target === '' ? 'field Target must not be empty' : destinationFault(target);
  if (fault !== undefined) throw invalidMount(type, fault);
  const destination = cleanPath(target);
  switch (type) {
    case 'bind':
      return bindMount(mount, destination);
    case 'volume':
      return volumeMount(mount, destination);
    case 'tmpfs':
      return tmpfsMount(mount, destination);
    case 'image':
      return imageMount(mount, destination);
    default:
      throw invalidMount(type, 'mount type unknown');
  }
}

export function invalidMount(type: string, fault: string, hint?: string): WharfError {
  return new WharfError('container.config-invalid', `invalid mount config for type "${type}": ${fault}`, { hint });
}

/** Other types' options that must not be there. */
function refuse(mount: Mount, fields: readonly ('BindOptions' | 'VolumeOptions' | 'ImageOptions')[]): void {
  for (const field of fields) {
    if (mount[field] != null) throw invalidMount(mount.Type ?? '', `field ${field} must not be specified`);
  }
}

function bindMount(mount: Mount, destination: string): WantedMount {
  const fail = (fault: string) => invalidMount('bind', fault);
  const source = mount.Source ?? '';
  const options = mount.BindOptions ?? {};
  if (source === '') throw fail('field Source must not be empty');
  const propagation = options.Propagation ?? '';
  if (propagation !== '' && !propagations.has(propagation)) throw fail(`invalid propagation mode: ${propagation}`);
  refuse(mount, ['VolumeOptions', 'ImageOptions']);
  const fault = absoluteFault(source);
  if (fault !== undefined) throw fail(fault);
  const readOnly = mount.ReadOnly ?? false;
  return {
    kind: 'ready',
    mount: {
      kind: 'bind',
      source: cleanPath(source),
      destination,
      readOnly,
      propagation: propagation || 'rprivate',
      recursive: !options.NonRecursive,
      mode: '',
      createSource: options.CreateMountpoint ?? false,
      recursiveReadOnly: options.ReadOnlyForceRecursive
        ? 'must'
        : options.ReadOnlyNonRecursive
          ? 'never'
          : 'if-possible',
      conflict: conflictOf(readOnly, options),
    },
  };
}

/** Docker's texts; it finds them at the start. */
function conflictOf(readOnly: boolean, options: NonNullable<Mount['BindOptions']>): string | undefined {
  const { ReadOnlyNonRecursive: never, ReadOnlyForceRecursive: must } = options;
  if (!readOnly && never) return 'mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive';
  if (!readOnly && must) return 'mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive';
  if (never && must) return 'mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive';
  return undefined;
}

function volumeMount(mount: Mount, destination: string): WantedMount {
  const fail = (fault: string) => invalidMount('volume', fault);
  refuse(mount, ['BindOptions', 'ImageOptions']);
  const source = mount.Source ?? '';
  const options = mount.VolumeOptions ?? {};
  const subpath = options.Subpath ?? '';
  if (subpath !== '') {
    if (source === '') throw fail('must not set Subpath when using anonymous volumes');
    if (!staysInside(subpath)) throw fail('subpath must be a relative path within the volume');
  }
  const readOnly = mount.ReadOnly ?? false;
  if (readOnly && source === '') throw fail('must not set ReadOnly mode when using anonymous volumes');
  return {
    kind: 'volume',
    name: source === '' ? undefined : source,
    labels: options.Labels ?? undefined,
    options: options.DriverConfig?.Options ?? undefined,
    mount: {
      kind: 'volume',
      driver: options.DriverConfig?.Name ?? '',
      destination,
      readOnly,
      copyContent: !options.NoCopy,
      subpath: cleanSubpath(subpath),
      mode: '',
    },
  };
}

function tmpfsMount(mount: Mount, destination: string): WantedMount {
  const fail = (fault: string) => invalidMount('tmpfs', fault);
  refuse(mount, ['BindOptions', 'ImageOptions']);
  if ((mount.Source ?? '') !== '') throw fail('field Source must not be specified');
  const { SizeBytes = 0, Mode = 0, Options = [] } = mount.TmpfsOptions ?? {};
  const options: string[] = [];
  if (Mode !== 0) options.push(`mode=${Mode.toString(8)}`);
  if (SizeBytes !== 0) options.push(`size=${SizeBytes}`);
  for (const option of Options ?? []) {
    const [name = ''] = option;
    if (option.length < 1 || option.length > 2) throw fail('invalid option array length');
    if (name !== 'exec' && name !== 'noexec') throw fail(`invalid option: ${name}`);
    options.push(option.join('='));
  }
  const readOnly = mount.ReadOnly ?? false;
  return { kind: 'ready', mount: { kind: 'tmpfs', destination, readOnly, options, fromTmpfsMap: false } };
}

function imageMount(mount: Mount, destination: string): WantedMount {
  refuse(mount, ['BindOptions', 'VolumeOptions']);
  const reference = mount.Source ?? '';
  if (reference === '') throw invalidMount('image', 'field Source must not be empty');
  const subpath = mount.ImageOptions?.Subpath ?? '';
  if (subpath !== '' && !staysInside(subpath)) {
    throw invalidMount('image', 'subpath must be a relative path within the volume');
  }
  return { kind: 'image', reference, destination, subpath: cleanSubpath(subpath) };
}

function cleanSubpath(subpath: string): string {
  const clean = subpath === '' ? '' : cleanPath(subpath);
  return clean === '.' ? '' : clean;
}
