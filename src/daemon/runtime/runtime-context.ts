/** What every operation of the runtime layer works with. */
import { raise, WharfError } from '../../contract/errors.ts';
import { type CgroupPaths, cgroupPathsOf } from '../linux/cgroup.ts';
import { isProcessAlive, type ProcessIdentity } from '../linux/process.ts';
import { type ContainerRecord, type RuntimeFolders, readRecord } from './bundle.ts';
import type { ExitMonitor } from './exit-monitor.ts';
import type { RuntimeChoice } from './named-runtimes.ts';
import type { FoundRuntime, RuntimeProbe } from './runtime-probe.ts';
import type { SeccompCache } from './seccomp-cache.ts';

export interface RuntimeContext {
  readonly folders: RuntimeFolders;
  readonly probe: RuntimeProbe;
  readonly choice: RuntimeChoice;
  readonly exits: ExitMonitor;
  readonly seccompFilters: SeccompCache;
  /** Parent of every container's control group, such as /wharf. */
  readonly cgroupParent: string;
  /** How long an OCI runtime may take to make a container. */
  readonly createLimitMs: number;
  readonly log: (message: string) => void;
}

/** The runtime a container was made with: after a restart the daemon may prefer another one. */
export function runtimeNamed(context: RuntimeContext, name: string): FoundRuntime {
  const runtime = context.choice.byName(name);
  if (runtime.name === name) return runtime;
  throw new WharfError('runtime.missing', `use ${name}, which made this container: it is not available any more`);
}

export function stateRootOf(context: RuntimeContext, name: string): string {
  return `${context.folders.runtimeState}/${name}`;
}

/** A container whose process exists: created, running or paused. */
export interface LiveContainer {
  readonly record: ContainerRecord;
  readonly process: ProcessIdentity;
  readonly cgroups: CgroupPaths;
}

export function findLive(context: RuntimeContext, id: string): LiveContainer | undefined {
  const record = readRecord(context.folders, id);
  if (record?.process === undefined || !isProcessAlive(record.process)) return undefined;
  const cgroups = record.cgroups ?? cgroupPathsOf(record.process.pid, context.probe.cgroupMode);
  return cgroups === undefined ? undefined : { record, process: record.process, cgroups };
}

/** @throws WharfError 'container.not-running' */
export function requireLive(context: RuntimeContext, id: string): LiveContainer {
  return findLive(context, id) ?? raise(new WharfError('container.not-running', `container ${id} is not running`));
}
