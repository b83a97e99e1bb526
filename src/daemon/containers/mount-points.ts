import { join } from 'node:path';
import type { MountPoint } from '../../contract/engine-types.ts';
import type { MountRecord } from './container-record.ts';

/** Mounts as list and inspect show them. @param mountpointOf where a volume's data is on the host */
export function mountPoints(
  mounts: readonly MountRecord[],
  mountpointOf: (volume: string) => string,
): readonly MountPoint[] {
  // Those of --tmpfs are in HostConfig.Tmpfs only.
  const shown = mounts.filter((mount) => mount.kind !== 'tmpfs' || !mount.fromTmpfsMap);
  return shown.map((mount) => mountPoint(mount, mountpointOf));
}

function mountPoint(mount: MountRecord, mountpointOf: (volume: string) => string): MountPoint {
  const common = { Type: mount.kind, Destination: mount.destination, RW: !mount.readOnly };
  switch (mount.kind) {
    case 'bind':
      return { ...common, Source: mount.source, Mode: mount.mode, Propagation: mount.propagation };
    case 'volume':
      return {
        ...common,
        Name: mount.name,
        Source: join(mountpointOf(mount.name), mount.subpath),
        Driver: mount.driver,
        Mode: mount.mode,
        Propagation: '',
      };
    case 'tmpfs':
      return { ...common, Source: '', Mode: '', Propagation: '' };
  }
}
