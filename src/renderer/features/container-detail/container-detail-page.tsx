import { Link, useNavigate, useParams } from '@tanstack/react-router';
import {
  Braces,
  ChartLine,
  ChevronLeft,
  Container,
  FileText,
  Pause,
  Play,
  RefreshCcw,
  ScrollText,
  Square,
  SquareTerminal,
  Trash2,
} from 'lucide-react';
import { useState } from 'react';
import type { ContainerInspect } from '../../../contract/engine-types.ts';
import { type ContainerAct, useActs, useContainerActs } from '../../engine/container-actions.ts';
import { isLive, removeWarning, type ShownStatus } from '../../engine/container-view.ts';
import { useContainer } from '../../engine/queries.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { ShortId } from '../../ui/copy.tsx';
import { ConfirmDialog, type ConfirmRequest } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Page } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Status } from '../../ui/status.tsx';
import { TabBar } from '../../ui/tabs.tsx';
import { toastError } from '../../ui/toast.ts';
import { InspectTab } from './inspect-tab.tsx';
import { LogsTab } from './logs-tab.tsx';
import { ProcessesTab } from './processes-tab.tsx';
import { StatsTab } from './stats-tab.tsx';
import { TerminalTab } from './terminal-tab.tsx';

const tabs = [
  { value: 'logs', label: 'Logs', icon: <ScrollText /> },
  { value: 'inspect', label: 'Inspect', icon: <Braces /> },
  { value: 'terminal', label: 'Terminal', icon: <SquareTerminal /> },
  { value: 'stats', label: 'Stats', icon: <ChartLine /> },
  { value: 'processes', label: 'Processes', icon: <FileText /> },
] as const;
type TabName = (typeof tabs)[number]['value'];

function statusOf(container: ContainerInspect): { kind: ShownStatus; text: string } {
  const { State } = container;
  if (State.Paused) return { kind: 'paused', text: 'Paused' };
  if (State.Running)
    return State.Health?.Status === 'unhealthy'
      ? { kind: 'unhealthy', text: 'Unhealthy' }
      : { kind: 'running', text: 'Running' };
  if (State.Status === 'created') return { kind: 'created', text: 'Created' };
  const text = `Exited (${State.ExitCode})`;
  return { kind: State.ExitCode === 0 || State.ExitCode === 137 || State.ExitCode === 143 ? 'exited' : 'failed', text };
}

function Actions({
  container,
  onConfirm,
}: {
  readonly container: ContainerInspect;
  readonly onConfirm: (request: ConfirmRequest) => void;
}) {
  const act = useContainerActs();
  const busy = useActs((state) => state.busy.get(container.Id));
  const navigate = useNavigate();
  const go = (kind: ContainerAct) => void act(kind, container.Id).catch(toastError);
  const live = isLive(container.State.Status);
  const name = container.Name.replace(/^\//, '');
  const remove = () =>
    onConfirm({
      title: `Remove ${name}?`,
      verb: 'Remove',
      body: <p>{removeWarning({ State: container.State.Status, Mounts: container.Mounts })}</p>,
      onConfirm: async () => {
        await act('remove', container.Id);
        await navigate({ to: '/containers' });
      },
    });
  return (
    <>
      {live ? (
        <Button
          icon={<Square className="size-4" />}
          busy={busy === 'stop'}
          disabled={busy !== undefined}
          onClick={() => go('stop')}
        >
          Stop
        </Button>
      ) : (
        <Button
          look="primary"
          icon={<Play className="size-4" />}
          busy={busy === 'start'}
          disabled={busy !== undefined}
          onClick={() => go('start')}
        >
          Start
        </Button>
      )}
      <IconButton
        label="Restart"
        busy={busy === 'restart'}
        disabled={!live || busy !== undefined}
        onClick={() => go('restart')}
      >
        <RefreshCcw />
      </IconButton>
      {container.State.Paused ? (
        <IconButton label="Resume" disabled={busy !== undefined} onClick={() => go('unpause')}>
          <Play />
        </IconButton>
      ) : (
        <IconButton label="Pause" disabled={!container.State.Running || busy !== undefined} onClick={() => go('pause')}>
          <Pause />
        </IconButton>
      )}
      <IconButton label="Remove" tone="danger" disabled={busy !== undefined} onClick={remove}>
        <Trash2 />
      </IconButton>
    </>
  );
}

function Gone() {
  return (
    <EmptyState
      icon={<Container />}
      title="This container is gone"
      action={
        <Link to="/containers" className="font-medium text-accent hover:underline">
          All containers
        </Link>
      }
    >
      It has been removed, here or from the command line.
    </EmptyState>
  );
}

/** Above the logs of a container that has been removed while they were in view. */
function GoneNote() {
  return (
    <p role="status" className="mt-4 flex gap-2 rounded-xl border border-warn/25 bg-warn-soft px-4 py-2.5 text-ink-2">
      <span className="font-medium text-warn">This container is gone.</span>
      <span className="flex-1">Its logs are here until you leave this page.</span>
      <Link to="/containers" className="font-medium text-accent hover:underline">
        All containers
      </Link>
    </p>
  );
}

export function ContainerDetailPage() {
  const params: { id?: string; tab?: string } = useParams({ strict: false });
  const id = params.id ?? '';
  const tab: TabName = tabs.find((each) => each.value === params.tab)?.value ?? 'logs';
  const navigate = useNavigate();
  const query = useContainer(id);
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const container = query.data;
  const gone = query.error !== null && 'code' in query.error && query.error.code === 'container.not-found';
  // What it wrote may be all the user came for (an auto-removed one, mostly): shown logs stay until they leave.
  if (!container || (gone && tab !== 'logs'))
    return (
      <Page title="Container">
        {gone ? <Gone /> : query.error ? <ErrorNote error={query.error} /> : <TableSkeleton />}
      </Page>
    );
  const status = gone ? { kind: 'unknown' as const, text: 'Removed' } : statusOf(container);
  const running = container.State.Running;
  return (
    <Page
      fill
      title={
        <span className="flex items-center gap-3">
          <Link
            to="/containers"
            aria-label="Back to all containers"
            className="rounded-lg p-1 text-ink-3 hover:bg-hover hover:text-ink"
          >
            <ChevronLeft className="size-5" />
          </Link>
          {container.Name.replace(/^\//, '')}
          <Status kind={status.kind} text={status.text} />
        </span>
      }
      lead={
        <span className="ml-10 flex items-center gap-2">
          <span>{container.Config.Image}</span>
          <span aria-hidden>·</span>
          <ShortId id={container.Id} />
          <span aria-hidden>·</span>
          <RelativeTime atMs={Date.parse(running ? container.State.StartedAt : container.Created)} />
        </span>
      }
      actions={gone ? undefined : <Actions container={container} onConfirm={setConfirm} />}
    >
      <TabBar
        label="Container"
        tabs={tabs}
        value={tab}
        onChange={(next) => void navigate({ to: '/containers/$id/$tab', params: { id, tab: next }, replace: true })}
      />
      {gone && <GoneNote />}
      <div className="flex min-h-0 flex-1 flex-col pt-4">
        {tab === 'logs' && <LogsTab key={container.Id} container={container} />}
        {tab === 'inspect' && <InspectTab container={container} />}
        {tab === 'terminal' && <TerminalTab container={container} />}
        {tab === 'stats' && <StatsTab container={container} />}
        {tab === 'processes' && <ProcessesTab container={container} />}
      </div>
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
