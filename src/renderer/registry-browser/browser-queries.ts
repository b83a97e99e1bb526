import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type DeletionPlan, planDeletion, planRepositoryDeletion } from './deletion-plan.ts';
import { useRegistryConnection } from './registry-connection.ts';
import {
  deleteReference,
  listReferrers,
  listRepositories,
  listTags,
  readImageConfig,
  readManifest,
  type StoredManifest,
  type TagFacts,
  tagFactsOf,
} from './registry-content.ts';
import { readRepositoryPicture } from './repository-picture.ts';
import { readTagFacts } from './tag-facts.ts';
import { wharfTags } from './wharf-content.ts';

const root = (address: string) => ['registry-browser', address] as const;
/** Somebody else may push at any time: a list is read anew when it is opened again after this long. */
const listsFreshMs = 10_000;
/** What lies under a digest never changes. */
const foreverMs = Number.POSITIVE_INFINITY;

export function useRepositories() {
  const connection = useRegistryConnection();
  return useQuery({
    queryKey: [...root(connection.address), 'repositories'],
    queryFn: ({ signal }) => listRepositories(connection, signal),
    staleTime: listsFreshMs,
    retry: false,
  });
}

/** A tag, with its facts where the registry tells all of them in one answer. */
export interface TagLine {
  readonly tag: string;
  readonly facts: TagFacts | undefined;
}

export function useTags(name: string) {
  const connection = useRegistryConnection();
  return useQuery({
    queryKey: [...root(connection.address), 'tags', name],
    queryFn: async ({ signal }): Promise<readonly TagLine[]> => {
      const told = await wharfTags(connection, name, signal);
      if (told !== undefined) return told.map((summary) => ({ tag: summary.tag, facts: tagFactsOf(summary) }));
      return (await listTags(connection, name, signal)).map((tag) => ({ tag, facts: undefined }));
    },
    staleTime: listsFreshMs,
    retry: false,
  });
}

/** Facts of one tag, read only where the list did not bring them. */
export function useTagFacts(name: string, line: TagLine) {
  const connection = useRegistryConnection();
  const asked = useQuery({
    queryKey: [...root(connection.address), 'tag', name, line.tag],
    queryFn: ({ signal }) => readTagFacts(connection, name, line.tag, signal),
    enabled: line.facts === undefined,
    staleTime: listsFreshMs,
    retry: false,
  });
  return { facts: line.facts ?? asked.data, error: asked.error };
}

export function useManifest(name: string, reference: string) {
  const connection = useRegistryConnection();
  return useQuery({
    queryKey: [...root(connection.address), 'manifest', name, reference],
    queryFn: ({ signal }) => readManifest(connection, name, reference, signal),
    staleTime: reference.includes(':') ? foreverMs : listsFreshMs,
    retry: false,
  });
}

export function useImageConfig(name: string, stored: StoredManifest | undefined) {
  const connection = useRegistryConnection();
  const manifest = stored?.document.kind === 'manifest' ? stored.document : undefined;
  return useQuery({
    queryKey: [...root(connection.address), 'config', name, stored?.digest],
    queryFn: async ({ signal }) =>
      manifest === undefined ? null : ((await readImageConfig(connection, name, manifest, signal)) ?? null),
    enabled: manifest !== undefined,
    staleTime: foreverMs,
    retry: false,
  });
}

export function useReferrers(name: string, digest: string | undefined) {
  const connection = useRegistryConnection();
  return useQuery({
    queryKey: [...root(connection.address), 'referrers', name, digest],
    queryFn: ({ signal }) => listReferrers(connection, name, digest ?? '', signal),
    enabled: digest !== undefined,
    staleTime: listsFreshMs,
    retry: false,
  });
}

/** A tag or a digest of a repository; without one, all of it. */
export interface DeletionTarget {
  readonly name: string;
  readonly reference?: string;
}

/** What deleting would take along; read anew each time the question is asked. */
export function useDeletionPlan(target: DeletionTarget | undefined) {
  const connection = useRegistryConnection();
  return useQuery({
    queryKey: [...root(connection.address), 'deletion', target],
    queryFn: async ({ signal }): Promise<DeletionPlan> => {
      const picture = await readRepositoryPicture(connection, target?.name ?? '', signal);
      return target?.reference === undefined
        ? planRepositoryDeletion(picture)
        : planDeletion(picture, target.reference);
    },
    enabled: target !== undefined,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}

/** Deletes what a plan lists, in its order, and makes the lists stale. */
export function useDelete(): (name: string, plan: DeletionPlan) => Promise<void> {
  const connection = useRegistryConnection();
  const cache = useQueryClient();
  return async (name, plan) => {
    try {
      for (const reference of plan.references) await deleteReference(connection, name, reference);
    } finally {
      await cache.invalidateQueries({ queryKey: root(connection.address) });
    }
  };
}

export function useRefresh(): () => Promise<void> {
  const { address } = useRegistryConnection();
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: root(address) });
}
