import { ChevronRight, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { bytes } from '../ui/bytes.ts';
import type { DeletionTarget } from './browser-queries.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import type { DeletionPlan } from './deletion-plan.ts';
import { ManifestView } from './manifest-view.tsx';
import { everything, imageName, type Place, pullName } from './place.ts';
import { RefreshButton } from './refresh-button.tsx';
import { useRegistryConnection } from './registry-connection.ts';
import { RepositoryList } from './repository-list.tsx';
import { TagList } from './tag-list.tsx';

export interface RegistryBrowserProps {
  readonly place: Place;
  readonly onGo: (place: Place) => void;
  /** Absent: nothing can be deleted from here. */
  readonly mayDelete?: boolean;
  readonly onDeleted?: (message: string) => void;
  /** More to do with an image, by its full name: pull, run. */
  readonly actions?: (image: string) => ReactNode;
}

/** A registry's content: repositories, their tags, one image with its layers; with deletion. */
export function RegistryBrowser({ place, onGo, mayDelete, onDeleted, actions }: RegistryBrowserProps) {
  const [target, setTarget] = useState<DeletionTarget>();
  const ask = mayDelete === false ? undefined : setTarget;
  const deleted = (gone: DeletionTarget, plan: DeletionPlan) => {
    const what = gone.reference === undefined ? gone.name : imageName(gone.name, gone.reference);
    onDeleted?.(`Deleted ${what}${plan.freedBytes > 0 ? `; up to ${bytes(plan.freedBytes)} come free` : ''}`);
    if (gone.reference === undefined) onGo(everything);
    else if (place.kind === 'manifest') onGo({ kind: 'repository', name: gone.name });
  };
  return (
    <div className="flex flex-col gap-4">
      {place.kind !== 'repositories' && <Crumbs place={place} onGo={onGo} actions={actions} onDelete={ask} />}
      {place.kind === 'repositories' && <RepositoryList onGo={onGo} onDelete={ask} />}
      {place.kind === 'repository' && (
        <TagList key={place.name} name={place.name} onGo={onGo} onDelete={ask} actions={actions} />
      )}
      {place.kind === 'manifest' && (
        <ManifestView
          key={imageName(place.name, place.reference)}
          name={place.name}
          reference={place.reference}
          onGo={onGo}
        />
      )}
      <DeleteDialog target={target} onClose={() => setTarget(undefined)} onDeleted={deleted} />
    </div>
  );
}

const crumb = 'max-w-90 truncate rounded font-medium text-ink-2 hover:text-accent';

function Crumbs({
  place,
  onGo,
  actions,
  onDelete,
}: {
  readonly place: Exclude<Place, { readonly kind: 'repositories' }>;
  readonly onGo: (place: Place) => void;
  readonly actions: ((image: string) => ReactNode) | undefined;
  readonly onDelete: ((target: DeletionTarget) => void) | undefined;
}) {
  const { address } = useRegistryConnection();
  const target = place.kind === 'repository' ? { name: place.name } : { name: place.name, reference: place.reference };
  return (
    <div className="flex min-h-8.5 items-center gap-2">
      <nav aria-label="Where you are" className="flex min-w-0 flex-1 items-center gap-1.5">
        <button type="button" className={crumb} onClick={() => onGo(everything)}>
          All repositories
        </button>
        <ChevronRight aria-hidden className="size-3.5 shrink-0 text-ink-3" />
        {place.kind === 'repository' && <span className="truncate font-medium">{place.name}</span>}
        {place.kind === 'manifest' && (
          <>
            <button type="button" className={crumb} onClick={() => onGo({ kind: 'repository', name: place.name })}>
              {place.name}
            </button>
            <ChevronRight aria-hidden className="size-3.5 shrink-0 text-ink-3" />
            <span className="truncate font-mono text-xs font-medium">
              {place.reference.includes(':') ? place.reference.slice(0, 19) : place.reference}
            </span>
          </>
        )}
      </nav>
      {place.kind === 'manifest' && actions?.(pullName(address, place.name, place.reference))}
      <RefreshButton />
      {onDelete !== undefined && (
        <Button size="sm" icon={<Trash2 className="size-3.5" />} onClick={() => onDelete(target)}>
          {place.kind === 'repository' ? 'Delete repository' : 'Delete'}
        </Button>
      )}
    </div>
  );
}
