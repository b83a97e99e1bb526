import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { WharfError } from '../contract/errors.ts';
import type { LogTail } from './log-tail.ts';

/** A program this process started and has to end. */
export interface OwnedProcess {
  readonly pid: number;
  /** Settles when it is gone, with a sentence that says how. Never rejects. */
  readonly exited: Promise<string>;
  /** SIGTERM, and SIGKILL when it is still there after `limitMs`. */
  stop(limitMs: number): Promise<void>;
}

export interface OwnedProgram {
  /** What it is called in messages. */
  readonly name: string;
  readonly bin: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /**
   * Its standard input is a pipe from here that nothing is written to: it ends with this process, however this process ends,
   * and a program that watches it ends with us.
   */
  readonly lifeline?: boolean;
  /** Text for its standard input, which ends behind it. */
  readonly input?: string;
  /** Hears each line it prints. */
  readonly onLine?: (line: string) => void;
}

/** @throws WharfError 'daemon.unreachable' when it can not be started */
export async function startOwnedProcess(
  program: OwnedProgram,
  log: LogTail,
  signal: AbortSignal,
): Promise<OwnedProcess> {
  signal.throwIfAborted();
  const { name, bin } = program;
  // A process group of its own: Ctrl-C in the terminal reaches us first, and we stop it in order.
  const child = spawn(bin, program.args, {
    stdio: [program.lifeline === true || program.input !== undefined ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: program.env ?? process.env,
    detached: true,
  });
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not start ${bin}: ${error.message}`));
    child.once('exit', (code, by) =>
      resolve(by === null ? `${name} exited with code ${code}` : `${name} was ended by ${by}`),
    );
  });
  // It may be gone before it reads the end of its input.
  child.stdin?.on('error', () => {});
  if (program.input !== undefined) child.stdin?.end(program.input);
  child.stdout?.on('data', (chunk: Buffer) => {
    log.write(chunk);
    if (program.onLine !== undefined) for (const line of chunk.toString('utf8').split('\n')) program.onLine(line);
  });
  child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
  const spawned = await Promise.race([
    new Promise<true>((resolve) => child.once('spawn', () => resolve(true))),
    exited,
  ]);
  const pid = child.pid;
  if (spawned !== true || pid === undefined) {
    throw new WharfError('daemon.unreachable', typeof spawned === 'string' ? spawned : `could not start ${bin}`, {
      hint: 'Check that Wharf is installed completely (`npm run setup`, `npm run build`).',
    });
  }
  return { pid, exited, stop: (limitMs) => stopProcess(pid, exited, limitMs) };
}

async function stopProcess(pid: number, exited: Promise<string>, limitMs: number): Promise<void> {
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

/** @returns false when there is no such process any more */
export function signalProcess(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
