/**
 * Processes by identity. A PID alone may be reused; a PID with its start time names one process for as long as the
 * machine is up, so it can be written to disk and looked up again after a restart of the daemon.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks since boot. */
  readonly startTimeTicks: number;
}

export interface ProcessStat extends ProcessIdentity {
  readonly command: string;
  /** R, S, D, Z, T... as proc(5) has them. */
  readonly state: string;
  readonly parentPid: number;
}

/** Reads /proc/<pid>/stat; undefined when there is no such process. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command is in parentheses and may hold spaces and parentheses itself: what follows starts after the last one.
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  return {
    pid,
    command: text.slice(text.indexOf('(') + 1, close),
    state: fields[0] ?? '?',
    parentPid: Number(fields[1]),
    startTimeTicks: Number(fields[19]),
  };
}

export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readProcessStat(pid);
  return stat === undefined ? undefined : { pid, startTimeTicks: stat.startTimeTicks };
}

/** True while this very process runs; a zombie counts as gone. */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  const stat = readProcessStat(identity.pid);
  return (
    stat !== undefined && stat.startTimeTicks === identity.startTimeTicks && stat.state !== 'Z' && stat.state !== 'X'
  );
}

/** Direct children of a process, over all its threads. */
export function childrenOf(pid: number): readonly number[] {
  const children: number[] = [];
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return children;
  }
  for (const thread of threads) {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
      if (text !== '') children.push(...text.split(' ').map(Number));
    } catch {
      // The thread ended between the two reads; its children were handed to another one.
    }
  }
  return children;
}

/** Who lives in the process namespace of `pid`, itself included; empty when it is gone or that is our own namespace. */
export function processesBeside(pid: number): readonly number[] {
  const namespace = pidNamespaceOf(pid);
  if (namespace === undefined || namespace === pidNamespaceOf(process.pid)) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => pidNamespaceOf(other) === namespace);
}

function pidNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
