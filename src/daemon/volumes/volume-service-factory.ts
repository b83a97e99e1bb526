/**
 * The volumes: names, labels, references and events here, the data with their drivers.
 *
 *   record ── create ──► driver ── mount (ID) ──► container ── unmount (ID) ──► … ── remove
 *
 * 1. A local volume's record stands before its folder, and says `removing` before its folder goes: whatever a crash cuts is
 *    finished by the next daemon.
 * 2. Who holds a volume and who has it mounted is stored before it is done.
 * 3. What concerns one volume happens one after the other.
 *
 * A folder without a record (a database that was lost) is taken up as a volume again: data is never dropped silently.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Volume, VolumeCreateRequest } from '../../contract/engine-types.ts';
import { isWharfError, WharfError } from '../../contract/errors.ts';
import type { EventBus } from '../events/event-bus.ts';
import { treeBytes } from './copy-tree.ts';
import { LocalDriver } from './local-driver.ts';
import { NameLocks } from './name-locks.ts';
import { bringInOrder } from './repair-volumes.ts';
import { anonymousLabel, createdAtText, isPlain, type VolumeRecord } from './volume-definition.ts';
import type { DriverVolume, VolumeDriver, VolumePlugins } from './volume-driver.ts';
import { noSuchVolume, prefixed, textOf } from './volume-errors.ts';
import { type Filters, listTest, pruneTest } from './volume-filters.ts';
import { VolumeMounts } from './volume-mounts.ts';
import type { PopulateOptions, VolumeService, VolumeUse } from './volume-service.ts';
import { VolumeStore } from './volume-store.ts';
import { listAll, volumeView } from './volume-view.ts';

export interface VolumeServiceOptions {
  readonly db: DatabaseSync;
  /** <data-root>/volumes, an absolute path without links. */
  readonly root: string;
  /** <exec-root>/volume-subpaths */
  readonly subpathRoot: string;
  readonly events: EventBus;
  readonly log: { warn(message: string): void };
  /** Absent: there is no driver but `local`. */
  readonly plugins?: VolumePlugins;
}

export function createVolumeService(options: VolumeServiceOptions): VolumeService {
  return new Volumes(options);
}

class Volumes implements VolumeService {
  readonly #store: VolumeStore;
  readonly #local: LocalDriver;
  readonly #options: VolumeServiceOptions;
  readonly #locks = new NameLocks();
  readonly #mounts: VolumeMounts;
  #pruning = false;

