import { PackageOpen, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { bytes } from '../ui/bytes.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { FilterInput, Segments } from '../ui/field.tsx';
import { TableSkeleton } from '../ui/progress.tsx';
import { RelativeTime } from '../ui/relative-time.tsx';
import { type Column, RowActions, Table } from '../ui/table.tsx';
import { type DeletionTarget, useRepositories } from './browser-queries.ts';
import { KindBadge, RepositoryIcon } from './kind-badge.tsx';
import type { Place } from './place.ts';
import { RefreshButton } from './refresh-button.tsx';
import { useRegistryConnection } from './registry-connection.ts';
import type { Repository } from './registry-content.ts';

type KindFilter = 'all' | 'image' | 'extension' | 'plugin' | 'artifact';

const kindFilters: readonly { readonly value: KindFilter; readonly label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'image', label: 'Images' },
  { value: 'extension', label: 'Extensions' },
  { value: 'plugin', label: 'Plugins' },
  { value: 'artifact', label: 'Artifacts' },
];

interface ListActs {
  readonly onGo: (place: Place) => void;
  readonly onDelete: ((target: DeletionTarget) => void) | undefined;
}

function columnsOf(told: boolean, { onGo, onDelete }: ListActs): readonly Column<Repository>[] {
  const name: Column<Repository> = {
    id: 'name',
    title: 'Repository',
    sortBy: (row) => row.name,
    cell: (row) => (
      <button
        type="button"
        onClick={() => onGo({ kind: 'repository', name: row.name })}
        className="flex max-w-full items-center gap-3 rounded text-left hover:text-accent"
      >
        <RepositoryIcon repository={row} />
        <span className="min-w-0">
          <span className="block truncate font-medium">{row.name}</span>
          {row.description !== '' && <span className="block truncate text-xs text-ink-3">{row.description}</span>}
        </span>
      </button>
    ),
  };
  const facts: readonly Column<Repository>[] = [
    {
      id: 'kind',
      title: 'Kind',
      width: 'w-28',
      sortBy: (row) => row.kind,
      cell: (row) => <KindBadge kind={row.kind} />,
    },
    {
      id: 'platforms',
      title: 'Platforms',
      width: 'w-[18%]',
      cell: (row) => (
        <span className="block truncate text-ink-2" title={row.platforms.join(', ')}>
          {row.platforms.join(', ') || '–'}
        </span>
      ),
    },
    {
      id: 'tags',
      title: 'Tags',
      width: 'w-20',
      sortBy: (row) => row.tagCount ?? -1,
      cell: (row) => <span className="tabular text-ink-2">{row.tagCount ?? '–'}</span>,
    },
    {
      id: 'size',
      title: 'Size',
      width: 'w-24',
      sortBy: (row) => row.sizeBytes ?? -1,
      cell: (row) => <span className="tabular text-ink-2">{bytes(row.sizeBytes)}</span>,
    },
    {
      id: 'updated',
      title: 'Updated',
      width: 'w-36',
      sortBy: (row) => row.updatedAtMs ?? 0,
      cell: (row) => (row.updatedAtMs === undefined ? '–' : <RelativeTime atMs={row.updatedAtMs} />),
    },
  ];
  const acts: Column<Repository> = {
    id: 'actions',
    title: '',
    width: 'w-16',
    align: 'right',
    cell: (row) => (
      <RowActions>
        <IconButton label={`Delete ${row.name}`} tone="danger" onClick={() => onDelete?.({ name: row.name })}>
          <Trash2 />
        </IconButton>
      </RowActions>
    ),
  };
  return [name, ...(told ? facts : []), ...(onDelete === undefined ? [] : [acts])];
}

export function RepositoryList(acts: ListActs) {
  const { address } = useRegistryConnection();
  const repositories = useRepositories();
  const [filter, setFilter] = useState('');
  const [kind, setKind] = useState<KindFilter>('all');
  const all = repositories.data ?? [];
  const told = all.some((repository) => repository.kind !== 'unknown');
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = all.filter(
    (row) =>
      (kind === 'all' || row.kind === kind) &&
      words.every((word) => `${row.name} ${row.description}`.toLowerCase().includes(word)),
  );
  if (repositories.error && repositories.data === undefined)
    return (
      <ErrorNote
        error={repositories.error}
        action={
          <Button size="sm" onClick={() => void repositories.refetch()}>
            Try again
          </Button>
        }
      />
    );
  if (repositories.data === undefined) return <TableSkeleton rows={6} />;
  if (all.length === 0)
    return (
      <EmptyState
        icon={<PackageOpen />}
        title="Nothing is kept here yet"
        command={`docker push ${address === '' ? '' : `${address}/`}team/app:1.0`}
      >
        Tag an image with this registry’s address and push it. Every image, extension or chart gets a line here.
      </EmptyState>
    );
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <FilterInput label="Filter repositories" value={filter} onChange={setFilter} />
        {told && <Segments label="Kind" value={kind} onChange={setKind} options={kindFilters} />}
        <span className="tabular ml-auto text-xs text-ink-3">
          {rows.length === all.length
            ? `${all.length} ${all.length === 1 ? 'repository' : 'repositories'}`
            : `${rows.length} of ${all.length}`}
        </span>
        <RefreshButton />
      </div>
      {rows.length === 0 ? (
        <EmptyState
          icon={<PackageOpen />}
          title="The filter hides all repositories"
          action={
            <Button
              onClick={() => {
                setFilter('');
                setKind('all');
              }}
            >
              Show all
            </Button>
          }
        />
      ) : (
        <Table
          label="Repositories"
          columns={columnsOf(told, acts)}
          rows={rows}
          rowKey={(row) => row.name}
          rowTestId={(row) => `stored-${row.name}`}
        />
      )}
    </div>
  );
}
