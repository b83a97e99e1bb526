/**
 * What the runtime's `exec` does badly with a terminal, made good from outside.
 *
 * 1. crun (seen with 1.8.1) turns in circles on a terminal whose other side is gone, and that side is the daemon's. So when
 *    the daemon ends, or ended without a word before, those are ended: their process gets the hang-up it would get from any
 *    terminal that is closed.
 * 2. When the process was over before crun began to copy its terminal, crun writes what is left there to its own log
 *    (libcrun, flush_fd_to_err), in pieces of 255 bytes with a line end after each. One `exec -t` of ten of a quick command
 *    would show nothing.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { signalProcess } from '../linux/pidfd.ts';
import { readProcessStat } from '../linux/process.ts';

const SIGKILL = 9;
const pieceBytes = 255;

/** Ends the runtime's execs on a terminal that belong to this exec root: ours, or those of daemons that are gone. */
export function endTerminalExecs(temporaryFolder: string, whose: 'ours' | 'orphans'): void {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readProcessStat(Number(name));
    if (stat === undefined || (stat.parentPid === process.pid) !== (whose === 'ours')) continue;
    if (commandLine(name).includes(`${temporaryFolder}/exec-`) && isOnTerminal(name)) signalProcess(stat, SIGKILL);
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

function isOnTerminal(pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/0`).startsWith('/dev/pts/');
  } catch {
    return false;
  }
}

/** The output of the terminal that ended up in the log of a runtime whose process did run. */
export async function outputInLog(logPath: string): Promise<Buffer> {
  const log = await readFile(logPath).catch(() => Buffer.alloc(0));
  return piecesOf(withoutRecords(log));
}

/** The log's own records come first, one JSON document a line. */
function withoutRecords(log: Buffer): Buffer {
  let from = 0;
  while (log[from] === 0x7b) {
    const end = log.indexOf('\n', from);
    if (end === -1 || !isRecord(log.subarray(from, end).toString())) break;
    from = end + 1;
  }
  return log.subarray(from);
}

function isRecord(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'msg' in value && 'level' in value && 'time' in value;
  } catch {
    return false;
  }
}

function piecesOf(log: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < log.length; at += pieceBytes + 1) {
    const piece = log.subarray(at, at + pieceBytes + 1);
    pieces.push(piece.at(-1) === 0x0a ? piece.subarray(0, -1) : piece);
  }
  return Buffer.concat(pieces);
}
