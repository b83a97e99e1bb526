/**
 * `<exec-root>/rootless.json`: which processes hold up this user's engine between two starts of it. Written before they are
 * relied on, gone when they are.
 */
import { readFileSync, rmSync } from 'node:fs';
import { isProcessAlive, type ProcessIdentity } from '../linux/process.ts';
import { writeFileAtomicSync } from '../system/write-file-atomic.ts';

export interface RootlessState {
  /** Keeps the namespaces. */
  readonly holder: ProcessIdentity;
  /** Carries the namespace's traffic; undefined with `--rootless-network none`. */
  readonly network: RunningNetwork | undefined;
  /** Why there are no control groups; '' when one was delegated. As it was when the namespaces were made. */
  readonly cgroupReason: string;
  /** The engine's own process of the last start. */
  readonly engine: ProcessIdentity | undefined;
}

export interface RunningNetwork {
  readonly driver: 'pasta' | 'slirp4netns';
  readonly process: ProcessIdentity;
  /** First three numbers of the namespace's own subnet: '10.0.2'. */
  readonly subnet: string;
}

export function statePath(execRoot: string): string {
  return `${execRoot}/rootless.json`;
}

/** Undefined when there is none, or none that can be read: then nothing is relied on. */
export function readState(execRoot: string): RootlessState | undefined {
  try {
    return parseState(JSON.parse(readFileSync(statePath(execRoot), 'utf8')));
  } catch {
    return undefined;
  }
}

export function writeState(execRoot: string, state: RootlessState): void {
  writeFileAtomicSync(statePath(execRoot), `${JSON.stringify(state)}\n`, 0o600);
}

export function removeState(execRoot: string): void {
  rmSync(statePath(execRoot), { force: true });
}

export function parseState(value: unknown): RootlessState | undefined {
  const state = fieldsOf(value);
  const holder = parseIdentity(state.holder);
  if (holder === undefined) return undefined;
  const { driver, subnet, ...network } = fieldsOf(state.network);
  const carrier = parseIdentity(network.process);
  const known = (driver === 'pasta' || driver === 'slirp4netns') && typeof subnet === 'string';
  return {
    holder,
    cgroupReason: typeof state.cgroupReason === 'string' ? state.cgroupReason : 'it is not on record',
    network: known && carrier !== undefined ? { driver, subnet, process: carrier } : undefined,
    engine: parseIdentity(state.engine),
  };
}

function parseIdentity(value: unknown): ProcessIdentity | undefined {
  const { pid, startTimeTicks } = fieldsOf(value);
  return typeof pid === 'number' && typeof startTimeTicks === 'number' ? { pid, startTimeTicks } : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** SIGTERM, then SIGKILL when it takes no notice. Resolves when the process is gone. */
export async function endProcess(identity: ProcessIdentity | undefined, patienceMs = 2000): Promise<void> {
  if (identity === undefined) return;
  for (const [signal, waitMs] of [
    ['SIGTERM', patienceMs],
    ['SIGKILL', 2000],
  ] as const) {
    if (!isProcessAlive(identity)) return;
    try {
      process.kill(identity.pid, signal);
    } catch {
      // It ended in this very moment.
    }
    const deadline = Date.now() + waitMs;
    while (isProcessAlive(identity) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
