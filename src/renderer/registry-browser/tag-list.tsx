import { ShieldCheck, Tags, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { bytes } from '../ui/bytes.ts';
import { CopyButton, ShortId } from '../ui/copy.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { FilterInput } from '../ui/field.tsx';
import { Skeleton, TableSkeleton } from '../ui/progress.tsx';
import { RelativeTime } from '../ui/relative-time.tsx';
import { Badge } from '../ui/status.tsx';
import { type Column, RowActions, Table } from '../ui/table.tsx';
import { type DeletionTarget, type TagLine, useTagFacts, useTags } from './browser-queries.ts';
import { type Place, pullName } from './place.ts';
import { useRegistryConnection } from './registry-connection.ts';
import type { TagFacts } from './registry-content.ts';

/** Facts are asked for line by line where the registry does not list them: so many lines at a time. */
const linesAtOnce = 50;

function Fact({
  name,
  line,
  show,
}: {
  readonly name: string;
  readonly line: TagLine;
  readonly show: (facts: TagFacts) => ReactNode;
}) {
  const { facts, error } = useTagFacts(name, line);
  if (facts !== undefined) return show(facts);
  if (error) return <span className="text-ink-3">–</span>;
  return <Skeleton className="h-4 w-16" />;
}

function useColumns(
  name: string,
  props: Pick<Parameters<typeof TagList>[0], 'onGo' | 'onDelete' | 'actions'>,
): readonly Column<TagLine>[] {
  const { address } = useRegistryConnection();
  const fact = (line: TagLine, show: (facts: TagFacts) => ReactNode) => <Fact name={name} line={line} show={show} />;
  return [
    {
      id: 'tag',
      title: 'Tag',
      sortBy: (row) => row.tag,
      cell: (row) => (
        <button
          type="button"
          onClick={() => props.onGo({ kind: 'manifest', name, reference: row.tag })}
          className="block max-w-full truncate rounded font-mono text-xs font-medium hover:text-accent"
        >
          {row.tag}
        </button>
      ),
    },
    {
      id: 'digest',
      title: 'Digest',
      width: 'w-36',
      cell: (row) => fact(row, (facts) => <ShortId id={facts.digest} />),
    },
    {
      id: 'platforms',
      title: 'Platforms',
      width: 'w-[22%]',
      cell: (row) =>
        fact(row, ({ platforms, kind }) => (
          <span className="block truncate text-ink-2" title={platforms.join(', ')}>
            {platforms.join(', ') || (kind === 'artifact' ? 'Artifact' : '–')}
          </span>
        )),
    },
    {
      id: 'size',
      title: 'Size',
      width: 'w-24',
      sortBy: (row) => row.facts?.sizeBytes ?? 0,
      cell: (row) => fact(row, (facts) => <span className="tabular text-ink-2">{bytes(facts.sizeBytes)}</span>),
    },
    {
      id: 'pushed',
      title: 'Pushed',
      width: 'w-36',
      sortBy: (row) => row.facts?.pushedAtMs ?? row.facts?.createdAtMs ?? 0,
      cell: (row) =>
        fact(row, ({ pushedAtMs, createdAtMs }) => {
          const atMs = pushedAtMs ?? createdAtMs;
          return atMs === undefined ? '–' : <RelativeTime atMs={atMs} />;
        }),
    },
    {
      id: 'referrers',
      title: 'Attached',
      width: 'w-28',
      cell: (row) =>
        fact(row, ({ referrers }) =>
          referrers === 0 ? (
            <span className="text-ink-3">–</span>
          ) : (
            <Badge tone="good" icon={<ShieldCheck />} title="Signatures, attestations and the like">
              {referrers}
            </Badge>
          ),
        ),
    },
    {
      id: 'actions',
      title: '',
      width: props.actions === undefined ? 'w-24' : 'w-40',
      align: 'right',
      cell: (row) => (
        <RowActions>
          {props.actions?.(pullName(address, name, row.tag))}
          <CopyButton
            text={`docker pull ${pullName(address, name, row.tag)}`}
            label={`Copy the command that pulls ${row.tag}`}
          />
          {props.onDelete && (
            <IconButton
              label={`Delete ${name}:${row.tag}`}
              tone="danger"
              onClick={() => props.onDelete?.({ name, reference: row.tag })}
            >
              <Trash2 />
            </IconButton>
          )}
        </RowActions>
      ),
    },
  ];
}

export function TagList({
  name,
  onGo,
  onDelete,
  actions,
}: {
  readonly name: string;
  readonly onGo: (place: Place) => void;
  readonly onDelete: ((target: DeletionTarget) => void) | undefined;
  /** More to do with an image, by its full name. */
  readonly actions?: ((image: string) => ReactNode) | undefined;
}) {
  const tags = useTags(name);
  const columns = useColumns(name, { onGo, onDelete, actions });
  const [filter, setFilter] = useState('');
  const [shown, setShown] = useState(linesAtOnce);
  if (tags.error && tags.data === undefined)
    return (
      <ErrorNote
        error={tags.error}
        action={
          <Button size="sm" onClick={() => void tags.refetch()}>
            Try again
          </Button>
        }
      />
    );
  if (tags.data === undefined) return <TableSkeleton rows={4} />;
  const rows = tags.data.filter((line) => line.tag.toLowerCase().includes(filter.trim().toLowerCase()));
  if (tags.data.length === 0)
    return (
      <EmptyState icon={<Tags />} title="No tags">
        What was pushed here has no name any more; the next collection removes what nothing refers to.
      </EmptyState>
    );
  return (
    <div className="flex flex-col gap-4">
      <div className="flex items-center gap-3">
        <FilterInput label="Filter tags" value={filter} onChange={setFilter} />
        <span className="tabular ml-auto text-xs text-ink-3">
          {rows.length} {rows.length === 1 ? 'tag' : 'tags'}
        </span>
      </div>
      {rows.length === 0 ? (
        <EmptyState
          icon={<Tags />}
          title="The filter hides all tags"
          action={<Button onClick={() => setFilter('')}>Show all</Button>}
        />
      ) : (
        <Table
          label={`Tags of ${name}`}
          columns={columns}
          rows={rows.slice(0, shown)}
          rowKey={(row) => row.tag}
          rowTestId={(row) => `tag-${row.tag}`}
        />
      )}
      {rows.length > shown && (
        <Button className="self-center" onClick={() => setShown(shown + linesAtOnce)}>
          Show {Math.min(linesAtOnce, rows.length - shown)} more
        </Button>
      )}
    </div>
  );
}
