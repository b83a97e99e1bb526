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
  { title: 'Wharf, docker CLI', of: ['docker CLI on wharfd', 'wharf', 'wharf registry'] },
  { title: 'Wharf, wharf CLI', of: ['wharf CLI'] },
  { title: 'dockerd (registry rows: CNCF distribution)', of: ['docker CLI on dockerd', 'docker', 'CNCF distribution'] },
  { title: 'podman', of: ['podman'] },
] as const;

/** A Markdown table; the ratio is Wharf's (by the docker CLI, so that only the engines differ) to dockerd's. */
export function resultTable(rows: readonly BenchRow[]): string {
  const head = ['', ...columns.map(({ title }) => title), 'Wharf / dockerd', 'at most'];
  const body = rows.map((row) => [`${row.name} (${row.unit})`, ...cellsOf(row, rows)]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...body.map(line)].join('');
}

/** One row as soon as it is there. */
export function resultLine(row: BenchRow, before: readonly BenchRow[]): string {
  return `${row.name}: ${cellsOf(row, before).join(' | ')}\n`;
}

const valuesOf = (row: BenchRow) =>
  columns.map(({ of }) => of.map((name) => row.medians[name]).find((value) => value !== undefined));

function cellsOf(row: BenchRow, others: readonly BenchRow[]): readonly string[] {
  const cells = valuesOf(row);
  const [ours, , theirs] = cells;
  const ratio = ours === undefined || theirs === undefined ? '' : (ours / theirs).toFixed(2);
  return [...cells.map(shown), ratio, limitText(row, others)];
}

function limitText(row: BenchRow, others: readonly BenchRow[]): string {
  const { atMost, unit } = row;
  if (atMost === undefined) return '';
  if ('value' in atMost) return `${atMost.value} ${unit}`;
  if (atMost.toCase === undefined) return atMost.ratio.toFixed(2);
  const [ours] = valuesOf(row);
  const other = others.find(({ name }) => name === atMost.toCase);
  const [whole] = other === undefined ? [] : valuesOf(other);
  const share = ours === undefined || whole === undefined ? '' : `, is ${(ours / whole).toFixed(2)}`;
  return `${atMost.ratio.toFixed(2)} of the whole pull${share}`;
}

function shown(value: number | undefined): string {
  if (value === undefined) return '';
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
