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
  const [addressText = '', prefixText = '', ...rest] = text.split('/');
  const address = parseIp(addressText);
  if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefixLength = Number(prefixText);
  if (prefixLength > familyBits[address.family]) return undefined;
  return subnetOf(address.family, addressToBigInt(address.bytes), prefixLength);
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

/** Docker's default pools: 172.17-31 as /16, then 192.168 as sixteen /20. */
export function* defaultSubnets(): Generator<Subnet> {
  for (let second = 17n; second <= 31n; second++) {
    yield { family: 'ipv4', base: (172n << 24n) | (second << 16n), prefixLength: 16 };
  }
  for (let block = 0n; block < 16n; block++) {
    yield { family: 'ipv4', base: (192n << 24n) | (168n << 16n) | (block << 12n), prefixLength: 20 };
  }
}

/** The first of Docker's pools that meets none of `taken`; undefined when all do. */
export function chooseSubnet(taken: readonly Subnet[]): Subnet | undefined {
  for (const candidate of defaultSubnets()) {
    if (!taken.some((other) => overlaps(other, candidate))) return candidate;
  }
  return undefined;
}

/** A unique local /64 (RFC 4193) out of five random bytes and two of subnet ID. */
export function uniqueLocalSubnet(random: Uint8Array): Subnet {
  const bytes = Uint8Array.of(0xfd, ...random.subarray(0, 7), 0, 0, 0, 0, 0, 0, 0, 0);
  return subnetOf('ipv6', addressToBigInt(bytes), 64);
}
