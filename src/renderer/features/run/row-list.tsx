import { Plus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, IconButton } from '../../ui/button.tsx';

/** Rows of inputs that can be added and taken away (ports, volumes, variables). */
export function RowList<Row>({
  title,
  what,
  rows,
  empty,
  error,
  onChange,
  children,
}: {
  readonly title: string;
  readonly what: string;
  readonly rows: readonly Row[];
  readonly empty: Row;
  readonly error?: string;
  readonly onChange: (rows: readonly Row[]) => void;
  readonly children: (row: Row, change: (row: Row) => void, index: number) => ReactNode;
}) {
  return (
    <fieldset className="flex flex-col gap-2">
      <div className="flex items-center">
        <legend className="float-left flex-1 font-medium">{title}</legend>
        <Button size="sm" look="ghost" icon={<Plus className="size-3.5" />} onClick={() => onChange([...rows, empty])}>
          Add {what}
        </Button>
      </div>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are edited in place and have no identity of their own
        <div key={index} className="flex items-center gap-2">
          {children(row, (next) => onChange(rows.with(index, next)), index)}
          <IconButton label={`Remove ${what} ${index + 1}`} onClick={() => onChange(rows.toSpliced(index, 1))}>
            <X />
          </IconButton>
        </div>
      ))}
      {error && (
        <p role="alert" className="text-xs text-bad">
          {error}
        </p>
      )}
    </fieldset>
  );
}
