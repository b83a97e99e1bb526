import type { UseQueryResult } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { PackageKind } from '../host/packages.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog, type ConfirmRequest } from '../ui/dialog.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { FilterInput } from '../ui/field.tsx';
import { Page } from '../ui/page.tsx';
import { Catalogue, repositoryOf } from './catalogue.tsx';
import { InstallByName } from './install-by-name.tsx';
import { InstallDialog } from './install-dialog.tsx';

interface InstalledPackage {
  readonly name: string;
  readonly title: string;
  readonly image: string;
}

/** What the pages Extensions and Plugins have in common: what is installed, the catalogue, and the ways to install. */
export function PackagesPage<P extends InstalledPackage>({
  kind,
  title,
  lead,
  installed,
  card,
  removal,
}: {
  readonly kind: PackageKind;
  readonly title: string;
  readonly lead: string;
  readonly installed: UseQueryResult<readonly P[]>;
  readonly card: (item: P, onRemove: () => void) => ReactNode;
  /** What removing takes along, and the act. */
  readonly removal: (item: P) => { readonly warning: ReactNode; readonly remove: () => Promise<unknown> };
}) {
  const [filter, setFilter] = useState('');
  const [naming, setNaming] = useState(false);
  const [confirm, setConfirm] = useState<ConfirmRequest>();
  const list = installed.data ?? [];
  const shown = list.filter((item) => `${item.title} ${item.name}`.toLowerCase().includes(filter.toLowerCase()));
  const ask = (item: P) => {
    const { warning, remove } = removal(item);
    setConfirm({ title: `Remove ${item.title}?`, verb: 'Remove', body: <p>{warning}</p>, onConfirm: remove });
  };
  return (
    <Page
      title={title}
      lead={lead}
      actions={
        <Button icon={<Plus className="size-4" />} onClick={() => setNaming(true)}>
          Install by name
        </Button>
      }
      toolbar={<FilterInput label={`Filter ${kind}s`} value={filter} onChange={setFilter} />}
    >
      <div className="flex flex-col gap-6">
        {installed.error && <ErrorNote error={installed.error} />}
        {list.length > 0 && (
          <section aria-labelledby="installed-heading">
            <h2 id="installed-heading" className="mb-3 font-semibold">
              Installed
            </h2>
            <ul className="grid grid-cols-1 gap-4 md:grid-cols-2 xl:grid-cols-3">
              {shown.map((item) => (
                <li key={item.name}>{card(item, () => ask(item))}</li>
              ))}
            </ul>
          </section>
        )}
        <section aria-labelledby="catalogue-heading">
          <h2 id="catalogue-heading" className="mb-3 font-semibold">
            From your registries
          </h2>
          <Catalogue kind={kind} term={filter} installed={new Set(list.map((item) => repositoryOf(item.image)))} />
        </section>
      </div>
      <InstallDialog kind={kind} />
      <InstallByName open={naming} kind={kind} onClose={() => setNaming(false)} />
      <ConfirmDialog request={confirm} onClose={() => setConfirm(undefined)} />
    </Page>
  );
}
