/** The network drivers by name: those built in, and those of plugins once they were asked for. */
import { WharfError } from '../../contract/errors.ts';
import type { IpamDriver, NetworkDriver, NetworkPlugins } from './network-driver.ts';

export class NetworkDrivers {
  readonly #drivers = new Map<string, NetworkDriver>();
  readonly #ipam = new Map<string, IpamDriver>();
  readonly #plugins: NetworkPlugins | undefined;

  constructor(builtin: readonly NetworkDriver[], plugins: NetworkPlugins | undefined) {
    for (const driver of builtin) this.#drivers.set(driver.name, driver);
    this.#plugins = plugins;
  }

  /** A driver that is known by now: built in, or of a network that was created or restored. */
  get(name: string): NetworkDriver | undefined {
    return this.#drivers.get(name);
  }

  /** @throws WharfError 'plugin.not-found' */
  known(name: string): NetworkDriver {
    const driver = this.#drivers.get(name);
    if (driver === undefined) throw noPlugin(name);
    return driver;
  }

  /** @throws WharfError 'plugin.not-found' */
  async load(name: string, options: { readonly signal: AbortSignal }): Promise<NetworkDriver> {
    const known = this.#drivers.get(name);
    if (known !== undefined) return known;
    const loaded = await this.#plugins?.networkDriver(name, options);
    if (loaded === undefined) throw noPlugin(name);
    this.#drivers.set(name, loaded);
    return loaded;
  }

  ipam(name: string): IpamDriver | undefined {
    return this.#ipam.get(name);
  }

  /** @throws WharfError 'plugin.not-found' */
  async loadIpam(name: string, options: { readonly signal: AbortSignal }): Promise<IpamDriver> {
    const known = this.#ipam.get(name) ?? (await this.#plugins?.ipamDriver(name, options));
    if (known === undefined) throw noPlugin(name);
    this.#ipam.set(name, known);
    return known;
  }
}

function noPlugin(name: string): WharfError {
  return new WharfError('plugin.not-found', `plugin "${name}" not found`, {
    hint: 'Wharf has the network drivers bridge, macvlan, ipvlan, host and null.',
  });
}
