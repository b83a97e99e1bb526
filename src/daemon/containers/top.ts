import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ContainerTop } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { ContainerContext } from './container-context.ts';
import { isLive } from './container-state.ts';
import { refusalError } from './refusals.ts';

const run = promisify(execFile);
const maxOutputBytes = 16 * 1024 * 1024;

/** GET /containers/{id}/top: the host's `ps` with the given arguments, of which the container's processes are kept. */
export async function containerTop(context: ContainerContext, ref: string, psArgs: string): Promise<ContainerTop> {
  checkArguments(psArgs);
  const handle = context.find(ref);
  if (!isLive(handle.state)) throw refusalError(handle, 'not-running');
  const args = (psArgs || '-ef').split(/\s+/).filter(Boolean);
  const pids = await context.runtime.pids(handle.id);
  const options = { signal: context.signal, maxBuffer: maxOutputBytes };
  // Some options of ps (f, for one) do not go together with -q.
  const output = await run('ps', [...args, `-q${pids.join(',')}`], options)
    .catch(() => run('ps', args, options))
    .catch((cause: unknown) => {
      const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
      throw psFailed(`ps: ${stderr.split('\n')[0] ?? ''}`, cause);
    });
  const top = parsePs(output.stdout, new Set(pids));
  context.announce(handle, 'top');
  return top;
}

/** As dockerd: no other column may be called as the one that the processes are told by. */
function checkArguments(psArgs: string): void {
  for (const [, column = '', title = ''] of psArgs.matchAll(/\s+(\S*)=\s*(PID\S*)/g)) {
    if (column !== 'pid') throw psFailed(`specifying "${column}=${title}" is not allowed`);
  }
}

/** dockerd takes what ps does not like for its own failure. */
function psFailed(message: string, cause?: unknown): WharfError {
  return new WharfError('request.invalid', message, { status: 500, cause });
}

/** Pure. @throws WharfError 'request.invalid' when ps shows no PID column */
export function parsePs(output: string, pids: ReadonlySet<number>): ContainerTop {
  const [header = '', ...lines] = output.trimEnd().split('\n');
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn === -1) {
    throw psFailed("Couldn't find PID field in ps output");
  }
  const processes: string[][] = [];
  let inContainer = false;
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    const pid = words[pidColumn];
    // A thread's line (`ps m`) belongs to the process before it.
    if (pid !== '-') inContainer = pids.has(Number(pid));
    if (!inContainer) continue;
    // The last column, the command, may hold blanks.
    const row = words.slice(0, titles.length - 1);
    row.push(words.slice(titles.length - 1).join(' '));
    processes.push(row);
  }
  return { Titles: titles, Processes: processes };
}
