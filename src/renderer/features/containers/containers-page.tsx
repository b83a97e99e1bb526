import { Container, Play, RefreshCcw, Square, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { ContainerSummary } from '../../../contract/engine-types.ts';
import { useContainerActs } from '../../engine/container-actions.ts';
import { composeProject, isLive, nameOf, shownContainers } from '../../engine/container-view.ts';
import { intend } from '../../engine/intents.ts';
import { useContainers } from '../../engine/queries.ts';
import { useStatsOf } from '../../engine/stats-stream.ts';
import { useSettings } from '../../host/host-context.tsx';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog, type ConfirmRequest } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { FilterInput, Segments } from '../../ui/field.tsx';
import { Page } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { Table } from '../../ui/table.tsx';
import { toastError } from '../../ui/toast.ts';
import { containerColumns } from './container-columns.tsx';

type Show = 'all' | 'running' | 'stopped';

function matches(container: ContainerSummary, filter: string): boolean {
  const text = filter.toLowerCase();
  return [
    nameOf(container),
    container.Image,
    container.Id,
    container.Status,
    composeProject(container.Labels) ?? '',
  ].some((part) => part.toLowerCase().includes(text));
}

export function ContainersPage() {
  const query = useContainers();
  const settings = useSettings().data;
  const act = useContainerActs();
  const [filter, setFilter] = useState('');
  const [show, setShow] = useState<Show>('all');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [confirm, setConfirm] = useState<ConfirmRequest>();

  const visible = useMemo(
    () => shownContainers(query.data ?? [], settings?.showExtensionContainers),
    [query.data, settings?.showExtensionContainers],
  );
  const rows = useMemo(
    () =>
      visible.filter(
        (container) =>
          (show === 'all' || isLive(container.State) === (show === 'running')) && matches(container, filter),
      ),
    [visible, show, filter],
  );
  useStatsOf(rows.filter((container) => container.State === 'running').map((container) => container.Id));
  const columns = useMemo(() => containerColumns({ onConfirm: setConfirm }), []);
  const chosen = visible.filter((container) => selected.has(container.Id));
  const bulk = (name: 'start' | 'stop' | 'restart') => {
    for (const container of chosen) void act(name, container.Id).catch(toastError);
    setSelected(new Set());
  };
  const removeChosen = () =>
    setConfirm({
      title: `Remove ${chosen.length} container${chosen.length === 1 ? '' : 's'}?`,
      verb: 'Remove',
      body: (
        <>
          <p>Running ones are killed first. Their writable data is gone for good; named volumes stay.</p>
          <ul className="max-h-40 list-disc overflow-y-auto pl-5 text-ink">
            {chosen.map((container) => (
              <li key={container.Id}>{nameOf(container)}</li>
            ))}
          </ul>
        </>
      ),
      onConfirm: async () => {
        await Promise.all(chosen.map((container) => act('remove', container.Id)));
        setSelected(new Set());
      },
    });

  return (
    <Page
      title="Containers"
      lead="What runs on this engine, and what has run."
      actions={
        <Button look="primary" icon={<Play className="size-4" />} onClick={() => intend({ kind: 'run', image: '' })}>
          Run a container
        </Button>
      }
      toolbar={
        <>
          <Segments
            label="Which containers"
            value={show}
            onChange={setShow}
            options={[
              { value: 'all', label: `All ${visible.length}` },
              { value: 'running', label: `Running ${visible.filter((container) => isLive(container.State)).length}` },
              { value: 'stopped', label: 'Stopped' },
            ]}
          />
          <FilterInput label="Filter containers" value={filter} onChange={setFilter} />
          <div className="flex-1" />
          {chosen.length > 0 && (
            <div className="fade-in flex items-center gap-2" role="toolbar" aria-label="Selected containers">
              <span className="text-ink-2">{chosen.length} selected</span>
              <Button size="sm" icon={<Play className="size-3.5" />} onClick={() => bulk('start')}>
                Start
              </Button>
              <Button size="sm" icon={<Square className="size-3.5" />} onClick={() => bulk('stop')}>
                Stop
              </Button>
              <Button size="sm" icon={<RefreshCcw className="size-3.5" />} onClick={() => bulk('restart')}>
                Restart
              </Button>
              <Button size="sm" look="danger" icon={<Trash2 className="size-3.5" />} onClick={removeChosen}>
                Remove
              </Button>
            </div>
          )}
        </>
      }
    >
      {query.error && !query.data ? (
        <ErrorNote error={query.error} />
      ) : query.data === undefined ? (
        <TableSkeleton />
      ) : visible.length === 0 ? (
        <EmptyState
          icon={<Container />}
          title="No containers yet"
          command="wharf run hello-wharf"
          action={
            <Button look="primary" onClick={() => intend({ kind: 'run', image: 'hello-wharf' })}>
              Run hello-wharf
            </Button>
          }
        >
          Run one from an image; it shows up here at once, also when started from the command line.
        </EmptyState>
      ) : rows.length === 0 ? (
        <EmptyState
          icon={<Container />}
          title="The filter hides all containers"
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
          label="Containers"
          columns={columns}
          rows={rows}
          rowKey={(container) => container.Id}
          rowLabel={nameOf}
          rowTestId={(container) => `container-row-${nameOf(container)}`}
          group={(container) => composeProject(container.Labels)}
          groupHeader={(project, members) =>
            `${project} · ${members.filter((each) => each.State === 'running').length} of ${members.length} running`
          }
          selected={selected}
          onSelect={setSelected}
        />
      )}
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