  constructor(options: VolumeServiceOptions) {
    this.#options = options;
    const store = new VolumeStore(options.db);
    this.#store = store;
    this.#local = new LocalDriver(options.root, {
      optionsOf: (name) => store.get(name)?.options,
      mountIdsOf: (name) => store.mountsOfVolume(name).map(({ mountId }) => mountId),
    });
    this.#mounts = new VolumeMounts({
      store,
      local: this.#local,
      locks: this.#locks,
      subpathRoot: options.subpathRoot,
      find: (name) => this.#find(name),
      driver: (name, attempt) => this.#driver(name, attempt),
      announce: (action, record, more) => this.#announce(action, record, more),
      warn: (message) => options.log.warn(message),
    });
    bringInOrder({ store, local: this.#local, locks: this.#locks, warn: (message) => options.log.warn(message) });
  }

  async create(request: VolumeCreateRequest, { heldBy }: { readonly heldBy?: string } = {}): Promise<Volume> {
    const isAnonymous = (request.Name ?? '') === '';
    const name = isAnonymous ? randomBytes(32).toString('hex') : (request.Name ?? '');
    return await this.#locks.run(name, async () => {
      const known = await this.#known(name, request.Driver ?? '');
      const record = known ?? (await this.#make(name, request, isAnonymous));
      if (heldBy !== undefined) this.#store.hold(name, heldBy);
      return await this.#view(record);
    });
  }

  /** The record of a volume that is there already. @throws WharfError 'volume.conflict' when another driver has it */
  async #known(name: string, driverName: string): Promise<VolumeRecord | undefined> {
    const record = this.#store.get(name);
    if (record === undefined) return undefined;
    const driver = driverName === '' ? undefined : await this.#driver(driverName, `create ${name}: `);
    const isOther = driver !== undefined && driver.name !== record.driver;
    if (record.driver !== 'local' && (await this.#gone(record))) {
      this.#store.delete(name);
      return undefined;
    }
    if (!isOther) return record;
    throw new WharfError(
      'volume.conflict',
      `create ${name}: driver '${record.driver}' already has volume '${name}': volume name must be unique`,
    );
  }

  /** Whether a plugin's volume went away behind our back, and nobody here needs it. */
  async #gone(record: VolumeRecord): Promise<boolean> {
    const conflict = (why: string) =>
      new WharfError('volume.conflict', `create ${record.name}: ${why}: volume name must be unique`);
    const where = `'${record.name}' in driver '${record.driver}'`;
    let found: DriverVolume | undefined;
    try {
      found = await (await this.#driver(record.driver, '')).get(record.name);
    } catch (error) {
      throw conflict(
        `found reference to volume ${where}, but got an error while checking the driver: ${textOf(error)}`,
      );
    }
    if (found !== undefined) return false;
    if (this.usersOf(record.name).length === 0) return true;
    throw conflict(
      `found references to volume ${where} but the volume was not found in the driver -- you may need to remove containers referencing this volume or force remove the volume to re-create it`,
    );
  }

  async #make(name: string, request: VolumeCreateRequest, isAnonymous: boolean): Promise<VolumeRecord> {
    const attempt = `create ${name}: `;
    const driver = await this.#driver(request.Driver || 'local', attempt);
    const labels = { ...request.Labels, ...(isAnonymous ? { [anonymousLabel]: '' } : {}) };
    const options = request.DriverOpts ?? null;
    const record: VolumeRecord = {
      name,
      driver: driver.name,
      createdAt: createdAtText(new Date()),
      labels: request.Labels || isAnonymous ? labels : null,
      options,
    };
    try {
      if (driver === this.#local) {
        this.#local.check(name, options ?? {});
        // Before the folder: a record without one is made whole at the next start, a folder without a record has lost its labels.
        this.#store.save(record);
        await driver.create(name, options ?? {});
      } else {
        if ((await driver.get(name).catch(() => undefined)) === undefined) await driver.create(name, options ?? {});
        this.#store.save(record);
      }
    } catch (error) {
      this.#store.delete(name);
      throw prefixed(attempt, error);
    }
    this.#announce('create', record);
    return record;
  }

  /** @param attempt what comes before Docker's text */
  async #driver(name: string, attempt: string): Promise<VolumeDriver> {
    if (name === 'local') return this.#local;
    try {
      const { plugins } = this.#options;
      if (plugins !== undefined) return await plugins.volumeDriver(name);
      throw new WharfError('plugin.not-found', `plugin "${name}" not found`);
    } catch (error) {
      throw prefixed(`${attempt}error looking up volume plugin ${name}: `, error);
    }
  }

  async list(filters: Filters) {
    const test = listTest(filters);
    const drivers = (await this.#options.plugins?.volumeDrivers()) ?? [];
    const { entries, warnings } = await listAll(this.#visible(), drivers);
    const wanted = entries.filter(({ record }) => test(record, this.usersOf(record.name).length > 0));
    return {
      Volumes: wanted.map(({ record, found, scope }) => volumeView(record, this.#place(record, found), scope)),
      Warnings: warnings.length === 0 ? null : warnings,
    };
  }

  #visible(): readonly VolumeRecord[] {
    return this.#store.all().filter((record) => record.removing !== true);
  }

  async inspect(name: string): Promise<Volume> {
    const record = this.#store.get(name);
    if (record !== undefined && record.removing !== true) return await this.#view(record, { withStatus: true });
    // A plugin may have volumes that were never made through us.
    for (const driver of (await this.#options.plugins?.volumeDrivers()) ?? []) {
      const found = await driver.get(name).catch(() => undefined);
      if (found === undefined) continue;
      const strange = { name, driver: driver.name, createdAt: found.createdAt, labels: null, options: null };
      return { ...volumeView(strange, found.mountpoint, await driver.scope()), Status: found.status };
    }
    throw noSuchVolume('get', name);
  }

  async #view(record: VolumeRecord, options: { readonly withStatus?: boolean } = {}): Promise<Volume> {
    if (record.driver === 'local') return volumeView(record, this.#local.dataOf(record.name), 'local');
    const driver = await this.#driver(record.driver, `get ${record.name}: `);
    const scope = await driver.scope();
    if (options.withStatus !== true) return volumeView(record, '', scope);
    const found = await driver.get(record.name);
    if (found === undefined) throw noSuchVolume('get', record.name);
    const createdAt = found.createdAt || record.createdAt;
    return { ...volumeView({ ...record, createdAt }, found.mountpoint, scope), Status: found.status };
  }

  #place(record: VolumeRecord, found: DriverVolume | undefined): string {
    return record.driver === 'local' ? this.#local.dataOf(record.name) : (found?.mountpoint ?? '');
  }

  async remove(name: string, { force }: { readonly force: boolean }): Promise<void> {
    await this.#locks.run(name, async () => {
      const record = this.#store.get(name) ?? (await this.#strange(name));
      if (record === undefined || record.removing === true) {
        if (force) return;
        throw noSuchVolume('get', name);
      }
      await this.#remove(record, force);
    });
  }

  /** A plugin's volume that was not made through us. */
  async #strange(name: string): Promise<VolumeRecord | undefined> {
    for (const driver of (await this.#options.plugins?.volumeDrivers()) ?? []) {
      const found = await driver.get(name).catch(() => undefined);
      if (found !== undefined) return { name, driver: driver.name, createdAt: '', labels: null, options: null };
    }
    return undefined;
  }

  async #remove(record: VolumeRecord, force: boolean): Promise<void> {
    const { name } = record;
    const users = this.usersOf(name);
    if (users.length > 0) {
      throw new WharfError('volume.in-use', `remove ${name}: volume is in use - [${users.join(', ')}]`);
    }
    if (record.driver === 'local') {
      this.#store.save({ ...record, removing: true });
      await this.#local.remove(name);
    } else {
      try {
        await (await this.#driver(record.driver, '')).remove(name);
      } catch (error) {
        if (!force) throw prefixed(`remove ${name}: `, error);
        this.#options.log.warn(`volumes: ${name} is forgotten, though its driver failed: ${textOf(error)}`);
      }
    }
    this.#store.delete(name);
    this.#announce('destroy', record);
  }

  async prune(filters: Filters) {
    const test = pruneTest(filters);
    if (this.#pruning) throw new WharfError('request.conflict', 'a prune operation is already running');
    this.#pruning = true;
    try {
      const signal = new AbortController().signal;
      const deleted: string[] = [];
      let reclaimedBytes = 0;
      for (const record of this.#visible()) {
        // What is mounted from elsewhere takes no space here.
        if (!isPlain(record) || !test(record, this.usersOf(record.name).length > 0)) continue;
        const bytes = await this.#bytes(record, signal);
        const gone = await this.remove(record.name, { force: false }).then(() => true, isInUse);
        if (!gone) continue;
        reclaimedBytes += bytes;
        deleted.push(record.name);
      }
      this.#options.events.publish('volume', 'prune', '', { reclaimed: String(reclaimedBytes) });
      return { VolumesDeleted: deleted, SpaceReclaimed: reclaimedBytes };
    } finally {
      this.#pruning = false;
    }
  }

  async usage({ signal }: { readonly signal: AbortSignal }): Promise<readonly Volume[]> {
    const measured: Volume[] = [];
    // One after the other: each walks a folder, and the disk is the bottleneck.
    for (const record of this.#visible().filter(isPlain)) {
      const Size = await this.#bytes(record, signal);
      const RefCount = this.usersOf(record.name).length;
      measured.push({ ...volumeView(record, this.#place(record, undefined), 'local'), UsageData: { Size, RefCount } });
    }
    return measured;
  }

  async #bytes({ name }: VolumeRecord, signal: AbortSignal): Promise<number> {
    const data = this.#local.dataOf(name);
    return existsSync(data) ? await treeBytes(data, { signal }) : 0;
  }

  async acquire(name: string, containerId: string): Promise<void> {
    this.#find(name);
    this.#store.hold(name, containerId);
  }

  release(name: string, containerId: string): void {
    this.#store.letGo(name, containerId);
  }

  mount(name: string, use: VolumeUse): Promise<string> {
    return this.#mounts.mount(name, use);
  }

  unmount(containerId: string, destination: string): Promise<void> {
    return this.#mounts.unmount(containerId, destination);
  }

  unmountAll(containerId: string): Promise<void> {
    return this.#mounts.unmountAll(containerId);
  }

  usersOf(name: string): readonly string[] {
    return this.#store.usersOf(name);
  }

  countOfDriver(driver: string): number {
    return this.#store.all().filter((record) => record.driver === driver).length;
  }

  knownMountpoint(name: string): string {
    const record = this.#store.get(name);
    if (record === undefined) return '';
    return record.driver === 'local' ? this.#local.dataOf(name) : this.#mounts.lastPlace(name);
  }

  populate(name: string, source: string, options: PopulateOptions): Promise<void> {
    return this.#mounts.populate(name, source, options);
  }

  #find(name: string): VolumeRecord {
    const record = this.#store.get(name);
    if (record === undefined || record.removing === true) throw noSuchVolume('get', name);
    return record;
  }

  #announce(
    action: 'create' | 'mount' | 'unmount' | 'destroy',
    record: VolumeRecord,
    more: Readonly<Record<string, string>> = {},
  ): void {
    this.#options.events.publish('volume', action, record.name, { driver: record.driver, ...more });
  }
}

function isInUse(error: unknown): false {
  if (isWharfError(error, 'volume.in-use') || isWharfError(error, 'volume.not-found')) return false;
  throw error;
}
