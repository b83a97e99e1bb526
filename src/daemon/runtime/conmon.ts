/**
 * Starting a container's supervisor. conmon forks itself away from us, runs `runtime create`, keeps the container's
 * standard streams, writes them to the log and, at the end, the exit code to the exit folder.
 *
 *   wharfd ── spawn ──> conmon (parent, ends at once)
 *                         └─ conmon (its own session; outlives wharfd) ── runtime create ──> container process
 *   wharfd <── sync pipe: {"data": <pid>} or {"data": -1, "message": "..."}
 */
import { closeSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import { pipe2 } from '../linux/libc.ts';
import { spawnProcess } from '../linux/spawn.ts';
import { runtimeEnvironment } from './runtime-command.ts';
import type { FoundRuntime } from './runtime-probe.ts';

export interface ConmonStart {
  readonly conmonPath: string;
  readonly runtime: FoundRuntime;
  readonly stateRoot: string;
  readonly id: string;
  readonly bundle: string;
  readonly exitFolder: string;
  readonly temporaryFolder: string;
  readonly logPath: string;
  /** Its file is begun anew at this size, the old one lost; undefined: never. */
  readonly logMaxBytes?: number | undefined;
  /** A runtime that has not made the container by then hangs on something (a dead network file system, say). */
  readonly limitMs: number;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
}

/** What conmon told over its sync pipe. */
export type ConmonReport =
  | { readonly kind: 'created'; readonly pid: number }
  | { readonly kind: 'failed'; readonly message: string };

/** sockaddr_un holds 108 bytes with the final zero; conmon makes `<TMPDIR>/conmon-term.XXXXXX` there. */
const temporaryFolderLimit = 107 - '/conmon-term.XXXXXX'.length;

export function conmonArguments(start: ConmonStart): string[] {
  const runtimeArgs = [
    ...start.runtime.prefix,
    '--root',
    start.stateRoot,
    '--log',
    `${start.bundle}/create.log`,
    '--log-format',
    'json',
  ];
  return [
    ...['--api-version', '1', '-c', start.id, '-u', start.id, '-n', start.id],
    ...['-r', start.runtime.command, ...runtimeArgs.flatMap((argument) => ['--runtime-arg', argument])],
    ...['-b', start.bundle, '-p', `${start.bundle}/pid`, '-P', `${start.bundle}/conmon.pid`],
    ...['--exit-dir', start.exitFolder, '--full-attach', '--persist-dir', start.bundle],
    // Flushing a container's log to the disk at its end would hold up the exit code for the disk's pleasure.
    ...['-l', `k8s-file:${start.logPath}`, '--no-sync-log'],
    ...(start.logMaxBytes === undefined ? [] : ['--log-size-max', String(start.logMaxBytes)]),
    ...(start.terminal ? ['-t'] : []),
    ...(start.openStdin ? ['-i'] : []),
    ...(start.openStdin && !start.stdinOnce ? ['--leave-stdin-open'] : []),
  ];
}

/**
 * Starts conmon and waits for its report. Not to be cut short: half a container has no process on record yet, so its maker
 * cancels by removing the whole one, some 40 ms later.
 * @throws WharfError 'runtime.missing' | 'runtime.failed'
 */
export async function startConmon(start: ConmonStart): Promise<ConmonReport> {
  const short = Buffer.byteLength(start.temporaryFolder) <= temporaryFolderLimit;
  const sync = readablePipe();
  const errors = readablePipe();
  try {
    spawnProcess({
      path: start.conmonPath,
      args: conmonArguments(start),
      env: runtimeEnvironment({ _OCI_SYNCPIPE: '3', ...(short ? { TMPDIR: start.temporaryFolder } : {}) }),
      fds: ['ignore', 'ignore', errors.writeFd, sync.writeFd],
    });
  } catch (cause) {
    for (const { stream } of [sync, errors]) stream.destroy();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('runtime.missing', why, { cause });
  } finally {
    for (const { writeFd } of [sync, errors]) closeSync(writeFd);
  }
  const stderr: Buffer[] = [];
  errors.stream.on('data', (chunk: Buffer) => stderr.push(chunk));
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    sync.stream.destroy();
  }, start.limitMs);
  try {
    const report = parseReport(await readToEnd(sync.stream), Buffer.concat(stderr).toString('utf8'));
    return late
      ? { kind: 'failed', message: `${start.runtime.name} did not answer for ${start.limitMs / 1000} s` }
      : report;
  } finally {
    clearTimeout(limit);
    errors.stream.destroy();
  }
}

function readablePipe(): { readonly stream: Socket; readonly writeFd: number } {
  const { readFd, writeFd } = pipe2();
  return { stream: new Socket({ fd: readFd, readable: true, writable: false }), writeFd };
}

async function readToEnd(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      // One line is the whole report; conmon may keep the pipe open behind it.
      if (chunk.includes(10)) stream.destroy();
    });
    stream.on('error', () => stream.destroy());
    stream.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}

/** conmon writes `{"data": N}` and, when creating failed, `"message"` beside it. */
export function parseReport(text: string, stderr: string): ConmonReport {
  try {
    const report: unknown = JSON.parse(text);
    if (typeof report === 'object' && report !== null && 'data' in report && typeof report.data === 'number') {
      if (report.data > 0) return { kind: 'created', pid: report.data };
      const message = 'message' in report && typeof report.message === 'string' ? report.message : stderr;
      return { kind: 'failed', message: message.trim() };
    }
  } catch {
    // Not a report: conmon died first, and its stderr says why.
  }
  return { kind: 'failed', message: stderr.trim() };
}

/** What conmon takes on its control FIFO: three numbers a line. */
export type ConmonRequest =
  | { readonly kind: 'resize'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'reopen-log' };

/** Sizes over 1000 are refused by conmon. */
const maxTerminalSide = 1000;

/** conmon does not answer. Does not wait for it either: without a conmon the line stays in the FIFO. */
export async function askConmon(bundle: string, request: ConmonRequest): Promise<void> {
  await writeFile(`${bundle}/ctl`, `${requestNumbers(request).join(' ')}\n`, { flag: 'r+' });
}

function requestNumbers(request: ConmonRequest): readonly number[] {
  const side = (value: number) => Math.max(0, Math.min(maxTerminalSide, Math.trunc(value)));
  switch (request.kind) {
    case 'resize':
      return [1, side(request.rows), side(request.columns)];
    case 'reopen-log':
      return [2, 0, 0];
  }
}

/** Reads one of conmon's PID files. */
export function readPidFile(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
