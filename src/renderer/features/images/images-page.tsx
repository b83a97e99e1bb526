import { ArrowDownToLine, ArrowUpFromLine, EllipsisVertical, Layers, Play, Tag, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useEngine } from '../../engine/engine-context.tsx';
import { intend } from '../../engine/intents.ts';
import { useContainers, useDiskUsage, useImages, useTrustImages } from '../../engine/queries.ts';
import { startPush } from '../../engine/tasks.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { bytes } from '../../ui/bytes.ts';
import { ShortId } from '../../ui/copy.tsx';
import { ConfirmDialog, type ConfirmRequest } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { FilterInput, Segments } from '../../ui/field.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Page } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Badge } from '../../ui/status.tsx';
import { type Column, RowActions, Table } from '../../ui/table.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { ImageDrawer } from './image-drawer.tsx';
import { type ImageRow, imageRows, type Use } from './image-rows.ts';
import { TagDialog } from './tag-dialog.tsx';
import { TrustBadge } from './trust-badge.tsx';
import { type RowVerdict, verdictsByTarget } from './trust-view.ts';

const uses: Record<Use, { tone: 'good' | 'idle' | 'warn'; text: string }> = {
  used: { tone: 'good', text: 'In use' },
  unused: { tone: 'idle', text: 'Unused' },
  dangling: { tone: 'warn', text: 'Dangling' },
};

/** How the disk is shared out between images in use and the rest. */
function SizeBar({ rows, layersBytes }: { readonly rows: readonly ImageRow[]; readonly layersBytes: number }) {
  // What only unused images hold; all else on the disk is in use (layers are shared, so the sizes do not add up).
  const byId = new Map(rows.map((row) => [row.id, row]));
  const unused = [...byId.values()]
    .filter((row) => row.use !== 'used')
    .reduce((sum, row) => sum + Math.max(0, row.sizeBytes - row.sharedBytes), 0);
  const used = Math.max(0, layersBytes - unused);
  const share = layersBytes > 0 ? (used / layersBytes) * 100 : 0;
  return (
    <div className="mb-4 flex items-center gap-4 rounded-xl border border-line bg-surface px-4 py-3 shadow-card">
      <div className="tabular whitespace-nowrap">
        <span className="font-semibold">{bytes(layersBytes)}</span> <span className="text-ink-3">on disk</span>
      </div>
      <div
        className="flex h-2 flex-1 overflow-hidden rounded-full bg-sunken"
        role="img"
        aria-label={`${Math.round(share)} percent of the image bytes are in use`}
      >
        <div className="bg-accent" style={{ width: `${share}%` }} />
      </div>
      <div className="tabular flex gap-4 text-xs whitespace-nowrap text-ink-2">
        <span className="flex items-center gap-1.5">
          <span className="size-2 rounded-full bg-accent" /> In use {bytes(used)}
        </span>
        <span className="flex items-center gap-1.5">
          <span className="size-2 rounded-full bg-line-strong" /> Unused {bytes(unused)}
        </span>
      </div>
    </div>
  );
}

/** Only where the policy asks for something: what it lets through unseen needs no mark. */
function RowTrust({ verdict }: { readonly verdict: RowVerdict | undefined }) {
  if (verdict === undefined || verdict.verdict === 'unrestricted') return null;
  return <TrustBadge verdict={verdict.verdict} reason={verdict.reason} />;
}

