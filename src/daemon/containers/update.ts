import { cpus, totalmem } from 'node:os';
import type { HostConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { limitsToResources } from '../runtime/spec-resources.ts';
import type { ContainerContext } from './container-context.ts';
import type { ContainerUpdate } from './container-service.ts';
import { isLive } from './container-state.ts';
import { resourceLimits } from './resource-limits.ts';
import { validateCpu, validateMemory, validateRestartPolicy } from './validate-config.ts';

/** The fields of HostConfig that may change after the create (Engine API, ContainerUpdate). */
const updatable = [
  'CpuShares',
  'Memory',
  'NanoCpus',
  'BlkioWeight',
  'CpuPeriod',
  'CpuQuota',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'CpusetCpus',
  'CpusetMems',
  'MemoryReservation',
  'MemorySwap',
  'PidsLimit',
] as const satisfies readonly (keyof HostConfig)[];

/** POST /containers/{id}/update: limits, at once when it runs, and the restart policy. */
export async function updateContainer(
  context: ContainerContext,
  ref: string,
  update: ContainerUpdate,
): Promise<{ readonly Warnings: readonly string[] }> {
  const handle = context.find(ref);
  return handle.queue.run(async () => {
    const { record, state, id } = handle;
    const hostConfig = mergeUpdate(record.hostConfig, update);
    validateMemory(hostConfig);
    validateCpu(hostConfig, { cpus: cpus().length, memoryBytes: totalmem(), runtimes: [] });
    validateRestartPolicy(hostConfig.RestartPolicy ?? {});
    const restarts = hostConfig.RestartPolicy?.Name ?? 'no';
    if (hostConfig.AutoRemove && restarts !== 'no' && restarts !== '') {
      throw new WharfError(
        'container.config-invalid',
        'Restart policy cannot be updated because AutoRemove is enabled for the container',
      );
    }
    if (isLive(state)) {
      const resources = limitsToResources(await resourceLimits(hostConfig), context.machine);
      if (Object.keys(resources).length > 0) await context.runtime.update(id, resources);
    }
    context.store.setRecord({ ...record, hostConfig });
    context.announce(handle, 'update');
    return { Warnings: [] };
  });
}

function mergeUpdate(current: HostConfig, update: ContainerUpdate): HostConfig {
  const changes = updatable.flatMap((name) => {
    const value = update[name];
    // Zero and '' mean 'leave it', as in Docker.
    return value === undefined || value === null || value === 0 || value === '' ? [] : [[name, value] as const];
  });
  const merged: HostConfig = { ...current, ...Object.fromEntries(changes) };
  const memoryChanged = changes.some(([name]) => name === 'Memory') && !changes.some(([name]) => name === 'MemorySwap');
  const swap = current.MemorySwap ?? 0;
  if (memoryChanged && swap > 0 && swap < (merged.Memory ?? 0)) {
    throw new WharfError(
      'container.config-invalid',
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  return update.RestartPolicy?.Name ? { ...merged, RestartPolicy: update.RestartPolicy } : merged;
}
