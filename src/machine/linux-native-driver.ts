import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIfThere } from './atomic-file.ts';
import type { EngineDriver } from './engine-driver.ts';
import type { LogTail } from './log-tail.ts';
import { signalProcess, startOwnedProcess } from './owned-process.ts';

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
    start(log, signal) {
      const args = typeof options.args === 'function' ? options.args() : options.args;
      const env = options.env?.() ?? process.env;
      return startOwnedProcess({ name: 'wharfd', bin: options.bin, args, env }, log, signal);
    },
    clearStale: (log) => clearStale(options.pidFile, log),
  };
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
