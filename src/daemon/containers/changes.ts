import { posix } from 'node:path';
import type { Change } from '../snapshots/snapshotter.ts';
import type { ContainerContext } from './container-context.ts';

export interface ApiChange {
  readonly Path: string;
  /** 0 modified, 1 added, 2 deleted. */
  readonly Kind: 0 | 1 | 2;
}

const kinds = { modified: 0, added: 1, deleted: 2 } as const satisfies Record<Change['kind'], number>;

/** Made in every root by the runtime, to mount over; dockerd keeps them in a layer of their own, out of `docker diff`. */
const runtimePlaces = new Set([
  '/.dockerenv',
  '/dev',
  '/dev/console',
  '/dev/mqueue',
  '/dev/pts',
  '/dev/shm',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/proc',
  '/sys',
]);

/** GET /containers/{id}/changes. */
export async function containerChanges(
  context: ContainerContext,
  ref: string,
  options: { readonly signal: AbortSignal },
): Promise<readonly ApiChange[] | null> {
  const { id } = context.find(ref);
  const changes = withoutRuntimePlaces(await context.snapshots.changes(id, options));
  // As Go writes a list that was never begun.
  return changes.length === 0 ? null : changes.map(({ kind, path }) => ({ Path: path, Kind: kinds[kind] }));
}

/** Pure. Their folders go too, unless something else changed in them. */
export function withoutRuntimePlaces(changes: readonly Change[]): readonly Change[] {
  const isOurs = ({ kind, path }: Change) => kind === 'added' && runtimePlaces.has(path);
  const ours = changes.filter(isOurs);
  const rest = changes.filter((change) => !isOurs(change));
  const folders = new Set(ours.map(({ path }) => posix.dirname(path)));
  return rest.filter(
    ({ kind, path }) =>
      kind !== 'modified' || !folders.has(path) || rest.some((other) => other.path.startsWith(`${path}/`)),
  );
}
