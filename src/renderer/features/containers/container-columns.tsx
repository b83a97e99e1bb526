import { Link, useNavigate } from '@tanstack/react-router';
import {
  Clipboard,
  CornerUpLeft,
  EllipsisVertical,
  Pause,
  Play,
  RefreshCcw,
  ScrollText,
  Square,
  SquareTerminal,
  Trash2,
} from 'lucide-react';
import type { ContainerSummary } from '../../../contract/engine-types.ts';
import { type ContainerAct, useActs, useContainerActs } from '../../engine/container-actions.ts';
import {
  asRunCommand,
  exitCodeOf,
  isLive,
  nameOf,
  portLinks,
  removeWarning,
  shownStatus,
} from '../../engine/container-view.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { useSamples } from '../../engine/stats-stream.ts';
import { useHost } from '../../host/host-context.tsx';
import { IconButton } from '../../ui/button.tsx';
import { bytes, percent } from '../../ui/bytes.ts';
import { ShortId } from '../../ui/copy.tsx';
import type { ConfirmRequest } from '../../ui/dialog.tsx';
import { Menu, type MenuEntry } from '../../ui/menu.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Status } from '../../ui/status.tsx';
import { type Column, RowActions } from '../../ui/table.tsx';
import { toastError, toastSuccess } from '../../ui/toast.ts';
import { Tip } from '../../ui/tooltip.tsx';

const working: Record<ContainerAct, string> = {
  start: 'Starting',
  stop: 'Stopping',
  restart: 'Restarting',
  pause: 'Pausing',
  unpause: 'Resuming',
  kill: 'Killing',
  remove: 'Removing',
};

function StatusCell({ container }: { readonly container: ContainerSummary }) {
  const busy = useActs((state) => state.busy.get(container.Id));
  const failed = useActs((state) => state.failed.get(container.Id));
  const shown = shownStatus(container);
  const code = exitCodeOf(container.Status);
  if (busy) return <Status kind="starting" text={working[busy]} />;
  return (
    <div className="flex min-w-0 items-center gap-2">
      <Status
        kind={shown}
        text={shown === 'failed' && code !== undefined ? `Failed (${code})` : undefined}
        title={container.Status}
      />
      {failed ? (
        <Tip text={failed.message}>
          <span className="truncate text-xs text-bad" role="alert">
            {failed.message}
          </span>
        </Tip>
      ) : (
        <span className="hidden truncate text-xs text-ink-3 2xl:inline">{container.Status}</span>
      )}
    </div>
  );
}

function UsageCell({ container, of }: { readonly container: ContainerSummary; readonly of: 'cpu' | 'memory' }) {
  const last = useSamples(container.Id).at(-1);
  if (container.State !== 'running' || !last) return <span className="text-ink-3">–</span>;
  return <span className="tabular text-ink-2">{of === 'cpu' ? percent(last.cpuRatio) : bytes(last.memoryBytes)}</span>;
}

function PortsCell({ container }: { readonly container: ContainerSummary }) {
  const host = useHost();
  const links = portLinks(container.Ports);
  return (
    <div className="flex min-w-0 gap-2 overflow-hidden">
      {links.map((link) =>
        link.url === undefined ? (
          <span key={link.label} className="tabular text-ink-2">
            {link.label}
          </span>
        ) : (
          <button
            key={link.label}
            type="button"
            title={link.url}
            onClick={() => void host.invoke('shell.openExternal', { url: link.url ?? '' }).catch(toastError)}
            className="tabular rounded text-accent hover:underline"
          >
            {link.label}
          </button>
        ),
      )}
    </div>
  );
}

