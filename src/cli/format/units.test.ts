import { describe, expect, it } from 'vitest';
import { humanDuration, parseGoDuration, parseTimestamp } from './durations.ts';
import { binarySize, humanSize, parseByteSize } from './sizes.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('human durations', () => {
  // Literal outputs of docker's go-units.
  it.each([
    [450, 'Less than a second'],
    [1000, '1 second'],
    [47_000, '47 seconds'],
    [minute, 'About a minute'],
    [3 * minute, '3 minutes'],
    [35 * minute, '35 minutes'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [hour + 45 * minute, '2 hours'],
    [3 * hour, '3 hours'],
    [36 * hour, '36 hours'],
    [49 * hour, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [40 * day, '5 weeks'],
    [65 * day, '2 months'],
    [700 * day, '23 months'],
    [735 * day, '2 years'],
  ])('%i ms is %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });
});

describe('human sizes', () => {
  it.each([
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [4_261_550, '4.26MB'],
    [142_000_000, '142MB'],
    [1_000_000_000, '1GB'],
    // docker shows this wart as well: %.3g of 999.9.
    [999_900, '1e+03kB'],
  ])('%i bytes in a list is %s', (bytes, text) => {
    expect(humanSize(bytes, 3)).toBe(text);
  });

  it('uses four digits in sums and binary units for memory', () => {
    expect(humanSize(1_982_256)).toBe('1.982MB');
    expect(binarySize(25_282_310_144)).toBe('23.55GiB');
    expect(binarySize(49 * 1024 * 1024)).toBe('49MiB');
  });

  it.each([
    ['32', 32],
    ['32b', 32],
    ['32k', 32_768],
    ['1.5g', 1_610_612_736],
    ['512MiB', 536_870_912],
    ['1 kB', 1024],
    ['', undefined],
    ['-1', undefined],
    ['12x', undefined],
    ['k', undefined],
  ])('reads %j as %s bytes', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });
});

describe('times', () => {
  it('reads Go durations', () => {
    expect(parseGoDuration('1h2m3.5s')).toBe(3_723_500);
    expect(parseGoDuration('300ms')).toBe(300);
    expect(parseGoDuration('0')).toBe(0);
    expect(parseGoDuration('5')).toBeUndefined();
    expect(parseGoDuration('1d')).toBeUndefined();
  });

  it('reads --since as seconds, RFC 3339 or a duration back', () => {
    expect(parseTimestamp('1700000000', 0)).toBe('1700000000');
    expect(parseTimestamp('2024-01-02T13:23:37Z', 0)).toBe('1704201817');
    expect(parseTimestamp('2024-01-02T13:23:37.5+01:00', 0)).toBe('1704198217.500000000');
    expect(parseTimestamp('10m', 1_000_000)).toBe('400.000000000');
    expect(parseTimestamp('yesterday', 0)).toBeUndefined();
  });
});
