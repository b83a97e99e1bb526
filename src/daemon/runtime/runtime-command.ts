/** Runs one command of an OCI runtime to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { WharfError } from '../../contract/errors.ts';
import type { FoundRuntime } from './runtime-probe.ts';

export interface RuntimeCommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a runtime may print before it is cut: an error message, a state document. */
const outputLimitBytes = 1024 * 1024;

/** Arguments that start `runtime` with our state folder. */
export function runtimeArguments(runtime: FoundRuntime, stateRoot: string, args: readonly string[]): string[] {
  return [...runtime.prefix, '--root', stateRoot, ...args];
}

/** The environment of every runtime and of conmon: nothing of the daemon's leaks into containers, times are UTC. */
export function runtimeEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { PATH: process.env.PATH ?? path, TZ: 'UTC', LANG: 'C', ...extra };
}

function collect(stream: ChildProcess['stdout'], into: Buffer[]): void {
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimitBytes) into.push(chunk);
  });
}

/** @throws WharfError 'runtime.missing' when the executable is gone, 'request.cancelled' when the signal fired */
export function runRuntime(
  runtime: FoundRuntime,
  stateRoot: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<RuntimeCommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(runtime.command, runtimeArguments(runtime, stateRoot, args), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: runtimeEnvironment(),
      signal: options.signal,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    collect(child.stdout, stdout);
    collect(child.stderr, stderr);
    child.on('error', (cause) => {
      if (options.signal?.aborted === true) {
        reject(new WharfError('request.cancelled', `run ${runtime.name} ${args[0] ?? ''}: cancelled`, { cause }));
      } else {
        reject(new WharfError('runtime.missing', `run ${runtime.path}: ${cause.message}`, { cause }));
      }
    });
    child.on('close', (code) => {
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8');
      resolve({ exitCode: code ?? 255, stdout: text(stdout), stderr: text(stderr) });
    });
  });
}
