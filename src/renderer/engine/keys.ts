/** Query keys of everything cached from the engine. `live-events.ts` invalidates by these and nothing polls. */
export const engineKeys = {
  all: ['engine'],
  containers: ['engine', 'containers'],
  container: (id: string) => ['engine', 'container', id] as const,
  containerDetails: ['engine', 'container'],
  images: ['engine', 'images'],
  image: (id: string) => ['engine', 'image', id] as const,
  imageDetails: ['engine', 'image'],
  volumes: ['engine', 'volumes'],
  networks: ['engine', 'networks'],
  network: (id: string) => ['engine', 'network', id] as const,
  networkDetails: ['engine', 'network'],
  diskUsage: ['engine', 'disk-usage'],
  info: ['engine', 'info'],
  version: ['engine', 'version'],
  registries: ['engine', 'registries'],
} as const;
