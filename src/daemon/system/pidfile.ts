/** The file with the daemon's process ID. A stale one (its process gone, or something else by now) is taken over. */
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { WharfError } from '../../contract/errors.ts';
import { readProcessStat } from '../linux/process.ts';
import { writeFileAtomicSync } from './write-file-atomic.ts';

/** @throws WharfError 'request.conflict' when the daemon it names still runs */
export function takePidfile(path: string): Disposable {
  const pid = readPid(path);
  if (pid !== undefined && pid !== process.pid && isWharfd(pid) && !startedAfter(pid, path)) {
    throw new WharfError('request.conflict', `process with PID ${pid} is still running (${path})`, {
      hint: 'Another wharfd uses this exec root. Stop it, or give --exec-root and --data-root of their own.',
    });
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  writeFileAtomicSync(path, `${process.pid}\n`, 0o644);
  return {
    [Symbol.dispose]() {
      if (readPid(path) === process.pid) rmSync(path, { force: true });
    },
  };
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** /proc counts in hundredths of a second on every machine Node runs on (USER_HZ). */
const ticksPerSecond = 100;
const toleranceMs = 2000;

/** A process that is younger than the file is not the one that wrote it: its number was used again, by another daemon. */
function startedAfter(pid: number, path: string): boolean {
  const ticks = readProcessStat(pid)?.startTimeTicks;
  const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);
  if (ticks === undefined || Number.isNaN(bootSeconds)) return false;
  const startedMs = (bootSeconds + ticks / ticksPerSecond) * 1000;
  return startedMs > statSync(path).mtimeMs + toleranceMs;
}

/** Process IDs are used again: only a process that was started as wharfd (or from the source, as tests do) counts. */
function isWharfd(pid: number): boolean {
  try {
    return /wharfd|daemon\/main\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}
