import type { CommandSpec, FlagSpec } from '../command.ts';

/** Help texts, made of the same data the parser uses. Widths follow the terminal, between 60 and 100 columns. */

export interface GroupEntry {
  readonly name: string;
  readonly summary: string;
}

export function renderCommandHelp(command: CommandSpec, columns: number): string {
  const width = Math.min(Math.max(columns, 60), 100);
  const words = [command.path, ...(command.aliases ?? [])];
  const shown = shortest(words);
  const parts = [
    `Usage:  wharf ${shown.join(' ')}${command.usage === '' ? '' : ` ${command.usage}`}`,
    wrap(command.summary, width).join('\n'),
  ];
  if (command.description !== undefined) parts.push(command.description.trim());
  if (words.length > 1) parts.push(`Aliases:\n  ${words.map((path) => `wharf ${path.join(' ')}`).join(', ')}`);
  const flags = flagTable(command.flags, width);
  if (flags !== '') parts.push(`Options:\n${flags}`);
  return `${parts.join('\n\n')}\n`;
}

/** One line for the end of a usage error. */
export function usageLine(command: CommandSpec, calledAs: string): string {
  return `Usage: wharf ${calledAs}${command.usage === '' ? '' : ` ${command.usage}`}`;
}

/** Flags as two columns, long texts wrapped under their start. */
export function flagTable(flags: Readonly<Record<string, FlagSpec>>, width: number): string {
  const rows = Object.entries(flags)
    .filter(([, spec]) => spec.hidden !== true)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => [flagHead(name, spec), spec.help + flagDefault(spec)] as const);
  const longest = Math.max(0, ...rows.map(([head]) => head.length));
  const column = Math.min(longest + 3, 34);
  return rows
    .map(([head, text]) => {
      const lines = wrap(text, width - column);
      const start = head.length + 3 > column ? `${head}\n${' '.repeat(column)}` : head.padEnd(column);
      return start + lines.join(`\n${' '.repeat(column)}`);
    })
    .join('\n');
}

function flagHead(name: string, spec: FlagSpec): string {
  const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
  const kind = valueName(spec);
  return `  ${short}--${name}${kind === '' ? '' : ` ${kind}`}`;
}

function valueName(spec: FlagSpec): string {
  if (spec.type === 'bool') return '';
  if (spec.type === 'string' || spec.type === 'list') return spec.metavar ?? spec.type;
  return spec.type;
}

function flagDefault(spec: FlagSpec): string {
  return spec.type === 'bool' && spec.initial === true ? ' (default true)' : '';
}

export function renderGroupHelp(words: readonly string[], summary: string, entries: readonly GroupEntry[]): string {
  const name = `wharf ${words.join(' ')}`;
  return [
    `Usage:  ${name} COMMAND`,
    summary,
    `Commands:\n${entryList(entries)}`,
    `Run '${name} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n');
}

export function renderTopHelp(
  sections: readonly { readonly title: string; readonly entries: readonly GroupEntry[] }[],
  globalFlags: Readonly<Record<string, FlagSpec>>,
  columns: number,
): string {
  return [
    'Usage:  wharf [OPTIONS] COMMAND',
    'Containers on your machine: run images, look inside, share them.',
    ...sections.map(({ title, entries }) => `${title}:\n${entryList(entries)}`),
    `Global Options:\n${flagTable(globalFlags, Math.min(Math.max(columns, 60), 100))}`,
    "Run 'wharf COMMAND --help' for more information on a command.\n",
  ].join('\n\n');
}

function entryList(entries: readonly GroupEntry[]): string {
  const width = Math.max(...entries.map(({ name }) => name.length), 9);
  return entries.map(({ name, summary }) => `  ${name.padEnd(width + 2)}${summary}`).join('\n');
}

function shortest(paths: readonly (readonly string[])[]): readonly string[] {
  return paths.reduce((best, path) => (path.length < best.length ? path : best));
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
