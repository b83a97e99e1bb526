import type { Duplex, Readable } from 'node:stream';
import type { ExecConfig, ExecInspect } from '../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { TerminalSize } from '../linux/terminal.ts';
import type { ExecSession } from '../runtime/runtime.ts';
import { lookupUser } from '../runtime/user-lookup.ts';
import { streamType } from './attach.ts';
import { type ClientOutput, createClientOutput, pumpInput } from './client-stream.ts';
import type { ContainerContext, ContainerHandle } from './container-context.ts';
import { newId } from './container-record.ts';
import type { ExecStartQuery, StreamSession } from './container-service.ts';
import { isLive } from './container-state.ts';
import { parseDetachKeys } from './detach-keys.ts';
import { execProcess } from './exec-process.ts';
import { refusalError } from './refusals.ts';
import type { OutputStream } from './stream-framing.ts';

/** Finished ones kept for inspect, and started ones allowed, for each container. */
const maxKept = 128;
const maxUnfinished = 1024;
/** After its exit, how long a process's children may hold its output open. */
const lingerMs = 2000;

type ExecState =
  | { readonly kind: 'created' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly session: ExecSession }
  | { readonly kind: 'exited'; readonly pid: number; readonly exitCode: number };

/** A process to be run, running or having run in a container, beside its main one. */
export interface ExecProcess {
  readonly id: string;
  readonly config: ExecConfig;
  readonly command: readonly string[];
  state: ExecState;
  /** Of its terminal, asked for before the process was there. */
  wantedSize?: TerminalSize;
}

/** POST /containers/{id}/exec. @throws WharfError 'container.not-running' | 'container.paused' | 'request.invalid' */
export function createExec(context: ContainerContext, ref: string, config: ExecConfig): { readonly Id: string } {
  const handle = context.find(ref);
  requireRunning(handle);
  const command = config.Cmd ?? [];
  if (command.length === 0) throw new WharfError('request.invalid', 'No exec command specified');
  checkExec(handle, config);
  makeRoom(context, handle);
  const exec: ExecProcess = { id: newId(), config, command, state: { kind: 'created' } };
  handle.execs.set(exec.id, exec);
  context.execOwners.set(exec.id, handle.id);
  context.announce(handle, `exec_create: ${actionText(command)}`, { execID: exec.id });
  return { Id: exec.id };
}

/** What dockerd looks at before there is an exec. @throws WharfError 'request.invalid' */
function checkExec({ state }: ContainerHandle, { DetachKeys: keys = '', User: user }: ExecConfig): void {
  try {
    parseDetachKeys(keys);
  } catch (cause) {
    throw new WharfError('request.invalid', `Invalid escape keys (${keys}) provided`, { status: 500, cause });
  }
  if (user && isLive(state)) lookupUser(`/proc/${state.pid}/root`, user, []);
}

/** POST /exec/{id}/start. Detached: answers undefined when it runs. Else it begins when the session is served. */
export async function startExec(
  context: ContainerContext,
  execId: string,
  query: ExecStartQuery,
): Promise<StreamSession | undefined> {
  const { handle, exec } = findExec(context, execId);
  requireRunning(handle);
  if (exec.state.kind !== 'created') {
    const what = exec.state.kind === 'exited' ? 'has already run' : 'is already running';
    throw new WharfError('request.conflict', `exec command ${execId} ${what}`);
  }
  exec.state = { kind: 'starting' };
  if (!query.detach) return attachedSession(context, handle, exec, query);
  try {
    const session = await begin(context, handle, exec, { attachStdin: false, consoleSize: query.consoleSize });
    void followExec(context, handle, exec, session, undefined);
  } catch (error) {
    exec.state = { kind: 'exited', pid: 0, exitCode: startFailureCode(error) };
    throw error;
  }
  return undefined;
}

/** As dockerd: the program, a blank, its arguments; the blank stays when there are none. */
export function actionText([program = '', ...args]: readonly string[]): string {
  return `${program} ${args.join(' ')}`;
}

async function begin(
  context: ContainerContext,
  handle: ContainerHandle,
  exec: ExecProcess,
  options: { readonly attachStdin: boolean; readonly consoleSize?: readonly number[] | null },
): Promise<ExecSession> {
  refuseOddProcess(exec.config);
  const process = await execProcess(context, handle, {
    ...exec.config,
    ConsoleSize: options.consoleSize ?? exec.config.ConsoleSize,
  });
  const { attachStdin } = options;
  context.announce(handle, `exec_start: ${actionText(exec.command)}`, { execID: exec.id });
  const session = await context.runtime.exec(handle.id, { process, attachStdin, signal: context.signal });
  exec.state = { kind: 'running', session };
  if (exec.wantedSize) session.resize(exec.wantedSize);
  return session;
}

