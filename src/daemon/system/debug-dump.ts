/** What SIGUSR1 writes: everything that helps to see why a daemon hangs or grows, without ending it. */
import { readdirSync, readlinkSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { getHeapStatistics } from 'node:v8';
import { buildInfo } from './build-info.ts';

/**
 * @param state what the daemon's parts say of themselves; must hold no secrets
 * @returns the path of the file: `wharfd-state-2026-11-22T07-00-00.000Z.json`, for root only
 */
export async function writeDebugDump(folder: string, state: Readonly<Record<string, unknown>>): Promise<string> {
  const now = new Date().toISOString();
  const report = {
    time: now,
    version: buildInfo,
    process: { pid: process.pid, uptimeSeconds: process.uptime(), argv: process.argv.slice(1) },
    memoryBytes: { ...process.memoryUsage(), ...getHeapStatistics() },
    resources: process.resourceUsage(),
    /** Timers, sockets, pipes and requests that keep the loop busy, counted by kind. */
    activeResources: counted(process.getActiveResourcesInfo()),
    openFiles: counted(openFiles()),
    state,
    /** Where this very moment is; JavaScript has one stack, and what waits shows in activeResources. */
    stack: new Error('stack of the dump').stack,
    /** Node's own report: native stacks, libuv handles with their addresses, limits, libraries. */
    node: nodeReport(),
  };
  const path = `${folder}/wharfd-state-${now.replaceAll(':', '-')}.json`;
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(report, withMapsAndSets, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
  return path;
}

function counted(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** By kind for sockets and pipes, by path for files. */
function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]$/, '')];
    } catch {
      // Closed since the folder was read, as the folder's own descriptor is.
      return [];
    }
  });
}

/** The environment is left out: it may hold passwords of proxies. */
function nodeReport(): Readonly<Record<string, unknown>> {
  const whole = process.report?.getReport();
  if (typeof whole !== 'object' || whole === null) return {};
  return Object.fromEntries(Object.entries(whole).filter(([name]) => name !== 'environmentVariables'));
}

function withMapsAndSets(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return typeof value === 'bigint' ? String(value) : value;
}
