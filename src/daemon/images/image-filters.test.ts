import { describe, expect, it } from 'vitest';
import { booleanFilter, checkFilters, labelsMatch, referenceMatches, timeFilter } from './image-filters.ts';

describe('image filters', () => {
  it.each([
    ['busybox', 'busybox:latest', true],
    ['busy*', 'busybox:1.36', true],
    ['*:1.*', 'busybox:1.36', true],
    ['*', 'a/b:1', false],
    ['a/*', 'a/b:1', true],
    ['*/*', 'localhost:5000/a/b:1', false],
    ['localhost:5000/a/b', 'localhost:5000/a/b:1', true],
    ['b[t-v]sybox', 'busybox:1', true],
    ['b?sybox', 'busybox:1', true],
    ['BUSYBOX', 'busybox:1', false],
    ['a.b', 'axb:1', false],
  ])('reference %s on %s: %s', (pattern, tag, matches) => {
    expect(referenceMatches(pattern, tag)).toBe(matches);
  });

  it('reads times as seconds, durations and dates', () => {
    const now = 1_000_000_000_000;
    expect(timeFilter('1700000000', now)).toBe(1_700_000_000_000);
    expect(timeFilter('1h30m', now)).toBe(now - 5_400_000);
    expect(timeFilter('2020-01-01T00:00:00Z', now)).toBe(Date.UTC(2020, 0, 1));
    expect(() => timeFilter('soon', now)).toThrow('invalid value');
  });

  it('reads booleans and refuses unknown filters', () => {
    expect(booleanFilter(new Map([['dangling', ['true']]]), 'dangling')).toBe(true);
    expect(booleanFilter(new Map([['dangling', ['0']]]), 'dangling')).toBe(false);
    expect(booleanFilter(new Map(), 'dangling')).toBeUndefined();
    expect(() => booleanFilter(new Map([['dangling', ['maybe']]]), 'dangling')).toThrow(
      "invalid filter 'dangling=[maybe]'",
    );
    expect(() => checkFilters(new Map([['color', ['red']]]), ['label'])).toThrow("invalid filter 'color'");
  });

  it('matches labels by key and by value', () => {
    const labels = { a: '1', b: '' };
    expect(labelsMatch(labels, ['a', 'b'])).toBe(true);
    expect(labelsMatch(labels, ['a=1', 'b='])).toBe(true);
    expect(labelsMatch(labels, ['a=2'])).toBe(false);
    expect(labelsMatch(labels, ['toString'])).toBe(false);
  });
});
