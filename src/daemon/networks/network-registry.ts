/** The networks by name and ID. Holds no kernel state; what it answers is also what is stored. */
import { WharfError } from '../../contract/errors.ts';
import type { NetworkDefaults } from './network-defaults.ts';
import { predefinedNetworks } from './network-definition.ts';
import { automaticPool, poolsOf, type Surroundings, subnetSources } from './network-pools.ts';
import type { NetworkRecord, NetworkStore } from './network-store.ts';
import { overlaps, parseSubnet, type Subnet } from './subnet.ts';

export interface NetworkRegistryOptions {
  readonly defaults: NetworkDefaults;
  /** Completes the default bridge as the daemon's flags say; undefined for no default bridge. */
  readonly defaultBridge: (record: NetworkRecord, others: readonly NetworkRecord[]) => NetworkRecord | undefined;
}

export class NetworkRegistry {
  readonly #store: NetworkStore;
  readonly #defaults: NetworkDefaults;
  readonly #networks = new Map<string, NetworkRecord>();

  /** Loads what is stored; a first start makes Docker's three networks, and any later one those that were lost. */
  constructor(store: NetworkStore, options: NetworkRegistryOptions) {
    this.#store = store;
    this.#defaults = options.defaults;
    for (const record of store.networks()) this.#networks.set(record.id, record);
    for (const record of predefinedNetworks()) {
      const stored = this.all().find((other) => other.builtin && other.name === record.name) ?? record;
      if (stored.name !== 'bridge') {
        if (stored === record) this.save(record);
        continue;
      }
      const others = this.all().filter((other) => other.id !== stored.id);
      const bridge = options.defaultBridge(stored, others);
      if (bridge !== undefined) this.save(bridge);
      else this.delete(stored.id);
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
    return subnetsOf(this.all().filter((record) => record.id !== except));
  }

  /** Moves an automatic subnet that meets a route of the host (a VPN that came up, another engine). */
  moveAwayFrom(record: NetworkRecord, hostSubnets: readonly Subnet[]): NetworkRecord {
    const surroundings: Surroundings = { networkSubnets: this.subnets(record.id), hostSubnets };
    const sources = subnetSources(this.#defaults, record.scope);
    let moved = false;
    const pools = record.pools.map((pool) => {
      const own = parseSubnet(pool.subnet);
      if (pool.userSubnet || own === undefined || !hostSubnets.some((other) => overlaps(other, own))) return pool;
      moved = true;
      const skipsGateway = () => pool.gateway === '';
      return automaticPool(own.family, { surroundings, sources, skipsGateway });
    });
    if (!moved) return record;
    const changed = { ...record, pools };
    this.save(changed);
    return changed;
  }
}

/** Subnets that are in use by networks; those of configurations are not. */
export function subnetsOf(records: readonly NetworkRecord[]): Subnet[] {
  return records
    .filter((record) => !record.configOnly)
    .flatMap((record) => [...poolsOf(record, 'ipv4'), ...poolsOf(record, 'ipv6')])
    .flatMap((pool) => parseSubnet(pool.subnet) ?? []);
}
