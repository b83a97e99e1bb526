/** Looking after one of Wharf's registries: what it holds, what its rules would remove, collection. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { CollectionReport, RetentionReport } from '../../contract/registry-routes.ts';
import { useRegistryConnection } from './registry-connection.ts';
import { askWharf, wharfSpace } from './wharf-content.ts';

export function useSpace() {
  const connection = useRegistryConnection();
  return useQuery({
    queryKey: ['registry-browser', connection.address, 'space'],
    queryFn: ({ signal }) => wharfSpace(connection, signal),
    // Pushes come without telling: read anew whenever it is shown.
    staleTime: 0,
    refetchOnMount: 'always',
    retry: false,
  });
}

export interface Upkeep {
  retain(dryRun: boolean): Promise<RetentionReport>;
  collect(dryRun: boolean): Promise<CollectionReport>;
}

export function useUpkeep(): Upkeep {
  const connection = useRegistryConnection();
  const cache = useQueryClient();
  const changed = () => cache.invalidateQueries({ queryKey: ['registry-browser', connection.address] });
  return {
    async retain(dryRun) {
      const path = `/wharf/v1/retention?dry-run=${dryRun}`;
      const report = await askWharf(connection, { method: 'POST', path }, RetentionReport);
      if (!dryRun) await changed();
      return report;
    },
    async collect(dryRun) {
      const path = `/wharf/v1/gc?dry-run=${dryRun}`;
      const report = await askWharf(connection, { method: 'POST', path }, CollectionReport);
      if (!dryRun) await changed();
      return report;
    },
  };
}
