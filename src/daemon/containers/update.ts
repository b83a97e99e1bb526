import type { HostConfig } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import { cpuSharesProblem, limitsToResources } from '../runtime/spec-resources.ts';
import { invalidConfig } from './config-refusal.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import type { ContainerUpdate } from './container-service.ts';
import { isLive } from './container-state.ts';
import { resourceLimits } from './resource-limits.ts';
import { reworded } from './reworded.ts';
import { validateRestartPolicy } from './validate-host-config.ts';
import { checkResources } from './validate-resources.ts';

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
): Promise<{ readonly Warnings: readonly string[] | null }> {
  validateRestartPolicy(update.RestartPolicy ?? {});
  const checked = checkResources(update, context.machine.resources, { update: true });
  const changes = wantedChanges(checked.hostConfig);
  const handle = context.find(ref);
  return handle.queue.run(async () => {
    try {
      await applyUpdate(context, handle, changes);
    } catch (cause) {
      throw reworded(`Cannot update container ${handle.id}: `, cause);
    }
    context.announce(handle, 'update');
    return { Warnings: checked.warnings.length > 0 ? checked.warnings : null };
  });
}

/** In the queue. What the kernel refuses is not stored either. */
async function applyUpdate(context: ContainerContext, handle: ContainerHandle, changes: HostConfig): Promise<void> {
  const { state, id } = handle;
  if (state.kind === 'removing' || state.kind === 'dead') {
    throw invalidConfig('container is marked for removal and cannot be "update"');
  }
  const { hostConfig } = handle.record;
  refuseConflicts(hostConfig, changes);
  if (isLive(state)) {
    const limits = await resourceLimits(changes);
    const problem = cpuSharesProblem(limits);
    if (problem !== undefined) {
      throw new WharfError('runtime.failed', `runc did not terminate successfully: exit status 1: ${problem}`);
    }
    const resources = limitsToResources(limits, context.machine);
    if (Object.keys(resources).length > 0) await context.runtime.update(id, resources);
  }
  // What took a limit away is shown as 0; one that was never set is null.
  const PidsLimit = changes.PidsLimit === undefined ? hostConfig.PidsLimit : Math.max(changes.PidsLimit ?? 0, 0);
  context.store.setRecord({ ...handle.record, hostConfig: { ...hostConfig, ...changes, PidsLimit } });
}

/** What the update speaks of: zero and '' mean 'leave it', as in Docker; a PidsLimit of 0 or less takes the limit away. */
function wantedChanges(update: HostConfig): HostConfig {
  const changes = updatable.flatMap((name) => {
    const value = update[name];
    if (name === 'PidsLimit' && typeof value === 'number') return [[name, value > 0 ? value : -1] as const];
    return value === undefined || value === null || value === 0 || value === '' ? [] : [[name, value] as const];
  });
  const { RestartPolicy } = update;
  const restart = RestartPolicy?.Name
    ? { RestartPolicy: { Name: RestartPolicy.Name, MaximumRetryCount: RestartPolicy.MaximumRetryCount ?? 0 } }
    : {};
  return { ...Object.fromEntries(changes), ...restart };
}

/** A limit of the whole processor and one by period and quota are the same to the kernel: the other can't follow. */
function refuseConflicts(current: HostConfig, changes: HostConfig): void {
  const has = (config: HostConfig, name: 'NanoCpus' | 'CpuPeriod' | 'CpuQuota') => (config[name] ?? 0) > 0;
  const pairs = [
    ['NanoCpus', 'CpuPeriod', 'Nano CPUs cannot be updated as CPU Period has already been set'],
    ['NanoCpus', 'CpuQuota', 'Nano CPUs cannot be updated as CPU Quota has already been set'],
    ['CpuPeriod', 'NanoCpus', 'CPU Period cannot be updated as NanoCPUs has already been set'],
    ['CpuQuota', 'NanoCpus', 'CPU Quota cannot be updated as NanoCPUs has already been set'],
  ] as const;
  for (const [wanted, set, message] of pairs) {
    if (has(changes, wanted) && has(current, set)) throw conflict(`Conflicting options: ${message}`);
  }
  if (changes.Memory && changes.Memory > (current.MemorySwap ?? 0) && changes.MemorySwap === undefined) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const restarts = changes.RestartPolicy?.Name ?? 'no';
  if (current.AutoRemove && restarts !== 'no') {
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
  }
}

function conflict(message: string): WharfError {
  return new WharfError('container.config-invalid', message, { status: 409 });
}
