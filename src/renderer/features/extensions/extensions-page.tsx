import { Link } from '@tanstack/react-router';
import { ArrowUpRight, Plus, RefreshCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { ExtensionInfo } from '../../../contract/host-schemas.ts';
import { useHost } from '../../host/host-context.tsx';
import { previewPackage, useInstalledExtensions } from '../../host/packages.ts';
import { Catalogue, PackageCard, PackageIcon, repositoryOf } from '../../packages/catalogue.tsx';
import { InstallByName } from '../../packages/install-by-name.tsx';
import { InstallDialog } from '../../packages/install-dialog.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { ConfirmDialog, type ConfirmRequest } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { FilterInput } from '../../ui/field.tsx';
import { Page } from '../../ui/page.tsx';

function InstalledCard({
  extension,
  onRemove,
  onUpdate,
}: {
  readonly extension: ExtensionInfo;
  readonly onRemove: () => void;
  readonly onUpdate: () => void;
}) {
  return (
    <PackageCard
      testId={`extension-${extension.name}`}
      icon={<PackageIcon icon={extension.icon} kind="extension" />}
      title={extension.title}
      subtitle={[extension.vendor, extension.version].filter(Boolean).join(' · ')}
      description={extension.description}
    >
      <IconButton label={`Remove ${extension.title}`} tone="danger" onClick={onRemove}>
        <Trash2 />
      </IconButton>
      <IconButton label={`Check ${extension.title} for an update`} onClick={onUpdate}>
        <RefreshCcw />
      </IconButton>
      {extension.hasUi && (
        <Link
          to="/extensions/$name"
          params={{ name: extension.name }}
          aria-label={`Open ${extension.title}`}
          className="inline-flex h-7 items-center gap-1 rounded-lg bg-accent px-2.5 text-xs font-medium text-on-accent hover:bg-accent-strong"
        >
          Open <ArrowUpRight className="size-3.5" />
        </Link>
      )}
    </PackageCard>
  );
}

export function ExtensionsPage() {
  const host = useHost();
  const installed = useInstalledExtensions();
  const [filter, setFilter] = useState('');
  const [naming, setNaming] = useState(false);
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const list = installed.data ?? [];
  const remove = (extension: ExtensionInfo) =>
    setConfirm({
      title: `Remove ${extension.title}?`,
      verb: 'Remove',
      body: (
        <p>
          Its page, its programs and its {extension.containers.length} containers go. What it kept in volumes stays, for
          when you install it again.
        </p>
      ),
      onConfirm: () => host.invoke('extensions.uninstall', { name: extension.name, removeData: false }),
    });
  return (
    <Page
      title="Extensions"
      lead="More pages for Wharf. Each runs apart from it and may do only what you allowed."
      actions={
        <Button icon={<Plus className="size-4" />} onClick={() => setNaming(true)}>
          Install by name
        </Button>
      }
      toolbar={<FilterInput label="Filter extensions" value={filter} onChange={setFilter} />}
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
                .filter((extension) =>
                  `${extension.title} ${extension.name}`.toLowerCase().includes(filter.toLowerCase()),
                )
                .map((extension) => (
                  <li key={extension.name}>
                    <InstalledCard
                      extension={extension}
                      onRemove={() => remove(extension)}
                      onUpdate={() => void previewPackage(host, 'extension', repositoryOf(extension.image))}
                    />
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
            kind="extension"
            term={filter}
            installed={new Set(list.map((extension) => repositoryOf(extension.image)))}
          />
        </section>
      </div>
      <InstallDialog kind="extension" />
      <InstallByName open={naming} kind="extension" onClose={() => setNaming(false)} />
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
