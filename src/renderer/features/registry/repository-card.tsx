import { ArrowDownToLine, BadgeCheck, Layers, Plug, Puzzle, Star } from 'lucide-react';
import type { RegistrySearchItem } from '../../../contract/engine-types.ts';
import { intend } from '../../engine/intents.ts';
import { Button } from '../../ui/button.tsx';
import { bytes } from '../../ui/bytes.ts';
import { Badge } from '../../ui/status.tsx';

const kinds = {
  image: { icon: <Layers />, text: 'Image' },
  extension: { icon: <Puzzle />, text: 'Extension' },
  plugin: { icon: <Plug />, text: 'Plugin' },
} as const;

export function RepositoryIcon({
  item,
  large,
}: {
  readonly item: Pick<RegistrySearchItem, 'icon' | 'kind'>;
  readonly large?: boolean;
}) {
  const size = large ? 'size-12 rounded-xl [&_svg]:size-6' : 'size-10 rounded-lg [&_svg]:size-5';
  // Only pictures that came with the answer: nothing is fetched from elsewhere.
  if (item.icon?.startsWith('data:image/'))
    return <img src={item.icon} alt="" className={`${size} shrink-0 object-contain`} />;
  return (
    <div aria-hidden className={`${size} grid shrink-0 place-items-center bg-accent-soft text-accent`}>
      {kinds[item.kind].icon}
    </div>
  );
}

export function RepositoryCard({ item, onOpen }: { readonly item: RegistrySearchItem; readonly onOpen: () => void }) {
  return (
    <article
      data-testid={`repository-${item.name}`}
      className="flex h-full flex-col gap-3 rounded-xl border border-line bg-surface p-4 shadow-card transition-colors hover:border-line-strong"
    >
      <div className="flex items-start gap-3">
        <RepositoryIcon item={item} />
        <div className="min-w-0 flex-1">
          <button
            type="button"
            onClick={onOpen}
            className="flex max-w-full items-center gap-1.5 rounded text-left font-semibold hover:text-accent"
          >
            <span className="truncate">{item.title || item.name}</span>
            {item.official && <BadgeCheck className="size-4 shrink-0 text-accent" aria-label="Official" />}
          </button>
          <div className="truncate font-mono text-xs text-ink-3">{item.name}</div>
        </div>
        {item.kind !== 'image' && <Badge tone="accent">{kinds[item.kind].text}</Badge>}
      </div>
      <p className="line-clamp-2 flex-1 text-ink-2">{item.description || 'No description.'}</p>
      <div className="flex items-center gap-3 text-xs text-ink-3">
        {item.stars > 0 && (
          <span className="tabular flex items-center gap-1">
            <Star className="size-3" aria-label="Stars" /> {item.stars}
          </span>
        )}
        {item.sizeBytes !== undefined && <span className="tabular">{bytes(item.sizeBytes)}</span>}
        <span className="min-w-0 flex-1 truncate">{item.platforms.slice(0, 3).join(', ')}</span>
        <Button
          size="sm"
          icon={<ArrowDownToLine className="size-3.5" />}
          aria-label={`Pull ${item.name}`}
          onClick={() => intend({ kind: 'pull', reference: item.name })}
        >
          Pull
        </Button>
        {item.kind === 'image' && (
          <Button
            size="sm"
            look="primary"
            aria-label={`Run ${item.name}`}
            onClick={() => intend({ kind: 'run', image: item.name })}
          >
            Run
          </Button>
        )}
      </div>
    </article>
  );
}
