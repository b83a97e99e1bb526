/** What the operations of this folder share. */
import type { Platform } from '../../oci/platform.ts';
import type { RegistryClient } from '../../registry/client/registry-client.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { WharfSnapshotter } from '../snapshots/snapshotter-extras.ts';
import type { DownloadPool } from './download-pool.ts';
import type { ChainPins, GarbageCollector } from './garbage.ts';
import type { ImageDatabase } from './image-database.ts';
import type { ImageGate } from './image-gate.ts';
import type { ImageUsers } from './image-service.ts';
import type { ManifestListStore } from './manifest-list-store.ts';

export interface ImageParts {
  readonly images: ImageDatabase;
  readonly lists: ManifestListStore;
  readonly content: ContentStore;
  readonly snapshots: WharfSnapshotter;
  readonly registry: RegistryClient;
  readonly events: EventBus;
  readonly users: ImageUsers;
  readonly downloads: DownloadPool;
  readonly maxUploadsAtOnce: () => number;
  readonly pins: ChainPins;
  readonly garbage: GarbageCollector;
  /** Asked before anything is pulled; absent: everything may come in. */
  readonly gate?: ImageGate;
  /** What this machine runs. */
  readonly platform: Platform;
}
