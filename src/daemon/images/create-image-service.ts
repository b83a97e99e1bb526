/** Puts the parts of this folder together. */
import type { DatabaseSync } from 'node:sqlite';
import { WharfError } from '../../contract/errors.ts';
import { linuxPlatform, type Platform } from '../../oci/platform.ts';
import { familiar, familiarName, parseReference } from '../../oci/reference.ts';
import type { RegistryClient } from '../../registry/client/registry-client.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { WharfSnapshotter } from '../snapshots/snapshotter-extras.ts';
import { commitImage } from './commit-image.ts';
import { createManifestService } from './create-manifest-service.ts';
import { DownloadPool } from './download-pool.ts';
import { descendantsOf, findImage, getImage, toLocalImage } from './find-image.ts';
import { ChainPins, GarbageCollector } from './garbage.ts';
import { heldImages } from './held-index.ts';
import { ImageDatabase } from './image-database.ts';
import type { ImageGate } from './image-gate.ts';
import type { ImageParts } from './image-parts.ts';
import type { ImageService, ImageUsers } from './image-service.ts';
import { importRoot } from './import-root.ts';
import { imageHistory, inspectImage } from './inspect-image.ts';
import { listImages } from './list-images.ts';
import { loadImages } from './load-archive.ts';
import { ManifestListStore } from './manifest-list-store.ts';
import { manifestSummaries } from './manifest-summaries.ts';
import { getPlatformImage, indexNamed, unpackPlatform } from './platform-images.ts';
import { pullImage } from './pull.ts';
import { pushImage } from './push.ts';
import { pruneImages, removeImage } from './remove-image.ts';
import { repairImages } from './repair-images.ts';
import { saveImages } from './save-archive.ts';
import { verifyImages } from './verify-images.ts';

export interface ImageServiceOptions {
  readonly db: DatabaseSync;
  readonly content: ContentStore;
  readonly snapshots: WharfSnapshotter;
  readonly registry: RegistryClient;
  readonly events: EventBus;
  readonly users: ImageUsers;
  /** Who says what may be pulled; absent: everything may. */
  readonly gate?: ImageGate;
  /** Ends pulls, pushes and commits when the daemon shuts down. */
  readonly signal?: AbortSignal;
  readonly log?: { warn(message: string): void };
  /** What this machine runs; for tests. */
  readonly platform?: Platform;
  /** Blobs on their way at once, for all pulls together and for each push; asked at each use. dockerd's 3 and 5 unless told. */
  readonly maxDownloadsAtOnce?: () => number;
  readonly maxUploadsAtOnce?: () => number;
}

export interface WharfImageService extends ImageService {
  /** Makes good what a crash left: unpacks layers that were lost and removes what nothing needs. Call once at start. */
  reconcile(options: { readonly signal: AbortSignal }): Promise<void>;
}

/** `content` and `snapshots` must be open. Reads the images from `db` at once. */
export function createImageService(options: ImageServiceOptions): WharfImageService {
  const { content, snapshots, registry, events, users } = options;
  const images = new ImageDatabase(options.db, (message) => options.log?.warn(message));
  const lists = new ManifestListStore(options.db, (message) => options.log?.warn(message));
  const pins = new ChainPins();
  const parts: ImageParts = {
    images,
    lists,
    content,
    snapshots,
    registry,
    events,
    users,
    pins,
    gate: options.gate,
    downloads: new DownloadPool(content, registry, options.maxDownloadsAtOnce),
    maxUploadsAtOnce: options.maxUploadsAtOnce ?? (() => 5),
    garbage: new GarbageCollector({ images, lists, content, snapshots, pins, users }),
    platform: options.platform ?? linuxPlatform(process.arch),
  };
  const ending = options.signal;
  const withEnding = <T extends { readonly signal: AbortSignal }>(request: T): T =>
    ending === undefined ? request : { ...request, signal: AbortSignal.any([request.signal, ending]) };

  return {
    manifests: createManifestService(parts),
    find(nameOrId) {
      const image = findImage(images, nameOrId);
      return image === undefined ? undefined : toLocalImage(images, image);
    },
    get: (nameOrId) => toLocalImage(images, getImage(images, nameOrId)),
    async getPlatform(nameOrId, platform, getOptions) {
      return toLocalImage(images, await unpackPlatform(parts, nameOrId, platform, withEnding(getOptions)));
    },
    isNamed(reference, imageId) {
      const image = findImage(images, reference);
      if (image === undefined || image.id === imageId) return image !== undefined;
      const index = indexNamed(parts, reference, image);
      return index !== undefined && heldImages(index).some(({ content: held }) => held.config.digest === imageId);
    },
    descendants: (imageId) => descendantsOf(images, imageId),
    async pull(reference, pullOptions) {
      return toLocalImage(images, await pullImage(parts, reference, withEnding(pullOptions)));
    },
    push: (reference, pushOptions) => pushImage(parts, reference, withEnding(pushOptions)),
    async list(query) {
      return listImages(parts, query);
    },
    async inspect(nameOrId, { platform, manifests } = {}) {
      const image = await getPlatformImage(parts, nameOrId, platform);
      const index = platform === undefined ? indexNamed(parts, nameOrId, image) : undefined;
      const inspected = inspectImage(parts, image, index, getImage(images, nameOrId));
      return manifests === true ? { ...inspected, Manifests: await manifestSummaries(parts, image, index) } : inspected;
    },
    async history(nameOrId, { platform } = {}) {
      return imageHistory(parts, await getPlatformImage(parts, nameOrId, platform));
    },
    async tag(nameOrId, target) {
      const image = getImage(images, nameOrId);
      const reference = parseReference(target);
      if (reference.digest !== undefined)
        throw new WharfError('request.invalid', 'refusing to create a tag with a digest reference');
      if (familiarName(reference) === 'sha256')
        throw new WharfError('request.invalid', 'refusing to create an ambiguous tag using digest algorithm as name');
      images.name(reference, image.id, indexNamed(parts, nameOrId, image)?.descriptor.digest);
      events.publish('image', 'tag', image.id, { ...image.document.labels, name: familiar(reference) });
    },
    remove: (nameOrId, removeOptions) => removeImage(parts, nameOrId, removeOptions),
    prune: (filters) => pruneImages(parts, filters),
    verify: (verifyOptions) => verifyImages(parts, withEnding(verifyOptions)),
    async layersSizeBytes() {
      return snapshots.layers().reduce((sum, chainId) => sum + snapshots.layerUsage(chainId).sizeBytes, 0);
    },
    save: (names, saveOptions) => saveImages(parts, names, withEnding(saveOptions)),
    load: (archive, loadOptions) => loadImages(parts, archive, withEnding(loadOptions)),
    importRoot: (request) => importRoot(parts, withEnding(request)),
    commit: (request) => commitImage(parts, withEnding(request)),
    async reconcile({ signal }) {
      const warn = (message: string) => options.log?.warn(message);
      await repairImages(parts, { signal, warn });
      await parts.garbage.collect({ keepPartials: true }).catch((error: unknown) => {
        signal.throwIfAborted();
        warn(`images: what nothing needs could not be removed: ${String(error)}`);
      });
    },
  };
}
