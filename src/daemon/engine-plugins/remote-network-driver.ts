/** Network and address drivers that live in plugins: `NetworkDriver.*` and `IpamDriver.*` of the plugin protocol (libnetwork). */
import { closeSync, openSync } from 'node:fs';
import { WharfError } from '../../contract/errors.ts';
import { parseMac } from '../linux/netlink-ip-address.ts';
import { findLink, setLink } from '../linux/netlink-links.ts';
import { openNetlink } from '../linux/netlink-socket.ts';
import type {
  AddressRequest,
  Attachment,
  IpamDriver,
  NetworkDriver,
  NetworkPlugins,
  PoolRequest,
  SandboxPlace,
} from '../networks/network-driver.ts';
import { prefixLengthOf } from '../networks/network-pools.ts';
import { type EndpointRecord, type EndpointRoutes, type NetworkRecord, noRoutes } from '../networks/network-store.ts';
import { field, listField, textField } from './plugin-client.ts';
import type { FoundPlugin, PluginDirectory } from './plugin-directory.ts';

/** What a driver is told of options beside the network's own (libnetwork, netlabel). */
const labels = {
  generic: 'com.docker.network.generic',
  enableIpv4: 'com.docker.network.enable_ipv4',
  enableIpv6: 'com.docker.network.enable_ipv6',
  internal: 'com.docker.network.internal',
  gateway: 'com.docker.network.gateway',
  mac: 'com.docker.network.endpoint.macaddress',
} as const;
/** A route whose `NextHop` counts; the other kind is on the link. */
const nextHopRoute = 0;

export function networkPlugins(directory: PluginDirectory): NetworkPlugins {
  return {
    async networkDriver(name, options) {
      const plugin = await directory.find(name, 'NetworkDriver', options);
      if (plugin === undefined) return undefined;
      const capabilities = await plugin.client.call('NetworkDriver.GetCapabilities', {}, options);
      const scope = textField(capabilities, 'Scope') === 'global' ? 'global' : 'local';
      return new RemoteNetworkDriver(plugin, scope);
    },
    async ipamDriver(name, options) {
      const plugin = await directory.find(name, 'IpamDriver', options);
      if (plugin === undefined) return undefined;
      const spaces = await plugin.client.call('IpamDriver.GetDefaultAddressSpaces', {}, options);
      return new RemoteIpamDriver(plugin, textField(spaces, 'LocalDefaultAddressSpace'));
    },
  };
}

class RemoteNetworkDriver implements NetworkDriver {
  readonly name: string;
  readonly scope: 'local' | 'global';
  readonly kind = 'interfaces';
  readonly publishesPorts = false;
  readonly ownMac = true;
  readonly #plugin: FoundPlugin;

  constructor(plugin: FoundPlugin, scope: 'local' | 'global') {
    this.name = plugin.name;
    this.scope = scope;
    this.#plugin = plugin;
  }

  async #call(method: string, body: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<unknown> {
    return await this.#plugin.client.call(`NetworkDriver.${method}`, body, { signal });
  }

  /** The plugin looks at its options itself, when the network is made. */
  checkOptions(): void {}

  skipsGateway(): boolean {
    return false;
  }

  define(draft: NetworkRecord): NetworkRecord {
    return draft;
  }

  async createNetwork(record: NetworkRecord, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const body = {
      NetworkID: record.id,
      Options: {
        [labels.generic]: record.options,
        [labels.enableIpv4]: record.enableIpv4,
        [labels.enableIpv6]: record.enableIpv6,
        ...(record.internal ? { [labels.internal]: true } : {}),
      },
      IPv4Data: poolData(record, 'ipv4'),
      IPv6Data: poolData(record, 'ipv6'),
    };
    await this.#call('CreateNetwork', body, signal);
  }

  /** The plugin has it still: networks are made once. */
  async restoreNetwork(): Promise<void> {}

  async removeNetwork(record: NetworkRecord): Promise<void> {
    await this.#call('DeleteNetwork', { NetworkID: record.id });
  }

  routes(): EndpointRoutes {
    return noRoutes;
  }

  async prepareEndpoint({ record, endpoint }: Attachment, place: SandboxPlace): Promise<EndpointRecord> {
    const names = { NetworkID: record.id, EndpointID: endpoint.endpointId };
    const Interface = {
      Address: withPrefix(record, endpoint.ipv4),
      AddressIPv6: withPrefix(record, endpoint.ipv6),
      MacAddress: '',
    };
    const Options = { ...endpoint.driverOptions, [labels.mac]: endpoint.mac };
    const made = await this.#call('CreateEndpoint', { ...names, Interface, Options }, place.signal);
    try {
      const joined = await this.#call('Join', { ...names, SandboxKey: place.netnsPath, Options: {} }, place.signal);
      return joinedEndpoint(endpoint, field(made, 'Interface'), joined);
    } catch (error) {
      await this.#call('DeleteEndpoint', names).catch(() => undefined);
      throw error;
    }
  }

  plugIn({ record, endpoint }: Attachment, netnsPath: string): void {
    using host = openNetlink();
    const link = findLink(host, endpoint.sourceInterface);
    if (link === undefined) {
      throw new WharfError(
        'plugin.failed',
        `network ${record.name}: the driver ${this.name} named the interface "${endpoint.sourceInterface}", which is not there`,
      );
    }
    const netnsFd = openSync(netnsPath, 'r');
    try {
      const mac = endpoint.mac === '' ? undefined : parseMac(endpoint.mac);
      setLink(host, link.index, { up: false, ...(mac === undefined ? {} : { mac }) });
      setLink(host, link.index, { name: endpoint.interfaceName, netnsFd });
    } finally {
      closeSync(netnsFd);
    }
  }

  async releaseEndpoint({ record, endpoint }: Attachment): Promise<void> {
    const names = { NetworkID: record.id, EndpointID: endpoint.endpointId };
    await this.#call('Leave', names).catch(() => undefined);
    await this.#call('DeleteEndpoint', names);
  }
}

