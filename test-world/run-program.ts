/** Programs as a person runs them: one shot with everything they say, or held open and talked to. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to standard input, which then ends; without it there is no input. */
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
}

export interface StartedProgram extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves when what was written to either stream so far matches. */
  saw(pattern: RegExp, timeoutMs?: number): Promise<void>;
  /** A program ended by a signal has the shell's code for it, 128 + number. */
  readonly ended: Promise<Outcome>;
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };

export function startProgram(command: string, args: readonly string[], options: ProgramOptions = {}): StartedProgram {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => err.push(bytes));
  // A program may end before it has read all its input.
  child.stdin?.on('error', () => {});
  if (options.input !== undefined) child.stdin?.end(options.input);
  const stdout = () => Buffer.concat(out).toString();
  const stderr = () => Buffer.concat(err).toString();
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code: code ?? 128 + (signalNumbers[signal ?? ''] ?? 0), stdout: stdout(), stderr: stderr() });
    });
  });
  ended.catch(() => {});
  const what = () => `${command} ${args.join(' ')}\n${stdout()}\n${stderr()}`;
  return {
    child,
    pid: child.pid ?? -1,
    stdout,
    stderr,
    ended,
    saw: (pattern, timeoutMs = 10_000) =>
      until(
        () => pattern.test(stdout()) || pattern.test(stderr()),
        timeoutMs,
        () => `${pattern} was not seen from ${what()}`,
      ),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended.catch(() => {});
    },
  };
}

/** @throws when it takes longer than `timeoutMs` (20 s), with all it said until then */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Outcome> {
  const { timeoutMs = 20_000 } = options;
  await using program = startProgram(command, args, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    program.child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const outcome = await program.ended;
    if (!late) return outcome;
    throw new Error(`${command} ${args.join(' ')} took over ${timeoutMs} ms:\n${outcome.stdout}\n${outcome.stderr}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a condition that nothing announces. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  describe: () => string,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`after ${timeoutMs} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
