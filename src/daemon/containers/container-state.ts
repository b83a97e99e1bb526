/**
 * The life of a container: one tagged union and one pure transition function. Nothing else changes a state.
 *
 *                    start               started
 *     created ─────────────► starting ───────────────► running ◄──────── unpaused ──────┐
 *        ▲                   ▲  │   ▲                  │  │  └────────── paused ──────► paused
 *        └── start-failed ───┘──┘   │                  │  │                              │
 *            (never ran)            │ restart-due      │  │ stop-requested               │ stop-requested
 *                                   │                  │  └──────────► stopping ◄────────┘
 *                              restarting ◄── exited ──┤                   │
 *                                   │     (policy says │ exited            │ exited
 *                    stop-requested │      again)      ▼                   │
 *                                   └──────────────► exited ◄──────────────┘
 *
 *     created, exited, dead ── remove-requested ──► removing ──► (row gone)
 *                                                      └── remove-failed ──► dead
 *
 * Invariants:
 *  1. `starting` and `removing` are intents: they are stored before anything is done, so that a crash in the middle is seen
 *     at the next start of the daemon (reconcile.ts) and finished or undone.
 *  2. A `pid` is present exactly in running, paused and stopping; it is of the container's init on the host.
 *  3. `stopping` means the user (or the daemon's own shutdown) asked for the end: no restart policy brings it back. API clients see it as running.
 *  4. A container whose first start failed stays `created`, with the reason, as dockerd has it.
 *  5. What must happen because of a transition is in `effects`, in order; callers do them and nothing else.
 */

/** How a run ended, or why a start failed. */
export interface RunEnd {
  readonly exitCode: number;
  readonly finishedAtMs: number;
  readonly oomKilled: boolean;
  /** Docker's State.Error; '' when the process simply ended. */
  readonly message: string;
}

/** Who ends it: what the daemon stops as it shuts down comes back with it, what the user stopped may not. */
export type StopCause = 'user' | 'daemon';

/** What the restart policy remembers across runs. */
export interface RestartMemory {
  /** Automatic restarts since the user last started it: Docker's RestartCount. */
  readonly count: number;
  /** The delay before the last automatic restart; 0 before the first. */
  readonly delayMs: number;
}

interface Live {
  readonly pid: number;
  readonly startedAtMs: number;
  /** When the run before ended; Docker shows it while the next one runs. */
  readonly previousFinishedAtMs: number | undefined;
  readonly restart: RestartMemory;
}

interface Ended {
  readonly startedAtMs: number;
  readonly end: RunEnd;
  readonly restart: RestartMemory;
}

type ExitedState = { readonly kind: 'exited'; readonly byUser: boolean } & Ended;

export type ContainerState =
  | { readonly kind: 'created'; readonly failure: RunEnd | undefined }
  | {
      readonly kind: 'starting';
      /** The state to fall back to when the start fails. */
      readonly from: ExitedState | undefined;
      readonly restart: RestartMemory;
    }
  | ({ readonly kind: 'running' } & Live)
  | ({ readonly kind: 'paused' } & Live)
  | ({ readonly kind: 'stopping'; readonly by: StopCause } & Live)
  | ({ readonly kind: 'restarting' } & Ended)
  | ExitedState
  | { readonly kind: 'removing'; readonly last: Ended | undefined }
  | { readonly kind: 'dead'; readonly last: Ended | undefined; readonly message: string };

export type StateKind = ContainerState['kind'];
export type StateOf<K extends StateKind> = Extract<ContainerState, { kind: K }>;
export type LiveState = StateOf<'running' | 'paused' | 'stopping'>;

export type StateEvent =
  | { readonly type: 'start-requested' }
  | { readonly type: 'restart-due' }
  | { readonly type: 'started'; readonly pid: number; readonly atMs: number }
  | { readonly type: 'start-failed'; readonly end: RunEnd }
  | { readonly type: 'paused' }
  | { readonly type: 'unpaused' }
  | { readonly type: 'stop-requested'; readonly by: StopCause }
  | { readonly type: 'process-exited'; readonly end: RunEnd; readonly again: RestartMemory | undefined }
  | { readonly type: 'remove-requested' }
  | { readonly type: 'remove-failed'; readonly message: string };

