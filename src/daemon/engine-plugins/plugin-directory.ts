/**
 * Every plugin by its name and by what it does: those the engine runs itself first, then those found by their files.
 *
 *   name ─► managed and enabled? ─► its socket
 *       └─► socket or spec file ─► Plugin.Activate ─► what it implements (remembered while its file stays)
 */
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { findLegacy, type LegacyPlaces, scanLegacy } from './legacy-discovery.ts';
import { listField, type PluginAddress, PluginClient } from './plugin-client.ts';

/** As plugins name them in their handshake. */
export type Capability = 'VolumeDriver' | 'NetworkDriver' | 'IpamDriver' | 'authz' | 'LogDriver';

/** A plugin that was found and does what was asked for. */
export interface FoundPlugin {
  /** As records and clients see it; of a managed one with its tag. */
  readonly name: string;
  readonly client: PluginClient;
  /** Where on this host a path lies that the plugin tells. */
  scopedPath(path: string): string;
}

/** What the directory must know of the managed ones. */
export interface ManagedDirectory {
  /**
   * @returns undefined when there is no managed plugin of this name or ID
   * @throws WharfError 'plugin.disabled'; 'plugin.failed' when it does something else
   */
  find(name: string, capability: Capability): FoundPlugin | undefined;
  enabled(capability: Capability): readonly FoundPlugin[];
}

export interface PluginDirectoryOptions {
  readonly places: LegacyPlaces;
  readonly managed: ManagedDirectory;
  readonly warn: (message: string) => void;
}

interface ActivatedPlugin extends FoundPlugin {
  readonly implements: readonly string[];
}

/** Of the whole handshake: the lists of volumes and drivers must not hang on a dead socket. */
const scanTimeoutMs = 2000;

export class PluginDirectory {
  readonly #options: PluginDirectoryOptions;
  readonly #activated = new Map<string, ActivatedPlugin>();

  constructor(options: PluginDirectoryOptions) {
    this.#options = options;
  }

  /** @throws WharfError 'plugin.not-found' | 'plugin.failed' with Docker's texts */
  async get(
    name: string,
    capability: Capability,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<FoundPlugin> {
    const managed = this.#options.managed.find(name, capability);
    if (managed !== undefined) return managed;
    try {
      const found = await this.#activate(name, { ...options });
      if (found === undefined) throw pluginNotFound(name);
      if (found.implements.includes(capability)) return found;
      throw new WharfError(
        'plugin.failed',
        `Plugin does not implement the requested driver: plugin="${name}", requested implementation="${capability}"`,
      );
    } catch (error) {
      if (!isWharfError(error) || error.code !== 'plugin.failed') throw error;
      throw new WharfError('plugin.failed', `legacy plugin: ${error.message}`, { hint: error.hint, cause: error });
    }
  }

  /** As `get`, for callers who can do without. */
  async find(
    name: string,
    capability: Capability,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<FoundPlugin | undefined> {
    try {
      return await this.get(name, capability, options);
    } catch (error) {
      if (isWharfError(error, 'plugin.not-found')) return undefined;
      throw error;
    }
  }

  /** All that do this and answer now. */
  async all(capability: Capability): Promise<readonly FoundPlugin[]> {
    const names = scanLegacy(this.#options.places);
    const found = await Promise.all(
      names.map((name) =>
        this.#activate(name, { timeoutMs: scanTimeoutMs, retryMs: 0 }).catch((error: unknown) => {
          this.#options.warn(`plugins: ${name}: ${error instanceof Error ? error.message : String(error)}`);
          return undefined;
        }),
      ),
    );
    const legacy = found.flatMap((plugin) => (plugin?.implements.includes(capability) ? [plugin] : []));
    return [...this.#options.managed.enabled(capability), ...legacy];
  }

  /** Names of those that do this and were used, or are managed; for `info`, which must not wait for anybody. */
  known(capability: Capability): readonly string[] {
    const legacy = [...this.#activated.values()].filter((plugin) => plugin.implements.includes(capability));
    return [...this.#options.managed.enabled(capability), ...legacy].map(({ name }) => name).sort();
  }

  async #activate(
    name: string,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number; readonly retryMs?: number },
  ): Promise<ActivatedPlugin | undefined> {
    const address = findLegacy(this.#options.places, name);
    if (address === undefined) {
      this.#activated.delete(name);
      return undefined;
    }
    const known = this.#activated.get(name);
    if (known !== undefined && sameAddress(known.client.address, address)) return known;
    const client = new PluginClient(address, this.#options.warn);
    const manifest = await client.call('Plugin.Activate', undefined, options);
    const activated = {
      name,
      client,
      scopedPath: (path: string) => path,
      implements: listField(manifest, 'Implements').filter((entry) => typeof entry === 'string'),
    };
    this.#activated.set(name, activated);
    return activated;
  }
}

export function pluginNotFound(name: string): WharfError {
  return new WharfError('plugin.not-found', `plugin ${JSON.stringify(name)} not found`);
}

function sameAddress(a: PluginAddress, b: PluginAddress): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
