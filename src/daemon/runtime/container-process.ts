/**
 * A container's first process from `create` to `remove`.
 *
 * What may be trusted when:
 *   record without `process`   create did not finish; remove() clears it
 *   process alive              created, running or paused; its PID and start time name it for certain
 *   exit file                  it ended; the exit code is final and the log complete
 *   neither alive nor an exit  conmon is about to write it, or conmon was killed: then we write it (137)
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { WharfError } from '../../contract/errors.ts';
import { type CgroupPaths, cgroupPathsOf } from '../linux/cgroup.ts';
import { processEnded, signalProcess, watchProcessEnd } from '../linux/pidfd.ts';
import { identifyProcess, isProcessAlive } from '../linux/process.ts';
import { bundlePath, type ContainerRecord, exitPath, readRecord, writeRecord } from './bundle.ts';
import { cgroupPids, isFrozen, setFrozen, wasOomKilled } from './cgroup-control.ts';
import { cgroupsNamed, ownCgroups, removeCgroups } from './cgroup-removal.ts';
import { readPidFile, startConmon } from './conmon.ts';
import { isCrun } from './named-runtimes.ts';
import type { CreateOptions, ExitStatus, RuntimeStatus } from './runtime.ts';
import { runRuntime } from './runtime-command.ts';
import { findLive, type RuntimeContext, requireLive, runtimeNamed, stateRootOf } from './runtime-context.ts';
import { runtimeFailure, runtimeMessage } from './runtime-failure.ts';
import { releaseFromFifo } from './start-fifo.ts';

const SIGKILL = 9;
/** How long a process may take to go after SIGKILL before it is called stuck. */
const killLimitMs = 10_000;
/** conmon writes the exit file a moment before or after its own end is seen. */
const exitFileGraceMs = 200;

export async function createContainer(
  context: RuntimeContext,
  id: string,
  options: CreateOptions,
): Promise<{ readonly pid: number; readonly conmonPid: number }> {
  const { folders, probe } = context;
  const bundle = bundlePath(folders, id);
  if (existsSync(bundle))
    throw new WharfError('container.busy', `create container ${id}: its last run was not removed`);
  const runtime = context.choice.forMounts(context.choice.byName(options.runtimeName), options.spec.mounts);
  const record: ContainerRecord = {
    runtime: runtime.name,
    terminal: options.spec.process.terminal,
    openStdin: options.openStdin,
    stdinOnce: options.stdinOnce,
    logPath: options.logPath,
  };
  try {
    mkdirSync(bundle, { mode: 0o700 });
    rmSync(exitPath(folders, id), { force: true });
    writeRecord(folders, id, record);
    const crun = isCrun(runtime);
    const spec = crun ? context.seccompFilters.apply(options.spec) : options.spec;
    writeFileSync(`${bundle}/config.json`, JSON.stringify(spec));
    const stateRoot = stateRootOf(context, runtime.name);
    const report = await startConmon({
      conmonPath: probe.conmonPath,
      runtime,
      stateRoot,
      id,
      bundle,
      exitFolder: folders.exits,
      temporaryFolder: folders.temporary,
      logPath: options.logPath,
      logMaxBytes: options.logMaxBytes,
      limitMs: context.createLimitMs,
      terminal: record.terminal,
      openStdin: options.openStdin,
      stdinOnce: options.stdinOnce,
    });
    if (report.kind === 'failed') {
      const message = runtimeMessage(readOrEmpty(`${bundle}/create.log`), report.message);
      throw runtimeFailure('create', message, options.spec.process.args[0] ?? '');
    }
    if (crun) context.seccompFilters.learn(options.spec, `${stateRoot}/${id}`);
    const created = noteProcesses(context, id, record, report.pid);
    if (options.signal.aborted) throw new WharfError('request.cancelled', `create container ${id}: cancelled`);
    return created;
  } catch (error) {
    await removeContainer(context, id);
    throw error;
  }
}

