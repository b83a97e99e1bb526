import { useQuery } from '@tanstack/react-query';
import { useEngine } from './engine-context.tsx';
import { engineKeys } from './keys.ts';

/** Shared reads of the engine. Fresh until an event says otherwise: no staleTime runs out, nothing polls. */
const live = { staleTime: Number.POSITIVE_INFINITY, retry: false } as const;

export function useContainers() {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.containers,
    queryFn: ({ signal }) => engine.call('ContainerList', { query: { all: true }, signal }),
  });
}

export function useContainer(id: string) {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.container(id),
    queryFn: ({ signal }) => engine.call('ContainerInspect', { params: { id }, signal }),
  });
}

export function useImages() {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.images,
    queryFn: ({ signal }) => engine.call('ImageList', { query: { 'shared-size': true }, signal }),
  });
}

export function useImage(name: string) {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.image(name),
    queryFn: ({ signal }) => engine.call('ImageInspect', { params: { name }, signal }),
  });
}

export function useImageHistory(name: string) {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: [...engineKeys.image(name), 'history'],
    queryFn: ({ signal }) => engine.call('ImageHistory', { params: { name }, signal }),
  });
}

/** What the trust policy says of the local images; the policy is a file that changes without telling. */
export function useTrustImages() {
  const engine = useEngine();
  return useQuery({
    ...live,
    refetchOnMount: 'always',
    queryKey: engineKeys.trust,
    queryFn: ({ signal }) => engine.call('TrustImages', { signal }),
  });
}

/** Signatures known of one local image; `engine.call('TrustInspect', { live: true })` looks for more. */
export function useTrustReport(name: string) {
  const engine = useEngine();
  return useQuery({
    ...live,
    refetchOnMount: 'always',
    queryKey: engineKeys.trustReport(name),
    queryFn: ({ signal }) => engine.call('TrustInspect', { query: { image: name }, signal }),
  });
}

export function useVolumes() {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.volumes,
    queryFn: async ({ signal }) => (await engine.call('VolumeList', { signal })).Volumes ?? [],
  });
}

export function useNetworks() {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.networks,
    queryFn: ({ signal }) => engine.call('NetworkList', { signal }),
  });
}

export function useNetwork(id: string) {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.network(id),
    queryFn: ({ signal }) => engine.call('NetworkInspect', { params: { id }, signal }),
  });
}

export function useDiskUsage() {
  const engine = useEngine();
  return useQuery({
    ...live,
    // Containers write without telling: the sizes are read anew whenever a page that shows them is opened.
    refetchOnMount: 'always',
    queryKey: engineKeys.diskUsage,
    queryFn: ({ signal }) => engine.call('SystemDataUsage', { signal }),
  });
}

export function useEngineInfo() {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.info,
    queryFn: ({ signal }) => engine.call('SystemInfo', { signal }),
  });
}

export function useEngineVersion() {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.version,
    queryFn: ({ signal }) => engine.call('SystemVersion', { signal }),
  });
}

export function useRegistries() {
  const engine = useEngine();
  return useQuery({
    ...live,
    queryKey: engineKeys.registries,
    queryFn: ({ signal }) => engine.call('RegistryList', { signal }),
  });
}
