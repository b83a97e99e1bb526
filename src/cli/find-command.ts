import { nearest } from './argv/nearest.ts';
import { UsageError } from './argv/usage-error.ts';
import { type CommandRow, commandGroups, commandTable } from './command-table.ts';

export type Found =
  | { readonly kind: 'command'; readonly row: CommandRow; readonly calledAs: string; readonly rest: readonly string[] }
  | { readonly kind: 'group'; readonly words: string };

/**
 * Finds the command that the first words name; the longest match wins.
 * @throws UsageError with exit code 1 for an unknown command, with the nearest one as a hint
 */
export function findCommand(words: readonly string[]): Found {
  for (let count = Math.min(words.length, 3); count > 0; count -= 1) {
    const calledAs = words.slice(0, count).join(' ');
    const row = commandTable.find(({ path, aliases }) => path === calledAs || aliases.includes(calledAs));
    if (row !== undefined) return { kind: 'command', row, calledAs, rest: words.slice(count) };
  }
  const group = groupOf(words);
  const next = words[group === '' ? 0 : group.split(' ').length];
  if (group !== '' && (next === undefined || next === '--help' || next === '-h'))
    return { kind: 'group', words: group };
  throw unknownCommand(group, next ?? '');
}

function groupOf(words: readonly string[]): string {
  const two = words.slice(0, 2).join(' ');
  if (Object.hasOwn(commandGroups, two)) return two;
  const one = words[0] ?? '';
  return Object.hasOwn(commandGroups, one) ? one : '';
}

/** The words that may follow a group, `''` being the top. */
export function wordsAfter(group: string): string[] {
  const prefix = group === '' ? '' : `${group} `;
  const all = commandTable.flatMap(({ path, aliases }) => [path, ...aliases]);
  const next = all
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length).split(' ')[0] ?? '');
  return [...new Set(next)].filter((word) => word !== '');
}

function unknownCommand(group: string, word: string): UsageError {
  const shown = group === '' ? word : `${group} ${word}`;
  const guess = nearest(word, wordsAfter(group));
  const before = group === '' ? '' : `${group} `;
  const hint = guess === undefined ? `See 'wharf ${before}--help'.` : `Did you mean 'wharf ${before}${guess}'?`;
  return new UsageError(`unknown command: wharf ${shown}`, { exitCode: 1, hint });
}
