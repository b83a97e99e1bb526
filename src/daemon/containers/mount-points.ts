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

/** The field order is Docker's. */
function mountPoint(mount: MountRecord, mountpointOf: (volume: string) => string): MountPoint {
  const { destination: Destination } = mount;
  const RW = !mount.readOnly;
  switch (mount.kind) {
    case 'bind':
      return { Type: 'bind', Source: mount.source, Destination, Mode: mount.mode, RW, Propagation: mount.propagation };
    case 'volume': {
      const { name: Name, driver: Driver, mode: Mode } = mount;
      return { Type: 'volume', Name, Source: mountpointOf(Name), Destination, Driver, Mode, RW, Propagation: '' };
    }
    case 'image': {
      const { reference: Name, source: Source } = mount;
      return { Type: 'image', Name, Source, Destination, Mode: '', RW, Propagation: 'rprivate' };
    }
    case 'tmpfs':
      return { Type: 'tmpfs', Source: '', Destination, Mode: '', RW, Propagation: '' };
  }
}
