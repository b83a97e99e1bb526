/** What older API versions make of `HostConfig.Mounts`, and how options of the wrong type are refused since 1.42 (moby's rules). */
import type { HostConfig, Mount } from '../../../contract/engine-types.ts';
import { WharfError } from '../../../contract/errors.ts';
import { compareVersions } from '../api-version.ts';

const ownOptions = { VolumeOptions: 'volume', BindOptions: 'bind', TmpfsOptions: 'tmpfs' } as const;

/** @throws WharfError 'request.invalid' for what the version does not have */
export function mountsOfVersion(hostConfig: HostConfig | undefined, apiVersion: string): HostConfig | undefined {
  if (hostConfig === undefined) return undefined;
  const isBefore = (version: string) => compareVersions(apiVersion, version) < 0;
  const mounts = hostConfig.Mounts ?? [];
  for (const mount of mounts) refuseOptions(mount, isBefore);
  if (mounts.length === 0 || !isBefore('1.44')) return hostConfig;
  return { ...hostConfig, Mounts: mounts.map((mount) => olderMount(mount, isBefore)) };
}

function refuseOptions(mount: Mount, isBefore: (version: string) => boolean): void {
  const { Type = '', BindOptions, VolumeOptions } = mount;
  const refuse = (message: string): never => {
    throw new WharfError('request.invalid', message, { hint: '' });
  };
  if (!isBefore('1.42')) {
    for (const [field, type] of Object.entries(ownOptions)) {
      const isGiven = Object.hasOwn(mount, field) && mount[field as keyof typeof ownOptions] != null;
      if (isGiven && Type !== type) refuse(`${field} must not be specified on mount type "${Type}"`);
    }
  }
  if (isBefore('1.44') && Type === 'bind' && BindOptions?.ReadOnlyForceRecursive) {
    refuse('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer');
  }
  if (isBefore('1.45') && VolumeOptions?.Subpath) refuse('VolumeOptions.Subpath needs API v1.45 or newer');
  if (isBefore('1.48') && Type === 'image') refuse('Mount type "Image" needs API v1.48 or newer');
}

/** Fields that came later are overlooked; read-only mounts were not recursive before 1.44. */
function olderMount(mount: Mount, isBefore: (version: string) => boolean): Mount {
  if (mount.Type !== 'bind') return mount;
  const options = mount.BindOptions ?? {};
  return {
    ...mount,
    BindOptions: {
      ...options,
      ...(isBefore('1.40') ? { NonRecursive: false } : {}),
      ...(isBefore('1.42') ? { CreateMountpoint: false } : {}),
      ...(mount.ReadOnly ? { ReadOnlyNonRecursive: true } : {}),
    },
  };
}

/** The container-wide driver means -v only. Docker says so since 1.48. */
export function volumeDriverWarning(hostConfig: HostConfig | undefined, apiVersion: string): readonly string[] {
  if (!hostConfig?.VolumeDriver || compareVersions(apiVersion, '1.48') < 0) return [];
  const isUnclear = (hostConfig.Mounts ?? []).some(
    ({ Type, VolumeOptions }) => Type === 'volume' && !VolumeOptions?.DriverConfig?.Name,
  );
  return isUnclear
    ? [
        "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead",
      ]
    : [];
}
