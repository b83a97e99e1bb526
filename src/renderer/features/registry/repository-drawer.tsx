import { useQuery } from '@tanstack/react-query';
import { ArrowDownToLine, Play } from 'lucide-react';
import type { RegistrySearchItem } from '../../../contract/engine-types.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { intend } from '../../engine/intents.ts';
import { IconButton } from '../../ui/button.tsx';
import { bytes } from '../../ui/bytes.ts';
import { Drawer } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { RepositoryIcon } from './repository-card.tsx';

function Tags({ item }: { readonly item: RegistrySearchItem }) {
  const engine = useEngine();
  const tags = useQuery({
    queryKey: ['registry-tags', item.name],
    queryFn: ({ signal }) => engine.call('RegistryTags', { query: { name: item.name }, signal }),
    staleTime: 60_000,
    retry: false,
  });
  if (tags.error) return <ErrorNote error={tags.error} />;
  if (!tags.data) return <TableSkeleton rows={3} />;
  return (
    <ul aria-label="Tags">
      {tags.data.tags.map((tag) => (
        <li key={tag} className="flex items-center border-b border-line py-1 last:border-0">
          <code className="min-w-0 flex-1 truncate font-mono text-xs">{tag}</code>
          <IconButton
            label={`Pull ${item.name}:${tag}`}
            onClick={() => intend({ kind: 'pull', reference: `${item.name}:${tag}` })}
          >
            <ArrowDownToLine />
          </IconButton>
          <IconButton
            label={`Run ${item.name}:${tag}`}
            tone="good"
            onClick={() => intend({ kind: 'run', image: `${item.name}:${tag}` })}
          >
            <Play />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}

export function RepositoryDrawer({
  item,
  onClose,
}: {
  readonly item: RegistrySearchItem | undefined;
  readonly onClose: () => void;
}) {
  return (
    <Drawer open={item !== undefined} onClose={onClose} title={item?.title || item?.name || ''}>
      {item && (
        <div className="flex flex-col gap-4">
          <div className="flex items-start gap-3">
            <RepositoryIcon item={item} large />
            <p className="flex-1 text-ink-2">{item.description || 'No description.'}</p>
          </div>
          <Card>
            <Facts
              facts={[
                [
                  'Repository',
                  <code key="name" className="font-mono text-xs">
                    {item.name}
                  </code>,
                ],
                ['Registry', item.registry],
                ['Kind', item.kind],
                ['Platforms', item.platforms.join(', ') || 'unknown'],
                ['Size', bytes(item.sizeBytes)],
                [
                  'Updated',
                  item.updatedAt ? <RelativeTime key="updated" atMs={Date.parse(item.updatedAt)} /> : 'unknown',
                ],
              ]}
            />
          </Card>
          <Card title="Tags">
            <Tags item={item} />
          </Card>
        </div>
      )}
    </Drawer>
  );
}
