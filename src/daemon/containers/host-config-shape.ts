/** A HostConfig with what Go's encoder writes for the fields a client left out of its lists' entries. */
import type { HostConfig } from '../../contract/engine-types.ts';

/** Pure. Empty maps that Docker leaves out of its answers are left out. */
export function withWholeEntries(given: HostConfig): HostConfig {
  const { Sysctls, StorageOpt, Annotations, Tmpfs, Mounts, KernelMemoryTCP, ...rest } = given;
  return {
    ...rest,
    ...(isEmpty(Sysctls) ? {} : { Sysctls }),
    ...(isEmpty(StorageOpt) ? {} : { StorageOpt }),
    ...(isEmpty(Annotations) ? {} : { Annotations }),
    ...(isEmpty(Tmpfs) ? {} : { Tmpfs }),
    ...(Mounts?.length ? { Mounts } : {}),
    ...(KernelMemoryTCP ? { KernelMemoryTCP } : {}),
    PortBindings: given.PortBindings ? wholeBindings(given.PortBindings) : null,
    Ulimits: given.Ulimits?.map((limit) => ({ Name: '', Hard: 0, Soft: 0, ...limit })) ?? null,
    Devices:
      given.Devices?.map((device) => ({
        PathOnHost: '',
        PathInContainer: '',
        CgroupPermissions: '',
        ...device,
      })) ?? null,
    DeviceRequests:
      given.DeviceRequests?.map((request) => ({
        Driver: '',
        Count: 0,
        ...request,
        DeviceIDs: request.DeviceIDs ?? null,
        Capabilities: request.Capabilities ?? null,
        Options: request.Options ?? null,
      })) ?? null,
    BlkioWeightDevice: given.BlkioWeightDevice?.map((device) => ({ Path: '', Weight: 0, ...device })) ?? null,
    BlkioDeviceReadBps: wholeThrottles(given.BlkioDeviceReadBps),
    BlkioDeviceWriteBps: wholeThrottles(given.BlkioDeviceWriteBps),
    BlkioDeviceReadIOps: wholeThrottles(given.BlkioDeviceReadIOps),
    BlkioDeviceWriteIOps: wholeThrottles(given.BlkioDeviceWriteIOps),
  };
}

function isEmpty(map: Readonly<Record<string, unknown>> | null | undefined): boolean {
  return Object.keys(map ?? {}).length === 0;
}

function wholeBindings(bindings: NonNullable<HostConfig['PortBindings']>): HostConfig['PortBindings'] {
  return Object.fromEntries(
    Object.entries(bindings).map(([port, list]) => [
      port,
      list?.map((binding) => ({ HostIp: '', HostPort: '', ...binding })) ?? null,
    ]),
  );
}

function wholeThrottles(devices: HostConfig['BlkioDeviceReadBps']): HostConfig['BlkioDeviceReadBps'] {
  return devices?.map((device) => ({ Path: '', Rate: 0, ...device })) ?? null;
}
