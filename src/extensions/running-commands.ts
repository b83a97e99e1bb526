import { spawn } from 'node:child_process';
import type { EngineClient } from '../client/engine-client.ts';
import { demultiplex } from '../client/stdcopy.ts';
import { WharfError } from '../contract/errors.ts';

/** Output and end of a command; chunks are whole UTF-8 characters. */
export interface CommandOutput {
  onOutput(stream: 'stdout' | 'stderr', data: string): void;
}

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface HostCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs a program of this machine from an argument array; ended with the signal. */
export async function runOnHost(command: HostCommand, output: CommandOutput, signal: AbortSignal): Promise<CommandEnd> {
  signal.throwIfAborted();
  const child = spawn(command.file, [...command.args], {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (data: string) => output.onOutput(stream, data));
  }
  return await new Promise<CommandEnd>((resolve, reject) => {
    child.once('error', (cause) => {
      if (signal.aborted) resolve({ code: null, signal: 'SIGKILL' });
      else reject(new WharfError('request.not-found', `could not run ${command.file}: ${cause.message}`, { cause }));
    });
    child.once('close', (code, by) => resolve({ code, signal: by }));
  });
}

export interface ContainerCommand {
  readonly containerId: string;
  readonly argv: readonly string[];
  readonly cwd: string | undefined;
  readonly env: readonly string[];
}

/** Runs a program in a running container. The signal closes its streams. */
export async function runInContainer(
  engine: EngineClient,
  command: ContainerCommand,
  output: CommandOutput,
  signal: AbortSignal,
): Promise<CommandEnd> {
  const { Id: id } = await engine.call('ContainerExec', {
    params: { id: command.containerId },
    body: {
      Cmd: [...command.argv],
      AttachStdout: true,
      AttachStderr: true,
      Env: [...command.env],
      ...(command.cwd === undefined ? {} : { WorkingDir: command.cwd }),
    },
    signal,
  });
  const connection = await engine.hijack('ExecStart', { params: { id }, body: { Detach: false, Tty: false }, signal });
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const close = () => connection.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const { stream, bytes } of demultiplex(connection.readable)) {
      const data = decoders[stream].decode(bytes, { stream: true });
      if (data !== '') output.onOutput(stream, data);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', close);
    connection.close();
  }
  if (signal.aborted) return { code: null, signal: 'SIGKILL' };
  const { ExitCode } = await engine.call('ExecInspect', { params: { id } });
  return { code: ExitCode, signal: null };
}