export function ImagesPage() {
  const engine = useEngine();
  const images = useImages();
  const containers = useContainers().data;
  const layersBytes = useDiskUsage().data?.LayersSize;
  const trust = useTrustImages().data;
  const verdicts = useMemo(() => verdictsByTarget(trust), [trust]);
  const [filter, setFilter] = useState('');
  const [show, setShow] = useState<'all' | Use>('all');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const [opened, setOpened] = useState<ImageRow>();
  const [tagging, setTagging] = useState<ImageRow>();
  const all = useMemo(() => imageRows(images.data ?? [], containers ?? []), [images.data, containers]);
  const rows = all.filter(
    (row) =>
      (show === 'all' || row.use === show) && `${row.reference} ${row.id}`.toLowerCase().includes(filter.toLowerCase()),
  );

  const remove = (targets: readonly ImageRow[]) => {
    const users = targets.flatMap((row) => row.containers);
    const [first] = targets;
    setConfirm({
      title: targets.length === 1 && first ? `Remove ${first.reference}?` : `Remove ${targets.length} images?`,
      verb: 'Remove',
      body: (
        <>
          <p>
            {targets.length === 1 && first
              ? `Up to ${bytes(first.sizeBytes)} are freed, less what it shares with other images.`
              : `${targets.map((row) => row.reference).join(', ')}`}
          </p>
          {users.length > 0 && (
            <p className="text-warn">
              Used by {users.join(', ')}. A running container keeps its image; the engine will say so.
            </p>
          )}
        </>
      ),
      onConfirm: async () => {
        for (const row of targets)
          await engine.call('ImageDelete', { params: { name: row.target }, query: { force: row.use !== 'used' } });
        setSelected(new Set());
      },
    });
  };
  const prune = () =>
    setConfirm({
      title: 'Remove all unused images?',
      verb: 'Remove unused images',
      body: <p>Every image that no container uses goes, tagged or not. They can be pulled again.</p>,
      onConfirm: async () => {
        const result = await engine.call('ImagePrune', { query: { filters: { dangling: ['false'] } } });
        toastSuccess(`Freed ${bytes(result.SpaceReclaimed)}`);
      },
    });

  const columns: readonly Column<ImageRow>[] = [
    {
      id: 'name',
      title: 'Image',
      width: 'w-[34%]',
      sortBy: (row) => row.reference,
      cell: (row) => (
        <div className="min-w-0">
          <button
            type="button"
            onClick={() => setOpened(row)}
            className="block max-w-full truncate rounded font-medium text-ink hover:text-accent"
          >
            {row.repository}
            {row.tag && <span className="text-ink-3">:{row.tag}</span>}
          </button>
          <div className="flex items-center gap-2">
            <ShortId id={row.id} />
            <RowTrust verdict={verdicts.get(row.target)} />
          </div>
        </div>
      ),
    },
    {
      id: 'use',
      title: 'Status',
      width: 'w-[14%]',
      sortBy: (row) => row.use,
      cell: (row) => (
        <Badge tone={uses[row.use].tone} title={row.containers.join(', ')}>
          {uses[row.use].text}
        </Badge>
      ),
    },
    {
      id: 'created',
      title: 'Created',
      width: 'w-[16%]',
      sortBy: (row) => -row.createdAtMs,
      cell: (row) => <RelativeTime atMs={row.createdAtMs} />,
    },
    {
      id: 'size',
      title: 'Size',
      width: 'w-[16%]',
      sortBy: (row) => row.sizeBytes,
      cell: (row) => (
        <span
          className="tabular text-ink-2"
          title={row.sharedBytes > 0 ? `${bytes(row.sharedBytes)} shared with other images` : undefined}
        >
          {bytes(row.sizeBytes)}
        </span>
      ),
    },
    {
      id: 'actions',
      title: '',
      width: 'w-36',
      align: 'right',
      cell: (row) => (
        <RowActions>
          <IconButton
            label={`Run ${row.reference}`}
            tone="good"
            onClick={() => intend({ kind: 'run', image: row.target })}
          >
            <Play />
          </IconButton>
          <IconButton label={`Remove ${row.reference}`} tone="danger" onClick={() => remove([row])}>
            <Trash2 />
          </IconButton>
          <Menu
            trigger={
              <button
                type="button"
                aria-label={`More for ${row.reference}`}
                className="inline-grid size-7.5 place-items-center rounded-lg text-ink-2 hover:bg-hover [&_svg]:size-4"
              >
                <EllipsisVertical />
              </button>
            }
            entries={[
              { kind: 'item', label: 'Layers and details', icon: <Layers />, onSelect: () => setOpened(row) },
              {
                kind: 'item',
                label: 'Pull again',
                icon: <ArrowDownToLine />,
                disabled: row.tag === '',
                onSelect: () => intend({ kind: 'pull', reference: row.reference }),
              },
              { kind: 'item', label: 'Tag', icon: <Tag />, onSelect: () => setTagging(row) },
              {
                kind: 'item',
                label: 'Push',
                icon: <ArrowUpFromLine />,
                disabled: row.tag === '',
                onSelect: () => {
                  startPush(engine, row.reference);
                  intend({ kind: 'tasks' });
                },
              },
              { kind: 'line' },
              { kind: 'item', label: 'Remove', icon: <Trash2 />, danger: true, onSelect: () => remove([row]) },
            ]}
          />
        </RowActions>
      ),
    },
  ];
  const chosen = all.filter((row) => selected.has(row.key));
  return (
    <Page
      title="Images"
      lead="What containers are made from, kept on this machine."
      actions={
        <>
          <Button onClick={prune} disabled={!all.some((row) => row.use !== 'used')}>
            Remove unused
          </Button>
          <Button
            look="primary"
            icon={<ArrowDownToLine className="size-4" />}
            onClick={() => intend({ kind: 'pull', reference: '' })}
          >
            Pull
          </Button>
        </>
      }
      toolbar={
        <>
          <Segments
            label="Which images"
            value={show}
            onChange={setShow}
            options={[
              { value: 'all', label: `All ${all.length}` },
              { value: 'used', label: 'In use' },
              { value: 'unused', label: 'Unused' },
              { value: 'dangling', label: 'Dangling' },
            ]}
          />
          <FilterInput label="Filter images" value={filter} onChange={setFilter} />
          <div className="flex-1" />
          {chosen.length > 0 && (
            <Button size="sm" look="danger" icon={<Trash2 className="size-3.5" />} onClick={() => remove(chosen)}>
              Remove {chosen.length}
            </Button>
          )}
        </>
      }
    >
      {images.error && !images.data ? (
        <ErrorNote error={images.error} />
      ) : images.data === undefined ? (
        <TableSkeleton />
      ) : all.length === 0 ? (
        <EmptyState
          icon={<Layers />}
          title="No images yet"
          command="wharf pull busybox"
          action={
            <Button look="primary" onClick={() => intend({ kind: 'pull', reference: '' })}>
              Pull an image
            </Button>
          }
        >
          Pull one by name, or look around in the registry.
        </EmptyState>
      ) : (
        <>
          {layersBytes !== undefined && <SizeBar rows={all} layersBytes={layersBytes} />}
          {rows.length === 0 ? (
            <EmptyState
              icon={<Layers />}
              title="The filter hides all images"
              action={
                <Button
                  onClick={() => {
                    setFilter('');
                    setShow('all');
                  }}
                >
                  Show all
                </Button>
              }
            />
          ) : (
            <Table
              label="Images"
              columns={columns}
              rows={rows}
              rowKey={(row) => row.key}
              rowLabel={(row) => row.reference}
              rowTestId={(row) => `image-row-${row.reference}`}
              selected={selected}
              onSelect={setSelected}
            />
          )}
        </>
      )}
      <ImageDrawer row={opened} onClose={() => setOpened(undefined)} />
      <TagDialog row={tagging} onClose={() => setTagging(undefined)} />
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
