import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { WharfError } from '../contract/errors.ts';
import { readIfThere } from './atomic-file.ts';
import type { EngineDriver, OwnedDaemon } from './engine-driver.ts';
import type { LogTail } from './log-tail.ts';

export interface LinuxNativeOptions {
  /** The wharfd program. */
  readonly bin: string;
  /** Read at each start, so that changed settings take effect with a restart. */
  readonly args: readonly string[] | (() => readonly string[]);
  readonly env?: () => NodeJS.ProcessEnv;
  /** Where wharfd writes its process id; used to find one that hangs. */
  readonly pidFile?: string;
}

/** Runs wharfd as a child of this process, on this machine's kernel. */
export function linuxNativeDriver(options: LinuxNativeOptions): EngineDriver {
  return {
    name: 'linux-native',
    start: (log, signal) => startChild(options, log, signal),
    clearStale: (log) => clearStale(options.pidFile, log),
  };
}

async function startChild(options: LinuxNativeOptions, log: LogTail, signal: AbortSignal): Promise<OwnedDaemon> {
  signal.throwIfAborted();
  // A process group of its own: Ctrl-C in the terminal reaches us first, and we stop the daemon in order.
  const child = spawn(options.bin, typeof options.args === 'function' ? [...options.args()] : [...options.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env?.() ?? process.env,
    detached: true,
  });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not start ${options.bin}: ${error.message}`));
    child.once('exit', (code, by) =>
      resolve(by === null ? `wharfd exited with code ${code}` : `wharfd was ended by ${by}`),
    );
  });
  child.stdout.on('data', (chunk: Buffer) => log.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk));
  const spawned = await Promise.race([
    new Promise<true>((resolve) => child.once('spawn', () => resolve(true))),
    exited,
  ]);
  const pid = child.pid;
  if (spawned !== true || pid === undefined) {
    throw new WharfError(
      'daemon.unreachable',
      typeof spawned === 'string' ? spawned : `could not start ${options.bin}`,
      {
        hint: 'Check that Wharf is installed completely (`npm run setup`, `npm run build`).',
      },
    );
  }
  return { pid, exited, stop: (limitMs) => stopChild(pid, exited, limitMs) };
}

async function stopChild(pid: number, exited: Promise<string>, limitMs: number): Promise<void> {
  if (!signalProcess(pid, 'SIGTERM')) return;
  const limit = new AbortController();
  const inTime = await Promise.race([
    exited.then(() => true),
    sleep(limitMs, false, { signal: limit.signal, ref: true }).catch(() => false),
  ]);
  limit.abort();
  if (inTime) return;
  signalProcess(pid, 'SIGKILL');
  await exited;
}

async function clearStale(pidFile: string | undefined, log: LogTail): Promise<void> {
  if (pidFile === undefined) return;
  const pid = Number((await readIfThere(pidFile))?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  // A process id may have been given to another program since; only one that names wharfd is ours to end.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!/wharfd|daemon\/main/.test(commandLine)) return;
  log.add(`wharf: ending the daemon with process id ${pid}, which does not answer`);
  signalProcess(pid, 'SIGTERM');
  for (let waited = 0; waited < 5000; waited += 100) {
    await sleep(100);
    if (!signalProcess(pid, 0)) return;
  }
  signalProcess(pid, 'SIGKILL');
}

/** @returns false when there is no such process any more */
function signalProcess(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
