import type { ContainerState } from './container-state.ts';
import { spanText } from './time-text.ts';

export type ApiStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** The state as the API names it: what the container is to a user, without the daemon's own intents. */
export function apiStatus(state: ContainerState): ApiStatus {
  switch (state.kind) {
    case 'starting':
      if (!state.from) return 'created';
      return state.restart.count > 0 ? 'restarting' : 'exited';
    case 'stopping':
      return 'running';
    case 'created':
    case 'running':
    case 'paused':
    case 'restarting':
    case 'removing':
    case 'exited':
    case 'dead':
      return state.kind;
  }
}

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

/** The Status column of `docker ps`: 'Up 5 minutes (Paused)', 'Exited (0) 2 hours ago'. */
export function statusText(state: ContainerState, nowMs: number, health: HealthStatus | undefined): string {
  switch (state.kind) {
    case 'created':
      return 'Created';
    case 'starting':
      if (!state.from) return 'Created';
      return endedText(state.from.end, nowMs, state.restart.count > 0 ? 'Restarting' : 'Exited');
    case 'running':
    case 'stopping':
      return `Up ${spanText(nowMs - state.startedAtMs)}${healthText(health)}`;
    case 'paused':
      return `Up ${spanText(nowMs - state.startedAtMs)} (Paused)`;
    case 'restarting':
      return endedText(state.end, nowMs, 'Restarting');
    case 'exited':
      return endedText(state.end, nowMs, 'Exited');
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
  }
}

function endedText(end: { readonly exitCode: number; readonly finishedAtMs: number }, nowMs: number, word: string) {
  return `${word} (${end.exitCode}) ${spanText(nowMs - end.finishedAtMs)} ago`;
}

function healthText(health: HealthStatus | undefined): string {
  if (health === undefined) return '';
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}
