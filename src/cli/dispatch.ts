import type { EngineClient } from '../client/engine-client.ts';
import type { ClientTls } from '../client/node/tls-socket.ts';
import { parseFlags } from './argv/parse-flags.ts';
import { UsageError } from './argv/usage-error.ts';
import type { CommandContext, CommandSpec } from './command.ts';
import { type CommandRow, commandGroups, commandTable, commonCommands } from './command-table.ts';
import { chooseEngine } from './engine/engine-address.ts';
import { chooseTls } from './engine/engine-tls.ts';
import { findCommand, wordsAfter } from './find-command.ts';
import { globalFlags } from './global-flags.ts';
import { type GroupEntry, renderCommandHelp, renderGroupHelp, renderTopHelp, usageLine } from './help/render-help.ts';
import { productVersion } from './product-version.ts';
import { exitOf, reportError } from './report-error.ts';
import { ConfigHome, configHomeDir } from './settings/config-home.ts';
import { InterruptedError, type SignalSource } from './terminal/signals.ts';
import type { Terminal } from './terminal/terminal.ts';

/** What a run of the command line stands on; the process's own things, or a test's. */
export interface DispatchHost {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  readonly signal: AbortSignal;
  connect(address: string, tls: ClientTls | undefined): Promise<EngineClient>;
}

/** Runs one command line (without the program's name). Resolves with the exit code; failures are printed, not thrown. */
export async function dispatch(argv: readonly string[], host: DispatchHost): Promise<number> {
  let calledAs = '';
  let failureCode = 1;
  let debug = false;
  try {
    const globals = parseFlags(globalFlags, argv, { flagsFirst: true });
    debug = globals.flags.debug;
    if (globals.flags.version) {
      await host.terminal.out(`Wharf version ${productVersion}\n`);
      return 0;
    }
    const words = globals.args[0] === 'help' ? [...globals.args.slice(1), '--help'] : globals.args;
    if (globals.help || words.length === 0 || words[0] === '--help') {
      await host.terminal.out(await topHelp(host.terminal.size().columns));
      return 0;
    }
    const found = findCommand(words);
    if (found.kind === 'group') {
      const entries = await groupEntries(found.words);
      await host.terminal.out(renderGroupHelp(found.words.split(' '), commandGroups[found.words] ?? '', entries));
      return 0;
    }
    calledAs = found.calledAs;
    const { command } = await found.row.load();
    failureCode = command.failureCode ?? 1;
    return await runCommand(command, found, globals.flags, host);
  } catch (error) {
    // An abort surfaces as whatever the pending call threw; the reason tells why it really ended.
    const reason: unknown = host.signal.aborted ? host.signal.reason : undefined;
    const { code, silent } = exitOf(reason instanceof InterruptedError ? reason : error, failureCode);
    if (!silent) await reportError(error, { terminal: host.terminal, calledAs, debug });
    return code;
  }
}

interface GlobalValues {
  readonly host: string | undefined;
  readonly context: string | undefined;
  readonly config: string | undefined;
  readonly debug: boolean;
  readonly tls: boolean;
  readonly tlsverify: boolean;
  readonly tlscacert: string | undefined;
  readonly tlscert: string | undefined;
  readonly tlskey: string | undefined;
}

async function runCommand(
  command: CommandSpec,
  found: { readonly calledAs: string; readonly rest: readonly string[] },
  globals: GlobalValues,
  host: DispatchHost,
): Promise<number> {
  const seeHelp = `See 'wharf ${found.calledAs} --help'.`;
  const parsed = parseOrExplain(command, found.rest, seeHelp);
  if (parsed.help) {
    await host.terminal.out(renderCommandHelp(command, host.terminal.size().columns));
    return 0;
  }
  checkArgumentCount(command, found.calledAs, parsed.args.length);
  const home = new ConfigHome(globals.config ?? configHomeDir(host.env));
  const choice = () => chooseEngine(globals, host.env, home);
  const address = (): string => choice().host;
  let engine: Promise<EngineClient> | undefined;
  const ctx: CommandContext = {
    flags: parsed.flags,
    given: parsed.given,
    args: parsed.args,
    calledAs: found.calledAs,
    terminal: host.terminal,
    env: host.env,
    home,
    engine: async () => {
      engine ??= host.connect(address(), chooseTls(globals, choice(), host.env, home.dir));
      return engine;
    },
    engineAddress: async () => address(),
    contextName: () => choice().context,
    signal: host.signal,
    signals: host.signals,
    report: (error) => reportError(error, { terminal: host.terminal, calledAs: found.calledAs, debug: globals.debug }),
  };
  return command.run(ctx);
}

function parseOrExplain(command: CommandSpec, rest: readonly string[], seeHelp: string): ReturnType<typeof parseFlags> {
  try {
    return parseFlags(command.flags, rest, { flagsFirst: command.flagsFirst === true });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message, {
      exitCode: error.exitCode,
      hint: [error.hint, seeHelp].filter(Boolean).join('\n'),
    });
  }
}

/** @throws UsageError in docker's words, with exit code 1 */
function checkArgumentCount(command: CommandSpec, calledAs: string, count: number): void {
  const { min, max } = command.args;
  if (count >= min && (max === undefined || count <= max)) return;
  const plural = (wanted: number): string => `${wanted} argument${wanted === 1 ? '' : 's'}`;
  let wanted = `requires at least ${plural(min)}`;
  if (max === 0) wanted = 'accepts no arguments';
  else if (max === min) wanted = `requires ${plural(min)}`;
  else if (max !== undefined && count > max) wanted = `requires at most ${plural(max)}`;
  throw new UsageError(`'wharf ${calledAs}' ${wanted}`, {
    exitCode: 1,
    hint: `${usageLine(command, calledAs)}\nSee 'wharf ${calledAs} --help'.`,
  });
}

async function topHelp(columns: number): Promise<string> {
  const single = commandTable.filter((row) => shortName(row) !== undefined);
  const entries = await Promise.all(
    single.map(async (row) => ({ name: shortName(row) ?? '', summary: (await row.load()).command.summary })),
  );
  const common = commonCommands.flatMap((name) => entries.filter((entry) => entry.name === name));
  const others = entries.filter(({ name }) => !common.some((entry) => entry.name === name));
  const groups = Object.entries(commandGroups)
    .filter(([name]) => !name.includes(' '))
    .map(([name, summary]) => ({ name, summary }));
  const sorted = others.sort((a, b) => (a.name < b.name ? -1 : 1));
  const sections = [
    { title: 'Common Commands', entries: common },
    { title: 'Management Commands', entries: groups },
    { title: 'Commands', entries: sorted },
  ];
  return renderTopHelp(sections, globalFlags, columns);
}

function shortName(row: CommandRow): string | undefined {
  return [row.path, ...row.aliases].find((words) => !words.includes(' '));
}

async function groupEntries(group: string): Promise<GroupEntry[]> {
  const entries = wordsAfter(group).map(async (word): Promise<GroupEntry[]> => {
    const path = `${group} ${word}`;
    const row = commandTable.find((candidate) => candidate.path === path);
    if (row !== undefined) return [{ name: word, summary: (await row.load()).command.summary }];
    return Object.hasOwn(commandGroups, path) ? [{ name: word, summary: commandGroups[path] ?? '' }] : [];
  });
  return (await Promise.all(entries)).flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}
