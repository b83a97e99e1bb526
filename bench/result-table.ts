import type { BenchCase } from './case.ts';

export interface BenchRow {
  readonly name: string;
  readonly unit: 'ms' | 'MiB';
  readonly atMost?: BenchCase['atMost'];
  readonly runs: number;
  /** By column; a column is a command line or an engine. */
  readonly medians: Readonly<Record<string, number>>;
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly failures: readonly string[];
}

const columns = [
  { title: 'Wharf, docker CLI', of: ['docker CLI on wharfd', 'wharf'] },
  { title: 'Wharf, wharf CLI', of: ['wharf CLI'] },
  { title: 'dockerd', of: ['docker CLI on dockerd', 'docker'] },
  { title: 'podman', of: ['podman'] },
] as const;

/** A Markdown table; the ratio is Wharf's (by the docker CLI, so that only the engines differ) to dockerd's. */
export function resultTable(rows: readonly BenchRow[]): string {
  const head = ['', ...columns.map(({ title }) => title), 'Wharf / dockerd', 'at most'];
  const body = rows.map((row) => [`${row.name} (${row.unit})`, ...cellsOf(row)]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...body.map(line)].join('');
}

/** One row as soon as it is there. */
export function resultLine(row: BenchRow): string {
  return `${row.name}: ${cellsOf(row).join(' | ')}\n`;
}

function cellsOf(row: BenchRow): readonly string[] {
  const cells = columns.map(({ of }) => of.map((name) => row.medians[name]).find((value) => value !== undefined));
  const [ours, , theirs] = cells;
  const ratio = ours === undefined || theirs === undefined ? '' : (ours / theirs).toFixed(2);
  return [...cells.map(shown), ratio, limitText(row)];
}

function limitText({ atMost, unit }: BenchRow): string {
  if (atMost === undefined) return '';
  return 'ratio' in atMost ? atMost.ratio.toFixed(2) : `${atMost.value} ${unit}`;
}

function shown(value: number | undefined): string {
  if (value === undefined) return '';
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
