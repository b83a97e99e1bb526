/**
 * Plugins that the engine runs itself (`docker plugin`).
 *
 *   create, pull ──► disabled ── enable ──► enabled ── disable ──► disabled ── rm ──► gone
 *                        └── set, upgrade
 *
 * 1. The record stands when everything of a plugin is there, and goes before anything of it goes: a crash leaves whole plugins,
 *    and content nobody refers to, which the next daemon collects.
 * 2. `enabled` is stored after the plugin listens, and again as false before it is stopped.
 */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import type { Plugin } from '../../contract/types/plugins.ts';
import { parseDigest } from '../../oci/digest.ts';
import { familiar, parseReference } from '../../oci/reference.ts';
import type { RegistryClient } from '../../registry/client/registry-client.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { MachineFacts } from '../runtime/host-facts.ts';
import { collectContent, removePluginFiles } from './plugin-collection.ts';
import {
  capabilitiesOf,
  checkPrivileges,
  hasCapability,
  initialSettings,
  type PluginRecord,
  pluginView,
  privilegesOf,
} from './plugin-config.ts';
import type { Capability, FoundPlugin, ManagedDirectory } from './plugin-directory.ts';
import { canonicalRemote, localName, parsePluginName } from './plugin-names.ts';
import type { PluginPullOptions, PluginService } from './plugin-service.ts';
import { withSettings } from './plugin-settings.ts';
import { openPluginStorage, type PluginPlaces, type PluginStorage, takeUpload } from './plugin-storage.ts';
import { fullName, PluginStore } from './plugin-store.ts';
import { fetchConfig, fetchPlugin, manifestOf, pushPlugin } from './plugin-transfer.ts';
import { RunningPlugins } from './running-plugins.ts';

export interface ManagedPluginsOptions {
  readonly db: DatabaseSync;
  readonly places: PluginPlaces;
  readonly registry: RegistryClient;
  readonly events: EventBus;
  readonly machine: MachineFacts;
  /** Of the plugin's config. */
  readonly engineVersion: string;
  readonly signal: AbortSignal;
  /** Volumes, networks and daemon settings that need this plugin now. */
  usersOf(name: string): number;
}

