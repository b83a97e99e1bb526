import { useImage, useImageHistory } from '../../engine/queries.ts';
import { bytes } from '../../ui/bytes.ts';
import { ShortId } from '../../ui/copy.tsx';
import { Drawer } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import type { ImageRow } from './image-rows.ts';
import { TrustCard } from './trust-card.tsx';

function LayerList({ id }: { readonly id: string }) {
  const history = useImageHistory(id);
  if (history.error) return <ErrorNote error={history.error} />;
  if (!history.data) return <TableSkeleton rows={3} />;
  const largest = Math.max(1, ...history.data.map((item) => item.Size));
  return (
    <ol aria-label="Layers, newest first" className="flex flex-col">
      {history.data.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: history entries have no identity but their place
        <li key={index} className="border-b border-line py-2 last:border-0">
          <div className="flex items-start gap-3">
            <code className="line-clamp-2 flex-1 font-mono text-xs break-all text-ink-2" title={item.CreatedBy}>
              {item.CreatedBy || item.Comment || 'No command recorded'}
            </code>
            <span className="tabular text-xs whitespace-nowrap text-ink-3">
              {item.Size > 0 ? bytes(item.Size) : 'no files'}
            </span>
          </div>
          {item.Size > 0 && (
            <div className="mt-1 h-1 rounded-full bg-sunken">
              <div className="h-full rounded-full bg-accent/60" style={{ width: `${(item.Size / largest) * 100}%` }} />
            </div>
          )}
        </li>
      ))}
    </ol>
  );
}

function Details({ row }: { readonly row: ImageRow }) {
  const image = useImage(row.id);
  if (image.error) return <ErrorNote error={image.error} />;
  if (!image.data) return <TableSkeleton rows={4} />;
  const { data } = image;
  const config = data.Config;
  const list = (items: readonly string[] | null | undefined) =>
    items && items.length > 0 ? (
      <code className="font-mono text-xs break-all">{items.join(' ')}</code>
    ) : (
      <span className="text-ink-3">none</span>
    );
  return (
    <div className="flex flex-col gap-4">
      <Card>
        <Facts
          facts={[
            ['ID', <ShortId key="id" id={data.Id} />],
            ['Tags', data.RepoTags.join(', ') || 'none'],
            [
              'Digest',
              <code key="digest" className="font-mono text-xs break-all">
                {data.RepoDigests[0] ?? 'none'}
              </code>,
            ],
            ['Platform', [data.Os, data.Architecture, data.Variant].filter(Boolean).join('/')],
            ['Size', bytes(data.Size)],
            ['Created', data.Created ? <RelativeTime key="created" atMs={Date.parse(data.Created)} /> : 'unknown'],
            ['Entrypoint', list(config?.Entrypoint)],
            ['Command', list(config?.Cmd)],
            ['Ports', Object.keys(config?.ExposedPorts ?? {}).join(', ') || 'none'],
            ['Used by', row.containers.join(', ') || 'no container'],
          ]}
        />
      </Card>
      <TrustCard name={row.target} />
      <Card title="Layers">
        <LayerList id={row.id} />
      </Card>
      {(config?.Env?.length ?? 0) > 0 && (
        <Card title="Environment">
          <ul className="font-mono text-xs leading-6 break-all">
            {config?.Env?.map((env) => (
              <li key={env}>{env}</li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

export function ImageDrawer({ row, onClose }: { readonly row: ImageRow | undefined; readonly onClose: () => void }) {
  return (
    <Drawer open={row !== undefined} onClose={onClose} title={row?.reference ?? ''} wide>
      {row && <Details row={row} />}
    </Drawer>
  );
}
