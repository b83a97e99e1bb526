/**
 * Who is called what on which network: the table the containers' resolvers answer from.
 *
 * A name belongs to a network, so two networks may hold the same one. Several containers may share a name (a service, an
 * alias): all their addresses are answered, in turning order.
 */
import { type AddressFamily, parseIp } from '../linux/netlink-ip-address.ts';

export interface NamedEndpoint {
  readonly networkId: string;
  readonly networkName: string;
  readonly containerId: string;
  readonly containerName: string;
  /** Container name, aliases, short ID, host name; any case. */
  readonly names: readonly string[];
  /** IPv4 and, if there is one, IPv6. */
  readonly addresses: readonly string[];
}

export class DnsNames {
  readonly #endpoints = new Map<string, Map<string, NamedEndpoint>>();
  #turn = 0;

  set(endpoint: NamedEndpoint): void {
    const network = this.#endpoints.get(endpoint.networkId) ?? new Map<string, NamedEndpoint>();
    network.set(endpoint.containerId, { ...endpoint, names: endpoint.names.map((name) => name.toLowerCase()) });
    this.#endpoints.set(endpoint.networkId, network);
  }

  delete(networkId: string, containerId: string): void {
    const network = this.#endpoints.get(networkId);
    network?.delete(containerId);
    if (network?.size === 0) this.#endpoints.delete(networkId);
  }

  /**
   * Addresses of a name on these networks, the first network that knows it wins.
   * @returns undefined when no network knows the name; an empty list when it has no address of this family
   */
  lookup(networkIds: readonly string[], name: string, family: AddressFamily): readonly Uint8Array[] | undefined {
    const wanted = name.toLowerCase();
    for (const networkId of networkIds) {
      const found = [...(this.#endpoints.get(networkId)?.values() ?? [])].filter((endpoint) =>
        endpoint.names.includes(wanted),
      );
      if (found.length === 0) continue;
      const addresses = found
        .flatMap((endpoint) => endpoint.addresses.map(parseIp))
        .filter((ip) => ip?.family === family);
      return this.#rotate(addresses.flatMap((ip) => (ip === undefined ? [] : [ip.bytes])));
    }
    return undefined;
  }

  /** The container that has an address on one of these networks. */
  reverse(networkIds: readonly string[], address: Uint8Array): NamedEndpoint | undefined {
    for (const networkId of networkIds) {
      for (const endpoint of this.#endpoints.get(networkId)?.values() ?? []) {
        if (endpoint.addresses.some((text) => sameBytes(parseIp(text)?.bytes, address))) return endpoint;
      }
    }
    return undefined;
  }

  #rotate<T>(list: readonly T[]): readonly T[] {
    if (list.length < 2) return list;
    this.#turn = (this.#turn + 1) % 0x10000;
    const start = this.#turn % list.length;
    return [...list.slice(start), ...list.slice(0, start)];
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}
