import { ArrowDown, ArrowUp } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { classes } from './classes.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Absent: not sortable. */
  readonly sortBy?: (row: Row) => string | number;
  /** Tailwind width classes. */
  readonly width?: string;
  readonly align?: 'right';
}

export interface TableGroup<Row> {
  readonly key: string;
  /** undefined: rows without a header. */
  readonly header?: ReactNode;
  readonly rows: readonly Row[];
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly rowTestId?: (row: Row) => string;
  /** What the row is called, for whoever hears its checkbox. */
  readonly rowLabel?: (row: Row) => string;
  readonly group?: (row: Row) => string | undefined;
  readonly groupHeader?: (key: string, rows: readonly Row[]) => ReactNode;
  readonly onOpen?: (row: Row) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
  readonly initialSort?: { readonly id: string; readonly down: boolean };
}

/** Sorted rows, groups in order of their first row; rows without a group come last, without a header. */
function arrange<Row>(
  props: TableProps<Row>,
  sort: { id: string; down: boolean } | undefined,
): readonly TableGroup<Row>[] {
  const column = props.columns.find((candidate) => candidate.id === sort?.id);
  const by = column?.sortBy;
  const rows = by
    ? [...props.rows].sort((a, b) => {
        const [x, y] = [by(a), by(b)];
        const order =
          typeof x === 'number' && typeof y === 'number'
            ? x - y
            : String(x).localeCompare(String(y), undefined, { numeric: true });
        return sort?.down ? -order : order;
      })
    : props.rows;
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = props.group?.(row) ?? '';
    const list = groups.get(key);
    if (list) list.push(row);
    else groups.set(key, [row]);
  }
  return [...groups]
    .sort(([a], [b]) => Number(a === '') - Number(b === ''))
    .map(([key, members]) => ({
      key,
      rows: members,
      header: key === '' ? undefined : props.groupHeader?.(key, members),
    }));
}

/** The one table of the app: sorting, selection, groups, a row that opens on click or Enter. */
export function Table<Row>(props: TableProps<Row>) {
  const [sort, setSort] = useState(props.initialSort);
  const groups = useMemo(() => arrange(props, sort), [props, sort]);
  const { selected, onSelect } = props;
  const allSelected =
    selected !== undefined && props.rows.length > 0 && props.rows.every((row) => selected.has(props.rowKey(row)));
  const toggle = (key: string) => {
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect?.(next);
  };
  const span = props.columns.length + (onSelect ? 1 : 0);
  return (
    <div className="overflow-x-auto rounded-xl border border-line bg-surface shadow-card">
      <table aria-label={props.label} className="w-full min-w-220 table-fixed border-collapse text-left">
        <thead>
          <tr className="border-b border-line text-xs text-ink-3">
            {onSelect && (
              <th className="w-9 pl-4">
                <input
                  type="checkbox"
                  aria-label="Select all"
                  className="block accent-(--w-accent)"
                  checked={allSelected}
                  onChange={() => onSelect(allSelected ? new Set() : new Set(props.rows.map(props.rowKey)))}
                />
              </th>
            )}
            {props.columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                aria-sort={sort?.id === column.id ? (sort.down ? 'descending' : 'ascending') : undefined}
                className={classes(
                  'h-9 px-3 font-medium first:pl-4 last:pr-4',
                  column.width,
                  column.align === 'right' && 'text-right',
                )}
              >
                {column.sortBy ? (
                  <button
                    type="button"
                    onClick={() => setSort({ id: column.id, down: sort?.id === column.id ? !sort.down : false })}
                    className="inline-flex items-center gap-1 rounded hover:text-ink [&_svg]:size-3"
                  >
                    {column.title}
                    {sort?.id === column.id && (sort.down ? <ArrowDown /> : <ArrowUp />)}
                  </button>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        {groups.map((group) => (
          <tbody key={group.key} className="group/rows">
            {group.header && (
              <tr className="border-b border-line bg-sunken/60">
                <td colSpan={span} className="h-9 px-4 text-xs font-medium text-ink-2">
                  {group.header}
                </td>
              </tr>
            )}
            {group.rows.map((row) => {
              const key = props.rowKey(row);
              return (
                <tr
                  key={key}
                  data-testid={props.rowTestId?.(row)}
                  aria-selected={selected?.has(key)}
                  className={classes(
                    'group/row border-b border-line transition-colors group-last/rows:last:border-0 hover:bg-hover',
                    // A line at the edge says where the group ends.
                    group.header !== undefined && '[&>td:first-child]:shadow-[inset_2px_0_0_var(--w-accent)]',
                    selected?.has(key) && 'bg-accent-soft/60',
                  )}
                >
                  {onSelect && (
                    <td className="pl-4">
                      <input
                        type="checkbox"
                        aria-label={`Select ${props.rowLabel?.(row) ?? 'row'}`}
                        className="block accent-(--w-accent)"
                        checked={selected?.has(key) ?? false}
                        onChange={() => toggle(key)}
                      />
                    </td>
                  )}
                  {props.columns.map((column) => (
                    <td
                      key={column.id}
                      className={classes(
                        'h-12 px-3 first:pl-4 last:pr-4',
                        column.width,
                        column.align === 'right' && 'text-right',
                      )}
                    >
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        ))}
      </table>
    </div>
  );
}

/** Actions that show on hover or focus of their row (always there for a screen reader and on touch). */
export function RowActions({ children }: { readonly children: ReactNode }) {
  return (
    <div className="flex justify-end gap-0.5 opacity-60 transition-opacity group-focus-within/row:opacity-100 group-hover/row:opacity-100">
      {children}
    </div>
  );
}