function noteProcesses(context: RuntimeContext, id: string, record: ContainerRecord, pid: number) {
  const conmonPid = readPidFile(`${bundlePath(context.folders, id)}/conmon.pid`);
  const conmon = conmonPid === undefined ? undefined : identifyProcess(conmonPid);
  const process = identifyProcess(pid);
  if (conmonPid === undefined || conmon === undefined || process === undefined) {
    throw new WharfError('runtime.failed', `create container ${id}: its process ended before it was started`);
  }
  const cgroups = cgroupPathsOf(pid, context.probe.cgroupMode);
  writeRecord(context.folders, id, { ...record, process, conmon, cgroups });
  return { pid, conmonPid };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The runtime's own command speaks only where there is no FIFO to let the process go by, as when it was started before. */
export async function startContainer(context: RuntimeContext, id: string, signal: AbortSignal): Promise<void> {
  const { record, process } = requireLive(context, id);
  const stateRoot = stateRootOf(context, record.runtime);
  const byCrun = isCrun(runtimeNamed(context, record.runtime));
  const held = { byCrun, process, fifo: `${stateRoot}/${id}/exec.fifo` };
  if (await releaseFromFifo(held, signal)) return;
  const log = `${bundlePath(context.folders, id)}/start.log`;
  const args = ['--log', log, '--log-format', 'json', 'start', id];
  const result = await runRuntime(runtimeNamed(context, record.runtime), stateRoot, args, { signal });
  if (result.exitCode !== 0) {
    throw runtimeFailure('create', runtimeMessage(readOrEmpty(log), result.stderr), '');
  }
}

/** Signals the first process, or with `all` every process of the container. A container that just ended is no error. */
export async function killContainer(context: RuntimeContext, id: string, signal: number, all: boolean): Promise<void> {
  const { process, cgroups } = requireLive(context, id);
  signalProcess(process, signal);
  if (all) {
    for (const pid of cgroupPids(cgroups)) {
      const identity = identifyProcess(pid);
      if (identity !== undefined && pid !== process.pid) signalProcess(identity, signal);
    }
  }
  // A frozen process takes no signal, SIGKILL included (on v1), until it thaws.
  if (signal === SIGKILL && isFrozen(cgroups)) await setFrozen(cgroups, false);
}

export function containerStatus(context: RuntimeContext, id: string): RuntimeStatus {
  const record = readRecord(context.folders, id);
  if (record === undefined) return context.exits.recorded(id) === undefined ? 'unknown' : 'stopped';
  if (context.exits.recorded(id) !== undefined) return 'stopped';
  if (record.process === undefined) return 'unknown';
  if (!isProcessAlive(record.process)) return 'stopped';
  if (record.cgroups !== undefined && isFrozen(record.cgroups)) return 'paused';
  // Both runtimes hold the process at a FIFO of this name until `start` opens it (runc libcontainer, libcrun).
  return existsSync(`${stateRootOf(context, record.runtime)}/${id}/exec.fifo`) ? 'created' : 'running';
}

/** @throws only what the signal aborts with: WharfError 'request.cancelled' */
export function waitForExit(context: RuntimeContext, id: string, signal: AbortSignal): Promise<ExitStatus> {
  const already = exitStatus(context, id);
  if (already !== undefined) return Promise.resolve(already);
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    const look = () => {
      const status = exitStatus(context, id);
      if (status !== undefined) finish(() => resolve(status));
    };
    const supervisorEnded = () => {
      look();
      grace = setTimeout(() => void recordLostExit(context, id).then(look), exitFileGraceMs);
    };
    const stopListening = context.exits.onChange(id, look);
    const conmon = readRecord(context.folders, id)?.conmon;
    const stopWatching = conmon === undefined ? () => undefined : watchProcessEnd(conmon, supervisorEnded);
    const abort = () =>
      finish(() => reject(new WharfError('request.cancelled', `wait for container ${id}: cancelled`)));
    const finish = (settle: () => void) => {
      stopListening();
      stopWatching();
      clearTimeout(grace);
      signal.removeEventListener('abort', abort);
      settle();
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else look();
  });
}

