/**
 * The local volumes.
 *
 *   <root>/<name>/_data        what containers see; a mount point for volumes with type, o and device
 *   <root>/<name>/populating   there while the first content is copied in; found later, the copy was cut and starts over
 *   <root>/.removing-<random>  a removed volume whose files are being deleted
 *
 * A folder without a record (a database that was lost) is taken up as a volume again: data is never dropped silently.
 */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Volume, VolumeCreateRequest } from '../../contract/engine-types.ts';
import { WharfError } from '../../contract/errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import { isMounted, mount, unmount, unmountSync } from '../linux/mount.ts';
import { copyTree, treeBytes } from './copy-tree.ts';
import { defineVolume, isVolumeName, type VolumeRecord, volumeMount } from './volume-definition.ts';
import { type Filters, matchesList, matchesPrune } from './volume-filters.ts';
import type { VolumeService } from './volume-service.ts';
import { VolumeStore } from './volume-store.ts';

export interface VolumeServiceOptions {
  readonly db: DatabaseSync;
  /** <data-root>/volumes, an absolute path without links. */
  readonly root: string;
  readonly events: EventBus;
  readonly log: { warn(message: string): void };
}

const removingPrefix = '.removing-';

export function createVolumeService(options: VolumeServiceOptions): VolumeService {
  return new LocalVolumes(options);
}

class LocalVolumes implements VolumeService {
  readonly #store: VolumeStore;
  readonly #root: string;
  readonly #events: EventBus;
  readonly #warn: (message: string) => void;

