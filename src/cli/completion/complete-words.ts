import type { CommandContext, CommandSpec, CompletionKind, FlagTable } from '../command.ts';
import { type CommandRow, commandTable } from '../command-table.ts';
import { wordsAfter } from '../find-command.ts';
import { globalFlags } from '../global-flags.ts';
import { readContexts } from '../settings/contexts.ts';

/** The shell waits for us: an engine that takes longer completes nothing. */
const engineLimitMs = 1000;

/** What may stand in place of the last of these words (which follow `wharf`). */
export async function completeWords<T extends FlagTable>(
  words: readonly string[],
  ctx: CommandContext<T>,
): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const found = longestCommand(before);
  const candidates =
    found === undefined ? groupWords(before, typed) : await commandWords(found.row, found.rest, typed, ctx);
  return [...new Set(candidates)].filter((word) => word.startsWith(typed)).sort();
}

function longestCommand(
  words: readonly string[],
): { readonly row: CommandRow; readonly rest: readonly string[] } | undefined {
  for (let count = Math.min(words.length, 3); count > 0; count -= 1) {
    const path = words.slice(0, count).join(' ');
    const row = commandTable.find((candidate) => candidate.path === path || candidate.aliases.includes(path));
    if (row !== undefined) return { row, rest: words.slice(count) };
  }
  return undefined;
}

function groupWords(before: readonly string[], typed: string): string[] {
  if (typed.startsWith('-')) return before.length === 0 ? [...flagWords(globalFlags), '--help'] : ['--help'];
  return wordsAfter(before.join(' '));
}

async function commandWords<T extends FlagTable>(
  row: CommandRow,
  rest: readonly string[],
  typed: string,
  ctx: CommandContext<T>,
): Promise<string[]> {
  const { command } = await row.load();
  if (typed.startsWith('-')) return [...flagWords(command.flags), '--help'];
  const open = openFlag(command, rest.at(-1));
  if (open !== undefined) return open.type === 'string' ? [...(open.choices ?? [])] : [];
  if (row.path === 'completion') return ['bash', 'fish', 'zsh'];
  return names(command.completes ?? 'none', ctx);
}

/** The flag whose value is being typed. */
function openFlag(command: CommandSpec, word: string | undefined): FlagTable[string] | undefined {
  if (word === undefined || !word.startsWith('-') || word.includes('=')) return undefined;
  const spec = word.startsWith('--')
    ? command.flags[word.slice(2)]
    : Object.values(command.flags).find((flag) => flag.short === word.at(-1));
  return spec === undefined || spec.type === 'bool' ? undefined : spec;
}

function flagWords(flags: FlagTable): string[] {
  return Object.entries(flags)
    .filter(([, spec]) => spec.hidden !== true)
    .map(([name]) => `--${name}`);
}

async function names<T extends FlagTable>(kind: CompletionKind, ctx: CommandContext<T>): Promise<string[]> {
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(engineLimitMs)]);
  const engine = await ctx.engine();
  switch (kind) {
    case 'container':
      return (await engine.call('ContainerList', { query: { all: true }, signal })).flatMap(({ Names }) =>
        Names.map((name) => name.slice(1)),
      );
    case 'image':
      return (await engine.call('ImageList', { signal }))
        .flatMap(({ RepoTags }) => RepoTags ?? [])
        .map((tag) => tag.replace(/:latest$/, ''));
    case 'network':
      return (await engine.call('NetworkList', { signal })).map(({ Name }) => Name);
    case 'volume':
      return ((await engine.call('VolumeList', { signal })).Volumes ?? []).map(({ Name }) => Name);
    case 'context':
      return readContexts(ctx.home).contexts.map(({ name }) => name);
    case 'file':
    case 'none':
      return [];
  }
}
