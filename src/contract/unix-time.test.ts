import { expect, test } from 'vitest';
import { parseUnixNano } from './unix-time.ts';

test.each([
  ['1700000000', 1_700_000_000_000_000_000n],
  ['1700000000.5', 1_700_000_000_500_000_000n],
  ['1700000000.000000001', 1_700_000_000_000_000_001n],
  ['1.1234567891', 1_123_456_789n],
  ['-1', -1_000_000_000n],
  ['0', 0n],
  ['', undefined],
  [undefined, undefined],
])('%s is read exactly', (text, nano) => {
  expect(parseUnixNano(text)).toBe(nano);
});

test.each([
  ['yesterday', 'strconv.ParseInt: parsing "yesterday": invalid syntax'],
  ['1.x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['1.5.5', 'strconv.ParseInt: parsing "5.5": invalid syntax'],
  ['2024-01-02T13:23:37Z', 'strconv.ParseInt: parsing "2024-01-02T13:23:37Z": invalid syntax'],
  ['99999999999999999999', 'strconv.ParseInt: parsing "99999999999999999999": value out of range'],
])("%s is refused in dockerd's words", (text, message) => {
  expect(() => parseUnixNano(text)).toThrow(expect.objectContaining({ message, status: 500 }));
});