  constructor(options: VolumeServiceOptions) {
    this.#store = new VolumeStore(options.db);
    this.#root = options.root;
    this.#events = options.events;
    this.#warn = (message) => options.log.warn(message);
    mkdirSync(this.#root, { recursive: true, mode: 0o701 });
    this.#renewDamaged();
    this.#takeUpFolders();
  }

  async create(request: VolumeCreateRequest): Promise<Volume> {
    const record = defineVolume(request, new Date());
    const existing = this.#store.get(record.name);
    if (existing !== undefined) return this.#view(existing);
    mkdirSync(this.#dataOf(record.name), { recursive: true, mode: 0o755 });
    this.#store.save(record);
    this.#announce('create', record);
    return this.#view(record);
  }

  async list(filters: Filters) {
    const volumes = this.#store
      .all()
      .filter((record) => matchesList(record, filters, this.usersOf(record.name).length > 0));
    return { Volumes: volumes.map((record) => this.#view(record)), Warnings: null };
  }

  async inspect(name: string): Promise<Volume> {
    return this.#view(this.#find(name));
  }

  async remove(name: string, options: { readonly force: boolean }): Promise<void> {
    const record = this.#store.get(name);
    if (record === undefined && options.force) return;
    await this.#remove(this.#find(name));
  }

  async #remove(record: VolumeRecord): Promise<void> {
    const users = this.usersOf(record.name);
    if (users.length > 0)
      throw new WharfError('volume.in-use', `remove ${record.name}: volume is in use - [${users.join(', ')}]`);
    await unmount(this.#dataOf(record.name), { lazy: true });
    const trash = join(this.#root, removingPrefix + randomBytes(8).toString('hex'));
    const folder = join(this.#root, record.name);
    if (existsSync(folder)) renameSync(folder, trash);
    this.#store.delete(record.name);
    this.#announce('destroy', record);
    await rm(trash, { recursive: true, force: true });
  }

  async prune(filters: Filters) {
    const signal = new AbortController().signal;
    const deleted: string[] = [];
    let reclaimedBytes = 0;
    for (const record of this.#store.all()) {
      if (!matchesPrune(record, filters) || this.usersOf(record.name).length > 0) continue;
      reclaimedBytes += await this.usageBytes(record.name, { signal });
      await this.#remove(record);
      deleted.push(record.name);
    }
    return { VolumesDeleted: deleted, SpaceReclaimed: reclaimedBytes };
  }

  async usageBytes(name: string, options: { readonly signal: AbortSignal }): Promise<number> {
    const record = this.#find(name);
    // What is mounted from elsewhere is not on this disk.
    if (volumeMount(record.options) !== undefined) return 0;
    return existsSync(this.#dataOf(name)) ? await treeBytes(this.#dataOf(name), options) : 0;
  }

  async acquire(name: string, containerId: string): Promise<{ readonly mountpoint: string }> {
    const record = this.#find(name);
    // Held before it is mounted, so that no removal comes in between.
    const isNew = this.#store.hold(name, containerId);
    try {
      mkdirSync(this.#dataOf(name), { recursive: true, mode: 0o755 });
      await this.#mount(record);
    } catch (error) {
      if (isNew) this.#store.letGo(name, containerId);
      throw error;
    }
    if (isNew) this.#announce('mount', record, containerId);
    return { mountpoint: this.#dataOf(name) };
  }

  async #mount(record: VolumeRecord): Promise<void> {
    const wanted = volumeMount(record.options);
    const target = this.#dataOf(record.name);
    if (wanted === undefined || isMounted(target)) return;
    const { device, type, flags, server } = wanted;
    try {
      const data =
        server === undefined || isIP(server) !== 0 ? wanted.data : await withServerAddress(wanted.data, server);
      // Another container may have mounted it while the name was resolved.
      if (!isMounted(target)) mount({ source: device, target, type, flags, data });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new WharfError('volume.invalid', `failed to mount local volume: mount ${device}:${target}: ${reason}`, {
        cause,
        status: 500,
        hint: 'Check the volume options type, o and device.',
      });
    }
  }

  release(name: string, containerId: string): void {
    const record = this.#store.get(name);
    if (!this.#store.letGo(name, containerId) || record === undefined) return;
    this.#announce('unmount', record, containerId);
    if (volumeMount(record.options) !== undefined && this.usersOf(name).length === 0) {
      unmountSync(this.#dataOf(name), { lazy: true });
    }
  }

  usersOf(name: string): readonly string[] {
    return this.#store.usersOf(name);
  }

  async populate(name: string, source: string, options: { readonly signal: AbortSignal }): Promise<void> {
    this.#find(name);
    const target = this.#dataOf(name);
    const marker = join(this.#root, name, 'populating');
    if (existsSync(marker)) await emptyFolder(target);
    if ((await readdir(target)).length > 0 || !(await isFolder(source))) return;
    await writeFile(marker, '');
    try {
      await copyTree(source, target, options);
    } catch (error) {
      await emptyFolder(target);
      throw error;
    } finally {
      await rm(marker, { force: true });
    }
  }

  #find(name: string): VolumeRecord {
    const record = this.#store.get(name);
    if (record === undefined) throw new WharfError('volume.not-found', `get ${name}: no such volume`);
    return record;
  }

  #dataOf(name: string): string {
    return join(this.#root, name, '_data');
  }

  #view(record: VolumeRecord): Volume {
    return {
      CreatedAt: record.createdAt,
      Driver: record.driver,
      Labels: record.labels,
      Mountpoint: this.#dataOf(record.name),
      Name: record.name,
      Options: record.options,
      Scope: 'local',
    };
  }

  #announce(action: 'create' | 'mount' | 'unmount' | 'destroy', record: VolumeRecord, container?: string): void {
    const attributes = { driver: record.driver, ...(container === undefined ? {} : { container }) };
    this.#events.publish('volume', action, record.name, attributes);
  }

  /** Labels and options are lost; the data is not. */
  #renewDamaged(): void {
    for (const name of this.#store.damaged()) {
      this.#warn(`volumes: the record of ${name} can not be read; it goes on as a plain local volume`);
      this.#store.save({ ...defineVolume({ Name: name }, new Date()), labels: null });
    }
  }

  #takeUpFolders(): void {
    for (const entry of readdirSync(this.#root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      if (entry.name.startsWith(removingPrefix)) {
        const path = join(this.#root, entry.name);
        rm(path, { recursive: true, force: true }).catch((error: unknown) =>
          this.#warn(`volumes: delete ${path}: ${String(error)}`),
        );
      } else if (
        isVolumeName(entry.name) &&
        this.#store.get(entry.name) === undefined &&
        existsSync(this.#dataOf(entry.name))
      ) {
        this.#store.save({ ...defineVolume({ Name: entry.name }, new Date()), labels: null });
        this.#warn(`volumes: took up the folder ${entry.name}, which had no record`);
      }
    }
  }
}

/** mount(2) takes addresses only; mount.nfs would have resolved the name. */
async function withServerAddress(data: string, server: string): Promise<string> {
  const { address } = await lookup(server);
  return data.replace(`addr=${server}`, `addr=${address}`);
}

async function emptyFolder(path: string): Promise<void> {
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
}

async function isFolder(path: string): Promise<boolean> {
  return existsSync(path) && (await readdir(path).then(() => true, isNotFolder));
}

function isNotFolder(error: unknown): false {
  if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return false;
  throw error;
}
