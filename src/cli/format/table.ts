/**
 * Text in aligned columns, as Go's text/tabwriter lays it out for docker: cells end with a tab, a column is a run of
 * neighbouring lines that have a cell there, its width the widest cell plus padding. The last cell of a line belongs to
 * no column and is never padded.
 */
export interface ColumnOptions {
  readonly minWidth: number;
  readonly padding: number;
}

/** What docker's lists use. */
export const listColumns: ColumnOptions = { minWidth: 10, padding: 3 };

/** Lays out lines whose cells are separated by tabs. */
export function alignColumns(text: string, options: ColumnOptions = listColumns): string {
  const endsWithNewline = text.endsWith('\n');
  const lines = (endsWithNewline ? text.slice(0, -1) : text).split('\n').map((line) => line.split('\t'));
  const widths: number[][] = lines.map(() => []);
  layColumn(lines, widths, 0, 0, lines.length, options);
  const out = lines.map((cells, row) =>
    cells.map((cell, column) => (column < cells.length - 1 ? pad(cell, widths[row]?.[column] ?? 0) : cell)).join(''),
  );
  return out.join('\n') + (endsWithNewline ? '\n' : '');
}

/** Finds the blocks of lines in [from, to) that have a cell in `column`, sets their width and goes on to the right. */
function layColumn(
  lines: readonly (readonly string[])[],
  widths: number[][],
  column: number,
  from: number,
  to: number,
  options: ColumnOptions,
): void {
  let row = from;
  while (row < to) {
    if (!hasCell(lines[row], column)) {
      row += 1;
      continue;
    }
    let end = row;
    let width = options.minWidth;
    while (end < to && hasCell(lines[end], column)) {
      width = Math.max(width, displayWidth(lines[end]?.[column] ?? '') + options.padding);
      end += 1;
    }
    for (let index = row; index < end; index += 1) widths[index]?.push(width);
    layColumn(lines, widths, column + 1, row, end, options);
    row = end;
  }
}

function hasCell(cells: readonly string[] | undefined, column: number): boolean {
  return cells !== undefined && column < cells.length - 1;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - displayWidth(cell)));
}

function displayWidth(cell: string): number {
  let width = 0;
  for (const _ of cell) width += 1;
  return width;
}

/** Cuts a text to `max` characters, the last of them an ellipsis, as docker shortens commands. */
export function ellipsis(text: string, max: number): string {
  const characters = [...text];
  if (characters.length <= max) return text;
  return max <= 1 ? characters.slice(0, max).join('') : `${characters.slice(0, max - 1).join('')}…`;
}

/** The first 12 digits of an ID, without its `sha256:`. */
export function shortId(id: string): string {
  const digits = id.startsWith('sha256:') ? id.slice('sha256:'.length) : id;
  return digits.slice(0, 12);
}