export class ManagedPlugins implements PluginService, ManagedDirectory {
  readonly #options: ManagedPluginsOptions;
  readonly #store: PluginStore;
  readonly #running: RunningPlugins;
  #storage: Promise<PluginStorage> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ManagedPluginsOptions) {
    this.#options = options;
    this.#store = new PluginStore(options.db);
    const { machine, signal, places } = options;
    this.#running = new RunningPlugins({ machine, signal, places, open: () => this.#open() });
  }

  #open(): Promise<PluginStorage> {
    this.#storage ??= openPluginStorage(this.#options.places);
    return this.#storage;
  }

  /** Changes come one after the other. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work, work);
    this.#queue = mine.catch(() => undefined);
    return mine;
  }

  list(filters: ReadonlyMap<string, readonly string[]>): readonly Plugin[] {
    for (const name of filters.keys()) {
      if (name !== 'enabled' && name !== 'capability') {
        throw new WharfError('request.invalid', `invalid filter '${name}'`);
      }
    }
    const enabled = booleanFilter(filters.get('enabled') ?? []);
    const capabilities = filters.get('capability') ?? [];
    const wanted = this.#store.all().filter(
      (record) =>
        (enabled === undefined || record.enabled === enabled) &&
        // As dockerd: all that a plugin does must be among those asked for.
        (capabilities.length === 0 || capabilitiesOf(record.config).every((does) => capabilities.includes(does))),
    );
    return wanted.map(pluginView);
  }

  inspect(nameOrId: string): Plugin {
    return pluginView(this.#store.resolve(nameOrId));
  }

  find(name: string, capability: Capability): FoundPlugin | undefined {
    const record = this.#store.all().find((one) => one.id === name || one.name === fullName(name));
    if (record === undefined) return undefined;
    if (!record.enabled) throw new WharfError('plugin.disabled', `plugin ${name} found but disabled`);
    if (hasCapability(record.config, capability)) return this.#running.found(record);
    throw new WharfError('plugin.failed', `plugin does not provide "${capability.toLowerCase()}" capability`);
  }

  enabled(capability: Capability): readonly FoundPlugin[] {
    const records = this.#store.all().filter((one) => one.enabled && hasCapability(one.config, capability));
    return records.flatMap((record) => this.#running.found(record) ?? []);
  }

  async privileges(remote: string, options: Pick<PluginPullOptions, 'auth' | 'signal'>) {
    const storage = await this.#open();
    using lease = storage.content.lease();
    const { config } = await fetchConfig(this.#options.registry, storage, parseReference(remote), options, lease);
    return privilegesOf(config);
  }

  pull(remote: string, givenName: string, options: PluginPullOptions): Promise<void> {
    const reference = parseReference(remote);
    const name = localName(reference, givenName);
    return this.#change(async () => {
      this.#requireFree(name);
      const storage = await this.#open();
      using lease = storage.content.lease();
      const fetched = await fetchPlugin(this.#options.registry, storage, reference, options, lease);
      this.#options.events.publish('plugin', 'pull', familiar(reference), { name });
      checkPrivileges(fetched.config, options.privileges);
      await this.#install(storage, { ...fetched, name, reference: canonicalRemote(reference) });
    });
  }

  create(givenName: string, archive: Readable, options: { readonly signal: AbortSignal }): Promise<void> {
    const parsed = parsePluginName(givenName);
    if (parsed.digest !== undefined) {
      throw new WharfError('plugin.invalid', 'canonical references are not permitted', { status: 500 });
    }
    const name = familiar(parsed);
    return this.#change(async () => {
      this.#requireFree(name);
      const storage = await this.#open();
      using lease = storage.content.lease();
      const { config: given, layer } = await takeUpload(storage, this.#options.places, archive, { ...options, lease });
      const config = {
        ...given,
        DockerVersion: this.#options.engineVersion,
        rootfs: { type: 'layers', diff_ids: [layer.digest] },
      };
      const bytes = Buffer.from(JSON.stringify(config));
      const configDigest = await storage.content.put(bytes);
      lease.add(configDigest);
      const manifestDigest = await storage.content.put(
        manifestOf({ digest: configDigest, sizeBytes: bytes.length }, [layer]),
      );
      lease.add(manifestDigest);
      const id = await this.#install(storage, {
        config,
        configDigest,
        manifestDigest,
        layers: [layer],
        name,
        reference: name,
      });
      this.#options.events.publish('plugin', 'create', id, { name });
    });
  }

  async #install(
    storage: PluginStorage,
    made: Pick<PluginRecord, 'config' | 'configDigest' | 'manifestDigest' | 'layers' | 'name' | 'reference'>,
  ): Promise<string> {
    const id = randomBytes(32).toString('hex');
    await storage.snapshots.prepare(id, made.layers.at(-1)?.chainId);
    await storage.snapshots.synced();
    const settings = initialSettings(made.config);
    this.#store.save({ ...made, id, enabled: false, timeoutSeconds: 0, settings });
    return id;
  }

  #requireFree(name: string): void {
    if (!this.#store.all().some((record) => record.name === name)) return;
    throw new WharfError('plugin.conflict', `plugin ${name} already exists`);
  }

  enable(nameOrId: string, { timeoutSeconds }: { readonly timeoutSeconds: number }): Promise<void> {
    return this.#change(async () => {
      const record = this.#store.resolve(nameOrId);
      if (record.enabled) {
        throw new WharfError('plugin.conflict', `plugin already enabled: plugin ${record.name} is enabled`);
      }
      await this.#running.start(record);
      this.#store.save({ ...record, enabled: true, timeoutSeconds });
      this.#options.events.publish('plugin', 'enable', record.id, { name: nameOrId });
    });
  }

  disable(nameOrId: string, { force }: { readonly force: boolean }): Promise<void> {
    return this.#change(async () => {
      const record = this.#store.resolve(nameOrId);
      if (!force) this.#requireUnused(record);
      if (!record.enabled) {
        const message = `plugin is already disabled: plugin ${record.name} found but disabled`;
        throw new WharfError('plugin.disabled', message, { hint: '' });
      }
      await this.#stop(record);
      this.#options.events.publish('plugin', 'disable', record.id, { name: nameOrId });
    });
  }

  async #stop(record: PluginRecord): Promise<void> {
    this.#store.save({ ...record, enabled: false });
    await this.#running.stop(record);
  }

  #requireUnused({ name }: PluginRecord): void {
    if (this.#options.usersOf(name) === 0) return;
    throw new WharfError('plugin.conflict', `plugin ${name} is in use`, {
      hint: 'Remove the volumes and networks it drives first, or force.',
    });
  }

  set(nameOrId: string, settings: readonly string[]): Promise<void> {
    return this.#change(async () => {
      const record = this.#store.resolve(nameOrId);
      if (record.enabled) {
        throw new WharfError('plugin.invalid', 'cannot set on an active plugin, disable plugin before setting', {
          status: 500,
          hint: '',
        });
      }
      this.#store.save({ ...record, settings: withSettings(record.config, record.settings, settings) });
    });
  }

  remove(nameOrId: string, { force }: { readonly force: boolean }): Promise<Plugin> {
    return this.#change(async () => {
      const record = this.#store.resolve(nameOrId);
      if (!force) {
        this.#requireUnused(record);
        if (record.enabled) throw new WharfError('plugin.conflict', `plugin ${record.name} is enabled`);
      }
      if (record.enabled) await this.#stop(record);
      this.#store.delete(record.id);
      const storage = await this.#open();
      await removePluginFiles(storage, record.id);
      await collectContent(storage, this.#store.all());
      this.#options.events.publish('plugin', 'remove', record.id, { name: nameOrId });
      return pluginView({ ...record, enabled: false });
    });
  }

  upgrade(nameOrId: string, remote: string, options: PluginPullOptions): Promise<void> {
    const reference = parseReference(remote);
    return this.#change(async () => {
      const record = this.#store.resolve(nameOrId);
      if (record.enabled) {
        const message = `plugin must be disabled before upgrading: plugin ${record.name} is enabled`;
        throw new WharfError('plugin.conflict', message);
      }
      const storage = await this.#open();
      using lease = storage.content.lease();
      const fetched = await fetchPlugin(this.#options.registry, storage, reference, options, lease);
      this.#options.events.publish('plugin', 'pull', familiar(reference), { name: nameOrId });
      checkPrivileges(fetched.config, options.privileges);
      await storage.snapshots.remove(record.id);
      await storage.snapshots.prepare(record.id, fetched.layers.at(-1)?.chainId);
      this.#store.save({ ...record, ...fetched, reference: canonicalRemote(reference) });
      await collectContent(storage, this.#store.all());
    });
  }

  async push(nameOrId: string, options: Omit<PluginPullOptions, 'privileges'>): Promise<void> {
    const record = this.#store.resolve(nameOrId);
    const storage = await this.#open();
    using lease = storage.content.lease();
    for (const { digest } of record.layers) lease.add(parseDigest(digest));
    await pushPlugin(this.#options.registry, storage, parseReference(record.name), record, options);
  }

  async restore(): Promise<void> {
    const records = this.#store.all();
    // Nothing was ever made: nothing to open.
    if (records.length === 0) return;
    const storage = await this.#open();
    await collectContent(storage, this.#store.all());
    const failed = await this.#running.restore(records.filter(({ enabled }) => enabled));
    for (const record of failed) this.#store.save({ ...record, enabled: false });
    await this.#running.removeStrangers(storage, records);
  }

  async close({ stop }: { readonly stop: boolean }): Promise<void> {
    await this.#running.leave({ stop });
    if (this.#storage !== undefined) (await this.#storage)[Symbol.dispose]();
  }
}

function booleanFilter(values: readonly string[]): boolean | undefined {
  const [value] = values;
  if (value === undefined) return undefined;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw new WharfError('request.invalid', `invalid filter 'enabled=[${values.join(' ')}]'`);
}
