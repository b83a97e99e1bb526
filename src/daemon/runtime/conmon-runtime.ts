/** The runtime that stands: conmon over crun or runc. */
import { writeFile } from 'node:fs/promises';
import { WharfError } from '../../contract/errors.ts';
import { processesBeside } from '../linux/process.ts';
import type { TerminalSize } from '../linux/terminal.ts';
import { attachContainer } from './attach.ts';
import { bundlePath, listKnown, makeRuntimeFolders } from './bundle.ts';
import { cgroupPids, liftEndlessLimits, setFrozen } from './cgroup-control.ts';
import { removeEmptyParent } from './cgroup-removal.ts';
import { readCgroupStats } from './cgroup-stats.ts';
import { askConmon } from './conmon.ts';
import {
  containerStatus,
  createContainer,
  killContainer,
  removeContainer,
  startContainer,
  waitForExit,
} from './container-process.ts';
import { execInContainer } from './exec.ts';
import { ExitMonitor } from './exit-monitor.ts';
import { createRuntimeChoice, type NamedRuntime } from './named-runtimes.ts';
import type { Runtime } from './runtime.ts';
import { runRuntime } from './runtime-command.ts';
import { findLive, type RuntimeContext, requireLive, runtimeNamed, stateRootOf } from './runtime-context.ts';
import { probeRuntime, type RuntimeName } from './runtime-probe.ts';
import { SeccompCache } from './seccomp-cache.ts';
import { endTerminalExecs } from './terminal-execs.ts';

export interface RuntimeOptions {
  /** Volatile state, /run/wharf by default. Bundles, exits and sockets live below it. */
  readonly execRoot: string;
  /** Parent of every container's control group, such as /wharf. */
  readonly cgroupParent: string;
  /** Taken when it works here; else the other one. */
  readonly runtimePreference?: RuntimeName;
  /** By name, beside crun and runc; asked at each use. */
  readonly namedRuntimes?: () => Readonly<Record<string, NamedRuntime>>;
  /** How long the OCI runtime may take to make a container; two minutes unless told. */
  readonly createLimitMs?: number;
  readonly log?: (message: string) => void;
}

const defaultCreateLimitMs = 120_000;

/**
 * Finds a runtime that works and answers the layer over it. Looks at nothing of earlier runs: `list` and `status` tell.
 * @throws WharfError 'runtime.missing' when conmon or every runtime is missing
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime & Disposable> {
  const probe = probeRuntime(options.runtimePreference);
  const folders = makeRuntimeFolders(options.execRoot);
  const exits = new ExitMonitor(folders.exits);
  // Nobody waits for it: it looks at every process of the machine.
  setImmediate(() => endTerminalExecs(folders.temporary, 'orphans'));
  const seccompFilters = new SeccompCache();
  const { cgroupParent, createLimitMs = defaultCreateLimitMs, log = () => undefined } = options;
  const choice = createRuntimeChoice(probe, options.namedRuntimes ?? (() => ({})));
  const context: RuntimeContext = { folders, probe, choice, exits, seccompFilters, cgroupParent, createLimitMs, log };
  return {
    info: {
      name: probe.chosen.name,
      path: probe.chosen.path,
      version: probe.chosen.version,
      reason: probe.reason,
      cgroupVersion: probe.cgroupMode === 'v2' ? '2' : '1',
      found: probe.found,
    },
    create: (id, create) => createContainer(context, id, create),
    start: (id, { signal }) => startContainer(context, id, signal),
    kill: (id, signal, kill) => killContainer(context, id, signal, kill?.all ?? false),
    pause: (id) => setFrozen(requireLive(context, id).cgroups, true),
    resume: (id) => setFrozen(requireLive(context, id).cgroups, false),
    exec: (id, exec) => execInContainer(context, id, exec),
    attach: (id, attach) => attachContainer(context, id, attach),
    resize: (id, size) => resizeContainer(context, id, size),
    reopenLog: (id) => askConmon(bundlePath(folders, id), { kind: 'reopen-log' }),
    status: async (id) => containerStatus(context, id),
    waitExit: (id, { signal }) => waitForExit(context, id, signal),
    remove: (id) => removeContainer(context, id),
    list: async () => listKnown(folders),
    update: (id, resources) => updateContainer(context, id, resources),
    pids: async (id) => pidsOf(findLive(context, id)),
    stats: async (id) => readCgroupStats(requireLive(context, id).cgroups),
    [Symbol.dispose]: () => {
      exits[Symbol.dispose]();
      endTerminalExecs(folders.temporary, 'ours');
      removeEmptyParent(options.cgroupParent);
    },
  };
}

async function resizeContainer(context: RuntimeContext, id: string, size: TerminalSize): Promise<void> {
  const { record } = requireLive(context, id);
  if (!record.terminal) return;
  await askConmon(bundlePath(context.folders, id), { kind: 'resize', ...size });
}

async function updateContainer(
  context: RuntimeContext,
  id: string,
  resources: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { record, cgroups } = requireLive(context, id);
  const rest = liftEndlessLimits(cgroups, resources);
  if (Object.keys(rest).length === 0) return;
  // A file, not stdin: crun opens /dev/stdin again, which node's socket pairs do not allow.
  const path = `${bundlePath(context.folders, id)}/update.json`;
  await writeFile(path, JSON.stringify(rest));
  const args = ['update', '--resources', path, id];
  const result = await runRuntime(runtimeNamed(context, record.runtime), stateRootOf(context, record.runtime), args);
  if (result.exitCode !== 0) throw new WharfError('runtime.failed', `update container ${id}: ${result.stderr.trim()}`);
}

/** By the control group; where the engine has none, by the process namespace, which the host's own is not taken for. */
function pidsOf(live: ReturnType<typeof findLive>): readonly number[] {
  if (live === undefined) return [];
  if (Object.keys(live.cgroups).length > 0) return cgroupPids(live.cgroups);
  const { pid } = live.process;
  const beside = processesBeside(pid);
  return beside.length > 0 ? beside : [pid];
}
