/**
 * The networks by name and ID, and the addresses of each. Holds no kernel state; what it answers is also what is stored.
 */
import { WharfError } from '../../contract/errors.ts';
import { AddressPool } from './address-pool.ts';
import { poolOfFamily } from './bridge.ts';
import { automaticPool, predefinedNetworks } from './network-definition.ts';
import type { NetworkPool, NetworkRecord, NetworkStore } from './network-store.ts';
import { bigIntToText, overlaps, parseAddress, parseSubnet, type Subnet } from './subnet.ts';

type Family = 'ipv4' | 'ipv6';

export class NetworkRegistry {
  readonly #store: NetworkStore;
  readonly #networks = new Map<string, NetworkRecord>();
  readonly #pools = new Map<string, AddressPool>();

  /** Loads what is stored; a first start makes Docker's three networks, and any later one those that were lost. */
  constructor(
    store: NetworkStore,
    options: { readonly bridgeName: string; readonly hostSubnets: () => readonly Subnet[] },
  ) {
    this.#store = store;
    for (const record of store.networks()) this.#networks.set(record.id, record);
    const builtin = new Set(this.all().flatMap((record) => (record.builtin ? [record.name] : [])));
    if (builtin.size === 3) return;
    const surroundings = { networkSubnets: this.subnets(), hostSubnets: options.hostSubnets() };
    for (const record of predefinedNetworks(options.bridgeName, surroundings)) {
      if (!builtin.has(record.name)) this.save(record);
    }
  }

  all(): NetworkRecord[] {
    return [...this.#networks.values()];
  }

  get(id: string): NetworkRecord | undefined {
    return this.#networks.get(id);
  }

  save(record: NetworkRecord): void {
    this.#store.saveNetwork(record);
    this.#networks.set(record.id, record);
  }

  delete(id: string): void {
    this.#store.deleteNetwork(id);
    this.#networks.delete(id);
    this.#pools.delete(`${id} ipv4`);
    this.#pools.delete(`${id} ipv6`);
  }

  /** By full ID, name or unambiguous start of an ID, in this order. @throws WharfError 'network.not-found' | 'network.ambiguous' */
  find(nameOrId: string): NetworkRecord {
    const exact = this.#networks.get(nameOrId) ?? this.byName(nameOrId);
    if (exact !== undefined) return exact;
    const matches = nameOrId === '' ? [] : this.all().filter((record) => record.id.startsWith(nameOrId));
    const [match] = matches;
    if (match === undefined) throw new WharfError('network.not-found', `network ${nameOrId} not found`);
    if (matches.length > 1) {
      throw new WharfError(
        'network.ambiguous',
        `network ${nameOrId} is ambiguous (${matches.length} matches found based on ID prefix)`,
      );
    }
    return match;
  }

  byName(name: string): NetworkRecord | undefined {
    return this.all().find((record) => record.name === name);
  }

  subnets(except?: string): Subnet[] {
    return this.all()
      .filter((record) => record.id !== except)
      .flatMap((record) => record.pools.map((pool) => parseSubnet(pool.subnet)))
      .filter((subnet) => subnet !== undefined);
  }

  /** Moves an automatic subnet that meets a route of the host (a VPN that came up, another engine). */
  moveAwayFrom(record: NetworkRecord, hostSubnets: readonly Subnet[]): NetworkRecord {
    const own = parseSubnet(poolOfFamily(record, 'ipv4')?.subnet ?? '');
    if (record.userSubnet || own === undefined || !hostSubnets.some((other) => overlaps(other, own))) return record;
    const pool = automaticPool({ networkSubnets: this.subnets(record.id), hostSubnets });
    const moved = {
      ...record,
      pools: [pool, ...record.pools.filter((other) => parseSubnet(other.subnet)?.family === 'ipv6')],
    };
    this.save(moved);
    this.#pools.delete(`${record.id} ipv4`);
    return moved;
  }

  /**
   * Takes an address: the one asked for, or any. Answers '' when the network has none of this family.
   * @throws WharfError 'network.no-addresses' | 'network.address-taken'
   */
  allocate(record: NetworkRecord, family: Family, wanted: string): string {
    const pool = this.#pool(record, family);
    if (pool === undefined) return '';
    if (wanted !== '') {
      this.#take(pool, wanted);
      return wanted;
    }
    const address = pool.allocate();
    if (address !== undefined) return bigIntToText(family, address);
    const kind = family === 'ipv4' ? 'IPv4' : 'IPv6';
    throw new WharfError(
      'network.no-addresses',
      `no available ${kind} addresses on this network's address pools: ${record.name} (${record.id})`,
    );
  }

  /** Marks an address as used without asking: it is in use already. */
  claim(record: NetworkRecord, address: string): void {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const value = parseAddress(family, address);
    if (value !== undefined) this.#pool(record, family)?.allocateExactly(value);
  }

  release(networkId: string, address: string): void {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const value = parseAddress(family, address);
    if (value !== undefined) this.#pools.get(`${networkId} ${family}`)?.release(value);
  }

  #take(pool: AddressPool, wanted: string): void {
    const value = parseAddress(pool.family, wanted);
    const result = value === undefined ? 'outside' : pool.allocateExactly(value);
    if (result === 'ok') return;
    if (result === 'taken') throw new WharfError('network.address-taken', 'Address already in use');
    throw new WharfError(
      'network.config-invalid',
      `invalid endpoint settings:\nno configured subnet contains IP address ${wanted}`,
    );
  }

  #pool(record: NetworkRecord, family: Family): AddressPool | undefined {
    const key = `${record.id} ${family}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const definition = poolOfFamily(record, family);
    const subnet = definition && parseSubnet(definition.subnet);
    if (definition === undefined || subnet === undefined) return undefined;
    const pool = new AddressPool({
      subnet,
      range: definition.range === undefined ? undefined : parseSubnet(definition.range),
      reserved: reservedAddresses(definition, family),
    });
    this.#pools.set(key, pool);
    return pool;
  }
}

function reservedAddresses(pool: NetworkPool, family: Family): bigint[] {
  return [pool.gateway, ...Object.values(pool.auxiliary)].flatMap((text) => parseAddress(family, text) ?? []);
}
