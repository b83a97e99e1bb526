/**
 * Mounting volumes for runs of containers, and filling them at their first use.
 *
 * A mount is stored before it is made, so that a daemon that finds it knows what to undo; its driver knows it by an ID of its own.
 */
import { randomBytes } from 'node:crypto';
import type { LocalDriver } from './local-driver.ts';
import type { NameLocks } from './name-locks.ts';
import { populateFolder } from './populate-volume.ts';
import { isPlain, type VolumeRecord } from './volume-definition.ts';
import type { VolumeDriver } from './volume-driver.ts';
import { prefixed, textOf } from './volume-errors.ts';
import type { PopulateOptions, VolumeUse } from './volume-service.ts';
import type { VolumeMountRow, VolumeStore } from './volume-store.ts';
import { bindSubpath, openSubfolder, unbindSubpath } from './volume-subpaths.ts';

export interface VolumeMountParts {
  readonly store: VolumeStore;
  readonly local: LocalDriver;
  readonly locks: NameLocks;
  readonly subpathRoot: string;
  /** @throws WharfError 'volume.not-found' */
  find(name: string): VolumeRecord;
  driver(name: string, attempt: string): Promise<VolumeDriver>;
  announce(action: 'mount' | 'unmount', record: VolumeRecord, more: Readonly<Record<string, string>>): void;
  warn(message: string): void;
}

export class VolumeMounts {
  readonly #parts: VolumeMountParts;
  /** IDs of mounts nobody was told of. */
  readonly #quiet = new Set<string>();
  /** By volume. */
  readonly #places = new Map<string, string>();

  constructor(parts: VolumeMountParts) {
    this.#parts = parts;
  }

  async mount(name: string, use: VolumeUse): Promise<string> {
    return await this.#parts.locks.run(name, async () => {
      const record = this.#parts.find(name);
      const { containerId, destination, subpath } = use;
      const earlier = this.#parts.store.mountsOfContainer(containerId).find((row) => row.destination === destination);
      const mountId = earlier?.mountId ?? randomBytes(32).toString('hex');
      this.#parts.store.addMount({ containerId, destination, volume: name, mountId });
      try {
        const place = await this.#mounted(record, mountId);
        const shown = subpath === '' ? place : await this.#bound(mountId, place, subpath);
        const about = { destination, 'read/write': String(!use.readOnly), propagation: '' };
        if (use.quiet !== true) this.#parts.announce('mount', record, { container: containerId, ...about });
        this.#quiet.delete(mountId);
        if (use.quiet === true) this.#quiet.add(mountId);
        return shown;
      } catch (error) {
        await this.#unmount(record, mountId).catch(() => undefined);
        this.#parts.store.dropMount(containerId, destination);
        throw error;
      }
    });
  }

  async #mounted(record: VolumeRecord, mountId: string): Promise<string> {
    const driver = await this.#parts.driver(record.driver, `get ${record.name}: `);
    try {
      const place = await driver.mount(record.name, mountId);
      if (record.driver !== 'local') this.#places.set(record.name, place);
      return place;
    } catch (error) {
      throw prefixed(`error while mounting volume '${this.#place(record)}': `, error);
    }
  }

  async #bound(mountId: string, place: string, subpath: string): Promise<string> {
    await unbindSubpath(this.#parts.subpathRoot, mountId);
    return bindSubpath(this.#parts.subpathRoot, mountId, place, subpath);
  }

  async #unmount(record: VolumeRecord, mountId: string): Promise<void> {
    await unbindSubpath(this.#parts.subpathRoot, mountId);
    const driver = await this.#parts.driver(record.driver, '');
    await driver.unmount(record.name, mountId);
  }

  async unmount(containerId: string, destination: string): Promise<void> {
    const row = this.#parts.store.mountsOfContainer(containerId).find((found) => found.destination === destination);
    if (row !== undefined) await this.#end(row);
  }

  async unmountAll(containerId: string): Promise<void> {
    for (const row of this.#parts.store.mountsOfContainer(containerId)) await this.#end(row);
  }

  async #end({ volume, containerId, destination, mountId }: VolumeMountRow): Promise<void> {
    await this.#parts.locks.run(volume, async () => {
      const record = this.#parts.store.get(volume);
      try {
        if (record !== undefined) await this.#unmount(record, mountId);
      } catch (error) {
        // Docker goes on too: a container must end even when its volume's server does not answer.
        this.#parts.warn(`volumes: unmount ${volume}: ${textOf(error)}`);
      }
      this.#parts.store.dropMount(containerId, destination);
      if (record === undefined || this.#quiet.delete(mountId)) return;
      this.#parts.announce('unmount', record, { container: containerId });
    });
  }

  /** Where a plugin mounted it last; '' when that is not known. */
  lastPlace(name: string): string {
    return this.#places.get(name) ?? '';
  }

  async populate(name: string, source: string, options: PopulateOptions): Promise<void> {
    const { locks, store, local } = this.#parts;
    await locks.run(name, async () => {
      const record = this.#parts.find(name);
      const mountId = randomBytes(32).toString('hex');
      const containerId = `populate-${mountId}`;
      // Stored, so that another's unmount leaves it alone.
      store.addMount({ containerId, destination: '', volume: name, mountId });
      try {
        const place = await this.#mounted(record, mountId);
        if (options.subpath) {
          using part = openSubfolder(place, options.subpath);
          if (part !== undefined) await populateFolder(source, { target: part.path, staging: part.path }, options);
        } else {
          const staging = isPlain(record) ? local.folderOf(name) : place;
          await populateFolder(source, { target: place, staging }, options);
        }
      } finally {
        await this.#unmount(record, mountId);
        store.dropMount(containerId, '');
      }
    });
  }

  #place({ name, driver }: VolumeRecord): string {
    return driver === 'local' ? this.#parts.local.dataOf(name) : '';
  }
}
