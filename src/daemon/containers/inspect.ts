import { join } from 'node:path';
import type { ContainerState as ApiState, ContainerInspect, Health, HostConfig } from '../../contract/engine-types.ts';
import { dockerDriverName } from '../snapshots/driver-name.ts';
import { type ContainerContext, type ContainerHandle, endOf } from './container-context.ts';
import { shownLinks } from './container-links.ts';
import { containerDir } from './container-record.ts';
import { plainSettings, withDefaultUlimits } from './container-settings.ts';
import { type ContainerState, isLive } from './container-state.ts';
import { healthDocument, readHealth } from './health-record.ts';
import { shownLogPath } from './log-keeping.ts';
import { mountPoints } from './mount-points.ts';
import { idleEndpointsOf, networkSettings } from './network-view.ts';
import { hostnameOf } from './sandbox-request.ts';
import { containerSizes } from './sizes.ts';
import { apiStatus } from './state-text.ts';
import { timeText } from './time-text.ts';
import { mountpointsOf } from './volume-mounts.ts';

/** GET /containers/{id}/json. */
export async function inspectContainer(
  context: ContainerContext,
  ref: string,
  options: { readonly size: boolean; readonly signal: AbortSignal },
): Promise<ContainerInspect> {
  const handle = context.find(ref);
  const { record, state, id } = handle;
  const filesDir = containerDir(context.dataRoot, id);
  const mountpoint = await mountpointsOf(context, record);
  const running = [...handle.execs.values()].filter((exec) => exec.state.kind === 'running');
  return {
    Id: id,
    Created: timeText(record.createdAtMs),
    Path: record.args[0] ?? '',
    Args: record.args.slice(1),
    State: stateDocument(handle, handle.health?.document() ?? (await storedHealth(context, handle))),
    Image: record.imageId,
    ResolvConfPath: join(filesDir, 'resolv.conf'),
    HostnamePath: join(filesDir, 'hostname'),
    HostsPath: join(filesDir, 'hosts'),
    LogPath: shownLogPath(context, handle),
    Name: `/${record.name}`,
    RestartCount: restartCount(state),
    Driver: dockerDriverName(context.snapshots),
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: running.length > 0 ? running.map((exec) => exec.id) : null,
    HostConfig: shownHostConfig(context, handle),
    GraphDriver: {
      Name: dockerDriverName(context.snapshots),
      Data: context.snapshots.driverData(id),
    },
    ...(options.size ? await containerSizes(context, handle, options) : {}),
    Mounts: mountPoints(record.mounts, mountpoint),
    Config: { ...record.config, Hostname: hostnameOf(record), Domainname: record.config.Domainname ?? '' },
    NetworkSettings: networkSettings(
      record,
      isLive(state) ? context.networks.sandbox(id) : undefined,
      idleEndpointsOf(context, handle),
    ),
  };
}

/** With the daemon's ulimits, as dockerd, and with links by the names of now. */
function shownHostConfig(context: ContainerContext, handle: ContainerHandle): HostConfig {
  const { hostConfig } = handle.record;
  const Ulimits = withDefaultUlimits(hostConfig, context.defaults.settings?.() ?? plainSettings);
  return { ...hostConfig, Ulimits, ...(hostConfig.Links ? { Links: shownLinks(context, handle) } : {}) };
}

/** Of a container that has not run since the daemon started. */
async function storedHealth(context: ContainerContext, { id, record }: ContainerHandle): Promise<Health | undefined> {
  if (!record.config.Healthcheck) return undefined;
  const stored = await readHealth(context.dataRoot, id);
  return stored && healthDocument(stored);
}

function stateDocument(handle: ContainerHandle, health: Health | undefined): ApiState {
  const { state } = handle;
  const end = endOf(state);
  const status = apiStatus(state);
  return {
    Status: status,
    // As dockerd: one that waits for its restart counts as running.
    Running: isLive(state) || status === 'restarting',
    Paused: state.kind === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: end?.oomKilled ?? false,
    Dead: state.kind === 'dead',
    Pid: isLive(state) ? state.pid : 0,
    ExitCode: end?.exitCode ?? 0,
    Error: state.kind === 'dead' ? state.message : (end?.message ?? ''),
    StartedAt: timeText(startedAt(state)),
    FinishedAt: timeText(finishedAt(state)),
    ...(health ? { Health: health } : {}),
  };
}

function startedAt(state: ContainerState): number | undefined {
  switch (state.kind) {
    case 'created':
      return undefined;
    case 'starting':
      return state.from?.startedAtMs;
    case 'removing':
    case 'dead':
      return state.last?.startedAtMs;
    case 'running':
    case 'paused':
    case 'stopping':
    case 'restarting':
    case 'exited':
      return state.startedAtMs;
  }
}

function finishedAt(state: ContainerState): number | undefined {
  switch (state.kind) {
    // Never having run, it has not finished either, whatever kept it from starting.
    case 'created':
      return undefined;
    case 'starting':
      return state.from?.end.finishedAtMs;
    case 'running':
    case 'paused':
    case 'stopping':
      return state.previousFinishedAtMs;
    case 'restarting':
    case 'exited':
    case 'removing':
    case 'dead':
      return endOf(state)?.finishedAtMs;
  }
}

function restartCount(state: ContainerState): number {
  switch (state.kind) {
    case 'created':
      return 0;
    case 'removing':
    case 'dead':
      return state.last?.restart.count ?? 0;
    case 'starting':
    case 'running':
    case 'paused':
    case 'stopping':
    case 'restarting':
    case 'exited':
      return state.restart.count;
  }
}
