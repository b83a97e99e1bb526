import { expect, it } from 'vitest';
import { classifyLayerEntry, whiteoutName } from './whiteout.ts';

it.each([
  ['a', { kind: 'plain' }],
  ['.who', { kind: 'plain' }],
  ['a.wh.b', { kind: 'plain' }],
  ['.wh.a', { kind: 'whiteout', target: 'a' }],
  ['.wh..hidden', { kind: 'whiteout', target: '.hidden' }],
  ['.wh..wh..opq', { kind: 'opaque' }],
  ['.wh..wh.plnk', { kind: 'ignored' }],
  ['.wh.', { kind: 'invalid' }],
  ['.wh..', { kind: 'invalid' }],
  ['.wh...', { kind: 'invalid' }],
])('%s', (name, expected) => {
  expect(classifyLayerEntry(name)).toEqual(expected);
});

it('the whiteout of a name is read back as that name', () => {
  expect(classifyLayerEntry(whiteoutName('etc'))).toEqual({ kind: 'whiteout', target: 'etc' });
});
