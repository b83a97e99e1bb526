import { ArrowUpRight, Play, Square, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { PluginInfo } from '../../../contract/host-schemas.ts';
import { useHost } from '../../host/host-context.tsx';
import { useInstalledPlugins } from '../../host/packages.ts';
import { PackageCard, PackageIcon } from '../../packages/catalogue.tsx';
import { PackagesPage } from '../../packages/packages-page.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Status } from '../../ui/status.tsx';
import { toastError } from '../../ui/toast.ts';

const states = { running: 'running', starting: 'starting', stopped: 'exited' } as const;
const stateWords = { running: 'Running', starting: 'Starting', stopped: 'Stopped' } as const;

function InstalledCard({ plugin, onRemove }: { readonly plugin: PluginInfo; readonly onRemove: () => void }) {
  const host = useHost();
  const [busy, setBusy] = useState(false);
  const act = (method: 'plugins.start' | 'plugins.stop') => {
    setBusy(true);
    host
      .invoke(method, { name: plugin.name })
      .catch(toastError)
      .finally(() => setBusy(false));
  };
  return (
    <PackageCard
      testId={`plugin-${plugin.name}`}
      icon={<PackageIcon icon={plugin.icon} kind="plugin" />}
      title={
        <span className="flex items-center gap-2">
          {plugin.title} <Status kind={states[plugin.state]} text={stateWords[plugin.state]} />
        </span>
      }
      subtitle={plugin.url ?? plugin.image}
      description={plugin.description}
    >
      <IconButton label={`Remove ${plugin.title}`} tone="danger" onClick={onRemove}>
        <Trash2 />
      </IconButton>
      {plugin.state === 'stopped' ? (
        <IconButton label={`Start ${plugin.title}`} tone="good" busy={busy} onClick={() => act('plugins.start')}>
          <Play />
        </IconButton>
      ) : (
        <IconButton label={`Stop ${plugin.title}`} busy={busy} onClick={() => act('plugins.stop')}>
          <Square />
        </IconButton>
      )}
      <Button
        look="primary"
        size="sm"
        disabled={plugin.url === null}
        aria-label={`Open ${plugin.title}`}
        onClick={() => plugin.url && void host.invoke('shell.openExternal', { url: plugin.url }).catch(toastError)}
      >
        Open <ArrowUpRight className="size-3.5" />
      </Button>
    </PackageCard>
  );
}

export function PluginsPage() {
  const host = useHost();
  return (
    <PackagesPage
      kind="plugin"
      title="Plugins"
      lead="Tools that run beside your containers, such as dashboards and database consoles. One click installs them."
      installed={useInstalledPlugins()}
      card={(plugin: PluginInfo, onRemove) => <InstalledCard plugin={plugin} onRemove={onRemove} />}
      removal={({ name, permissions: { volumes } }) => ({
        warning: `Its container goes. ${volumes.length > 0 ? `Its data in ${volumes.join(', ')} stays.` : 'It keeps no data in volumes.'}`,
        remove: () => host.invoke('plugins.uninstall', { name, removeData: false }),
      })}
    />
  );
}
