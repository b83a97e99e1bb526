import { ArrowUpRight, Play, Plus, Square, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { PluginInfo } from '../../../contract/host-schemas.ts';
import { useHost } from '../../host/host-context.tsx';
import { useInstalledPlugins } from '../../host/packages.ts';
import { Catalogue, PackageCard, PackageIcon, repositoryOf } from '../../packages/catalogue.tsx';
import { InstallByName } from '../../packages/install-by-name.tsx';
import { InstallDialog } from '../../packages/install-dialog.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog, type ConfirmRequest } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { FilterInput } from '../../ui/field.tsx';
import { Page } from '../../ui/page.tsx';
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
  const installed = useInstalledPlugins();
  const [filter, setFilter] = useState('');
  const [naming, setNaming] = useState(false);
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const list = installed.data ?? [];
  const remove = (plugin: PluginInfo) =>
    setConfirm({
      title: `Remove ${plugin.title}?`,
      verb: 'Remove',
      body: (
        <p>
          Its container goes.{' '}
          {plugin.permissions.volumes.length > 0
            ? `Its data in ${plugin.permissions.volumes.join(', ')} stays.`
            : 'It keeps no data in volumes.'}
        </p>
      ),
      onConfirm: () => host.invoke('plugins.uninstall', { name: plugin.name, removeData: false }),
    });
  return (
    <Page
      title="Plugins"
      lead="Tools that run beside your containers, such as dashboards and database consoles. One click installs them."
      actions={
        <Button icon={<Plus className="size-4" />} onClick={() => setNaming(true)}>
          Install by name
        </Button>
      }
      toolbar={<FilterInput label="Filter plugins" value={filter} onChange={setFilter} />}
    >
      <div className="flex flex-col gap-6">
        {installed.error && <ErrorNote error={installed.error} />}
        {list.length > 0 && (
          <section aria-labelledby="installed-heading">
            <h2 id="installed-heading" className="mb-3 font-semibold">
              Installed
            </h2>
            <ul className="grid grid-cols-1 gap-4 md:grid-cols-2 xl:grid-cols-3">
              {list
                .filter((plugin) => `${plugin.title} ${plugin.name}`.toLowerCase().includes(filter.toLowerCase()))
                .map((plugin) => (
                  <li key={plugin.name}>
                    <InstalledCard plugin={plugin} onRemove={() => remove(plugin)} />
                  </li>
                ))}
            </ul>
          </section>
        )}
        <section aria-labelledby="catalogue-heading">
          <h2 id="catalogue-heading" className="mb-3 font-semibold">
            From your registries
          </h2>
          <Catalogue
            kind="plugin"
            term={filter}
            installed={new Set(list.map((plugin) => repositoryOf(plugin.image)))}
          />
        </section>
      </div>
      <InstallDialog kind="plugin" />
      <InstallByName open={naming} kind="plugin" onClose={() => setNaming(false)} />
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
