import { describe, expect, test } from 'vitest';
import {
  type ContainerState,
  type StateEvent,
  type StateEventType,
  type StateKind,
  transition,
} from './container-state.ts';

const restart = { count: 2, delayMs: 200 };
const end = { exitCode: 3, finishedAtMs: 9_000, oomKilled: false, message: '' };
const live = { pid: 42, startedAtMs: 5_000, previousFinishedAtMs: 4_000, restart };
const ended = { startedAtMs: 5_000, end, restart };

const states: { [K in StateKind]: Extract<ContainerState, { kind: K }> } = {
  created: { kind: 'created', failure: undefined },
  starting: { kind: 'starting', from: undefined, restart: { count: 0, delayMs: 0 } },
  running: { kind: 'running', ...live },
  paused: { kind: 'paused', ...live },
  stopping: { kind: 'stopping', by: 'user', ...live },
  restarting: { kind: 'restarting', ...ended },
  exited: { kind: 'exited', byUser: false, ...ended },
  removing: { kind: 'removing', last: ended },
  dead: { kind: 'dead', last: ended, message: 'busy' },
};

const events: { [T in StateEventType]: Extract<StateEvent, { type: T }> } = {
  'start-requested': { type: 'start-requested' },
  'restart-due': { type: 'restart-due' },
  started: { type: 'started', pid: 7, atMs: 20_000 },
  'start-failed': { type: 'start-failed', end: { ...end, exitCode: 127, message: 'no such file' } },
  paused: { type: 'paused' },
  unpaused: { type: 'unpaused' },
  'stop-requested': { type: 'stop-requested', by: 'user' },
  'process-exited': { type: 'process-exited', end, again: undefined },
  'remove-requested': { type: 'remove-requested' },
  'remove-failed': { type: 'remove-failed', message: 'busy' },
};

/** For each event: what each state answers; a state's kind for a move, '!reason' for a refusal. */
const table: Record<StateEventType, Record<StateKind, string>> = {
  'start-requested': {
    created: 'starting',
    starting: '!already-running',
    running: '!already-running',
    paused: '!paused',
    stopping: '!already-running',
    restarting: 'starting',
    exited: 'starting',
    removing: '!removing',
    dead: '!dead',
  },
  'restart-due': {
    created: '!not-running',
    starting: '!already-running',
    running: '!already-running',
    paused: '!paused',
    stopping: '!already-running',
    restarting: 'starting',
    exited: '!not-running',
    removing: '!removing',
    dead: '!dead',
  },
  started: {
    created: '!starting',
    starting: 'running',
    running: '!starting',
    paused: '!starting',
    stopping: '!starting',
    restarting: '!starting',
    exited: '!starting',
    removing: '!starting',
    dead: '!starting',
  },
  'start-failed': {
    created: '!starting',
    starting: 'created',
    running: '!starting',
    paused: '!starting',
    stopping: '!starting',
    restarting: '!starting',
    exited: '!starting',
    removing: '!starting',
    dead: '!starting',
  },
  paused: {
    created: '!not-running',
    starting: '!starting',
    running: 'paused',
    paused: '!already-paused',
    stopping: '!not-running',
    restarting: '!restarting',
    exited: '!not-running',
    removing: '!not-running',
    dead: '!not-running',
  },
  unpaused: {
    created: '!not-running',
    starting: '!starting',
    running: '!not-paused',
    paused: 'running',
    stopping: '!not-paused',
    restarting: '!restarting',
    exited: '!not-running',
    removing: '!not-running',
    dead: '!not-running',
  },
  'stop-requested': {
    created: '!already-stopped',
    starting: '!starting',
    running: 'stopping',
    paused: 'stopping',
    stopping: 'stopping',
    restarting: 'exited',
    exited: '!already-stopped',
    removing: '!already-stopped',
    dead: '!already-stopped',
  },
  'process-exited': {
    created: '!not-running',
    starting: '!not-running',
    running: 'exited',
    paused: 'exited',
    stopping: 'exited',
    restarting: '!not-running',
    exited: '!not-running',
    removing: '!not-running',
    dead: '!not-running',
  },
  'remove-requested': {
    created: 'removing',
    starting: '!starting',
    running: '!running',
    paused: '!paused',
    stopping: '!running',
    restarting: '!restarting',
    exited: 'removing',
    removing: '!removing',
    dead: 'removing',
  },
  'remove-failed': {
    created: '!not-running',
    starting: '!not-running',
    running: '!not-running',
    paused: '!not-running',
    stopping: '!not-running',
    restarting: '!not-running',
    exited: '!not-running',
    removing: 'dead',
    dead: '!not-running',
  },
};

