import { describe, expect, it } from 'vitest';
import {
  choosePlatform,
  compatiblePlatforms,
  formatPlatform,
  linuxPlatform,
  normalisePlatform,
  parsePlatform,
} from './platform.ts';

const host = { os: 'linux', architecture: 'amd64' };

it.each([
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/arm64', 'linux/arm64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['linux/armhf', 'linux/arm/v7'],
  ['arm64', 'linux/arm64'],
  ['linux', 'linux/amd64'],
  ['Windows', 'windows/amd64'],
  ['macos/arm64', 'darwin/arm64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
])('parses %s as %s', (text, expected) => {
  expect(formatPlatform(parsePlatform(text, host))).toBe(expected);
});

it.each(['', 'pdp11', 'a/b/c/d', 'linux/', 'linux//v8', 'linux/am d64'])('refuses %j', (text) => {
  expect(() => parsePlatform(text, host)).toThrow(expect.objectContaining({ code: 'request.invalid' }));
});

it('knows what Node calls the architectures', () => {
  expect(formatPlatform(linuxPlatform('x64'))).toBe('linux/amd64');
  expect(formatPlatform(linuxPlatform('arm64'))).toBe('linux/arm64');
});

it('orders what a machine can run as containerd does', () => {
  const order = (text: string): string[] => compatiblePlatforms(parsePlatform(text, host)).map(formatPlatform);
  expect(order('linux/amd64/v3')).toEqual(['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64', 'linux/386']);
  expect(order('linux/arm64')).toEqual(['linux/arm64', 'linux/arm/v8', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5']);
  expect(order('linux/arm/v6')).toEqual(['linux/arm/v6', 'linux/arm/v5']);
  expect(order('linux/s390x')).toEqual(['linux/s390x']);
});

describe('choosePlatform', () => {
  const of = (...texts: string[]) =>
    texts.map((text) => {
      const [os = '', architecture = '', variant] = text.split('/');
      return { platform: { os, architecture, variant } };
    });
  const chosen = (wanted: string, ...texts: string[]) => {
    const entry = choosePlatform(of(...texts), parsePlatform(wanted, host));
    return entry === undefined ? undefined : formatPlatform(normalisePlatform(entry.platform));
  };
  it('prefers the best variant over the first', () => {
    expect(chosen('linux/arm64', 'linux/arm/v5', 'linux/arm/v7', 'linux/arm64/v8')).toBe('linux/arm64');
    expect(chosen('linux/arm/v7', 'linux/arm/v5', 'linux/arm/v7', 'linux/arm64')).toBe('linux/arm/v7');
  });
  it('never runs a higher variant than the machine has', () => {
    expect(chosen('linux/arm/v6', 'linux/arm/v7')).toBeUndefined();
  });
  it('ignores attestations', () => {
    expect(chosen('linux/amd64', 'unknown/unknown', 'linux/arm64')).toBeUndefined();
  });
  it('takes an entry without a platform only when none has one', () => {
    expect(choosePlatform([{}], host)).toEqual({});
    expect(choosePlatform([{}, { platform: { os: 'linux', architecture: 's390x' } }], host)).toBeUndefined();
  });
});
