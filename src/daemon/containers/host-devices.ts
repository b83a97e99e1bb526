import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceMapping, ThrottleDevice, WeightDevice } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { ContainerDevice, ThrottledDevice, WeightedDevice } from '../runtime/spec-resources.ts';

/** Folders of /dev that every container has of its own, and names that mean something else in it. */
const ownInContainer = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console', 'hugepages']);

/** The devices of --device. @throws WharfError 'container.config-invalid' for one that is not there */
export async function mappedDevices(mappings: readonly DeviceMapping[]): Promise<readonly ContainerDevice[]> {
  const found = await Promise.all(
    mappings.map(async ({ PathOnHost: onHost = '', PathInContainer, CgroupPermissions }) => {
      const inContainer = PathInContainer || onHost;
      const access = CgroupPermissions || 'rwm';
      const info = await stat(onHost).catch((cause: unknown) => {
        throw new WharfError(
          'container.config-invalid',
          `error gathering device information while adding custom device "${onHost}": no such file or directory`,
          { cause },
        );
      });
      if (info.isDirectory()) return devicesBelow(onHost, inContainer, access);
      const device = deviceOf(info, inContainer, access);
      if (!device) {
        throw new WharfError(
          'container.config-invalid',
          `error gathering device information while adding custom device "${onHost}": not a device node`,
        );
      }
      return [device];
    }),
  );
  return found.flat();
}

/** All of the host's, for a privileged container. */
export function allHostDevices(): Promise<readonly ContainerDevice[]> {
  return devicesBelow('/dev', '/dev', 'rwm');
}

async function devicesBelow(folder: string, inContainer: string, access: string): Promise<readonly ContainerDevice[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      if (ownInContainer.has(entry.name)) return [];
      const path = join(folder, entry.name);
      const target = join(inContainer, entry.name);
      if (entry.isDirectory()) return devicesBelow(path, target, access);
      if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];
      const info = await stat(path).catch(() => undefined);
      const device = info && deviceOf(info, target, access);
      return device ? [device] : [];
    }),
  );
  return found.flat();
}

type Info = Awaited<ReturnType<typeof stat>>;

function deviceOf(info: Info, path: string, access: string): ContainerDevice | undefined {
  const isCharacter = info.isCharacterDevice();
  if (!isCharacter && !info.isBlockDevice()) return undefined;
  const { major, minor } = deviceNumbers(Number(info.rdev));
  return {
    path,
    type: isCharacter ? 'c' : 'b',
    major,
    minor,
    fileMode: Number(info.mode) & 0o777,
    uid: Number(info.uid),
    gid: Number(info.gid),
    access,
  };
}

/** The kernel's layout of a device number in user space (include/linux/kdev_t.h, new_encode_dev). */
function deviceNumbers(rdev: number): { readonly major: number; readonly minor: number } {
  const low = rdev % 2 ** 32;
  const major = ((low >>> 8) & 0xfff) | (Math.floor(rdev / 2 ** 44) << 12);
  const minor = (low & 0xff) | ((low >>> 12) & 0xfff00);
  return { major, minor };
}

/** Limits of --device-read-bps and the like. */
export async function throttledDevices(
  devices: readonly ThrottleDevice[] | null | undefined,
): Promise<readonly ThrottledDevice[]> {
  return Promise.all(
    (devices ?? []).map(async ({ Path = '', Rate: rate = 0 }) => ({ ...(await numbersOf(Path)), rate })),
  );
}

/** Shares of --blkio-weight-device. */
export async function weightedDevices(
  devices: readonly WeightDevice[] | null | undefined,
): Promise<readonly WeightedDevice[]> {
  return Promise.all(
    (devices ?? []).map(async ({ Path = '', Weight: weight = 0 }) => ({ ...(await numbersOf(Path)), weight })),
  );
}

async function numbersOf(path: string): Promise<{ readonly major: number; readonly minor: number }> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new WharfError('container.config-invalid', `stat ${path}: no such file or directory`, { cause });
  });
  return deviceNumbers(info.rdev);
}
