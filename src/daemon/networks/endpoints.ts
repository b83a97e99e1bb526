/** Endpoints before they are plugged in and after: their addresses, and what their driver has to say. */
import { isWharfError, WharfError } from '../../contract/errors.ts';
import { configOnly, type WantedEndpoint } from './endpoint-plan.ts';
import type { NetworkAddresses } from './network-addresses.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import type { NetworkRegistry } from './network-registry.ts';
import type { EndpointRecord, SandboxRecord } from './network-store.ts';
import { endpointMac, newEndpointRecord, nextInterfaceName, wantedAddress } from './sandbox-record.ts';

export interface EndpointsOptions {
  readonly registry: NetworkRegistry;
  readonly addresses: NetworkAddresses;
  readonly drivers: NetworkDrivers;
  readonly warn: (message: string) => void;
}

export class Endpoints {
  readonly #o: EndpointsOptions;

  constructor(options: EndpointsOptions) {
    this.#o = options;
  }

  /**
   * Takes addresses for an endpoint and asks its driver for the rest.
   * @throws WharfError 'network.no-addresses' | 'network.address-taken' | 'network.config-invalid'
   */
  async allocate(record: SandboxRecord, wanted: WantedEndpoint, signal: AbortSignal): Promise<EndpointRecord> {
    const { addresses, drivers } = this.#o;
    const { record: network, settings } = wanted;
    if (network.configOnly) throw configOnly();
    const driver = await drivers.load(network.driver, { signal });
    if (!driver.ownMac && driver.kind === 'interfaces' && settings.MacAddress) {
      const message = `${driver.name} interfaces do not support custom mac address assignment`;
      throw new WharfError('network.config-invalid', message, { status: 500 });
    }
    const mac = driver.ownMac ? (settings.MacAddress ?? '') : '';
    const wish = { mac, signal };
    const ipv4 = await addresses.allocate(network, {
      ...wish,
      family: 'ipv4',
      wanted: wantedAddress(settings, 'ipv4'),
    });
    let ipv6 = '';
    try {
      ipv6 = await addresses.allocate(network, { ...wish, family: 'ipv6', wanted: wantedAddress(settings, 'ipv6') });
      const interfaceName = driver.kind === 'interfaces' ? nextInterfaceName(record.endpoints, wanted) : '';
      const given = { ipv4, ipv6, interfaceName, mac: driver.ownMac ? endpointMac(settings, ipv4) : '' };
      const bare = newEndpointRecord(record, wanted, given);
      const endpoint = { ...bare, routes: driver.routes({ record: network, endpoint: bare }) };
      const { sandboxId, containerId, netnsPath } = record;
      const place = { sandboxId, containerId, netnsPath, signal };
      return (await driver.prepareEndpoint?.({ record: network, endpoint }, place)) ?? endpoint;
    } catch (error) {
      await addresses.release(network, network.id, ipv4);
      await addresses.release(network, network.id, ipv6);
      throw error;
    }
  }

  /** Gives an endpoint's addresses back; what a plugin says to it is only logged. */
  async release(endpoint: EndpointRecord): Promise<void> {
    const { registry, addresses, drivers, warn } = this.#o;
    const network = registry.get(endpoint.networkId);
    try {
      if (network !== undefined) await drivers.get(network.driver)?.releaseEndpoint?.({ record: network, endpoint });
      for (const address of [endpoint.ipv4, endpoint.ipv6]) {
        await addresses.release(network, endpoint.networkId, address);
      }
    } catch (error) {
      if (!isWharfError(error)) throw error;
      warn(`network: release an endpoint of ${network?.name ?? endpoint.networkId}: ${error.message}`);
    }
  }
}
