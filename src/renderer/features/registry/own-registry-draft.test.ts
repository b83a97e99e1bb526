import { expect, test } from 'vitest';
import { draftOf, readDraft } from './own-registry-draft.ts';

const settings = {
  listen: '127.0.0.1:5000',
  root: '',
  startWithApp: false,
  anonymousRead: false,
  keepLastTags: 0,
  keepDays: 30,
  protectedTags: ['latest', 'v*'],
};

test('what is shown is read back as it was', () => {
  const { startWithApp: _, anonymousRead: __, ...rest } = settings;
  expect(draftOf(settings)).toMatchObject({ keepLastTags: '', keepDays: '30', protectedTags: 'latest, v*' });
  expect(readDraft(draftOf(settings))).toEqual({ kind: 'good', settings: rest });
});

test.each([
  ['listen', '127.0.0.1'],
  ['listen', 'here:99999'],
  ['listen', 'a b:5000'],
  ['root', 'images'],
  ['keepLastTags', '-1'],
  ['keepLastTags', 'many'],
  ['keepDays', '1.5'],
  ['protectedTags', 'a b'],
] as const)('%s: %j is said to be wrong', (field, text) => {
  const read = readDraft({ ...draftOf(settings), [field]: text });
  expect(read.kind === 'bad' ? Object.keys(read.errors) : []).toEqual([field]);
});

test.each([':5000', '0.0.0.0:0', '[::1]:5000', 'registry.lan:443'])('%s is an address', (listen) => {
  expect(readDraft({ ...draftOf(settings), listen })).toMatchObject({ kind: 'good' });
});
