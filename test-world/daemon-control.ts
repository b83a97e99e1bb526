/** wharfd as a process: started, ended, killed and started again on the same folders. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { type StartedProgram, startProgram } from './run-program.ts';
import { projectRoot } from './test-registry.ts';

export interface DaemonControl {
  readonly running: boolean;
  readonly pid: number;
  /** What it wrote to standard error, over all its starts. */
  log(): string;
  /** Resolves when the API answers. */
  start(extraFlags?: readonly string[]): Promise<void>;
  /** As a crash: nothing of it runs any more, nothing was tidied up. */
  kill9(): Promise<void>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number>;
  /** `stop`, then `start`. */
  restart(extraFlags?: readonly string[]): Promise<void>;
  /** The last stop: containers, bridges and rules go too, whatever --live-restore said before. */
  stopForGood(): Promise<void>;
}

/** By hand: another program in its place, such as one that runs the sources. */
const wharfd = process.env.WHARF_TEST_WHARFD ?? path.join(projectRoot, 'bin/wharfd');

export async function daemonControl(given: {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}): Promise<DaemonControl> {
  if (!existsSync(path.join(projectRoot, 'out/daemon/wharfd.mjs')))
    throw new Error('wharfd is not built: run `npm run build`');
  const logs: (() => string)[] = [];
  let program: StartedProgram | undefined;

  async function start(extraFlags: readonly string[] = []): Promise<void> {
    const started = startProgram(wharfd, [...given.flags, ...extraFlags], { env: given.env });
    logs.push(started.stderr);
    program = started;
    const early = started.ended.then((outcome) => {
      throw new Error(`wharfd ended with code ${outcome.code}:\n${outcome.stderr}`);
    });
    early.catch(() => {});
    try {
      await Promise.race([started.saw(/^API listening on /m, 30_000), early]);
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  async function end(signal: NodeJS.Signals): Promise<number> {
    if (program === undefined) throw new Error('wharfd does not run');
    const { child, ended } = program;
    child.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, 45_000);
    const { code, stderr } = await ended;
    clearTimeout(timer);
    program = undefined;
    if (late) throw new Error(`wharfd did not end within 45 s of ${signal}:\n${stderr}`);
    return code;
  }

  const control: DaemonControl = {
    get running() {
      return program !== undefined && program.child.exitCode === null && program.child.signalCode === null;
    },
    get pid() {
      return program?.pid ?? -1;
    },
    log: () => logs.map((text) => text()).join('--- next start ---\n'),
    start,
    async kill9() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    async restart(extraFlags) {
      await end('SIGTERM');
      await start(extraFlags);
    },
    async stopForGood() {
      if (control.running) await end('SIGTERM');
      await start(['--live-restore=false']);
      const code = await end('SIGTERM');
      if (code !== 0) throw new Error(`wharfd ended with code ${code}:\n${control.log()}`);
    },
  };
  await start();
  return control;
}
