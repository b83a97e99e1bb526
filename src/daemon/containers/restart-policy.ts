import type { RestartMemory, RunEnd } from './container-state.ts';

/** Docker's restart back-off: 100 ms, doubled each time, at most a minute; a run of ten seconds starts it afresh. */
const firstDelayMs = 100;
const maxDelayMs = 60_000;
const healthyRunMs = 10_000;

export interface RestartPolicy {
  readonly Name?: string;
  readonly MaximumRetryCount?: number;
}

/** Whether a container that ended by itself runs again, and after which delay. Pure. */
export function decideRestart(
  policy: RestartPolicy | undefined,
  run: { readonly startedAtMs: number; readonly end: RunEnd; readonly restart: RestartMemory },
): RestartMemory | undefined {
  if (!wantsRestart(policy, run.end.exitCode, run.restart.count)) return undefined;
  const ranForMs = run.end.finishedAtMs - run.startedAtMs;
  const previousMs = ranForMs >= healthyRunMs ? 0 : run.restart.delayMs;
  const delayMs = previousMs === 0 ? firstDelayMs : Math.min(previousMs * 2, maxDelayMs);
  return { count: run.restart.count + 1, delayMs };
}

function wantsRestart(policy: RestartPolicy | undefined, exitCode: number, restarts: number): boolean {
  switch (policy?.Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure': {
      const max = policy.MaximumRetryCount ?? 0;
      return exitCode !== 0 && (max === 0 || restarts < max);
    }
    default:
      return false;
  }
}

/** Whether the daemon starts it when the daemon itself starts. `byUser`: the user had stopped it. */
export function startsWithDaemon(policy: RestartPolicy | undefined, byUser: boolean): boolean {
  return policy?.Name === 'always' || (policy?.Name === 'unless-stopped' && !byUser);
}
