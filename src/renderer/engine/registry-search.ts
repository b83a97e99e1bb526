import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { EngineClient } from '../../client/engine-client.ts';
import type { RegistrySearchResponse } from '../../contract/engine-types.ts';
import { useEngine } from './engine-context.tsx';

export interface RegistrySearchRequest {
  readonly query: string;
  readonly kind?: 'image' | 'extension' | 'plugin' | undefined;
  /** Only this one. */
  readonly registry?: string | undefined;
}

/** Results asked of each registry. */
const limit = 60;

async function searchAll(
  engine: EngineClient,
  request: RegistrySearchRequest,
  extra: readonly string[],
  signal: AbortSignal,
): Promise<RegistrySearchResponse> {
  const query = { limit, query: request.query, ...(request.kind ? { kind: request.kind } : {}) };
  const only = request.registry ? [request.registry] : undefined;
  const answers = await Promise.all([
    ...(only ?? extra).map((registry) => engine.call('RegistrySearch', { query: { ...query, registry }, signal })),
    ...(only ? [] : [engine.call('RegistrySearch', { query, signal })]),
  ]);
  // The engine's own registries last asked, first shown.
  const ordered = answers.toReversed();
  return {
    results: ordered.flatMap((answer) => answer.results),
    failures: ordered.flatMap((answer) => answer.failures),
  };
}

/** Searches the registries the engine knows and those the user added in the settings (`extra`), all at once. */
export function useRegistrySearch(request: RegistrySearchRequest, extra: readonly string[]) {
  const engine = useEngine();
  return useQuery({
    queryKey: ['registry-search', request, extra],
    queryFn: ({ signal }) => searchAll(engine, request, extra, signal),
    staleTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });
}
