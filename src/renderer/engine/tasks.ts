import { create } from 'zustand';
import type { EngineClient } from '../../client/engine-client.ts';
import { emptyProgress, type PullProgress, reduceProgress } from './pull-progress.ts';

export type TaskState = 'running' | 'done' | 'failed' | 'cancelled';

/** A pull or push under way or just ended. Lives outside the pages, so leaving a page ends nothing. */
export interface Task {
  readonly id: number;
  readonly kind: 'pull' | 'push';
  readonly reference: string;
  readonly state: TaskState;
  readonly progress: PullProgress;
  readonly startedAtMs: number;
}

const keptMax = 30;
const cancels = new Map<number, AbortController>();
const endings = new Map<number, Promise<TaskState>>();
let lastId = 0;

export const useTasks = create<{ readonly tasks: readonly Task[] }>(() => ({ tasks: [] }));

function change(id: number, update: (task: Task) => Task): void {
  useTasks.setState(({ tasks }) => ({ tasks: tasks.map((task) => (task.id === id ? update(task) : task)) }));
}

export function cancelTask(id: number): void {
  cancels.get(id)?.abort();
}

export function dismissEnded(): void {
  useTasks.setState(({ tasks }) => ({ tasks: tasks.filter((task) => task.state === 'running') }));
}

async function follow(id: number, messages: AsyncIterable<Parameters<typeof reduceProgress>[1]>): Promise<TaskState> {
  let progress = emptyProgress;
  let drawn = 0;
  for await (const message of messages) {
    progress = reduceProgress(progress, message);
    // Progress lines come by the hundred a second; the eye needs ten.
    if (performance.now() - drawn > 80 || progress.error) {
      drawn = performance.now();
      const current = progress;
      change(id, (task) => ({ ...task, progress: current }));
    }
  }
  const last = progress;
  change(id, (task) => ({ ...task, progress: last }));
  return last.error === undefined ? 'done' : 'failed';
}

function begin(kind: Task['kind'], reference: string): { id: number; cancel: AbortController } {
  const id = ++lastId;
  const cancel = new AbortController();
  cancels.set(id, cancel);
  const task: Task = { id, kind, reference, state: 'running', progress: emptyProgress, startedAtMs: Date.now() };
  useTasks.setState(({ tasks }) => ({ tasks: [task, ...tasks].slice(0, keptMax) }));
  return { id, cancel };
}

async function run(
  id: number,
  cancel: AbortController,
  messages: AsyncIterable<Parameters<typeof reduceProgress>[1]>,
): Promise<TaskState> {
  let state: TaskState;
  try {
    state = await follow(id, messages);
  } catch (error) {
    state = cancel.signal.aborted ? 'cancelled' : 'failed';
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (state === 'failed')
      change(id, (task) => ({ ...task, progress: { ...task.progress, error: message, hint, code } }));
  }
  cancels.delete(id);
  const ended = state;
  change(id, (task) => ({ ...task, state: ended }));
  return state;
}

/** Splits "host:5000/name:tag" or "name@sha256:…" into the API's fromImage and tag. */
export function splitReference(reference: string): { fromImage: string; tag: string } {
  const digest = reference.indexOf('@');
  if (digest >= 0) return { fromImage: reference.slice(0, digest), tag: reference.slice(digest + 1) };
  const colon = reference.lastIndexOf(':');
  if (colon > reference.lastIndexOf('/'))
    return { fromImage: reference.slice(0, colon), tag: reference.slice(colon + 1) };
  return { fromImage: reference, tag: 'latest' };
}

interface StartedTask {
  readonly id: number;
  readonly ended: Promise<TaskState>;
}

/** A running task of the same kind and reference is joined, not doubled. */
function start(
  kind: Task['kind'],
  reference: string,
  open: (signal: AbortSignal) => AsyncIterable<Parameters<typeof reduceProgress>[1]>,
): StartedTask {
  const same = useTasks
    .getState()
    .tasks.find((task) => task.kind === kind && task.reference === reference && task.state === 'running');
  const ending = same && endings.get(same.id);
  if (same && ending) return { id: same.id, ended: ending };
  const { id, cancel } = begin(kind, reference);
  const ended = run(id, cancel, open(cancel.signal)).finally(() => endings.delete(id));
  endings.set(id, ended);
  return { id, ended };
}

/** Pulls in the background; the answer says how it ended. */
export function startPull(engine: EngineClient, reference: string): StartedTask {
  return start('pull', reference, (signal) =>
    engine.jsonStream('ImageCreate', { query: splitReference(reference), signal }),
  );
}

export function startPush(engine: EngineClient, reference: string): StartedTask {
  const { fromImage, tag } = splitReference(reference);
  return start('push', reference, (signal) =>
    engine.jsonStream('ImagePush', { params: { name: fromImage }, query: { tag }, signal }),
  );
}
