import { errorKinds, isWharfError } from '../contract/errors.ts';
import { UsageError } from './argv/usage-error.ts';
import { InterruptedError } from './terminal/signals.ts';
import { OutputClosedError, type Terminal } from './terminal/terminal.ts';

/** Exit code of a process that wrote into a closed pipe, as the shell reports it for docker. */
const brokenPipeCode = 128 + 13;

export interface ReportOptions {
  readonly terminal: Terminal;
  /** `run`, `network create`; empty before a command is known. */
  readonly calledAs: string;
  readonly debug: boolean;
}

/** Prints `wharf: <what>: <why>` and, on a line of its own, what to do about it. */
export async function reportError(error: unknown, options: ReportOptions): Promise<void> {
  const what = options.calledAs === '' ? 'wharf' : `wharf: ${options.calledAs}`;
  await options.terminal.err(`${what}: ${messageOf(error)}\n`);
  const hint = hintOf(error);
  if (hint !== undefined) await options.terminal.err(`${hint}\n`);
  if (options.debug && error instanceof Error) await options.terminal.err(`${error.stack ?? ''}\n${causeText(error)}`);
}

/** The process's exit code for a failure; `silent` when there is nothing to say about it. */
export function exitOf(error: unknown, failureCode: number): { readonly code: number; readonly silent: boolean } {
  if (error instanceof InterruptedError) return { code: error.exitCode, silent: true };
  if (error instanceof OutputClosedError) return { code: brokenPipeCode, silent: true };
  if (error instanceof UsageError) return { code: error.exitCode, silent: false };
  return { code: failureCode, silent: false };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hintOf(error: unknown): string | undefined {
  if (isWharfError(error, 'daemon.unreachable') && error.hint === errorKinds['daemon.unreachable'].hint) {
    return 'Start the engine with `wharf daemon start`, or the whole of Wharf with `npm start`.';
  }
  const hint = error instanceof Error && 'hint' in error ? error.hint : undefined;
  return typeof hint === 'string' && hint !== '' ? hint : undefined;
}

function causeText(error: Error): string {
  return error.cause instanceof Error ? `Caused by: ${error.cause.stack ?? error.cause.message}\n` : '';
}
