/** A container's health on disk, so that it outlives the daemon as the container does: `<its folder>/health.json`. */
import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Health } from '../../contract/engine-types.ts';
import { containerDir } from './container-record.ts';
import type { HealthStatus } from './state-text.ts';
import { timeText } from './time-text.ts';

export interface ProbeResult {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly exitCode: number;
  readonly output: string;
}

export interface HealthRecord {
  /** Start of the run it is about. */
  readonly runStartedAtMs: number;
  readonly status: HealthStatus;
  readonly failingStreak: number;
  /** The last few, oldest first. */
  readonly log: readonly ProbeResult[];
}

/** undefined: none was written, or it can't be read; the next probe writes it anew. */
export async function readHealth(dataRoot: string, id: string): Promise<HealthRecord | undefined> {
  try {
    return parse(JSON.parse(await readFile(healthPath(dataRoot, id), 'utf8')));
  } catch {
    return undefined;
  }
}

/** At once: a write under way must not meet the removal of the container's folder. */
export function writeHealth(dataRoot: string, id: string, record: HealthRecord): void {
  const path = healthPath(dataRoot, id);
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o640 });
  renameSync(`${path}.new`, path);
}

/** State.Health of inspect. */
export function healthDocument({ status, failingStreak, log }: HealthRecord): Health {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ startedAtMs, endedAtMs, exitCode, output }) => ({
      Start: timeText(startedAtMs),
      End: timeText(endedAtMs),
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

function healthPath(dataRoot: string, id: string): string {
  return join(containerDir(dataRoot, id), 'health.json');
}

function parse(value: unknown): HealthRecord | undefined {
  if (!isObject(value)) return undefined;
  const { runStartedAtMs, status, failingStreak, log } = value;
  if (status !== 'starting' && status !== 'healthy' && status !== 'unhealthy') return undefined;
  if (typeof runStartedAtMs !== 'number' || typeof failingStreak !== 'number' || !Array.isArray(log)) return undefined;
  const entries = log.flatMap((entry: unknown) => parseProbe(entry) ?? []);
  return { runStartedAtMs, status, failingStreak, log: entries };
}

function parseProbe(value: unknown): ProbeResult | undefined {
  if (!isObject(value)) return undefined;
  const { startedAtMs, endedAtMs, exitCode, output } = value;
  const whole =
    typeof startedAtMs === 'number' &&
    typeof endedAtMs === 'number' &&
    typeof exitCode === 'number' &&
    typeof output === 'string';
  return whole ? { startedAtMs, endedAtMs, exitCode, output } : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
