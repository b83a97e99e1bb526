import { HardDrive, Plus, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Volume } from '../../../contract/engine-types.ts';
import { nameOf } from '../../engine/container-view.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { useContainers, useDiskUsage, useVolumes } from '../../engine/queries.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { bytes } from '../../ui/bytes.ts';
import { ConfirmDialog, type ConfirmRequest, Dialog, Drawer } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Field, FilterInput, Input } from '../../ui/field.tsx';
import { Card, Facts, Page } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Badge } from '../../ui/status.tsx';
import { type Column, RowActions, Table } from '../../ui/table.tsx';
import { toastSuccess } from '../../ui/toast.ts';

interface VolumeRow {
  readonly volume: Volume;
  readonly users: readonly string[];
  readonly sizeBytes: number | undefined;
  readonly anonymous: boolean;
}

function useVolumeRows() {
  const volumes = useVolumes();
  const containers = useContainers().data;
  const usage = useDiskUsage().data?.Volumes;
  const rows = useMemo((): readonly VolumeRow[] => {
    const sizes = new Map((usage ?? []).map((volume) => [volume.Name, volume.UsageData?.Size]));
    return (volumes.data ?? []).map((volume) => {
      const size = sizes.get(volume.Name);
      return {
        volume,
        users: (containers ?? [])
          .filter((container) =>
            container.Mounts.some((mount) => mount.Type === 'volume' && mount.Name === volume.Name),
          )
          .map(nameOf),
        sizeBytes: size === undefined || size < 0 ? undefined : size,
        anonymous: /^[0-9a-f]{64}$/.test(volume.Name),
      };
    });
  }, [volumes.data, containers, usage]);
  return { rows, error: volumes.error, loaded: volumes.data !== undefined };
}