/** What runc refuses; crun would take it. */
function refuseOddProcess({ WorkingDir: folder, Env: env }: ExecConfig): void {
  const failed = (why: string) => new WharfError('runtime.failed', `OCI runtime exec failed: exec failed: ${why}`);
  if (folder && !folder.startsWith('/')) throw failed('Cwd must be an absolute path');
  if (env?.some((line) => line.startsWith('='))) {
    throw failed('unable to start container process: invalid environment variable: name cannot be empty');
  }
}

function wantedStreams({ config }: ExecProcess): ReadonlySet<OutputStream> {
  const streams = new Set<OutputStream>();
  if (config.AttachStdout || (config.Tty && config.AttachStderr)) streams.add('stdout');
  if (config.AttachStderr) streams.add('stderr');
  return streams;
}

/** Reads the output whether or not a client listens, so that the process never blocks on a client that left. */
async function followExec(
  context: ContainerContext,
  handle: ContainerHandle,
  exec: ExecProcess,
  session: ExecSession,
  client: ClientOutput | undefined,
): Promise<void> {
  const copies = [copyOutput(session.stdout, 'stdout', client)];
  if (session.stderr) copies.push(copyOutput(session.stderr, 'stderr', client));
  try {
    const { exitCode } = await session.exited;
    await Promise.race([Promise.all(copies), linger(context)]);
    exec.state = { kind: 'exited', pid: session.pid, exitCode };
    context.announce(handle, 'exec_die', { execID: exec.id, exitCode: String(exitCode) });
  } catch (error) {
    exec.state = { kind: 'exited', pid: session.pid, exitCode: 255 };
    context.log.warn('A process in a container was lost.', { id: handle.id, execId: exec.id, error });
  }
  client?.end();
}

async function linger(context: ContainerContext): Promise<void> {
  await context.clock.delay(lingerMs, { signal: context.signal }).catch(() => undefined);
}

async function copyOutput(source: Readable, stream: OutputStream, client: ClientOutput | undefined): Promise<void> {
  try {
    for await (const bytes of source) await client?.write([{ stream, bytes }]);
  } catch {
    // A terminal's hang-up reads as an error; the exit code says the rest.
  }
}

/**
 * The process begins when the connection is served, after the client was sent the head, as in dockerd: docker-py throws
 * away what comes together with the head. So what is wrong with the command comes as output; the exit code tells it too.
 */
function attachedSession(
  context: ContainerContext,
  handle: ContainerHandle,
  exec: ExecProcess,
  { consoleSize, tty }: ExecStartQuery,
): StreamSession {
  // As dockerd: what the start says decides the framing, whatever the process has.
  const client = createClientOutput({ tty, streams: wantedStreams(exec), onLeave() {} });
  return {
    contentType: streamType(tty),
    async serve(connection) {
      const served = client.serve(connection);
      try {
        const attachStdin = exec.config.AttachStdin ?? false;
        const session = await begin(context, handle, exec, { attachStdin, consoleSize });
        void followExec(context, handle, exec, session, client);
        if (session.stdin) giveInput(connection, session.stdin, { exec, client, served });
      } catch (error) {
        failStart(context, handle, exec, { error, client });
      }
      await served;
    },
    cancel() {
      if (exec.state.kind === 'starting')
        exec.state = { kind: 'exited', pid: 0, exitCode: startFailureCode(undefined) };
      client.cancel();
    },
  };
}

function failStart(
  context: ContainerContext,
  handle: ContainerHandle,
  exec: ExecProcess,
  { error, client }: { readonly error: unknown; readonly client: ClientOutput },
): void {
  exec.state = { kind: 'exited', pid: 0, exitCode: startFailureCode(error) };
  if (!isWharfError(error)) {
    context.log.warn('A process could not be started in a container.', { id: handle.id, execId: exec.id, error });
  }
  const message = error instanceof Error ? error.message : String(error);
  for (const stream of ['stdout', 'stderr'] as const) {
    if (!wantedStreams(exec).has(stream)) continue;
    client.write([{ stream, bytes: Buffer.from(`${message}\r\n`) }]);
    break;
  }
  client.end();
}

