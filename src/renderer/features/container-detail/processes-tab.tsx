import { useQuery } from '@tanstack/react-query';
import { FileText, RefreshCcw } from 'lucide-react';
import type { ContainerInspect } from '../../../contract/engine-types.ts';
import { useEngine } from '../../engine/engine-context.tsx';
import { engineKeys } from '../../engine/keys.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { TableSkeleton } from '../../ui/progress.tsx';

export function ProcessesTab({ container }: { readonly container: ContainerInspect }) {
  const engine = useEngine();
  const running = container.State.Running;
  const top = useQuery({
    queryKey: [...engineKeys.container(container.Id), 'top'],
    queryFn: ({ signal }) => engine.call('ContainerTop', { params: { id: container.Id }, signal }),
    enabled: running,
  });
  if (!running)
    return (
      <EmptyState icon={<FileText />} title="No processes">
        The container is not running.
      </EmptyState>
    );
  if (top.error) return <ErrorNote error={top.error} />;
  if (!top.data) return <TableSkeleton rows={3} />;
  return (
    <div className="min-h-0 flex-1 overflow-auto">
      <div className="mb-3 flex justify-end">
        <Button
          size="sm"
          icon={<RefreshCcw className="size-3.5" />}
          busy={top.isFetching}
          onClick={() => void top.refetch()}
        >
          Read again
        </Button>
      </div>
      <table
        aria-label="Processes"
        className="w-full overflow-hidden rounded-xl border border-line bg-surface text-left text-xs shadow-card"
      >
        <thead className="border-b border-line text-ink-3">
          <tr>
            {top.data.Titles.map((title) => (
              <th key={title} scope="col" className="px-3 py-2 font-medium">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="font-mono">
          {top.data.Processes.map((row) => (
            <tr key={row.join(' ')} className="border-b border-line last:border-0">
              {row.map((cell, column) => (
                <td key={top.data.Titles[column]} className="px-3 py-1.5 break-all">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
