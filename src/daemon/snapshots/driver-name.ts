import type { Snapshotter } from './snapshotter.ts';

/** What Docker's API calls the storage driver that works as this snapshotter does. */
export function dockerDriverName(snapshotter: Pick<Snapshotter, 'name'>): 'overlay2' | 'vfs' {
  return snapshotter.name === 'overlay' ? 'overlay2' : 'vfs';
}
