import { join } from 'node:path';
import type { MountPoint } from '../../contract/engine-types.ts';
import type { MountRecord } from './container-record.ts';

/** Mounts as list and inspect show them. @param mountpointOf where a volume's data is on the host */
export function mountPoints(
  mounts: readonly MountRecord[],
  mountpointOf: (volume: string) => string,
): readonly MountPoint[] {
  return mounts.flatMap((mount): readonly MountPoint[] => {
    const { destination } = mount;
    switch (mount.kind) {
      case 'bind':
        return [
          {
            Type: 'bind',
            Source: mount.source,
            Destination: destination,
            Mode: mount.mode,
            RW: !mount.readOnly,
            Propagation: mount.propagation,
          },
        ];
      case 'volume':
        return [
          {
            Type: 'volume',
            Name: mount.name,
            Source: join(mountpointOf(mount.name), mount.subpath),
            Destination: destination,
            Driver: mount.driver,
            Mode: mount.mode,
            RW: !mount.readOnly,
            Propagation: '',
          },
        ];
      case 'tmpfs':
        // Those of --tmpfs are in HostConfig.Tmpfs only.
        return mount.fromTmpfsMap
          ? []
          : [{ Type: 'tmpfs', Source: '', Destination: destination, Mode: '', RW: !mount.readOnly, Propagation: '' }];
    }
  });
}
