import { Plug, Puzzle } from 'lucide-react';
import type { ReactNode } from 'react';
import type { RegistrySearchItem } from '../../contract/engine-types.ts';
import { useRegistrySearch } from '../engine/registry-search.ts';
import { useHost, useSettings } from '../host/host-context.tsx';
import { type PackageKind, previewPackage } from '../host/packages.ts';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { ErrorNote } from '../ui/error-note.tsx';
import { Skeleton } from '../ui/progress.tsx';

export function PackageIcon({
  icon,
  kind,
  large,
}: {
  readonly icon: string | null | undefined;
  readonly kind: PackageKind;
  readonly large?: boolean;
}) {
  const size = large ? 'size-14 rounded-2xl [&_svg]:size-7' : 'size-11 rounded-xl [&_svg]:size-5.5';
  if (icon?.startsWith('data:image/')) return <img src={icon} alt="" className={`${size} shrink-0 object-contain`} />;
  return (
    <div aria-hidden className={`${size} grid shrink-0 place-items-center bg-accent-soft text-accent`}>
      {kind === 'extension' ? <Puzzle /> : <Plug />}
    </div>
  );
}

export function PackageCard({
  testId,
  icon,
  title,
  subtitle,
  description,
  children,
}: {
  readonly testId: string;
  readonly icon: ReactNode;
  readonly title: ReactNode;
  readonly subtitle: ReactNode;
  readonly description: string;
  readonly children: ReactNode;
}) {
  return (
    <article
      data-testid={testId}
      className="flex h-full flex-col gap-3 rounded-xl border border-line bg-surface p-4 shadow-card"
    >
      <div className="flex items-start gap-3">
        {icon}
        <div className="min-w-0 flex-1">
          <h3 className="truncate font-semibold">{title}</h3>
          <div className="truncate text-xs text-ink-3">{subtitle}</div>
        </div>
      </div>
      <p className="line-clamp-3 flex-1 text-ink-2">{description || 'No description.'}</p>
      <div className="flex items-center justify-end gap-2">{children}</div>
    </article>
  );
}

/** What the registries offer of a kind. `installed` are repositories (without tags) that are here already. */
export function Catalogue({
  kind,
  term,
  installed,
}: {
  readonly kind: PackageKind;
  readonly term: string;
  readonly installed: ReadonlySet<string>;
}) {
  const host = useHost();
  const added = useSettings().data?.registries.map((each) => each.address) ?? [];
  const search = useRegistrySearch({ query: term, kind }, added);
  if (search.error) return <ErrorNote error={search.error} />;
  if (!search.data)
    return (
      <output aria-label="Loading the catalogue" className="grid grid-cols-1 gap-4 md:grid-cols-2 xl:grid-cols-3">
        {[1, 2, 3].map((each) => (
          <Skeleton key={each} className="h-40 rounded-xl" />
        ))}
      </output>
    );
  const { results, failures } = search.data;
  if (results.length === 0)
    return (
      <EmptyState
        icon={kind === 'extension' ? <Puzzle /> : <Plug />}
        title={term ? 'Nothing matches' : `No ${kind}s in your registries`}
        action={<Button onClick={() => void search.refetch()}>Look again</Button>}
      >
        {failures.length > 0
          ? failures.map((failure) => `${failure.registry}: ${failure.message}`).join(' ')
          : `A registry offers a ${kind} when its image carries the label io.wharf.kind=${kind}.`}
      </EmptyState>
    );
  return (
    <ul aria-label={`${kind} catalogue`} className="grid grid-cols-1 gap-4 md:grid-cols-2 xl:grid-cols-3">
      {results.map((item: RegistrySearchItem) => (
        <li key={`${item.registry}/${item.name}`}>
          <PackageCard
            testId={`catalogue-${item.name}`}
            icon={<PackageIcon icon={item.icon} kind={kind} />}
            title={item.title || item.name}
            subtitle={item.labels['org.opencontainers.image.vendor'] ?? item.name}
            description={item.description}
          >
            {installed.has(item.name) ? (
              <span className="text-xs font-medium text-good">Installed</span>
            ) : (
              <Button
                look="primary"
                size="sm"
                aria-label={`Install ${item.title || item.name}`}
                onClick={() => void previewPackage(host, kind, item.name)}
              >
                Install
              </Button>
            )}
          </PackageCard>
        </li>
      ))}
    </ul>
  );
}

/** "docker.io/wharf/hello:1.0" -> "wharf/hello": how the catalogue names it. */
export function repositoryOf(image: string): string {
  const name = image.split('@')[0] ?? image;
  const colon = name.lastIndexOf(':');
  const untagged = colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
  return untagged.replace(/^docker\.io\/(library\/)?/, '');
}
