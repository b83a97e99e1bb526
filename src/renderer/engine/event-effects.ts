import { engineKeys } from './keys.ts';

export interface EventLike {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/** Container actions that change nothing a list or a detail shows. */
const quiet = new Set([
  'exec_create',
  'exec_start',
  'exec_die',
  'exec_detach',
  'attach',
  'detach',
  'top',
  'resize',
  'archive-path',
  'export',
  'copy',
]);

/**
 * Which caches an engine event makes stale. Pure, so that a test can say it for each event.
 * Healthcheck exec events come as `exec_start: /bin/check`, hence the split.
 */
export function staleKeys(event: EventLike): readonly (readonly string[])[] {
  const action = event.Action?.split(':')[0] ?? '';
  const id = event.Actor?.ID ?? '';
  switch (event.Type) {
    case 'container': {
      if (quiet.has(action)) return [];
      const keys: (readonly string[])[] = [engineKeys.containers, engineKeys.container(id)];
      if (action === 'create' || action === 'destroy')
        keys.push(engineKeys.volumes, engineKeys.diskUsage, engineKeys.images);
      if (action === 'commit') keys.push(engineKeys.images, engineKeys.diskUsage);
      return keys;
    }
    case 'image':
      return [engineKeys.images, engineKeys.imageDetails, engineKeys.diskUsage, engineKeys.trust];
    case 'volume':
      return action === 'mount' || action === 'unmount' ? [] : [engineKeys.volumes, engineKeys.diskUsage];
    case 'network':
      // The list of containers says who is on which network.
      return [engineKeys.networks, engineKeys.network(id), engineKeys.containers, engineKeys.containerDetails];
    case 'daemon':
      // A reload may have brought another trust policy.
      return [engineKeys.info, engineKeys.trust];
    default:
      return [];
  }
}