function exitStatus(context: RuntimeContext, id: string): ExitStatus | undefined {
  const recorded = context.exits.recorded(id);
  if (recorded === undefined) return undefined;
  const cgroups = readRecord(context.folders, id)?.cgroups;
  const oomKilled =
    existsSync(`${bundlePath(context.folders, id)}/oom`) || (cgroups !== undefined && wasOomKilled(cgroups));
  return { ...recorded, oomKilled };
}

/**
 * conmon is gone without an exit file: somebody killed it. Nobody collects the container's output or exit code any more,
 * so the container is ended, and its exit is written as that of a killed one.
 */
async function recordLostExit(context: RuntimeContext, id: string): Promise<void> {
  if (context.exits.recorded(id) !== undefined) return;
  const record = readRecord(context.folders, id);
  if (record === undefined) return;
  context.log(`container ${id}: its supervisor was killed; ending it`);
  if (record.process !== undefined) await endProcesses(record, record.cgroups ?? {});
  const path = exitPath(context.folders, id);
  await writeFile(`${path}.lost`, String(128 + SIGKILL));
  await rename(`${path}.lost`, path);
}

async function endProcesses(record: ContainerRecord, cgroups: CgroupPaths): Promise<void> {
  const { process } = record;
  if (process === undefined) return;
  signalProcess(process, SIGKILL);
  if (isFrozen(cgroups)) await setFrozen(cgroups, false);
  await processEnded(process, killLimitMs);
  // With the host's PID namespace the others do not die with the first one.
  for (const pid of cgroupPids(cgroups)) {
    const identity = identifyProcess(pid);
    if (identity === undefined) continue;
    signalProcess(identity, SIGKILL);
    await processEnded(identity, killLimitMs);
  }
}

export async function removeContainer(context: RuntimeContext, id: string): Promise<void> {
  const { folders } = context;
  const bundle = bundlePath(folders, id);
  const record = readRecord(folders, id);
  if (record !== undefined) {
    const live = findLive(context, id);
    await endProcesses(record, live?.cgroups ?? record.cgroups ?? {});
    await endSupervisor(bundle, record);
    await deleteRuntimeState(context, id, record);
  } else {
    await endUnknown(cgroupsNamed(context.cgroupParent, id));
  }
  // A dozen small files in memory: at once, for a thread would be asked for each.
  rmSync(bundle, { recursive: true, force: true });
  rmSync(exitPath(folders, id), { force: true });
}

/**
 * The exec root was emptied below a container that ran, or with the machine. What is left of it must go before another
 * run of it writes to the same root.
 */
async function endUnknown(groups: readonly string[]): Promise<void> {
  for (const pid of groups.flatMap((folder) => cgroupPids({ pids: folder }))) {
    const identity = identifyProcess(pid);
    if (identity === undefined) continue;
    signalProcess(identity, SIGKILL);
    await processEnded(identity, killLimitMs);
  }
  await removeCgroups(groups);
}

/** conmon ends by itself after its container; one that never got that far is killed. */
async function endSupervisor(bundle: string, record: ContainerRecord): Promise<void> {
  const pid = readPidFile(`${bundle}/conmon.pid`);
  const candidate = record.conmon ?? (pid === undefined ? undefined : identifyProcess(pid));
  if (candidate === undefined || (await processEnded(candidate, record.process === undefined ? 0 : 2000))) return;
  signalProcess(candidate, SIGKILL);
  await processEnded(candidate, killLimitMs);
}

/**
 * What `delete` of either runtime does once the processes are gone: the control groups and the state folder, both ours
 * (--root). The command itself runs only when a group would not go.
 */
async function deleteRuntimeState(context: RuntimeContext, id: string, record: ContainerRecord): Promise<void> {
  const stateFolder = `${stateRootOf(context, record.runtime)}/${id}`;
  const gone = record.cgroups !== undefined && (await removeCgroups(ownCgroups(record.cgroups, id)));
  if (!gone && existsSync(stateFolder)) {
    const runtime = runtimeNamed(context, record.runtime);
    const result = await runRuntime(runtime, stateRootOf(context, record.runtime), ['delete', '--force', id]);
    if (result.exitCode !== 0) context.log(`container ${id}: ${record.runtime} delete: ${result.stderr.trim()}`);
  }
  rmSync(stateFolder, { recursive: true, force: true });
}
