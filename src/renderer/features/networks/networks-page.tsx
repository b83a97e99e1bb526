import { Network as NetworkIcon, Plus, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Network } from '../../../contract/engine-types.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { useContainers, useNetworks } from '../../engine/queries.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { ShortId } from '../../ui/copy.tsx';
import { ConfirmDialog, type ConfirmRequest } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { FilterInput } from '../../ui/field.tsx';
import { Page } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { Badge } from '../../ui/status.tsx';
import { type Column, RowActions, Table } from '../../ui/table.tsx';
import { toastSuccess } from '../../ui/toast.ts';
import { CreateNetworkDialog } from './create-network-dialog.tsx';
import { NetworkDrawer } from './network-drawer.tsx';

const predefined = new Set(['bridge', 'host', 'none']);

export function NetworksPage() {
  const engine = useEngine();
  const networks = useNetworks();
  const containers = useContainers().data;
  const [filter, setFilter] = useState('');
  const [creating, setCreating] = useState(false);
  const [opened, setOpened] = useState<Network>();
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const counts = useMemo(() => {
    const map = new Map<string, number>();
    for (const container of containers ?? [])
      for (const name of Object.keys(container.NetworkSettings?.Networks ?? {}))
        map.set(name, (map.get(name) ?? 0) + 1);
    return map;
  }, [containers]);
  const all = networks.data ?? [];
  const rows = all.filter((network) => network.Name.toLowerCase().includes(filter.toLowerCase()));
  const remove = (network: Network) =>
    setConfirm({
      title: `Remove ${network.Name}?`,
      verb: 'Remove',
      body: (
        <p>
          {(counts.get(network.Name) ?? 0) > 0
            ? 'Containers are attached to it. Running ones must be disconnected first.'
            : 'No container uses it.'}
        </p>
      ),
      onConfirm: () => engine.call('NetworkDelete', { params: { id: network.Id } }),
    });
  const prune = () =>
    setConfirm({
      title: 'Remove all unused networks?',
      verb: 'Remove unused networks',
      body: <p>Networks you made that no container uses go. The predefined ones stay.</p>,
      onConfirm: async () => {
        const result = await engine.call('NetworkPrune', {});
        toastSuccess(`Removed ${result.NetworksDeleted?.length ?? 0} networks`);
      },
    });
  const subnet = (network: Network) =>
    network.IPAM.Config?.map((config) => config.Subnet)
      .filter(Boolean)
      .join(', ') ?? '';
  const columns: readonly Column<Network>[] = [
    {
      id: 'name',
      title: 'Name',
      width: 'w-[30%]',
      sortBy: (network) => network.Name,
      cell: (network) => (
        <div className="min-w-0">
          <button
            type="button"
            onClick={() => setOpened(network)}
            className="block max-w-full truncate rounded font-medium hover:text-accent"
          >
            {network.Name}
          </button>
          <ShortId id={network.Id} />
        </div>
      ),
    },
    {
      id: 'driver',
      title: 'Driver',
      width: 'w-[14%]',
      sortBy: (network) => network.Driver,
      cell: (network) => <span className="text-ink-2">{network.Driver}</span>,
    },
    {
      id: 'subnet',
      title: 'Subnet',
      width: 'w-[22%]',
      sortBy: subnet,
      cell: (network) => <code className="font-mono text-xs text-ink-2">{subnet(network) || '–'}</code>,
    },
    {
      id: 'containers',
      title: 'Containers',
      width: 'w-[14%]',
      sortBy: (network) => counts.get(network.Name) ?? 0,
      cell: (network) => <span className="tabular text-ink-2">{counts.get(network.Name) ?? 0}</span>,
    },
    {
      id: 'marks',
      title: '',
      width: 'w-[14%]',
      cell: (network) => (
        <span className="flex gap-1">
          {predefined.has(network.Name) && <Badge>Predefined</Badge>}
          {network.Internal && <Badge tone="accent">Internal</Badge>}
        </span>
      ),
    },
    {
      id: 'actions',
      title: '',
      width: 'w-20',
      align: 'right',
      cell: (network) => (
        <RowActions>
          <IconButton
            label={`Remove ${network.Name}`}
            tone="danger"
            disabled={predefined.has(network.Name)}
            onClick={() => remove(network)}
          >
            <Trash2 />
          </IconButton>
        </RowActions>
      ),
    },
  ];
  return (
    <Page
      title="Networks"
      lead="Who can talk to whom. On networks of your own, containers find each other by name."
      actions={
        <>
          <Button onClick={prune}>Remove unused</Button>
          <Button look="primary" icon={<Plus className="size-4" />} onClick={() => setCreating(true)}>
            Create
          </Button>
        </>
      }
      toolbar={<FilterInput label="Filter networks" value={filter} onChange={setFilter} />}
    >
      {networks.error && !networks.data ? (
        <ErrorNote error={networks.error} />
      ) : networks.data === undefined ? (
        <TableSkeleton rows={3} />
      ) : rows.length === 0 ? (
        <EmptyState
          icon={<NetworkIcon />}
          title="The filter hides all networks"
          action={<Button onClick={() => setFilter('')}>Show all</Button>}
        />
      ) : (
        <Table
          label="Networks"
          columns={columns}
          rows={rows}
          rowKey={(network) => network.Id}
          rowTestId={(network) => `network-row-${network.Name}`}
        />
      )}
      <CreateNetworkDialog open={creating} onClose={() => setCreating(false)} />
      <NetworkDrawer network={opened} onClose={() => setOpened(undefined)} />
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
