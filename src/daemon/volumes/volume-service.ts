/** What the rest of the daemon may ask of the volumes. Implemented in this folder. */
import type { Volume, VolumeCreateRequest, VolumeListResult, VolumePruneResult } from '../../contract/engine-types.ts';

export interface VolumeService {
  /** Creating one that exists with the same driver answers it. @throws WharfError 'volume.conflict' | 'volume.invalid' */
  create(request: VolumeCreateRequest): Promise<Volume>;
  list(filters: ReadonlyMap<string, readonly string[]>): Promise<VolumeListResult>;
  inspect(name: string): Promise<Volume>;
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  prune(filters: ReadonlyMap<string, readonly string[]>): Promise<VolumePruneResult>;
  /** Bytes of one volume on disk. */
  usageBytes(name: string, options: { readonly signal: AbortSignal }): Promise<number>;
  /** A container holds the volume; it can't be removed until released. Answers where its data is. */
  acquire(name: string, containerId: string): Promise<{ readonly mountpoint: string }>;
  release(name: string, containerId: string): void;
  /** Containers (IDs) that hold it, in any state. */
  usersOf(name: string): readonly string[];
  /** First use: fills an empty volume with what the image has at that path (owner and mode too). `source` is an absolute path inside the mounted root. */
  populate(name: string, source: string, options: { readonly signal: AbortSignal }): Promise<void>;
}
