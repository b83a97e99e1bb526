import { readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../argv/usage-error.ts';
import type { CommandContext, FlagTable } from '../command.ts';

/** Where the engine of this machine keeps its process ID and we its log. */
export interface DaemonFiles {
  readonly socket: string;
  readonly pidFile: string;
  readonly logFile: string;
}

/** @throws UsageError when the address in use is not a socket of this machine */
export async function daemonFiles<T extends FlagTable>(ctx: CommandContext<T>): Promise<DaemonFiles> {
  const address = await ctx.engineAddress();
  if (!address.startsWith('unix://')) {
    throw new UsageError(`the engine at ${address} is not one of this machine`, {
      exitCode: 1,
      hint: 'Use the default context: `wharf context use default`.',
    });
  }
  const socket = address.slice('unix://'.length);
  const execRoot = dirname(socket);
  const instance = execRoot === '/run/wharf' ? '' : `-${execRoot.replaceAll('/', '_')}`;
  return { socket, pidFile: join(execRoot, 'wharfd.pid'), logFile: join(ctx.home.dir, 'log', `wharfd${instance}.log`) };
}

/** The process in the pid file, if it lives and is a wharfd: numbers are given out again. */
export function runningDaemon(pidFile: string): number | undefined {
  const pid = Number(readOr(pidFile, '').trim());
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return undefined;
  }
  const commandLine = readOr(`/proc/${pid}/cmdline`, '');
  // Without /proc there is nothing to check by.
  return commandLine === '' && hasProc()
    ? undefined
    : commandLine === '' || commandLine.includes('wharfd')
      ? pid
      : undefined;
}

function hasProc(): boolean {
  try {
    readlinkSync('/proc/self');
    return true;
  } catch {
    return false;
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/** The last lines of a file; '' when there is none. */
export function lastLines(path: string, count: number): string {
  const lines = readOr(path, '').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines
    .slice(-count)
    .map((line) => `${line}\n`)
    .join('');
}
