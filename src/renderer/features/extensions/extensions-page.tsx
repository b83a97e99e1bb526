import { Link } from '@tanstack/react-router';
import { ArrowUpRight, RefreshCcw, Trash2 } from 'lucide-react';
import type { ExtensionInfo } from '../../../contract/host-schemas.ts';
import { useHost } from '../../host/host-context.tsx';
import { previewPackage, useInstalledExtensions } from '../../host/packages.ts';
import { PackageCard, PackageIcon, repositoryOf } from '../../packages/catalogue.tsx';
import { PackagesPage } from '../../packages/packages-page.tsx';
import { IconButton } from '../../ui/button.tsx';

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
  return (
    <PackagesPage
      kind="extension"
      title="Extensions"
      lead="More pages for Wharf. Each runs apart from it and may do only what you allowed."
      installed={useInstalledExtensions()}
      card={(extension: ExtensionInfo, onRemove) => (
        <InstalledCard
          extension={extension}
          onRemove={onRemove}
          onUpdate={() => void previewPackage(host, 'extension', repositoryOf(extension.image))}
        />
      )}
      removal={(extension) => ({
        warning: `Its page, its programs and its ${extension.containers.length} containers go. What it kept in volumes stays, for when you install it again.`,
        remove: () => host.invoke('extensions.uninstall', { name: extension.name, removeData: false }),
      })}
    />
  );
}