function outcome(state: ContainerState, event: StateEvent): string {
  const answer = transition(state, event);
  return answer.refused === undefined ? answer.next.kind : `!${answer.refused}`;
}

function moved(state: ContainerState, event: StateEvent) {
  const answer = transition(state, event);
  if (answer.refused !== undefined) throw new Error(`refused: ${answer.refused}`);
  return answer;
}

describe.each(Object.values(events))('$type', (event) => {
  test.each(Object.values(states))('in $kind', (state) => {
    expect(outcome(state, event)).toBe(table[event.type][state.kind]);
  });
});

describe('what goes with a transition', () => {
  test('a start keeps the end of the run before and forgets automatic restarts', () => {
    const { next } = moved(states.exited, events['start-requested']);
    expect(next).toMatchObject({ kind: 'starting', from: { end }, restart: { count: 0, delayMs: 0 } });
    expect(moved(next, events.started).next).toMatchObject({ kind: 'running', pid: 7, previousFinishedAtMs: 9_000 });
  });

  test('a first start that fails leaves it created, with the exit code and the reason', () => {
    const { next, effects } = moved(states.starting, events['start-failed']);
    expect(next).toMatchObject({ kind: 'created', failure: { exitCode: 127, message: 'no such file' } });
    expect(effects.map((effect) => effect.kind)).toEqual(['release', 'auto-remove']);
  });

  test('a later start that fails goes back to exited, with the new exit code and the old end time', () => {
    const { next } = moved(moved(states.exited, events['start-requested']).next, events['start-failed']);
    expect(next).toMatchObject({ kind: 'exited', end: { exitCode: 127, finishedAtMs: 9_000 } });
  });

  test('an exit releases, announces die with the exit code and the seconds it ran, then removes if --rm', () => {
    const { effects } = moved(states.running, events['process-exited']);
    expect(effects).toEqual([
      { kind: 'end-health' },
      { kind: 'release' },
      { kind: 'announce', action: 'die', attributes: { exitCode: '3', execDuration: '4' } },
      { kind: 'auto-remove' },
    ]);
  });

  test('an exit for lack of memory announces oom before die', () => {
    const { effects } = moved(states.running, {
      type: 'process-exited',
      end: { ...end, oomKilled: true },
      again: undefined,
    });
    expect(effects.flatMap((effect) => (effect.kind === 'announce' ? [effect.action] : []))).toEqual(['oom', 'die']);
  });

  test('an exit that the policy wants again waits in restarting', () => {
    const again = { count: 3, delayMs: 400 };
    const { next, effects } = moved(states.running, { type: 'process-exited', end, again });
    expect(next).toMatchObject({ kind: 'restarting', restart: again });
    expect(effects.at(-1)).toEqual({ kind: 'schedule-restart', delayMs: 400 });
  });

  test('a stop the user asked for is never restarted', () => {
    const { next } = moved(states.stopping, { type: 'process-exited', end, again: { count: 1, delayMs: 100 } });
    expect(next).toMatchObject({ kind: 'exited', byUser: true });
  });

  test('stopping a container that waits for its restart cancels the restart', () => {
    expect(moved(states.restarting, events['stop-requested']).effects.map((effect) => effect.kind)).toEqual([
      'cancel-restart',
      'announce',
      'auto-remove',
    ]);
  });
});
