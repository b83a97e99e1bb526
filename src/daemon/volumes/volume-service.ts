/** What the rest of the daemon may ask of the volumes. Implemented in this folder. */
import type { Volume, VolumeCreateRequest, VolumeListResult, VolumePruneResult } from '../../contract/engine-types.ts';

/** A place in a container where a volume is to be mounted. */
export interface VolumeUse {
  readonly containerId: string;
  readonly destination: string;
  readonly readOnly: boolean;
  /** Below the volume's root; '' for all of it. */
  readonly subpath: string;
  /** For the daemon's own looking into it: no events. */
  readonly quiet?: boolean;
}

export interface PopulateOptions {
  /** Below the volume's root; absent or '' for all of it. Nothing is done when it is not there. */
  readonly subpath?: string;
  readonly signal: AbortSignal;
}

export interface VolumeService {
  /**
   * Creating one that exists with the same driver answers it.
   * @param options.heldBy a container that holds it from the first moment on
   * @throws WharfError 'volume.conflict' | 'volume.invalid' | 'plugin.not-found'
   */
  create(request: VolumeCreateRequest, options?: { readonly heldBy?: string }): Promise<Volume>;
  list(filters: ReadonlyMap<string, readonly string[]>): Promise<VolumeListResult>;
  inspect(name: string): Promise<Volume>;
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  prune(filters: ReadonlyMap<string, readonly string[]>): Promise<VolumePruneResult>;
  /** Plain local volumes with their bytes on disk and their number of users, as Docker's disk usage counts them. */
  usage(options: { readonly signal: AbortSignal }): Promise<readonly Volume[]>;
  /** A container holds the volume, in whatever state: it can't be removed until released. @throws WharfError 'volume.not-found' */
  acquire(name: string, containerId: string): Promise<void>;
  /** Ends that, and every mount the container still has of it. */
  release(name: string, containerId: string): void;
  /** Mounts it for a run of a container; answers where its data, or the subpath of it, is on this host. */
  mount(name: string, use: VolumeUse): Promise<string>;
  unmount(containerId: string, destination: string): Promise<void>;
  /** Ends all mounts of a container's run. */
  unmountAll(containerId: string): Promise<void>;
  /** Containers (IDs) that hold it, in any state. */
  usersOf(name: string): readonly string[];
  /** Volumes whose data a driver keeps. */
  countOfDriver(driver: string): number;
  /** Where its data is, as far as that is known without asking a plugin; '' otherwise, and for a volume that is gone. */
  knownMountpoint(name: string): string;
  /**
   * First use: fills an empty volume with what the image has at that path, owner and mode too. `source` is an absolute path of a
   * folder inside the mounted root.
   */
  populate(name: string, source: string, options: PopulateOptions): Promise<void>;
}
