/** For tests: an image service over real stores in a folder of its own, with a fake registry. Needs root. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import type { Platform } from '../../oci/platform.ts';
import { type ContentStore, createContentStore } from '../content/content-store.ts';
import { createEventBus, type EventBus } from '../events/event-bus.ts';
import { createLayerWorkerPool } from '../snapshots/layer-worker-pool.ts';
import { createOverlaySnapshotter } from '../snapshots/overlay-snapshotter.ts';
import type { WharfSnapshotter } from '../snapshots/snapshotter-extras.ts';
import { createImageService, type WharfImageService } from './create-image-service.ts';
import { FakeRegistry } from './image-fixture.ts';
import type { LocalImage, ProgressMessage } from './image-service.ts';

export const amd64: Platform = { os: 'linux', architecture: 'amd64' };
export const signal: AbortSignal = new AbortController().signal;

export function short(digest: string): string {
  return digest.slice(7, 19);
}

interface Parts {
  readonly db: DatabaseSync;
  readonly events: EventBus;
  readonly content: ContentStore;
  readonly snapshots: WharfSnapshotter;
  readonly images: WharfImageService;
}

export class ImageWorld {
  readonly root: string = mkdtempSync(join(tmpdir(), 'wharf-images-'));
  readonly registry: FakeRegistry = new FakeRegistry();
  readonly #pool = createLayerWorkerPool();
  #parts: Parts | undefined;
  /** Progress lines of pulls and pushes made through `pull` or with `onProgress`. */
  lines: ProgressMessage[] = [];
  users: { readonly imageId: string; readonly containerId: string; readonly running: boolean }[] = [];

  static async create(): Promise<ImageWorld> {
    const world = new ImageWorld();
    await world.open();
    return world;
  }

  /** Opens the stores, again after the database was closed: what a restart of the daemon does. */
  async open(): Promise<void> {
    const db = new DatabaseSync(join(this.root, 'wharf.db'));
    const content = createContentStore({ root: join(this.root, 'content') });
    await content.init();
    const snapshots = await createOverlaySnapshotter({ root: join(this.root, 'snapshots'), pool: this.#pool });
    const events = createEventBus();
    const users = { usersOf: (imageId: string) => this.users.filter((user) => user.imageId === imageId) };
    const { registry } = this;
    const images = createImageService({ db, content, snapshots, registry, events, users, platform: amd64 });
    this.#parts = { db, events, content, snapshots, images };
  }

  get #open(): Parts {
    if (this.#parts === undefined) throw new Error('open the world first');
    return this.#parts;
  }

  get images(): WharfImageService {
    return this.#open.images;
  }
  get snapshots(): WharfSnapshotter {
    return this.#open.snapshots;
  }
  get content(): ContentStore {
    return this.#open.content;
  }
  get events(): EventBus {
    return this.#open.events;
  }
  get db(): DatabaseSync {
    return this.#open.db;
  }

  onProgress = (line: ProgressMessage): void => {
    this.lines.push(line);
  };

  pull(
    name: string,
    options: { readonly signal?: AbortSignal; readonly platform?: Platform } = {},
  ): Promise<LocalImage> {
    return this.images.pull(name, { signal, onProgress: this.onProgress, ...options });
  }

  statuses(): readonly (string | undefined)[] {
    return this.lines.map((line) => (line.id === undefined ? line.status : `${line.id}: ${line.status}`));
  }

  actions(): readonly string[] {
    return this.events.history().map((event) => event.Action);
  }

  /** No file of content or layers is left. */
  expectNothingKept(): void {
    for (const folder of [
      'content/blobs/sha256',
      'content/ingest',
      'snapshots/layers',
      'snapshots/incoming',
      'snapshots/l',
    ]) {
      expect(readdirSync(join(this.root, folder)), folder).toEqual([]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { snapshots, db } = this.#open;
    for (const key of snapshots.keys()) await snapshots.remove(key);
    await snapshots.synced();
    await this.#pool[Symbol.asyncDispose]();
    db.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}