function giveInput(
  connection: Duplex,
  stdin: NonNullable<ExecSession['stdin']>,
  to: { readonly exec: ExecProcess; readonly client: ClientOutput; readonly served: Promise<void> },
): void {
  const { config } = to.exec;
  const detachKeys = config.Tty ? parseDetachKeys(config.DetachKeys ?? '') : undefined;
  const left = new AbortController();
  void to.served.finally(() => left.abort());
  void pumpInput(connection, stdin, { detachKeys, signal: left.signal }).then((how) => {
    if (how === 'detached') to.client.cancel();
    else stdin.end();
  });
}

/** GET /exec/{id}/json. */
export function inspectExec(context: ContainerContext, execId: string): ExecInspect {
  const { handle, exec } = findExec(context, execId);
  const { state, config, command } = exec;
  return {
    ID: exec.id,
    Running: state.kind === 'running',
    ExitCode: state.kind === 'exited' ? state.exitCode : null,
    ProcessConfig: {
      tty: config.Tty ?? false,
      entrypoint: command[0] ?? '',
      arguments: command.slice(1),
      privileged: config.Privileged ?? false,
      ...(config.User ? { user: config.User } : {}),
    },
    OpenStdin: config.AttachStdin ?? false,
    OpenStderr: config.AttachStderr ?? false,
    OpenStdout: config.AttachStdout ?? false,
    // Never true in dockerd.
    CanRemove: false,
    ContainerID: handle.id,
    // Bytes, which Go's JSON writes in base64.
    DetachKeys: config.DetachKeys ? Buffer.from(parseDetachKeys(config.DetachKeys)).toString('base64') : '',
    Pid: pidOf(state),
  };
}

function pidOf(state: ExecState): number {
  switch (state.kind) {
    case 'running':
      return state.session.pid;
    case 'exited':
      return state.pid;
    case 'created':
    case 'starting':
      return 0;
  }
}

/** POST /exec/{id}/resize. */
export function resizeExec(context: ContainerContext, execId: string, size: TerminalSize): void {
  const { exec, handle } = findExec(context, execId);
  if (exec.state.kind === 'starting') {
    exec.wantedSize = size;
    return;
  }
  // Ended with its container: the conflict is that one's.
  if (exec.state.kind === 'exited' && !isLive(handle.state)) {
    throw new WharfError('container.not-running', `container ${handle.id} is not running`);
  }
  if (exec.state.kind === 'exited') {
    throw new WharfError('exec.not-found', `NotFound: process does not exist ${execId}: not found`);
  }
  if (exec.state.kind !== 'running') {
    throw new WharfError('exec.not-running', `exec process ${execId} is not running`);
  }
  exec.state.session.resize(size);
}

function findExec(context: ContainerContext, execId: string) {
  const owner = context.execOwners.get(execId);
  const handle = owner === undefined || !context.store.get(owner) ? undefined : context.handle(owner);
  const exec = handle?.execs.get(execId);
  if (!handle || !exec) throw new WharfError('exec.not-found', `No such exec instance: ${execId}`);
  return { handle, exec };
}

function requireRunning(handle: ContainerHandle): void {
  const { state, id } = handle;
  if (state.kind === 'paused') {
    throw new WharfError('container.paused', `Container ${id} is paused, unpause the container before exec`);
  }
  if (state.kind === 'restarting') throw refusalError(handle, 'restarting');
  if (!isLive(state)) throw refusalError(handle, 'not-running');
}

function makeRoom(context: ContainerContext, handle: ContainerHandle): void {
  const finished = [...handle.execs.values()].filter((exec) => exec.state.kind === 'exited');
  if (handle.execs.size - finished.length >= maxUnfinished) {
    throw new WharfError('request.conflict', `container ${handle.id} has ${maxUnfinished} unfinished execs`);
  }
  for (const exec of finished.slice(0, Math.max(0, finished.length - maxKept))) {
    handle.execs.delete(exec.id);
    context.execOwners.delete(exec.id);
  }
}

/** Those that nobody started go with the run they were made for; ended ones can still be inspected, as in dockerd. */
export function forgetUnstarted(context: ContainerContext, handle: ContainerHandle): void {
  for (const exec of handle.execs.values()) {
    if (exec.state.kind !== 'created') continue;
    handle.execs.delete(exec.id);
    context.execOwners.delete(exec.id);
  }
}

/** The exit codes of shells: 127 not found, 126 not executable; 128 for anything else that keeps it from starting. */
export function startFailureCode(error: unknown): number {
  if (isWharfError(error, 'container.command-not-found')) return 127;
  if (isWharfError(error, 'container.command-not-executable')) return 126;
  return 128;
}
