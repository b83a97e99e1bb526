/** Arithmetic of IP subnets. Addresses are big integers next to their family; text only at the edges. Pure. */
import { type AddressFamily, formatIp, parseIp } from '../linux/netlink-ip-address.ts';

export interface Subnet {
  readonly family: AddressFamily;
  /** First address, host bits zero. */
  readonly base: bigint;
  readonly prefixLength: number;
}

const familyBits = { ipv4: 32, ipv6: 128 } as const;

export function addressToBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

export function bigIntToText(family: AddressFamily, value: bigint): string {
  const length = familyBits[family] / 8;
  return formatIp(Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn)));
}

/** The address as a number, or undefined when the text is no address of this family. */
export function parseAddress(family: AddressFamily, text: string): bigint | undefined {
  const address = parseIp(text);
  return address?.family === family ? addressToBigInt(address.bytes) : undefined;
}

/** Parses `address/prefix`; host bits are dropped. @returns undefined when it is none */
export function parseSubnet(text: string): Subnet | undefined {
  const parsed = parseHostSubnet(text);
  return parsed && { family: parsed.family, base: parsed.base, prefixLength: parsed.prefixLength };
}

/** As `parseSubnet`, with the address as it was written. */
export function parseHostSubnet(text: string): (Subnet & { readonly address: bigint }) | undefined {
  const [addressText = '', prefixText = '', ...rest] = text.split('/');
  const ip = parseIp(addressText);
  if (ip === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefixText)) return undefined;
  const prefixLength = Number(prefixText);
  if (prefixLength > familyBits[ip.family]) return undefined;
  const address = addressToBigInt(ip.bytes);
  return { ...subnetOf(ip.family, address, prefixLength), address };
}

export function subnetOf(family: AddressFamily, address: bigint, prefixLength: number): Subnet {
  const hostBits = BigInt(familyBits[family] - prefixLength);
  return { family, base: (address >> hostBits) << hostBits, prefixLength };
}

export function formatSubnet(subnet: Subnet): string {
  return `${bigIntToText(subnet.family, subnet.base)}/${subnet.prefixLength}`;
}

export function sizeOf(subnet: Subnet): bigint {
  return 1n << BigInt(familyBits[subnet.family] - subnet.prefixLength);
}

export function lastOf(subnet: Subnet): bigint {
  return subnet.base + sizeOf(subnet) - 1n;
}

export function contains(subnet: Subnet, address: bigint): boolean {
  return address >= subnet.base && address <= lastOf(subnet);
}

export function containsSubnet(outer: Subnet, inner: Subnet): boolean {
  return outer.family === inner.family && inner.base >= outer.base && lastOf(inner) <= lastOf(outer);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a);
}

/** What subnets are cut from when a network names none. */
export interface SubnetSource {
  readonly base: Subnet;
  /** Prefix length of each. */
  readonly size: number;
}

/** Docker's default pools: 172.17-31 as /16, then 192.168 as sixteen /20; when all are taken, a part of 10 as /20 besides. */
export const defaultSubnetSources: readonly SubnetSource[] = [
  ...Array.from({ length: 15 }, (_, i) => ({
    base: subnetOf('ipv4', (172n << 24n) | (BigInt(17 + i) << 16n), 16),
    size: 16,
  })),
  { base: subnetOf('ipv4', (192n << 24n) | (168n << 16n), 16), size: 20 },
  { base: subnetOf('ipv4', (10n << 24n) | (192n << 16n), 10), size: 20 },
];

/** Candidates looked at per source: enough for every pool people give, and an end for a /8 cut into /30. */
const maxCandidates = 65_536n;

/** The first subnet of the sources that meets none of `taken`; undefined when all do. */
export function chooseSubnet(
  taken: readonly Subnet[],
  family: AddressFamily = 'ipv4',
  sources: readonly SubnetSource[] = defaultSubnetSources,
): Subnet | undefined {
  for (const { base, size } of sources) {
    if (base.family !== family) continue;
    const step = 1n << BigInt(familyBits[family] - size);
    const count = 1n << BigInt(size - base.prefixLength);
    for (let index = 0n; index < count && index < maxCandidates; index++) {
      const candidate: Subnet = { family, base: base.base + index * step, prefixLength: size };
      if (!taken.some((other) => overlaps(other, candidate))) return candidate;
    }
  }
  return undefined;
}

/** A unique local /64 (RFC 4193) out of five random bytes and two of subnet ID. */
export function uniqueLocalSubnet(random: Uint8Array): Subnet {
  const bytes = Uint8Array.of(0xfd, ...random.subarray(0, 7), 0, 0, 0, 0, 0, 0, 0, 0);
  return subnetOf('ipv6', addressToBigInt(bytes), 64);
}
