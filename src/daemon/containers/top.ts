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
  const handle = context.find(ref);
  if (!isLive(handle.state)) throw refusalError(handle, 'not-running');
  const args = (psArgs || '-ef').split(/\s+/).filter(Boolean);
  checkArguments(args);
  const pids = new Set(await context.runtime.pids(handle.id));
  const output = await run('ps', args, { signal: context.signal, maxBuffer: maxOutputBytes }).catch(
    (cause: unknown) => {
      const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
      throw new WharfError('request.invalid', `ps: ${stderr.split('\n')[0] ?? ''}`, { cause });
    },
  );
  const top = parsePs(output.stdout, pids);
  context.announce(handle, 'top');
  return top;
}

/** As dockerd: `pid=NAME` would hide the column the processes are told by. */
function checkArguments(args: readonly string[]): void {
  for (const arg of args) {
    if (/(^|[^A-Za-z])pid\s*=\s*(?!PID\b)[^\s,]+/.test(arg)) {
      throw new WharfError('request.invalid', `specifying "${arg}" is not allowed`);
    }
  }
}

/** Pure. @throws WharfError 'request.invalid' when ps shows no PID column */
export function parsePs(output: string, pids: ReadonlySet<number>): ContainerTop {
  const [header = '', ...lines] = output.trimEnd().split('\n');
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn === -1) {
    throw new WharfError('request.invalid', "Couldn't find PID field in ps output");
  }
  const processes: string[][] = [];
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    if (!pids.has(Number(words[pidColumn]))) continue;
    // The last column, the command, may hold blanks.
    const row = words.slice(0, titles.length - 1);
    row.push(words.slice(titles.length - 1).join(' '));
    processes.push(row);
  }
  return { Titles: titles, Processes: processes };
}
