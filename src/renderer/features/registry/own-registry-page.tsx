import { useNavigate } from '@tanstack/react-router';
import { ExternalLink, FolderTree, Play, Square } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { OwnRegistryStatus } from '../../../contract/host-schemas.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { useHost, useOwnRegistry, useSettings } from '../../host/host-context.tsx';
import { RegistryConnectionProvider } from '../../registry-browser/registry-connection.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/progress.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Status } from '../../ui/status.tsx';
import { toastError } from '../../ui/toast.ts';
import { engineConnection } from './engine-connection.ts';
import { OwnRegistrySettingsCard } from './own-registry-settings.tsx';
import { OwnRegistryUsers } from './own-registry-users.tsx';
import { RegistryFrame } from './registry-tabs.tsx';
import { SpaceCard, UpkeepCard } from './upkeep-cards.tsx';

const badges = {
  stopped: { kind: 'exited', text: 'Stopped' },
  starting: { kind: 'starting', text: 'Starting' },
  running: { kind: 'running', text: 'Running' },
  stopping: { kind: 'starting', text: 'Stopping' },
  failed: { kind: 'failed', text: 'Failed' },
} as const;

/** The registry this app runs: on and off, where it is, who may use it, how much it holds, and its upkeep. */
export function OwnRegistryPage() {
  const status = useOwnRegistry();
  const settings = useSettings();
  const engine = useEngine();
  const address = status?.kind === 'running' ? status.address : undefined;
  const connection = useMemo(
    () => (address === undefined ? undefined : engineConnection(engine, address)),
    [engine, address],
  );
  if (settings.error)
    return (
      <RegistryFrame tab="server">
        <ErrorNote error={settings.error} />
      </RegistryFrame>
    );
  if (status === undefined || settings.data === undefined)
    return (
      <RegistryFrame tab="server">
        <Skeleton className="h-48 rounded-xl" />
      </RegistryFrame>
    );
  return (
    <RegistryFrame tab="server">
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
        <div className="flex flex-col gap-4">
          <StatusCard status={status} listen={settings.data.ownRegistry.listen} />
          {connection !== undefined && (
            <RegistryConnectionProvider value={connection}>
              <SpaceCard />
              <UpkeepCard hasRules={settings.data.ownRegistry.keepLastTags + settings.data.ownRegistry.keepDays > 0} />
            </RegistryConnectionProvider>
          )}
        </div>
        <div className="flex flex-col gap-4">
          <OwnRegistryUsers address={address} anonymousRead={settings.data.ownRegistry.anonymousRead} />
          <OwnRegistrySettingsCard
            key={JSON.stringify(settings.data.ownRegistry)}
            settings={settings.data.ownRegistry}
            running={address !== undefined}
          />
        </div>
      </div>
    </RegistryFrame>
  );
}

function StatusCard({ status, listen }: { readonly status: OwnRegistryStatus; readonly listen: string }) {
  const host = useHost();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const badge = badges[status.kind];
  const act = async (method: 'registry.start' | 'registry.stop') => {
    setBusy(true);
    try {
      await host.invoke(method, null);
    } catch (error) {
      // A start that failed is told by the status, on this very card.
      if (method === 'registry.stop') toastError(error);
    } finally {
      setBusy(false);
    }
  };
  const up = status.kind === 'running' || status.kind === 'stopping';
  return (
    <Card
      title={
        <span className="flex items-center gap-2.5">
          Registry <Status kind={badge.kind} text={badge.text} />
        </span>
      }
      actions={
        up ? (
          <Button
            size="sm"
            icon={<Square className="size-3.5" />}
            busy={busy || status.kind === 'stopping'}
            onClick={() => void act('registry.stop')}
          >
            Stop
          </Button>
        ) : (
          <Button
            size="sm"
            look="primary"
            icon={<Play className="size-3.5" />}
            busy={busy || status.kind === 'starting'}
            onClick={() => void act('registry.start')}
          >
            Start
          </Button>
        )
      }
    >
      {status.kind === 'failed' && (
        <div className="mb-3 flex flex-col gap-2">
          <ErrorNote error={Object.assign(new Error(status.message), { hint: status.hint })} />
          {status.logTail.length > 0 && (
            <details className="text-xs text-ink-2">
              <summary className="font-medium">The last lines of its log</summary>
              <pre className="mt-1 max-h-40 overflow-auto rounded-lg bg-sunken p-2 font-mono">
                {status.logTail.join('\n')}
              </pre>
            </details>
          )}
        </div>
      )}
      {status.kind === 'running' ? (
        <div className="flex flex-col gap-3">
          <Facts
            facts={[
              [
                'Address',
                <span key="address" className="-my-1 flex items-center gap-1">
                  <code data-testid="own-registry-address" className="font-mono text-xs">
                    {status.address}
                  </code>
                  <CopyButton text={status.address} label="Copy the address" />
                </span>,
              ],
              [
                'Folder',
                <code key="folder" className="font-mono text-xs break-all">
                  {status.root}
                </code>,
              ],
              ['Since', <RelativeTime key="since" atMs={status.sinceMs} />],
            ]}
          />
          <div className="flex flex-wrap gap-2">
            <Button
              size="sm"
              icon={<FolderTree className="size-3.5" />}
              onClick={() => void navigate({ to: '/registry/browse', search: { registry: status.address } })}
            >
              Browse
            </Button>
            <Button
              size="sm"
              icon={<ExternalLink className="size-3.5" />}
              onClick={() => void host.invoke('shell.openExternal', { url: status.url }).catch(toastError)}
            >
              Open its page
            </Button>
          </div>
          <div className="flex items-center gap-2 rounded-lg bg-sunken py-1 pr-1 pl-3">
            <code className="min-w-0 flex-1 truncate font-mono text-xs">
              docker tag app {status.address}/app && docker push {status.address}/app
            </code>
            <CopyButton
              text={`docker tag app ${status.address}/app && docker push ${status.address}/app`}
              label="Copy the commands that push an image"
            />
          </div>
        </div>
      ) : (
        status.kind !== 'failed' && (
          <p className="text-ink-2">
            Keeps images on this machine at <code className="font-mono text-xs">{listen}</code> while Wharf runs. Other
            tools push to it and pull from it by that address; what it holds stays when it is stopped.
          </p>
        )
      )}
    </Card>
  );
}
