import { UsageError } from '../argv/usage-error.ts';
import { alignColumns } from './table.ts';
import { compileTemplate } from './template/evaluate.ts';
import { goJson, type TemplateFunction } from './template/functions.ts';
import { TemplateError } from './template/template-error.ts';

/** One line of a list as templates see it: texts by docker's field names, and methods such as `Label`. */
export type Row = Readonly<Record<string, unknown>>;

export interface ListView {
  /** The template of the default table, cells separated by tabs. */
  readonly table: string;
  /** Column heads by field name. */
  readonly headers: Readonly<Record<string, string>>;
  /** What `--quiet` prints of each row. */
  readonly quiet?: string;
  /** docker's `raw` format, where it has one. */
  readonly raw?: string;
}

export interface ListOptions {
  /** The user's `--format`. */
  readonly format?: string | undefined;
  readonly quiet?: boolean | undefined;
}

/** Head cells are texts already: the functions that shape values leave them alone. */
const headerFunctions: Readonly<Record<string, TemplateFunction>> = Object.fromEntries(
  ['json', 'split', 'join', 'title', 'lower', 'upper', 'pad', 'truncate', 'trim'].map((name) => [
    name,
    (value: unknown) => value,
  ]),
);

/** A whole row as JSON has `<`, `>` and `&` escaped in docker, a single field has not. */
const rowFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? escapeHtml(goJson(value)) : goJson(value),
};

function escapeHtml(json: string): string {
  return json.replace(/[<>&]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Renders a list the way docker's formatter does: a table by default, `json` for a document a line, `table TEMPLATE`
 * with heads, or a template per row.
 * @throws UsageError for a template that does not fit
 */
export function renderList(rows: readonly Row[], view: ListView, options: ListOptions): string {
  const { template, table } = chooseTemplate(view, options);
  const sorted = rows.map(sortFields);
  try {
    const render = compileTemplate(template, { strict: true, functions: rowFunctions });
    const lines = sorted.map((row) => `${render(row)}\n`).join('');
    if (!table) return lines;
    const head = compileTemplate(template, { functions: headerFunctions })(view.headers);
    return alignColumns(`${head}\n${lines}`);
  } catch (error) {
    throw error instanceof TemplateError ? templateProblem(error, Object.keys(view.headers)) : error;
  }
}

function chooseTemplate(view: ListView, options: ListOptions): { readonly template: string; readonly table: boolean } {
  const format = options.format ?? '';
  const isDefault = format === '' || format === 'table';
  if (options.quiet === true && view.quiet !== undefined && (isDefault || view.raw === undefined || format !== 'raw')) {
    return { template: view.quiet, table: false };
  }
  if (isDefault) return { template: view.table, table: true };
  if (format === 'json') return { template: '{{json .}}', table: false };
  if (format === 'raw' && view.raw !== undefined) return { template: view.raw, table: false };
  if (format.startsWith('table')) return { template: unescapeFormat(format.slice('table'.length).trim()), table: true };
  return { template: unescapeFormat(format.trim()), table: false };
}

/** Shells pass `\t` through as two characters; docker reads them as a tab and a line end. */
export function unescapeFormat(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

/** docker writes a row's JSON with its fields in alphabetical order. */
function sortFields(row: Row): Row {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function templateProblem(error: TemplateError, fields: readonly string[] = []): UsageError {
  const hint = fields.length > 0 ? `Fields: ${[...fields].sort().join(', ')}.` : undefined;
  return new UsageError(`template parsing error: ${error.message}`, {
    exitCode: 1,
    ...(hint === undefined ? {} : { hint }),
  });
}
