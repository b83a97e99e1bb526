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
import { rm } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import type { Readable } from 'node:stream';
import { WharfError } from '../../contract/errors.ts';
import type { Plugin } from '../../contract/types/plugins.ts';
import { parseDigest } from '../../oci/digest.ts';
import { familiar, parseReference, type Reference } from '../../oci/reference.ts';
import type { RegistryClient } from '../../registry/client/registry-client.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { MachineFacts } from '../runtime/host-facts.ts';
import { PluginClient } from './plugin-client.ts';
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
import { PluginProcess } from './plugin-process.ts';
import type { PluginPullOptions, PluginService } from './plugin-service.ts';
import { withSettings } from './plugin-settings.ts';
import { openPluginStorage, type PluginPlaces, type PluginStorage, takeUpload } from './plugin-storage.ts';
import { fullName, PluginStore } from './plugin-store.ts';
import { fetchConfig, fetchPlugin, manifestOf, pushPlugin } from './plugin-transfer.ts';

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
  readonly #processes = new Map<string, PluginProcess>();
  #storage: Promise<PluginStorage> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ManagedPluginsOptions) {
    this.#options = options;
    this.#store = new PluginStore(options.db);
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
    if (hasCapability(record.config, capability)) return this.#found(record);
    throw new WharfError('plugin.failed', `plugin does not provide "${capability.toLowerCase()}" capability`);
  }

  enabled(capability: Capability): readonly FoundPlugin[] {
    const records = this.#store.all().filter((one) => one.enabled && hasCapability(one.config, capability));
    return records.flatMap((record) => this.#found(record) ?? []);
  }

  #found(record: PluginRecord): FoundPlugin | undefined {
    const process = this.#processes.get(record.id);
    if (process === undefined) return undefined;
    const client = new PluginClient({ kind: 'unix', path: process.socketPath }, (text) =>
      this.#options.places.warn(text),
    );
    return { name: record.name, client, scopedPath: (path) => process.scopedPath(path) };
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
      await (await this.#process(record)).start(record);
      this.#store.save({ ...record, enabled: true, timeoutSeconds });
      this.#options.events.publish('plugin', 'enable', record.id, { name: nameOrId });
    });
  }

  async #process(record: PluginRecord): Promise<PluginProcess> {
    const known = this.#processes.get(record.id);
    if (known !== undefined) return known;
    const { machine, signal, places } = this.#options;
    const { cgroupParent } = places;
    const parts = {
      storage: await this.#open(),
      machine,
      cgroupParent,
      signal,
      warn: (text: string) => places.warn(text),
    };
    const process = new PluginProcess(parts, record);
    this.#processes.set(record.id, process);
    return process;
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
    await (await this.#process(record)).stop();
    this.#processes.delete(record.id);
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
      await this.#removeFiles(storage, record.id);
      await this.#collect(storage);
      this.#options.events.publish('plugin', 'remove', record.id, { name: nameOrId });
      return pluginView({ ...record, enabled: false });
    });
  }

  async #removeFiles(storage: PluginStorage, id: string): Promise<void> {
    await storage.snapshots.remove(id);
    await rm(storage.folderOf(id), { recursive: true, force: true });
    await rm(storage.socketFolderOf(id), { recursive: true, force: true });
  }

  /** What no plugin refers to: blobs, layers, roots of plugins that were never finished. */
  async #collect(storage: PluginStorage): Promise<void> {
    const records = this.#store.all();
    const ids = new Set(records.map(({ id }) => id));
    for (const key of storage.snapshots.keys()) if (!ids.has(key)) await this.#removeFiles(storage, key);
    const chains = new Set([
      ...records.flatMap(({ layers }) => layers.map(({ chainId }) => chainId)),
      ...storage.snapshots.chainsInUse(),
    ]);
    // Uppermost first: a layer goes after those that stand on it.
    for (const chain of storage.snapshots.layers().toReversed()) {
      if (!chains.has(chain)) await storage.snapshots.removeLayer(chain);
    }
    const blobs = new Set(
      records.flatMap(({ configDigest, manifestDigest, layers }) => [
        parseDigest(configDigest),
        parseDigest(manifestDigest),
        ...layers.map(({ digest }) => parseDigest(digest)),
      ]),
    );
    await storage.content.collect((digest) => blobs.has(digest));
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
      await this.#collect(storage);
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
    await this.#collect(storage);
    await Promise.all(records.filter(({ enabled }) => enabled).map((record) => this.#restoreOne(record)));
    await this.#removeStrangers(storage, records);
  }

  async #restoreOne(record: PluginRecord): Promise<void> {
    try {
      await (await this.#process(record)).restore(record);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.places.warn(`plugins: ${record.name} could not be started and is disabled: ${why}`);
      this.#store.save({ ...record, enabled: false });
      this.#processes.delete(record.id);
    }
  }

  /** Runs that a crash left of plugins that are not enabled. */
  async #removeStrangers(storage: PluginStorage, records: readonly PluginRecord[]): Promise<void> {
    const running = new Set(records.filter(({ id }) => this.#processes.has(id)).map(({ id }) => id.slice(0, 24)));
    for (const id of await storage.runtime.list()) if (!running.has(id)) await storage.runtime.remove(id);
  }

  async close({ stop }: { readonly stop: boolean }): Promise<void> {
    for (const process of this.#processes.values()) {
      if (stop) await process.stop();
      else process.leave();
    }
    if (this.#storage !== undefined) (await this.#storage)[Symbol.dispose]();
  }
}

/** @throws WharfError 'plugin.invalid' with Docker's text */
function parsePluginName(text: string): Reference {
  try {
    return parseReference(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfError('plugin.invalid', `failed to parse reference ${text}: ${why}`, { cause, status: 500 });
  }
}

/** The name it is to have here. @throws WharfError 'plugin.invalid' */
function localName(reference: Reference, given: string): string {
  if (given === '') return familiar({ domain: reference.domain, path: reference.path, tag: reference.tag ?? 'latest' });
  const parsed = parseReference(given);
  if (parsed.digest === undefined) return familiar(parsed);
  throw new WharfError('plugin.invalid', 'cannot use digest in plugin tag', { status: 500 });
}

function canonicalRemote({ domain, path, tag, digest }: Reference): string {
  return `${domain}/${path}${digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`}`;
}

function booleanFilter(values: readonly string[]): boolean | undefined {
  const [value] = values;
  if (value === undefined) return undefined;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw new WharfError('request.invalid', `invalid filter 'enabled=[${values.join(' ')}]'`);
}