export type StateEventType = StateEvent['type'];

export type Effect =
  /** Publish a container event. */
  | { readonly kind: 'announce'; readonly action: string; readonly attributes: Readonly<Record<string, string>> }
  /** Begin the health check, if it has one. */
  | { readonly kind: 'begin-health' }
  | { readonly kind: 'end-health' }
  /** End attach streams and execs, answer `wait`, close the network sandbox, remove the runtime's part, unmount the root. */
  | { readonly kind: 'release' }
  | { readonly kind: 'schedule-restart'; readonly delayMs: number }
  | { readonly kind: 'cancel-restart' }
  /** Remove it now when it was made with --rm. */
  | { readonly kind: 'auto-remove' };

/** Why an event is not taken in a state. */
export type Refusal =
  | 'already-running'
  | 'already-paused'
  | 'already-stopped'
  | 'paused'
  | 'not-paused'
  | 'not-running'
  | 'running'
  | 'restarting'
  | 'starting'
  | 'removing'
  | 'dead';

export type Transition =
  | { readonly next: ContainerState; readonly effects: readonly Effect[]; readonly refused?: undefined }
  | { readonly refused: Refusal };

const freshRestart: RestartMemory = { count: 0, delayMs: 0 };

export function initialState(): ContainerState {
  return { kind: 'created', failure: undefined };
}

/** The whole life cycle. Pure: the same state and event always give the same answer. */
export function transition(state: ContainerState, event: StateEvent): Transition {
  switch (event.type) {
    case 'start-requested':
      return onStartRequested(state);
    case 'restart-due':
      return state.kind === 'restarting' ? to(starting(state, state.restart)) : refuseStart(state);
    case 'started':
      return onStarted(state, event);
    case 'start-failed':
      return onStartFailed(state, event.end);
    case 'paused':
      return onPaused(state);
    case 'unpaused':
      return state.kind === 'paused'
        ? to({ ...state, kind: 'running' }, announce('unpause'))
        : { refused: isLive(state) ? 'not-paused' : refuseLive(state) };
    case 'stop-requested':
      return onStopRequested(state, event.by);
    case 'process-exited':
      return onExited(state, event);
    case 'remove-requested':
      return onRemoveRequested(state);
    case 'remove-failed':
      return state.kind === 'removing'
        ? to({ kind: 'dead', last: state.last, message: event.message })
        : { refused: 'not-running' };
  }
}

export function isLive(state: ContainerState): state is LiveState {
  return state.kind === 'running' || state.kind === 'paused' || state.kind === 'stopping';
}

function to(next: ContainerState, ...effects: readonly Effect[]): Transition {
  return { next, effects };
}

function announce(action: string, attributes: Readonly<Record<string, string>> = {}): Effect {
  return { kind: 'announce', action, attributes };
}

function starting(previous: Ended | undefined, restart: RestartMemory): ContainerState {
  const from = previous && { kind: 'exited' as const, ...endedPart(previous), byUser: false };
  return { kind: 'starting', from, restart };
}

function endedPart({ startedAtMs, end, restart }: Ended): Ended {
  return { startedAtMs, end, restart };
}

function onStartRequested(state: ContainerState): Transition {
  switch (state.kind) {
    case 'created':
      return to(starting(undefined, freshRestart));
    case 'exited':
      return to(starting(state, freshRestart));
    case 'restarting':
      return to(starting(state, freshRestart), { kind: 'cancel-restart' });
    case 'starting':
    case 'running':
    case 'stopping':
    case 'paused':
    case 'removing':
    case 'dead':
      return refuseStart(state);
  }
}

function refuseStart(state: ContainerState): Transition {
  switch (state.kind) {
    case 'paused':
    case 'removing':
    case 'dead':
      return { refused: state.kind };
    case 'starting':
    case 'running':
    case 'stopping':
      return { refused: 'already-running' };
    case 'created':
    case 'exited':
    case 'restarting':
      return { refused: 'not-running' };
  }
}

