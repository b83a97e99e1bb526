import { expect, it } from 'vitest';
import { chooseDriver, freeSubnet, pastaYearOf } from './user-network.ts';

const header = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT';
const route = (destination: string, mask: string) => `eth0\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`;

it('the subnet is 10.0.2, unless the host has a route of its own there', () => {
  // A default route, and 192.0.2.0/24.
  expect(freeSubnet([header, route('00000000', '00000000'), route('000200C0', '00FFFFFF')].join('\n'))).toBe('10.0.2');
  // 10.0.2.0/24, then 10.0.0.0/8 as well.
  expect(freeSubnet([header, route('0002000A', '00FFFFFF')].join('\n'))).toBe('10.177.2');
  expect(freeSubnet([header, route('0000000A', '000000FF')].join('\n'))).toBe('192.168.213');
  // A host's route into it counts too.
  expect(freeSubnet([header, route('0902000A', 'FFFFFFFF')].join('\n'))).toBe('10.177.2');
});

it('pasta is told apart by its year, and the old one is the last choice', () => {
  expect(pastaYearOf('pasta 2024_08_14.61c0b0d\n')).toBe(2024);
  expect(pastaYearOf('pasta 0.0~git20250503.587980c-2\n')).toBe(2025);
  expect(pastaYearOf('pasta unknown version\n')).toBe(0);
  expect(chooseDriver({ pastaYear: 2025, slirp: true })).toBe('pasta');
  expect(chooseDriver({ pastaYear: 0, slirp: true })).toBe('slirp4netns');
  expect(chooseDriver({ pastaYear: 0, slirp: false })).toBe('pasta');
  expect(chooseDriver({ pastaYear: undefined, slirp: false })).toBeUndefined();
});
