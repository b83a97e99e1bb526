import { expect, it } from 'vitest';
import { highestId, mapIds, parseIdRanges } from './id-ranges.ts';

const user = { name: 'ann', id: 1000 };

it('ranges are the user’s by name and by number, in order', () => {
  const text = '# comment\nbob:100000:65536\nann:165536:65536\n1000:300000:10\nann:broken:1\nann:5:0\n';
  expect(parseIdRanges(text, user)).toEqual([
    { first: 165_536, count: 65_536 },
    { first: 300_000, count: 10 },
  ]);
});

it('root inside is the user, and the ranges follow without gaps', () => {
  const mappings = mapIds(1000, [
    { first: 165_536, count: 65_536 },
    { first: 300_000, count: 10 },
  ]);
  expect(mappings).toEqual([
    { inside: 0, outside: 1000, count: 1 },
    { inside: 1, outside: 165_536, count: 65_536 },
    { inside: 65_537, outside: 300_000, count: 10 },
  ]);
  expect(highestId(mappings)).toBe(65_546);
});
