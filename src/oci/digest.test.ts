import { expect, it } from 'vitest';
import { digestAlgorithm, digestHex, isDigest, parseDigest } from './digest.ts';

it('splits a digest into algorithm and hex', () => {
  const digest = parseDigest(`sha512:${'0f'.repeat(64)}`);
  expect(digestAlgorithm(digest)).toBe('sha512');
  expect(digestHex(digest)).toHaveLength(128);
});

it.each([
  ['', 'invalid checksum digest format'],
  ['sha256', 'invalid checksum digest format'],
  [`md5:${'0'.repeat(32)}`, 'unsupported digest algorithm'],
  [`sha256:${'0'.repeat(63)}`, 'invalid checksum digest length'],
  [`sha256:${'A'.repeat(64)}`, 'invalid checksum digest format'],
  [`sha256:${'0'.repeat(61)}/..`, 'invalid checksum digest format'],
  [`constructor:${'0'.repeat(64)}`, 'unsupported digest algorithm'],
])('refuses %j', (text, message) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(message);
});
