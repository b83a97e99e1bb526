/**
 * Hands out the addresses of one subnet, lowest free first, as people expect 172.17.0.2 for the first container.
 *
 * A released address rests for a moment before it is given to somebody else: the kernel takes a namespace down in the
 * background, and until then the old interface would answer ARP for it. It is given again early only when nothing is left.
 */
import type { AddressFamily } from '../linux/netlink-ip-address.ts';
import { contains, lastOf, type Subnet } from './subnet.ts';

export interface AddressPoolOptions {
  readonly subnet: Subnet;
  /** Part of the subnet that automatic addresses come from; the subnet itself unless told. */
  readonly range?: Subnet | undefined;
  /** Never handed out: the gateway and auxiliary addresses. */
  readonly reserved: readonly bigint[];
  readonly restMs?: number;
  readonly nowMs?: () => number;
}

export class AddressPool {
  readonly family: AddressFamily;
  readonly #subnet: Subnet;
  readonly #range: Subnet;
  readonly #reserved: ReadonlySet<bigint>;
  readonly #restMs: number;
  readonly #nowMs: () => number;
  readonly #used = new Set<bigint>();
  readonly #restingUntilMs = new Map<bigint, number>();

  constructor(options: AddressPoolOptions) {
    this.family = options.subnet.family;
    this.#subnet = options.subnet;
    this.#range = options.range ?? options.subnet;
    this.#reserved = new Set(options.reserved);
    this.#restMs = options.restMs ?? 1000;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** @returns undefined when no address is left */
  allocate(): bigint | undefined {
    this.#endRests();
    const address = this.#firstFree((candidate) => !this.#restingUntilMs.has(candidate)) ?? this.#firstFree(() => true);
    if (address !== undefined) this.#take(address);
    return address;
  }

  /** Takes one address. @returns 'taken' when it is in use or reserved, 'outside' when it is not of this subnet */
  allocateExactly(address: bigint): 'ok' | 'taken' | 'outside' {
    if (!this.#isHost(address)) return 'outside';
    if (this.#used.has(address) || this.#reserved.has(address)) return 'taken';
    this.#take(address);
    return 'ok';
  }

  release(address: bigint): void {
    if (!this.#used.delete(address)) return;
    this.#restingUntilMs.set(address, this.#nowMs() + this.#restMs);
  }

  get usedCount(): number {
    return this.#used.size;
  }

  #take(address: bigint): void {
    this.#restingUntilMs.delete(address);
    this.#used.add(address);
  }

  #firstFree(accept: (address: bigint) => boolean): bigint | undefined {
    const last = lastOf(this.#range);
    // At most used + reserved + resting addresses are passed over, so the walk is bounded by what exists.
    for (let address = this.#range.base; address <= last; address++) {
      if (!this.#isHost(address) || this.#used.has(address) || this.#reserved.has(address)) continue;
      if (accept(address)) return address;
    }
    return undefined;
  }

  /** Network and broadcast address are no hosts, except in subnets of one or two addresses (RFC 3021). */
  #isHost(address: bigint): boolean {
    if (!contains(this.#subnet, address)) return false;
    const last = lastOf(this.#subnet);
    if (last - this.#subnet.base < 2n) return true;
    return address !== this.#subnet.base && (this.family === 'ipv6' || address !== last);
  }

  #endRests(): void {
    const now = this.#nowMs();
    for (const [address, untilMs] of this.#restingUntilMs) if (untilMs <= now) this.#restingUntilMs.delete(address);
  }
}