function ActionsCell({
  container,
  onConfirm,
}: {
  readonly container: ContainerSummary;
  readonly onConfirm: (request: ConfirmRequest) => void;
}) {
  const act = useContainerActs();
  const busy = useActs((state) => state.busy.get(container.Id));
  const navigate = useNavigate();
  const engine = useEngine();
  const name = nameOf(container);
  const go = (kind: ContainerAct) => void act(kind, container.Id).catch(toastError);
  const open = (tab: string) => void navigate({ to: '/containers/$id/$tab', params: { id: container.Id, tab } });
  const remove = () =>
    onConfirm({
      title: `Remove ${name}?`,
      verb: 'Remove',
      body: <p>{removeWarning(container)}</p>,
      onConfirm: () => act('remove', container.Id),
    });
  const copyCommand = async () => {
    const details = await engine.call('ContainerInspect', { params: { id: container.Id } });
    const image = await engine.call('ImageInspect', { params: { name: container.ImageID } }).catch(() => undefined);
    await navigator.clipboard.writeText(asRunCommand(details, image?.Config?.Env ?? []));
    toastSuccess('The docker run command is on the clipboard');
  };
  const live = isLive(container.State);
  const entries: MenuEntry[] = [
    { kind: 'item', label: 'Restart', icon: <RefreshCcw />, disabled: !live, onSelect: () => go('restart') },
    container.State === 'paused'
      ? { kind: 'item', label: 'Resume', icon: <Play />, onSelect: () => go('unpause') }
      : {
          kind: 'item',
          label: 'Pause',
          icon: <Pause />,
          disabled: container.State !== 'running',
          onSelect: () => go('pause'),
        },
    { kind: 'item', label: 'Kill', icon: <Square />, disabled: !live, onSelect: () => go('kill') },
    { kind: 'line' },
    { kind: 'item', label: 'Inspect', icon: <CornerUpLeft />, onSelect: () => open('inspect') },
    {
      kind: 'item',
      label: 'Copy as docker run',
      icon: <Clipboard />,
      onSelect: () => void copyCommand().catch(toastError),
    },
    { kind: 'line' },
    { kind: 'item', label: 'Remove', icon: <Trash2 />, danger: true, onSelect: remove },
  ];
  return (
    <RowActions>
      {live ? (
        <IconButton
          label={`Stop ${name}`}
          busy={busy === 'stop'}
          disabled={busy !== undefined}
          onClick={() => go('stop')}
        >
          <Square />
        </IconButton>
      ) : (
        <IconButton
          label={`Start ${name}`}
          tone="good"
          busy={busy === 'start'}
          disabled={busy !== undefined}
          onClick={() => go('start')}
        >
          <Play />
        </IconButton>
      )}
      <IconButton label={`Logs of ${name}`} onClick={() => open('logs')}>
        <ScrollText />
      </IconButton>
      <IconButton
        label={`Terminal in ${name}`}
        disabled={container.State !== 'running'}
        onClick={() => open('terminal')}
      >
        <SquareTerminal />
      </IconButton>
      <IconButton label={`Remove ${name}`} tone="danger" disabled={busy !== undefined} onClick={remove}>
        <Trash2 />
      </IconButton>
      <Menu
        entries={entries}
        trigger={
          <button
            type="button"
            aria-label={`More for ${name}`}
            className="inline-grid size-7.5 place-items-center rounded-lg text-ink-2 hover:bg-hover [&_svg]:size-4"
          >
            <EllipsisVertical />
          </button>
        }
      />
    </RowActions>
  );
}

export function containerColumns(options: {
  readonly onConfirm: (request: ConfirmRequest) => void;
}): readonly Column<ContainerSummary>[] {
  return [
    {
      id: 'name',
      title: 'Name',
      width: 'w-[20%]',
      sortBy: nameOf,
      cell: (container) => (
        <div className="min-w-0">
          <Link
            to="/containers/$id"
            params={{ id: container.Id }}
            className="block truncate rounded font-medium text-ink hover:text-accent"
          >
            {nameOf(container)}
          </Link>
          <ShortId id={container.Id} />
        </div>
      ),
    },
    {
      id: 'image',
      title: 'Image',
      width: 'w-[14%]',
      sortBy: (container) => container.Image,
      cell: (container) => <span className="block truncate text-ink-2">{container.Image}</span>,
    },
    {
      id: 'status',
      title: 'Status',
      width: 'w-[14%]',
      sortBy: (container) => container.State,
      cell: (container) => <StatusCell container={container} />,
    },
    { id: 'cpu', title: 'CPU', width: 'w-[7%]', cell: (container) => <UsageCell container={container} of="cpu" /> },
    {
      id: 'memory',
      title: 'Memory',
      width: 'w-[8%]',
      cell: (container) => <UsageCell container={container} of="memory" />,
    },
    { id: 'ports', title: 'Ports', width: 'w-[12%]', cell: (container) => <PortsCell container={container} /> },
    {
      id: 'age',
      title: 'Created',
      width: 'w-[10%]',
      sortBy: (container) => -container.Created,
      cell: (container) => <RelativeTime atMs={container.Created * 1000} />,
    },
    {
      id: 'actions',
      title: '',
      width: 'w-44',
      align: 'right',
      cell: (container) => <ActionsCell container={container} onConfirm={options.onConfirm} />,
    },
  ];
}
