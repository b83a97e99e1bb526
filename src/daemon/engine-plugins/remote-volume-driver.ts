/** A volume driver that lives in a plugin: `VolumeDriver.*` of the plugin protocol. */
import { isWharfError } from '../../contract/errors.ts';
import type { DriverVolume, VolumeDriver, VolumePlugins } from '../volumes/volume-driver.ts';
import { field, listField, textField } from './plugin-client.ts';
import type { FoundPlugin, PluginDirectory } from './plugin-directory.ts';

/** What makes or mounts may take its time. */
const longTimeoutMs = 120_000;

export function volumePlugins(directory: PluginDirectory): VolumePlugins {
  return {
    volumeDriver: async (name) => new RemoteVolumeDriver(await directory.get(name, 'VolumeDriver')),
    volumeDrivers: async () => (await directory.all('VolumeDriver')).map((plugin) => new RemoteVolumeDriver(plugin)),
  };
}

export class RemoteVolumeDriver implements VolumeDriver {
  readonly name: string;
  readonly #plugin: FoundPlugin;

  constructor(plugin: FoundPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async #call(method: string, body: Readonly<Record<string, unknown>>, options = {}): Promise<unknown> {
    return await this.#plugin.client.call(`VolumeDriver.${method}`, body, options);
  }

  /** Plugins need not say: then theirs are local. */
  async scope(): Promise<'local' | 'global'> {
    try {
      const answer = await this.#call('Capabilities', {}, { retryMs: 0 });
      return textField(field(answer, 'Capabilities'), 'Scope').toLowerCase() === 'global' ? 'global' : 'local';
    } catch (error) {
      if (isWharfError(error, 'plugin.failed')) return 'local';
      throw error;
    }
  }

  async create(name: string, options: Readonly<Record<string, string>>): Promise<void> {
    await this.#call('Create', { Name: name, Opts: options }, { timeoutMs: longTimeoutMs });
  }

  async remove(name: string): Promise<void> {
    await this.#call('Remove', { Name: name }, { timeoutMs: longTimeoutMs });
  }

  async get(name: string): Promise<DriverVolume | undefined> {
    const volume = field(await this.#call('Get', { Name: name }), 'Volume');
    return volume === undefined || volume === null ? undefined : this.#volume(volume);
  }

  async list(): Promise<readonly DriverVolume[]> {
    return listField(await this.#call('List', {}, { retryMs: 0 }), 'Volumes').map((volume) => this.#volume(volume));
  }

  async mount(name: string, mountId: string): Promise<string> {
    const answer = await this.#call('Mount', { Name: name, ID: mountId }, { timeoutMs: longTimeoutMs });
    const mountpoint = textField(answer, 'Mountpoint');
    if (mountpoint !== '') return this.#plugin.scopedPath(mountpoint);
    return this.#plugin.scopedPath(textField(await this.#call('Path', { Name: name }), 'Mountpoint'));
  }

  async unmount(name: string, mountId: string): Promise<void> {
    await this.#call('Unmount', { Name: name, ID: mountId }, { timeoutMs: longTimeoutMs });
  }

  #volume(volume: unknown): DriverVolume {
    const mountpoint = textField(volume, 'Mountpoint');
    const status = field(volume, 'Status');
    return {
      name: textField(volume, 'Name'),
      mountpoint: mountpoint === '' ? '' : this.#plugin.scopedPath(mountpoint),
      createdAt: textField(volume, 'CreatedAt'),
      status: typeof status === 'object' && status !== null ? { ...status } : {},
    };
  }
}
