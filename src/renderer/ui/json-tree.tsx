import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { classes } from './classes.ts';

function preview(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.length} ]`;
  if (value && typeof value === 'object')
    return Object.keys(value).length === 0 ? '{}' : `{ ${Object.keys(value).length} }`;
  return '';
}

function Leaf({ value }: { readonly value: unknown }) {
  if (typeof value === 'string') return <span className="break-all text-good">"{value}"</span>;
  if (value === null || value === undefined) return <span className="text-ink-3">null</span>;
  return <span className="text-accent">{String(value)}</span>;
}

/** A JSON document as a tree; a filter keeps the branches whose names or values hold it. */
export function JsonTree({
  name,
  value,
  filter,
  depth = 0,
}: {
  readonly name?: string;
  readonly value: unknown;
  readonly filter: string;
  readonly depth?: number;
}) {
  const [open, setOpen] = useState(depth < 1);
  const nested = value !== null && typeof value === 'object';
  if (filter && !matches(name, value, filter)) return null;
  const shown = open || filter !== '';
  const key = name !== undefined && <span className="text-ink-2">{name}: </span>;
  if (!nested || Object.keys(value).length === 0)
    return (
      <div className="py-px pl-5">
        {key}
        {nested ? <span className="text-ink-3">{preview(value)}</span> : <Leaf value={value} />}
      </div>
    );
  return (
    <div>
      <button
        type="button"
        aria-expanded={shown}
        onClick={() => setOpen(!open)}
        className="flex items-center gap-1 rounded py-px text-left hover:bg-hover"
      >
        <ChevronRight className={classes('size-4 text-ink-3 transition-transform', shown && 'rotate-90')} aria-hidden />
        {key}
        <span className="text-ink-3">{preview(value)}</span>
      </button>
      {shown && (
        <div className="ml-2 border-l border-line pl-2">
          {Object.entries(value).map(([childName, child]) => (
            <JsonTree
              key={childName}
              name={childName}
              value={child}
              filter={name !== undefined && includes(name, filter) ? '' : filter}
              depth={depth + 1}
            />
          ))}
        </div>
      )}
    </div>
  );
}

const includes = (text: string, filter: string) => text.toLowerCase().includes(filter.toLowerCase());

function matches(name: string | undefined, value: unknown, filter: string): boolean {
  if (name !== undefined && includes(name, filter)) return true;
  if (value !== null && typeof value === 'object')
    return Object.entries(value).some(([key, child]) => matches(key, child, filter));
  return includes(String(value), filter);
}
