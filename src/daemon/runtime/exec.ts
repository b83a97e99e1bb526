/**
 * A process more in a running container. The runtime stays in front of it as our child and ends with its exit code.
 *
 *   without a terminal   three real pipes: node's own "pipes" are socket pairs, which a process can not open again under
 *                        /dev/stderr
 *   with a terminal      the runtime makes the container's terminal and copies to the one it was started on, ours
 */
import { closeSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { WharfError } from '../../contract/errors.ts';
import { pipe2 } from '../linux/libc.ts';
import { signalProcess } from '../linux/pidfd.ts';
import { identifyProcess, type ProcessIdentity } from '../linux/process.ts';
import { type SpawnedProcess, type SpawnOptions, spawnProcess } from '../linux/spawn.ts';
import { makeRaw, openTerminal, resizeProcessTerminal, setTerminalSize, type TerminalSize } from '../linux/terminal.ts';
import { readPidFile } from './conmon.ts';
import type { ExecOptions, ExecSession } from './runtime.ts';
import { runtimeArguments, runtimeEnvironment } from './runtime-command.ts';
import { type RuntimeContext, requireLive, runtimeNamed, stateRootOf } from './runtime-context.ts';
import { runtimeFailure, runtimeMessage } from './runtime-failure.ts';
import { outputInLog } from './terminal-execs.ts';

/** Our side of the process's streams, and the descriptors to hand to the runtime. */
interface ExecStreams {
  readonly childFds: readonly [number | 'ignore', number, number];
  /** Closed here once the runtime has them. */
  readonly handedOver: readonly number[];
  readonly stdin: Writable | undefined;
  readonly stdout: PassThrough | Socket;
  readonly stderr: Socket | undefined;
  resize(size: TerminalSize): void;
  /** The last of a terminal's output, which comes another way; ends `stdout`. */
  finish(rest: Buffer): void;
  destroy(): void;
}

export async function execInContainer(context: RuntimeContext, id: string, options: ExecOptions): Promise<ExecSession> {
  const { record } = requireLive(context, id);
  const folder = mkdtempSync(`${context.folders.temporary}/exec-`);
  const streams = options.process.terminal ? terminalStreams(options) : pipeStreams(options.attachStdin);
  let child: SpawnedProcess | undefined;
  try {
    writeFileSync(`${folder}/process.json`, JSON.stringify(options.process));
    const named = runtimeNamed(context, record.runtime);
    const runtime = { ...named, ...named.forExec };
    const args = [
      ...['--log', `${folder}/log`, '--log-format', 'json', 'exec'],
      ...['--process', `${folder}/process.json`, '--pid-file', `${folder}/pid`, id],
    ];
    child = startRuntime(streams, {
      path: runtime.command,
      args: runtimeArguments(runtime, stateRootOf(context, record.runtime), args),
      env: runtimeEnvironment(),
    });
    const identity = await started(folder, child, options);
    return session(child, identity, streams, folder, options.process.terminal);
  } catch (error) {
    child?.kill('SIGKILL');
    streams.destroy();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** @throws WharfError 'runtime.missing' */
function startRuntime(streams: ExecStreams, program: Omit<SpawnOptions, 'fds'>): SpawnedProcess {
  try {
    return spawnProcess({ ...program, fds: streams.childFds });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('runtime.missing', why, { cause });
  } finally {
    for (const fd of streams.handedOver) closeSync(fd);
  }
}

/** Waits for the PID file, which the runtime writes when the process runs, or for the runtime's failure. */
async function started(folder: string, child: SpawnedProcess, options: ExecOptions): Promise<ProcessIdentity> {
  const pidPath = `${folder}/pid`;
  const pid = await new Promise<number | undefined>((resolve, reject) => {
    const watcher = watch(folder, () => look());
    const look = () => {
      const found = readPidFile(pidPath);
      if (found !== undefined) settle(() => resolve(found));
    };
    const abort = () => {
      child.kill('SIGKILL');
      settle(() => reject(new WharfError('request.cancelled', 'start a process in the container: cancelled')));
    };
    const settle = (answer: () => void) => {
      watcher.close();
      options.signal.removeEventListener('abort', abort);
      answer();
    };
    options.signal.addEventListener('abort', abort, { once: true });
    // A short process may be over before its PID is seen; the file tells that it ran.
    void child.exited.then(() => settle(() => resolve(readPidFile(pidPath))));
    if (options.signal.aborted) abort();
    else look();
  });
  if (pid !== undefined) return identifyProcess(pid) ?? { pid, startTimeTicks: -1 };
  const log = await readFile(`${folder}/log`, 'utf8').catch(() => '');
  throw runtimeFailure('exec', runtimeMessage(log, ''), options.process.args[0] ?? '');
}

function session(
  child: SpawnedProcess,
  identity: ProcessIdentity,
  streams: ExecStreams,
  folder: string,
  terminal: boolean,
): ExecSession {
  let ended = false;
  const exited = child.exited.then(async (exitCode) => {
    ended = true;
    if (terminal) streams.finish(await outputInLog(`${folder}/log`));
    rmSync(folder, { recursive: true, force: true });
    return { exitCode };
  });
  return {
    pid: identity.pid,
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    resize: (size) => {
      if (!terminal || ended) return;
      // runc copies the size of our side when it starts; the process's own side is set at once.
      streams.resize(size);
      resizeProcessTerminal(identity, size);
    },
    kill: (signal) => {
      signalProcess(identity, signal);
    },
    exited,
  };
}

function pipeStreams(attachStdin: boolean): ExecStreams {
  const input = attachStdin ? pipe2() : undefined;
  const output = pipe2();
  const errors = pipe2();
  const stdin = input === undefined ? undefined : new Socket({ fd: input.writeFd, readable: false, writable: true });
  // The process may end without reading its input: that is its right, and its exit code says the rest.
  stdin?.on('error', () => stdin.destroy());
  const stdout = new Socket({ fd: output.readFd, readable: true, writable: false });
  const stderr = new Socket({ fd: errors.readFd, readable: true, writable: false });
  return {
    childFds: [input?.readFd ?? 'ignore', output.writeFd, errors.writeFd],
    handedOver: [...(input === undefined ? [] : [input.readFd]), output.writeFd, errors.writeFd],
    stdin,
    stdout,
    stderr,
    resize: () => undefined,
    finish: () => undefined,
    destroy: () => {
      for (const stream of [stdin, stdout, stderr]) stream?.destroy();
    },
  };
}

function terminalStreams(options: ExecOptions): ExecStreams {
  const { masterFd, slaveFd } = openTerminal();
  // The container's terminal echoes and edits; a second one doing so would double every letter typed early.
  const size = options.process.consoleSize;
  if (size !== undefined) setTerminalSize(masterFd, { rows: size.height, columns: size.width });
  makeRaw(slaveFd);
  const master = new ReadStream(masterFd);
  const stdout = new PassThrough();
  master.pipe(stdout, { end: false });
  // When the last process lets go of a terminal, reading its master fails with EIO: that is its end of file.
  master.on('error', () => master.destroy());
  const stdin = new Writable({
    write: (chunk: Buffer, _, done) => {
      if (master.destroyed) done();
      else master.write(chunk, () => done());
    },
  });
  return {
    childFds: [slaveFd, slaveFd, slaveFd],
    handedOver: [slaveFd],
    stdin: options.attachStdin ? stdin : undefined,
    stdout,
    stderr: undefined,
    resize: (next) => {
      if (!master.destroyed) setTerminalSize(masterFd, next);
    },
    finish: (rest) => {
      // The runtime alone had the other side; what it copied is read when our side is closed.
      if (master.closed) stdout.end(rest);
      else master.once('close', () => stdout.end(rest));
    },
    destroy: () => {
      master.destroy();
      stdout.destroy();
    },
  };
}
