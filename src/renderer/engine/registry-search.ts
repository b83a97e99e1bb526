import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEngine } from './engine-context.tsx';

export interface RegistrySearchRequest {
  readonly query: string;
  readonly kind?: 'image' | 'extension' | 'plugin' | undefined;
  /** `os/architecture[/variant]`. */
  readonly platform?: string | undefined;
  /** Only this one. */
  readonly registry?: string | undefined;
}

/** Results asked of each registry. */
const limit = 60;

/**
 * Searches the registries the engine knows and those the user added (`extra`), all at once; the engine merges and ranks. The
 * host adds the user's sign-ins.
 */
export function useRegistrySearch(request: RegistrySearchRequest, extra: readonly string[]) {
  const engine = useEngine();
  const { query, kind, platform, registry } = request;
  return useQuery({
    queryKey: ['registry-search', request, extra],
    queryFn: ({ signal }) =>
      engine.call('RegistrySearch', {
        query: {
          limit,
          query,
          ...(kind ? { kind } : {}),
          ...(platform ? { platform } : {}),
          ...(registry ? { registry } : {}),
          ...(extra.length > 0 && !registry ? { also: extra.join(',') } : {}),
        },
        signal,
      }),
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });
}
