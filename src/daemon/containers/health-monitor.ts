/**
 * Health checks: a command run in the container at intervals, whose exit code 0 means healthy.
 *
 *     starting ── success ──► healthy ◄── success ──┐
 *        │                       │                  │
 *        └─── `retries` failures in a row, after the start period ──► unhealthy
 */
import type { Readable } from 'node:stream';
import type { Health } from '../../contract/engine-types.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { newId } from './container-record.ts';
import { isLive } from './container-state.ts';
import { actionText } from './exec.ts';
import { execProcess } from './exec-process.ts';
import { type HealthRecord, healthDocument, type ProbeResult, readHealth, writeHealth } from './health-record.ts';
import { SIGKILL } from './signals.ts';
import type { HealthStatus } from './state-text.ts';
import { goDuration } from './time-text.ts';

export interface HealthMonitor {
  status(): HealthStatus;
  /** State.Health of inspect. */
  document(): Health;
  stop(): void;
}

export interface HealthSettings {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly startIntervalMs: number;
  readonly startPeriodMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
}

const maxLogEntries = 5;
const maxOutputBytes = 4096;
const nanosecondsPerMs = 1e6;

/** What a container's config asks for, with Docker's defaults; undefined when it has no check. */
export function healthSettings(config: ContainerHandle['record']['config']): HealthSettings | undefined {
  const check = config.Healthcheck;
  const [kind, ...words] = check?.Test ?? [];
  if (!check || kind === undefined || kind === 'NONE' || words.length === 0) return undefined;
  const command = kind === 'CMD-SHELL' ? [...(config.Shell ?? ['/bin/sh', '-c']), ...words] : words;
  const ms = (nanoseconds: number | undefined, otherwise: number) =>
    nanoseconds ? nanoseconds / nanosecondsPerMs : otherwise;
  return {
    command,
    intervalMs: ms(check.Interval, 30_000),
    startIntervalMs: ms(check.StartInterval, 5000),
    startPeriodMs: ms(check.StartPeriod, 0),
    timeoutMs: ms(check.Timeout, 30_000),
    retries: check.Retries || 3,
  };
}

export interface HealthState {
  readonly status: HealthStatus;
  readonly failingStreak: number;
}

/** Pure: what one more probe makes of the health. */
export function nextHealth(
  { status, failingStreak }: HealthState,
  probe: { readonly failed: boolean; readonly inStartPeriod: boolean },
  retries: number,
): HealthState {
  if (!probe.failed) return { status: 'healthy', failingStreak: 0 };
  // Failures while it starts up are expected and not counted.
  if (probe.inStartPeriod && status === 'starting') return { status, failingStreak };
  const streak = failingStreak + 1;
  return { status: streak >= retries ? 'unhealthy' : status, failingStreak: streak };
}

/** Begins to check a container that has just started or was found running. */
export function beginHealth(context: ContainerContext, handle: ContainerHandle): void {
  const settings = healthSettings(handle.record.config);
  handle.health?.stop();
  handle.health = settings && createHealthMonitor(context, handle, settings);
}

function createHealthMonitor(
  context: ContainerContext,
  handle: ContainerHandle,
  settings: HealthSettings,
): HealthMonitor {
  const stopped = new AbortController();
  const signal = AbortSignal.any([stopped.signal, context.signal]);
  const { state, id } = handle;
  const runStartedAtMs = isLive(state) ? state.startedAtMs : context.clock.nowMs();
  let health: HealthRecord = { runStartedAtMs, status: 'starting', failingStreak: 0, log: [] };
  const set = (next: HealthRecord): void => {
    health = next;
    try {
      writeHealth(context.dataRoot, id, next);
    } catch (error) {
      // A full disk: the health is known all the same, until the daemon ends.
      context.log.warn('The health of a container could not be stored.', { id, error });
    }
  };

  async function checkForEver(): Promise<void> {
    // Of this same run: the daemon was away for a while.
    const stored = await readHealth(context.dataRoot, id);
    if (stored?.runStartedAtMs === runStartedAtMs) health = stored;
    for (;;) {
      const inStartPeriod = context.clock.nowMs() - runStartedAtMs < settings.startPeriodMs;
      const waitMs = inStartPeriod && health.status === 'starting' ? settings.startIntervalMs : settings.intervalMs;
      await context.clock.delay(waitMs, { signal });
      if (handle.state.kind === 'paused') {
        if (health.status !== 'unhealthy') set({ ...health, status: 'unhealthy' });
        continue;
      }
      if (!isLive(handle.state)) return;
      const result = await probe(context, handle, settings, signal);
      signal.throwIfAborted();
      const before = health.status;
      const next = nextHealth(health, { failed: result.exitCode !== 0, inStartPeriod }, settings.retries);
      set({ ...health, ...next, log: [...health.log, result].slice(-maxLogEntries) });
      if (health.status !== before) context.announce(handle, `health_status: ${health.status}`);
    }
  }
  checkForEver().catch((error: unknown) => {
    if (!signal.aborted) context.log.warn('A health check ended.', { id, error });
  });

  // Whom nobody checks is not healthy: dockerd shows that of stopped and of paused ones.
  const shown = (): HealthRecord => (handle.state.kind === 'paused' ? { ...health, status: 'unhealthy' } : health);
  return {
    status: () => shown().status,
    document: () => healthDocument(shown()),
    stop: () => {
      if (stopped.signal.aborted) return;
      stopped.abort();
      set({ ...health, status: 'unhealthy' });
    },
  };
}

/** One run of the command. What keeps it from running counts as a failure and is its output. */
async function probe(
  context: ContainerContext,
  handle: ContainerHandle,
  settings: HealthSettings,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const startedAtMs = context.clock.nowMs();
  const exec = { execID: newId() };
  const ended = (exitCode: number, output: string): ProbeResult => ({
    startedAtMs,
    endedAtMs: context.clock.nowMs(),
    exitCode,
    output,
  });
  try {
    const process = await execProcess(context, handle, { Cmd: settings.command });
    context.announce(handle, `exec_create: ${actionText(settings.command)}`, exec);
    context.announce(handle, `exec_start: ${actionText(settings.command)}`, exec);
    const session = await context.runtime.exec(handle.id, { process, attachStdin: false, signal });
    const output = collect([session.stdout, session.stderr]);
    const timer = new AbortController();
    const timedOut = context.clock.delay(settings.timeoutMs, { signal: AbortSignal.any([timer.signal, signal]) });
    const first = await Promise.race([session.exited, timedOut.then(() => undefined)]);
    timer.abort();
    if (first) {
      context.announce(handle, 'exec_die', { ...exec, exitCode: String(first.exitCode) });
      return ended(first.exitCode, output.text());
    }
    session.kill(SIGKILL);
    context.announce(handle, 'exec_die', { ...exec, exitCode: String(128 + SIGKILL) });
    const before = output.text();
    const late = `Health check exceeded timeout (${goDuration(settings.timeoutMs)})`;
    return ended(-1, before === '' ? late : `${late}: ${before}`);
  } catch (error) {
    return ended(-1, error instanceof Error ? error.message : String(error));
  }
}

function collect(streams: readonly (Readable | undefined)[]): { text(): string } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (const stream of streams) {
    stream?.on('error', () => stream.destroy());
    stream?.on('data', (chunk: Buffer) => {
      if (bytes < maxOutputBytes) chunks.push(chunk.subarray(0, maxOutputBytes - bytes));
      bytes += chunk.length;
    });
  }
  return { text: () => Buffer.concat(chunks).toString('utf8') + (bytes > maxOutputBytes ? '...' : '') };
}
