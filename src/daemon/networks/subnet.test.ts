import { expect, test } from 'vitest';
import { AddressPool } from './address-pool.ts';
import {
  bigIntToText,
  chooseSubnet,
  containsSubnet,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
  uniqueLocalSubnet,
} from './subnet.ts';

function subnet(text: string): Subnet {
  return parseSubnet(text) ?? expect.unreachable();
}
const ip = (text: string): bigint => parseAddress('ipv4', text) ?? expect.unreachable();
const poolOf = (text: string, more: Partial<ConstructorParameters<typeof AddressPool>[0]> = {}) =>
  new AddressPool({ subnet: subnet(text), reserved: [subnet(text).base + 1n], ...more });

test('subnets are parsed with host bits dropped, and nonsense is not', () => {
  expect(formatSubnet(subnet('172.17.3.4/16'))).toBe('172.17.0.0/16');
  expect(formatSubnet(subnet('fd00::1/64'))).toBe('fd00::/64');
  for (const wrong of ['172.17.0.0', '172.17.0.0/33', '172.17/16', '/8', 'x/8', '1.2.3.4/8/9'])
    expect(parseSubnet(wrong), wrong).toBeUndefined();
});

test('overlap is seen whichever is larger, and never across families', () => {
  expect(overlaps(subnet('10.0.0.0/8'), subnet('10.2.3.0/24'))).toBe(true);
  expect(overlaps(subnet('10.2.3.0/24'), subnet('10.0.0.0/8'))).toBe(true);
  expect(overlaps(subnet('10.2.3.0/24'), subnet('10.2.4.0/24'))).toBe(false);
  expect(overlaps(subnet('0.0.0.0/0'), subnet('::/0'))).toBe(false);
  expect(containsSubnet(subnet('10.0.0.0/8'), subnet('10.2.0.0/16'))).toBe(true);
});

test('the first free of the default pools is chosen, the small ones last', () => {
  expect(formatSubnet(chooseSubnet([]) ?? expect.unreachable())).toBe('172.17.0.0/16');
  const taken = [subnet('172.16.0.0/12'), subnet('192.168.0.0/24')];
  expect(formatSubnet(chooseSubnet(taken) ?? expect.unreachable())).toBe('192.168.16.0/20');
  expect(chooseSubnet([subnet('0.0.0.0/0')])).toBeUndefined();
});

test('unique local subnets are /64 below fd00::/8', () => {
  expect(formatSubnet(uniqueLocalSubnet(Uint8Array.of(1, 2, 3, 4, 5, 6, 7)))).toBe('fd01:203:405:607::/64');
});

test('addresses are handed out lowest first, without network, gateway and broadcast', () => {
  const pool = poolOf('10.0.0.0/29');
  const given = Array.from({ length: 6 }, () => pool.allocate());
  expect(given.map((address) => (address === undefined ? 'none' : bigIntToText('ipv4', address)))).toEqual([
    '10.0.0.2',
    '10.0.0.3',
    '10.0.0.4',
    '10.0.0.5',
    '10.0.0.6',
    'none',
  ]);
});

test('a released address rests, unless it is the last one left', () => {
  let now = 0;
  const pool = poolOf('10.0.0.0/29', { restMs: 100, nowMs: () => now });
  const first = pool.allocate();
  pool.release(first ?? 0n);
  expect(pool.allocate()).toBe(ip('10.0.0.3'));
  now = 100;
  expect(pool.allocate()).toBe(ip('10.0.0.2'));
  for (let i = 0; i < 3; i++) pool.allocate();
  pool.release(ip('10.0.0.4'));
  expect(pool.allocate()).toBe(ip('10.0.0.4'));
});

test('exact addresses: taken, reserved, outside', () => {
  const pool = poolOf('10.0.0.0/24', { range: subnet('10.0.0.128/25') });
  expect(pool.allocate()).toBe(ip('10.0.0.128'));
  expect(pool.allocateExactly(ip('10.0.0.7'))).toBe('ok');
  expect(pool.allocateExactly(ip('10.0.0.7'))).toBe('taken');
  expect(pool.allocateExactly(ip('10.0.0.1'))).toBe('taken');
  expect(pool.allocateExactly(ip('10.0.1.1'))).toBe('outside');
  expect(pool.allocateExactly(ip('10.0.0.255'))).toBe('outside');
});
