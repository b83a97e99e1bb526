import type { HostConfig } from '../../contract/engine-types.ts';
import type { ResourceLimits } from '../runtime/spec-resources.ts';
import { throttledDevices, weightedDevices } from './host-devices.ts';

/** The limits of a HostConfig as the runtime takes them. Zero and null mean none. */
export async function resourceLimits(hostConfig: HostConfig): Promise<ResourceLimits> {
  const [weights, readBps, writeBps, readIops, writeIops] = await Promise.all([
    weightedDevices(hostConfig.BlkioWeightDevice),
    throttledDevices(hostConfig.BlkioDeviceReadBps),
    throttledDevices(hostConfig.BlkioDeviceWriteBps),
    throttledDevices(hostConfig.BlkioDeviceReadIOps),
    throttledDevices(hostConfig.BlkioDeviceWriteIOps),
  ]);
  return {
    memoryBytes: hostConfig.Memory || undefined,
    memoryReservationBytes: hostConfig.MemoryReservation || undefined,
    memorySwapBytes: hostConfig.MemorySwap || undefined,
    memorySwappiness: hostConfig.MemorySwappiness ?? undefined,
    kernelTcpMemoryBytes: hostConfig.KernelMemoryTCP || undefined,
    oomKillDisable: hostConfig.OomKillDisable ?? undefined,
    cpuShares: hostConfig.CpuShares || undefined,
    cpuQuotaMicros: hostConfig.CpuQuota || undefined,
    cpuPeriodMicros: hostConfig.CpuPeriod || undefined,
    nanoCpus: hostConfig.NanoCpus || undefined,
    cpusetCpus: hostConfig.CpusetCpus || undefined,
    cpusetMems: hostConfig.CpusetMems || undefined,
    cpuRealtimePeriodMicros: hostConfig.CpuRealtimePeriod || undefined,
    cpuRealtimeRuntimeMicros: hostConfig.CpuRealtimeRuntime || undefined,
    pidsLimit: hostConfig.PidsLimit ?? undefined,
    blkioWeight: hostConfig.BlkioWeight || undefined,
    blkioWeightDevices: weights,
    blkioReadBps: readBps,
    blkioWriteBps: writeBps,
    blkioReadIops: readIops,
    blkioWriteIops: writeIops,
  };
}