function CreateDialog({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const engine = useEngine();
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  const close = () => {
    setName('');
    setError(undefined);
    onClose();
  };
  const submit = async () => {
    try {
      const volume = await engine.call('VolumeCreate', { body: { Name: name.trim() } });
      toastSuccess(`Created ${volume.Name}`);
      close();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      onSubmit={() => void submit()}
      width="sm"
      title="Create a volume"
      description="Data that outlives its containers."
      footer={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" disabled={name.trim() === ''}>
            Create
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {error !== undefined && <ErrorNote error={error} />}
        <Field label="Name">
          {(ids) => <Input {...ids} placeholder="my-data" value={name} onChange={(e) => setName(e.target.value)} />}
        </Field>
      </div>
    </Dialog>
  );
}

function VolumeDrawer({ row, onClose }: { readonly row: VolumeRow | undefined; readonly onClose: () => void }) {
  return (
    <Drawer
      open={row !== undefined}
      onClose={onClose}
      title={row?.anonymous ? 'Anonymous volume' : (row?.volume.Name ?? '')}
    >
      {row && (
        <Card>
          <Facts
            facts={[
              [
                'Name',
                <code key="name" className="font-mono text-xs break-all">
                  {row.volume.Name}
                </code>,
              ],
              ['Driver', row.volume.Driver],
              [
                'Path',
                <code key="path" className="font-mono text-xs break-all">
                  {row.volume.Mountpoint}
                </code>,
              ],
              ['Size', bytes(row.sizeBytes)],
              ['Used by', row.users.join(', ') || 'no container'],
              [
                'Created',
                row.volume.CreatedAt ? (
                  <RelativeTime key="created" atMs={Date.parse(row.volume.CreatedAt)} />
                ) : (
                  'unknown'
                ),
              ],
              ...Object.entries(row.volume.Labels ?? {}).map(([key, value]) => [key, value || 'set'] as const),
            ]}
          />
        </Card>
      )}
    </Drawer>
  );
}

export function VolumesPage() {
  const engine = useEngine();
  const { rows: all, error, loaded } = useVolumeRows();
  const [filter, setFilter] = useState('');
  const [creating, setCreating] = useState(false);
  const [opened, setOpened] = useState<VolumeRow>();
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const rows = all.filter((row) => row.volume.Name.toLowerCase().includes(filter.toLowerCase()));
  const remove = (row: VolumeRow) =>
    setConfirm({
      title: `Remove ${row.anonymous ? 'this anonymous volume' : row.volume.Name}?`,
      verb: 'Remove',
      body: (
        <p>
          {row.sizeBytes === undefined ? 'Its data' : `${bytes(row.sizeBytes)} of data`} will be gone for good.
          {row.users.length > 0 ? ` ${row.users.join(', ')} still uses it; the engine will refuse.` : ''}
        </p>
      ),
      onConfirm: () => engine.call('VolumeDelete', { params: { name: row.volume.Name } }),
    });
  const unused = all.filter((row) => row.users.length === 0);
  const prune = () =>
    setConfirm({
      title: 'Remove all unused volumes?',
      verb: 'Remove unused volumes',
      typed: 'remove',
      body: <p>{unused.length} volumes that no container uses, named ones too. Their data will be gone for good.</p>,
      onConfirm: async () => {
        const result = await engine.call('VolumePrune', { query: { filters: { all: ['true'] } } });
        toastSuccess(`Freed ${bytes(result.SpaceReclaimed)}`);
      },
    });
  const columns: readonly Column<VolumeRow>[] = [
    {
      id: 'name',
      title: 'Name',
      width: 'w-[40%]',
      sortBy: (row) => row.volume.Name,
      cell: (row) => (
        <button
          type="button"
          onClick={() => setOpened(row)}
          className="block max-w-full truncate rounded font-medium hover:text-accent"
        >
          {row.anonymous ? (
            <span className="font-mono text-xs text-ink-2">{row.volume.Name.slice(0, 24)}…</span>
          ) : (
            row.volume.Name
          )}
        </button>
      ),
    },
    {
      id: 'use',
      title: 'Status',
      width: 'w-[20%]',
      sortBy: (row) => row.users.length,
      cell: (row) =>
        row.users.length > 0 ? (
          <Badge tone="good">In use by {row.users.length === 1 ? row.users[0] : row.users.length}</Badge>
        ) : (
          <Badge>Unused</Badge>
        ),
    },
    {
      id: 'size',
      title: 'Size',
      width: 'w-[14%]',
      sortBy: (row) => row.sizeBytes ?? -1,
      cell: (row) => <span className="tabular text-ink-2">{bytes(row.sizeBytes)}</span>,
    },
    {
      id: 'created',
      title: 'Created',
      width: 'w-[16%]',
      sortBy: (row) => row.volume.CreatedAt ?? '',
      cell: (row) => (row.volume.CreatedAt ? <RelativeTime atMs={Date.parse(row.volume.CreatedAt)} /> : '–'),
    },
    {
      id: 'actions',
      title: '',
      width: 'w-20',
      align: 'right',
      cell: (row) => (
        <RowActions>
          <IconButton label={`Remove ${row.volume.Name}`} tone="danger" onClick={() => remove(row)}>
            <Trash2 />
          </IconButton>
        </RowActions>
      ),
    },
  ];
  return (
    <Page
      title="Volumes"
      lead="Data that stays when its containers go."
      actions={
        <>
          <Button onClick={prune} disabled={unused.length === 0}>
            Remove unused
          </Button>
          <Button look="primary" icon={<Plus className="size-4" />} onClick={() => setCreating(true)}>
            Create
          </Button>
        </>
      }
      toolbar={<FilterInput label="Filter volumes" value={filter} onChange={setFilter} />}
    >
      {error && !loaded ? (
        <ErrorNote error={error} />
      ) : !loaded ? (
        <TableSkeleton />
      ) : all.length === 0 ? (
        <EmptyState
          icon={<HardDrive />}
          title="No volumes yet"
          command="wharf volume create my-data"
          action={
            <Button look="primary" onClick={() => setCreating(true)}>
              Create a volume
            </Button>
          }
        >
          A volume keeps data apart from the containers that use it.
        </EmptyState>
      ) : rows.length === 0 ? (
        <EmptyState
          icon={<HardDrive />}
          title="The filter hides all volumes"
          action={<Button onClick={() => setFilter('')}>Show all</Button>}
        />
      ) : (
        <Table
          label="Volumes"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.volume.Name}
          rowTestId={(row) => `volume-row-${row.volume.Name}`}
        />
      )}
      <CreateDialog open={creating} onClose={() => setCreating(false)} />
      <VolumeDrawer row={opened} onClose={() => setOpened(undefined)} />
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
