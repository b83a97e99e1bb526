/** The addresses of each network that are in use, and who hands out new ones: pools of the daemon, or a plugin. */
import { WharfError } from '../../contract/errors.ts';
import { AddressPool } from './address-pool.ts';
import type { NetworkDrivers } from './network-drivers.ts';
import { poolOfAddress, poolsOf } from './network-pools.ts';
import type { NetworkPool, NetworkRecord } from './network-store.ts';
import { bigIntToText, parseAddress, parseSubnet } from './subnet.ts';

type Family = 'ipv4' | 'ipv6';

const familyOf = (address: string): Family => (address.includes(':') ? 'ipv6' : 'ipv4');

export interface AddressWish {
  readonly family: Family;
  /** '' for any. */
  readonly wanted: string;
  readonly mac: string;
  readonly signal: AbortSignal;
}

export class NetworkAddresses {
  readonly #pools = new Map<string, AddressPool>();
  readonly #drivers: NetworkDrivers;

  constructor(drivers: NetworkDrivers) {
    this.#drivers = drivers;
  }

  /**
   * Takes an address: the one asked for, or any. Answers '' when the network has none of this family.
   * @throws WharfError 'network.no-addresses' | 'network.address-taken'
   */
  async allocate(record: NetworkRecord, wish: AddressWish): Promise<string> {
    const ipam = this.#drivers.ipam(record.ipamDriver);
    const pools = poolsOf(record, wish.family);
    if (ipam === undefined || pools.length === 0) return this.#allocateHere(record, pools, wish);
    const { wanted, mac, signal } = wish;
    const pool = wanted === '' ? pools[0] : poolOfAddress(record, wanted);
    if (pool?.poolId === undefined) throw outside(wanted);
    const answer = await ipam.requestAddress({ poolId: pool.poolId, wanted, purpose: 'endpoint', mac, signal });
    return answer.split('/')[0] ?? '';
  }

  #allocateHere(record: NetworkRecord, pools: readonly NetworkPool[], { family, wanted }: AddressWish): string {
    if (pools.length === 0) return '';
    if (wanted !== '') {
      const pool = poolOfAddress(record, wanted);
      if (pool === undefined) throw outside(wanted);
      return this.#take(this.#pool(record, pool, family), wanted);
    }
    for (const pool of pools) {
      const address = this.#pool(record, pool, family)?.allocate();
      if (address !== undefined) return bigIntToText(family, address);
    }
    const kind = family === 'ipv4' ? 'IPv4' : 'IPv6';
    throw new WharfError(
      'network.no-addresses',
      `no available ${kind} addresses on this network's address pools: ${record.name} (${record.id})`,
    );
  }

  #take(pool: AddressPool | undefined, wanted: string): string {
    const value = pool && parseAddress(pool.family, wanted);
    const result = value === undefined ? 'outside' : pool?.allocateExactly(value);
    if (result === 'ok') return wanted;
    if (result === 'taken') throw new WharfError('network.address-taken', 'Address already in use');
    throw outside(wanted);
  }

  /** Marks an address as used without asking: it is in use already. */
  claim(record: NetworkRecord, address: string): void {
    const pool = poolOfAddress(record, address);
    const value = parseAddress(familyOf(address), address);
    if (pool !== undefined && value !== undefined) this.#pool(record, pool, familyOf(address))?.allocateExactly(value);
  }

  async release(record: NetworkRecord | undefined, networkId: string, address: string): Promise<void> {
    if (address === '') return;
    const ipam = record && this.#drivers.ipam(record.ipamDriver);
    if (record !== undefined && ipam !== undefined) {
      const poolId = poolOfAddress(record, address)?.poolId;
      if (poolId !== undefined) await ipam.releaseAddress(poolId, address);
      return;
    }
    const value = parseAddress(familyOf(address), address);
    if (value === undefined) return;
    for (const [key, pool] of this.#pools) {
      if (key.startsWith(`${networkId} `) && pool.family === familyOf(address)) pool.release(value);
    }
  }

  /** After a network went, or got other subnets. */
  forget(networkId: string): void {
    for (const key of [...this.#pools.keys()]) if (key.startsWith(`${networkId} `)) this.#pools.delete(key);
  }

  #pool(record: NetworkRecord, definition: NetworkPool, family: Family): AddressPool | undefined {
    const key = `${record.id} ${definition.subnet}`;
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const subnet = parseSubnet(definition.subnet);
    if (subnet === undefined) return undefined;
    const reserved = [definition.gateway, ...Object.values(definition.auxiliary)];
    const pool = new AddressPool({
      subnet,
      range: definition.range === undefined ? undefined : parseSubnet(definition.range),
      reserved: reserved.flatMap((text) => parseAddress(family, text) ?? []),
    });
    this.#pools.set(key, pool);
    return pool;
  }
}

function outside(wanted: string): WharfError {
  return new WharfError(
    'network.config-invalid',
    `invalid endpoint settings:\nno configured subnet or ip-range contain the IP address ${wanted}`,
  );
}