/** What the plugin said at CreateEndpoint (only what it was not given) and at Join. */
function joinedEndpoint(endpoint: EndpointRecord, made: unknown, joined: unknown): EndpointRecord {
  const name = field(joined, 'InterfaceName');
  const prefix = textField(name, 'DstPrefix');
  const number = /\d+$/.exec(endpoint.interfaceName)?.[0] ?? '0';
  return {
    ...endpoint,
    ipv4: endpoint.ipv4 || bare(textField(made, 'Address')),
    ipv6: endpoint.ipv6 || bare(textField(made, 'AddressIPv6')),
    mac: textField(made, 'MacAddress') || endpoint.mac,
    sourceInterface: textField(name, 'SrcName'),
    interfaceName: prefix === '' ? endpoint.interfaceName : `${prefix}${number}`,
    routes: {
      gateway4: textField(joined, 'Gateway'),
      gateway6: textField(joined, 'GatewayIPv6'),
      onLink: false,
      static: listField(joined, 'StaticRoutes').map((route) => ({
        destination: textField(route, 'Destination'),
        via: (field(route, 'RouteType') ?? nextHopRoute) === nextHopRoute ? textField(route, 'NextHop') : '',
      })),
    },
  };
}

function poolData(record: NetworkRecord, family: 'ipv4' | 'ipv6'): readonly Readonly<Record<string, unknown>>[] {
  return record.pools
    .filter(({ subnet }) => subnet.includes(':') === (family === 'ipv6'))
    .map(({ subnet, gateway, auxiliary }) => {
      const length = subnet.split('/')[1] ?? '';
      const aux = Object.entries(auxiliary).map(([name, address]) => [name, `${address}/${length}`]);
      return {
        AddressSpace: 'LocalDefault',
        Pool: subnet,
        Gateway: gateway === '' ? '' : `${gateway}/${length}`,
        AuxAddresses: Object.fromEntries(aux),
      };
    });
}

function withPrefix(record: NetworkRecord, address: string): string {
  return address === '' ? '' : `${address}/${prefixLengthOf(record, address)}`;
}

function bare(address: string): string {
  return address.split('/')[0] ?? '';
}

class RemoteIpamDriver implements IpamDriver {
  readonly name: string;
  readonly #plugin: FoundPlugin;
  readonly #space: string;

  constructor(plugin: FoundPlugin, space: string) {
    this.name = plugin.name;
    this.#plugin = plugin;
    this.#space = space;
  }

  async #call(method: string, body: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<unknown> {
    return await this.#plugin.client.call(`IpamDriver.${method}`, body, { signal });
  }

  async requestPool({ family, pool, subPool, options, signal }: PoolRequest) {
    const body = { AddressSpace: this.#space, Pool: pool, SubPool: subPool, Options: options, V6: family === 'ipv6' };
    const answer = await this.#call('RequestPool', body, signal);
    return {
      poolId: textField(answer, 'PoolID'),
      pool: textField(answer, 'Pool'),
      gateway: textField(field(answer, 'Data'), labels.gateway),
    };
  }

  async releasePool(poolId: string): Promise<void> {
    await this.#call('ReleasePool', { PoolID: poolId });
  }

  async requestAddress({ poolId, wanted, purpose, mac, signal }: AddressRequest): Promise<string> {
    const Options = {
      ...(purpose === 'gateway' ? { RequestAddressType: labels.gateway } : {}),
      ...(mac === '' ? {} : { [labels.mac]: mac }),
    };
    const answer = await this.#call('RequestAddress', { PoolID: poolId, Address: wanted, Options }, signal);
    return textField(answer, 'Address');
  }

  async releaseAddress(poolId: string, address: string): Promise<void> {
    await this.#call('ReleaseAddress', { PoolID: poolId, Address: address });
  }
}
