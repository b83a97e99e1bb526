import type { EngineClient } from '../client/engine-client.ts';
import type { ConfigHome } from './settings/config-home.ts';
import type { SignalSource } from './terminal/signals.ts';
import type { Terminal } from './terminal/terminal.ts';

/**
 * A command is data: its words, flags and arguments. Parsing, help and shell completion derive from the same record, so
 * they can not drift from each other. One verb a file under commands/, loaded when it is called.
 */

interface FlagBase {
  /** One letter, for `-x`. */
  readonly short?: string;
  readonly help: string;
  /** Accepted but not shown in help (old spellings, flags that only mean something elsewhere). */
  readonly hidden?: boolean;
}

export interface BoolFlag extends FlagBase {
  readonly type: 'bool';
  readonly initial?: boolean;
}
/** Not given: undefined. `metavar` names the value in help. */
export interface StringFlag extends FlagBase {
  readonly type: 'string';
  readonly metavar?: string;
  readonly choices?: readonly string[];
}
export interface ListFlag extends FlagBase {
  readonly type: 'list';
  readonly metavar?: string;
  /** Values may also be separated by commas, as docker's `strings` flags allow. */
  readonly commas?: boolean;
}
export interface IntFlag extends FlagBase {
  readonly type: 'int';
}
export interface DecimalFlag extends FlagBase {
  readonly type: 'decimal';
}
/** A Go duration (`1m30s`); the value is milliseconds. */
export interface DurationFlag extends FlagBase {
  readonly type: 'duration';
}
/** A size with a binary suffix (`512m`, `1.5g`); the value is bytes. */
export interface BytesFlag extends FlagBase {
  readonly type: 'bytes';
  /** Lets `-1` stand for "no limit". */
  readonly unlimited?: boolean;
}

export type FlagSpec = BoolFlag | StringFlag | ListFlag | IntFlag | DecimalFlag | DurationFlag | BytesFlag;
export type FlagTable = Readonly<Record<string, FlagSpec>>;

export type FlagValue<F extends FlagSpec> = F extends BoolFlag
  ? boolean
  : F extends ListFlag
    ? readonly string[]
    : F extends StringFlag
      ? string | undefined
      : number | undefined;
export type FlagValues<T extends FlagTable> = { readonly [K in keyof T]: FlagValue<T[K]> };

/** What completes an argument or a flag's value in the shell. */
export type CompletionKind = 'container' | 'image' | 'network' | 'volume' | 'context' | 'file' | 'none';

export interface CommandSpec<T extends FlagTable = FlagTable> {
  /** The words that call it: `['container', 'run']`. */
  readonly path: readonly string[];
  /** Other words that call it: `[['run']]`. */
  readonly aliases?: readonly (readonly string[])[];
  readonly summary: string;
  /** Arguments as shown after the command's words: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  /** Longer text for `--help`. */
  readonly description?: string;
  readonly flags: T;
  /** How many arguments it takes; no maximum when `max` is missing. */
  readonly args: { readonly min: number; readonly max?: number };
  /** True: flags end at the first argument, the rest belongs to the container (run, exec). */
  readonly flagsFirst?: boolean;
  readonly completes?: CompletionKind;
  /** Exit code when it fails before the container's own code counts; 1 unless told (`run`: 125). */
  readonly failureCode?: number;
  /** Resolves with the exit code of the process. */
  run(ctx: CommandContext<T>): Promise<number>;
}

export interface CommandContext<T extends FlagTable = FlagTable> {
  readonly flags: FlagValues<T>;
  /** Flags the user gave, by long name. */
  readonly given: ReadonlySet<string>;
  readonly args: readonly string[];
  /** How the command was called, for messages: `run`, `network create`. */
  readonly calledAs: string;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: ConfigHome;
  /** The engine is found and connected to on first use, so that `--help` or `completion` need none. */
  engine(): Promise<EngineClient>;
  /** Where `engine()` leads, as an address such as `unix:///run/wharf/wharf.sock`. */
  engineAddress(): Promise<string>;
  /** The context in use; `default` when an address was given. */
  contextName(): string;
  /** Aborts on Ctrl-C or a termination signal. */
  readonly signal: AbortSignal;
  readonly signals: SignalSource;
  /** Prints a failure and its hint; for commands that go on with their next argument. */
  report(error: unknown): Promise<void>;
}

/** Keeps the literal type of `flags`, from which the types of the values follow. */
export function defineCommand<const T extends FlagTable>(spec: CommandSpec<T>): CommandSpec<T> {
  return spec;
}