function onStarted(state: ContainerState, event: StateEvent & { type: 'started' }): Transition {
  if (state.kind !== 'starting') return { refused: 'starting' };
  return to(
    {
      kind: 'running',
      pid: event.pid,
      startedAtMs: event.atMs,
      previousFinishedAtMs: state.from?.end.finishedAtMs,
      restart: state.restart,
    },
    announce('start'),
    { kind: 'begin-health' },
  );
}

function onStartFailed(state: ContainerState, end: RunEnd): Transition {
  if (state.kind !== 'starting') return { refused: 'starting' };
  const { from, restart } = state;
  const next: ContainerState = from
    ? { ...from, end: { ...end, finishedAtMs: from.end.finishedAtMs }, restart }
    : { kind: 'created', failure: end };
  return to(next, { kind: 'release' }, { kind: 'auto-remove' });
}

function onPaused(state: ContainerState): Transition {
  switch (state.kind) {
    case 'running':
      return to({ ...state, kind: 'paused' }, announce('pause'));
    case 'paused':
      return { refused: 'already-paused' };
    case 'stopping':
      return { refused: 'not-running' };
    default:
      return { refused: refuseLive(state) };
  }
}

function refuseLive(state: Exclude<ContainerState, LiveState>): Refusal {
  switch (state.kind) {
    case 'restarting':
      return 'restarting';
    case 'starting':
      return 'starting';
    case 'created':
    case 'exited':
    case 'removing':
    case 'dead':
      return 'not-running';
  }
}

function onStopRequested(state: ContainerState, by: StopCause): Transition {
  switch (state.kind) {
    case 'running':
    case 'paused':
      return to({ ...state, kind: 'stopping', by });
    case 'stopping':
      return to({ ...state, by });
    case 'restarting':
      return to(
        { ...endedPart(state), kind: 'exited', byUser: by === 'user' },
        { kind: 'cancel-restart' },
        announce('stop'),
        {
          kind: 'auto-remove',
        },
      );
    case 'starting':
      return { refused: 'starting' };
    case 'created':
    case 'exited':
    case 'removing':
    case 'dead':
      return { refused: 'already-stopped' };
  }
}

function onExited(state: ContainerState, event: StateEvent & { type: 'process-exited' }): Transition {
  if (!isLive(state)) return { refused: 'not-running' };
  const { end, again } = event;
  const effects: Effect[] = [{ kind: 'end-health' }];
  if (end.oomKilled) effects.push(announce('oom'));
  const ranForSeconds = Math.max(0, Math.floor((end.finishedAtMs - state.startedAtMs) / 1000));
  // As dockerd: what release lets go of (networks, volumes) tells first.
  effects.push(
    { kind: 'release' },
    announce('die', { exitCode: String(end.exitCode), execDuration: String(ranForSeconds) }),
  );
  const { startedAtMs } = state;
  const stopped = state.kind === 'stopping';
  if (again && !stopped) {
    return to({ kind: 'restarting', startedAtMs, end, restart: again }, ...effects, {
      kind: 'schedule-restart',
      delayMs: again.delayMs,
    });
  }
  effects.push({ kind: 'auto-remove' });
  return to(
    { kind: 'exited', startedAtMs, end, restart: state.restart, byUser: stopped && state.by === 'user' },
    ...effects,
  );
}

function onRemoveRequested(state: ContainerState): Transition {
  switch (state.kind) {
    case 'created':
      return to({ kind: 'removing', last: undefined });
    case 'exited':
      return to({ kind: 'removing', last: endedPart(state) });
    case 'dead':
      return to({ kind: 'removing', last: state.last });
    case 'restarting':
      return { refused: 'restarting' };
    case 'paused':
      return { refused: 'paused' };
    case 'removing':
      return { refused: 'removing' };
    case 'starting':
      return { refused: 'starting' };
    case 'running':
    case 'stopping':
      return { refused: 'running' };
  }
}
