import { expect, test } from 'vitest';
import {
  decodeAttributes,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  readText,
  text,
  u32,
} from './netlink-codec.ts';
import { formatIp, formatMac, parseIp, parseMac } from './netlink-ip-address.ts';
import { parseLink } from './netlink-links.ts';
import { parseRoute } from './netlink-routes.ts';

test('messages survive encoding, and several in one datagram are told apart', () => {
  const first = encodeMessage({ type: 16, flags: 5, sequence: 7, payload: Buffer.from('abc') });
  const second = encodeMessage({ type: 17, flags: 1, sequence: 8, payload: Buffer.alloc(0) });
  expect(first.length % 4).toBe(0);
  const decoded = decodeMessages(Buffer.concat([first, second]));
  expect(decoded.map(({ type, sequence }) => [type, sequence])).toEqual([
    [16, 7],
    [17, 8],
  ]);
  expect(decoded[0]?.payload.toString()).toBe('abc');
});

test('a cut message ends the list instead of being misread', () => {
  const message = encodeMessage({ type: 16, flags: 0, sequence: 1, payload: Buffer.alloc(40) });
  expect(decodeMessages(message.subarray(0, 30))).toEqual([]);
  expect(decodeMessages(Buffer.alloc(16))).toEqual([]);
});

test('attributes nest, are padded, and are read back by type', () => {
  const encoded = encodeAttributes([
    [3, text('eth0')],
    [
      18,
      [
        [1, Buffer.from('veth')],
        [4, u32(9)],
      ],
    ],
  ]);
  const decoded = decodeAttributes(encoded);
  expect(readText(decoded.get(3) ?? Buffer.alloc(0))).toBe('eth0');
  const nested = decodeAttributes(decoded.get(18) ?? Buffer.alloc(0));
  expect(nested.get(1)?.toString()).toBe('veth');
  expect(nested.get(4)?.readUInt32LE(0)).toBe(9);
  expect(decodeAttributes(encoded.subarray(0, 6)).size).toBe(0);
});

test('a link is read with its name, kind and counters', () => {
  const header = Buffer.alloc(16);
  header.writeInt32LE(12, 4);
  header.writeUInt32LE(1, 8);
  const stats = Buffer.alloc(64);
  [3n, 4n, 300n, 400n].forEach((value, i) => {
    stats.writeBigUInt64LE(value, i * 8);
  });
  const attributes = encodeAttributes([
    [3, text('veth1')],
    [1, Uint8Array.of(2, 0x42, 172, 17, 0, 2)],
    [10, u32(5)],
    [18, [[1, Buffer.from('veth')]]],
    [23, stats],
  ]);
  const link = parseLink(Buffer.concat([header, attributes]));
  expect(link).toMatchObject({ index: 12, name: 'veth1', up: true, master: 5, kind: 'veth', mac: '02:42:ac:11:00:02' });
  expect(link.counters).toMatchObject({ rxPackets: 3, txPackets: 4, rxBytes: 300, txBytes: 400, txDropped: 0 });
});

test('a default route is read as 0.0.0.0/0 with its gateway', () => {
  const header = Buffer.alloc(12);
  header.writeUInt8(254, 4);
  const attributes = encodeAttributes([
    [5, Uint8Array.of(192, 0, 2, 1)],
    [4, u32(2)],
  ]);
  expect(parseRoute(Buffer.concat([header, attributes]), 'ipv4')).toEqual({
    destination: '0.0.0.0',
    prefixLength: 0,
    gateway: '192.0.2.1',
    index: 2,
    table: 254,
  });
});

test.each([
  ['0.0.0.0', '0.0.0.0'],
  ['::', '::'],
  ['::1', '::1'],
  ['FD00:0:0:1::2', 'fd00:0:0:1::2'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
])('address %s is written as %s', (input, output) => {
  const address = parseIp(input);
  expect(address && formatIp(address.bytes)).toBe(output);
});

test('what is no address is not taken for one', () => {
  for (const wrong of ['', '1.2.3', '1.2.3.256', 'fe80::1%eth0', 'a', '1::2::3'])
    expect(parseIp(wrong), wrong).toBeUndefined();
  expect(parseMac('02:42:ac:11:00')).toBeUndefined();
  expect(formatMac(parseMac('02-42-AC-11-00-02') ?? new Uint8Array())).toBe('02:42:ac:11:00:02');
});
